"""Rooms, telephones and levels change the sound and move no label."""

import numpy as np
import pytest

from bench.labels import Kind, Pause
from bench.mix import active_level, at_level, in_room, louder, room, telephone, through_telephone
from bench.stimuli import Stimulus

RATE = 16_000


def tone(hertz, seconds=1.0, gain=0.2):
    return (gain * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds=1.0, gain=0.1):
    return (gain * np.random.default_rng(1).standard_normal(round(seconds * RATE))).astype(np.float32)


def power(pcm):
    return 10 * np.log10(np.mean(pcm[2000:-2000].astype(np.float64) ** 2) + 1e-12)


@pytest.mark.parametrize(
    ("hertz", "loss"), [(100, -25), (200, -10), (1000, 0), (3000, 0), (3700, -20), (5000, -40)]
)
def test_a_telephone_passes_its_band_and_nothing_else(hertz, loss):
    found = power(telephone(tone(hertz))) - power(tone(hertz))
    assert found == pytest.approx(0, abs=0.5) if loss == 0 else found <= loss


def test_a_telephone_delays_nothing_and_keeps_the_length():
    for length in (15_999, 16_000, 16_001):
        said = noise(2.0)[:length]
        heard = telephone(said)
        assert len(heard) == length
        lags = np.correlate(heard[1000:9000], said[1000 - 40 : 9000 + 40], "valid")
        assert int(np.argmax(lags)) - 40 == 0


def test_eight_bits_of_mu_law_leave_the_noise_that_g711_is_known_for():
    clean = tone(1000, 1.0, 0.2)
    error = telephone(clean) - clean
    ratio = power(clean) - power(error)
    assert 30 < ratio < 42  # G.711 at this level: 35 to 38 dB, and a little less through the filters


def test_a_room_answers_from_the_first_sample_on_and_rings_on_after_the_last():
    click = np.zeros(RATE // 10, np.float32)
    click[0] = click[-1] = 0.5
    wet = room(click, 3)
    assert wet[0] > 0.1 and np.abs(wet[1:40]).max() < 1e-6  # the direct sound at once, then 3 ms of nothing
    assert len(wet) > len(click) + 0.1 * RATE
    assert (room(click, 3) == wet).all() and not np.array_equal(
        room(click, 4)[: len(click)], wet[: len(click)]
    )


def test_a_rooms_sound_decays_by_60_db_in_the_time_stated():
    click = np.zeros(10, np.float32)
    click[0] = 0.9
    tail = room(click, 5, decay=0.6, direct=-10.0).astype(np.float64)[100:]
    left = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2))  # Schroeder's integral
    slope = (left[2400] - left[800]) / 1600 * RATE
    assert slope == pytest.approx(-100, rel=0.15)


def test_labels_end_where_the_clean_sound_did():
    clean = Stimulus(noise(), Kind.QUESTION, (Pause(4000, 5000),), "what", "9", True, "tone")
    wet = in_room(clean, 1)
    assert wet.length == clean.length and wet.tail == len(wet.pcm) - clean.length > 0
    assert wet.pauses == clean.pauses and wet.seconds == 1.0
    narrow = through_telephone(clean)
    assert narrow.length == clean.length and narrow.tail == 0


def test_speech_in_a_room_keeps_its_level():
    assert active_level(room(noise(), 2)[:RATE]) == pytest.approx(active_level(noise()), abs=0.1)


@pytest.mark.parametrize("level", [-20.0, -32.0])
def test_a_sound_comes_at_the_level_asked_for_unless_its_peaks_forbid(level):
    fading = noise() * np.exp(-np.arange(RATE) / 2000).astype(np.float32)
    assert active_level(at_level(fading, level)) == pytest.approx(level, abs=0.5)
    spiky = np.zeros(RATE, np.float32)
    spiky[::400] = 0.5
    assert np.abs(at_level(spiky, -3.0)).max() == pytest.approx(0.9, abs=0.01)
    silent = np.zeros(100, np.float32)
    assert at_level(silent, level) is silent


def test_louder_is_in_decibels():
    said = Stimulus(tone(500))
    assert power(louder(said, -6.0).pcm) - power(said.pcm) == pytest.approx(-6, abs=0.01)
