"""Beds of noise join their own end, have no offset, and lie as far below speech as asked."""

import numpy as np
import pytest

from bench.beds import SECONDS, babble, closed, pink, ring, under_speech
from bench.mix import active_level
from bench.stimuli import synthesise
from pipeline.clock import simulate
from tts.tone import ToneVoice

RATE = 16_000


def rms(pcm):
    return float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2)))


def test_pink_noise_falls_by_three_decibels_an_octave():
    spectrum = np.abs(np.fft.rfft(pink(1))) ** 2
    hertz = np.fft.rfftfreq(len(pink(1)), 1 / RATE)
    octaves = [
        10 * np.log10(np.mean(spectrum[(hertz >= low) & (hertz < 2 * low)])) for low in (125, 500, 2000)
    ]
    assert np.diff(octaves) == pytest.approx([-6, -6], abs=0.4)


@pytest.mark.parametrize("make", [lambda: pink(2), lambda: closed(pink(2)[: 3 * RATE])])
def test_a_bed_joins_its_own_end_without_a_step(make):
    bed = make()
    inside = np.abs(np.diff(bed)).max()
    assert abs(bed[0] - bed[-1]) <= inside and rms(bed) == pytest.approx(1, abs=1e-3)
    assert abs(float(np.mean(bed))) < 1e-3


def test_babble_is_many_voices_at_once_and_never_silent():
    def made(seed):
        return simulate(
            lambda: babble([ToneVoice(), ToneVoice()], ["a few words", "and others too"], seed, 4.0)
        )

    bed = made(1)
    assert len(bed) == 4 * RATE and rms(bed) == pytest.approx(1, abs=1e-3)
    assert min(rms(bed[at : at + 1600]) for at in range(0, len(bed), 1600)) > 0.2
    assert np.array_equal(bed, made(1)) and not np.array_equal(bed, made(2))
    assert SECONDS > 20


def test_a_voice_with_a_constant_offset_leaves_none_in_the_babble():
    class Leaning(ToneVoice):
        def _tone(self, word):
            return super()._tone(word) + np.float32(0.05)

    bed = simulate(lambda: babble([Leaning()], ["some words"], 1, 3.0))
    assert abs(float(np.mean(bed))) < 1e-4


def test_what_is_placed_past_the_end_comes_round():
    assert ring(np.array([1, 2, 3], np.float32), 5, 3).tolist() == [3, 0, 0, 1, 2]
    assert ring(np.ones(9, np.float32), 5, 3).tolist() == [1] * 5


def test_a_ratio_is_what_lies_between_speech_and_bed():
    speech = active_level(simulate(lambda: synthesise(ToneVoice(), "some words to be heard")))
    bed = under_speech(pink(1), 10.0)
    assert speech - 20 * np.log10(rms(bed)) == pytest.approx(10, abs=0.3)
