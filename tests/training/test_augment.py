"""What a microphone might deliver: labels follow every change, and every change is a draw from one rng."""

import random
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy")

from training import measure
from training.audio import POSITION, RATE, Pcm, rms
from training.augment import Clip, augment, plain
from training.augment_channel import Setup, draw_setup, through
from training.augment_noise import Babble
from training.corpus import Utterance
from training.skills.question import How, Question

WORDS = ("what", "is", "two", "plus", "three")


def _speech(hertz: float = 120.0, seconds: float = 2.0) -> Pcm:
    """A buzz with a formant, in five bursts: voiced, and with words that end."""
    t = np.arange(int(RATE * seconds)) / RATE
    buzz = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 30))
    noise = 0.02 * np.random.default_rng(1).standard_normal(len(t))
    return np.asarray(0.05 * (buzz + noise), np.float32)


def _utterance(how: How, breaks: tuple[int, ...] = (), others: tuple[tuple[int, int], ...] = ()) -> Utterance:
    count = len(_speech())
    ends = tuple(count * (i + 1) // 5 for i in range(5))
    return Utterance(
        Question("sum", WORDS, (2, 3), ("+",), how=how),
        "wʌtɪztupləsθɹi",
        "f2",
        "espeak",
        0,
        count,
        breaks=breaks,
        ends=ends,
        others=others,
    )


@pytest.mark.parametrize(
    "how",
    [
        How(),
        How(loudness="soft"),
        How(loudness="loud"),
        How(line="telephone"),
        How(line="close"),
        How(noise="noisy"),
        How(noise="quiet"),
        How(events=(("beep", 3),)),
        How(events=(("bell", 2), ("knock", 1))),
    ],
)
def test_a_clip_measures_as_it_was_wanted(how: How) -> None:
    for make in (augment, plain):
        for seed in range(6):
            clip = make(_speech(), _utterance(how), random.Random(seed))
            assert clip.fit
            assert measure.fits(how, clip.measured)
            assert len(clip.noisy) == len(clip.clean)
            assert len(clip.noisy) % POSITION == 0
            assert np.isfinite(clip.noisy).all()


def test_pauses_are_made_where_they_are_counted_and_nowhere_else() -> None:
    ends = _utterance(How()).ends
    for seed in range(8):
        two = augment(_speech(), _utterance(How(pauses=2), (ends[1], ends[3])), random.Random(seed))
        assert len(two.pauses) == two.measured.pauses == 2
        none = augment(_speech(), _utterance(How(pauses=0)), random.Random(seed))
        assert none.measured.pauses == 0


def test_a_second_voice_is_heard_but_not_measured_and_moves_with_a_pause() -> None:
    ends = _utterance(How()).ends
    other = (ends[2], len(_speech()))
    for seed in range(8):
        clip = augment(_speech(), _utterance(How(voices=2), (ends[2],), (other,)), random.Random(seed))
        ((start, end),) = clip.others
        assert clip.measured.voices == 2
        assert not clip.clean[start:end].any()
        assert rms(clip.noisy[start:end]) > 3e-4
        assert clip.ends[2] <= start < clip.ends[3] <= end
        assert clip.measured.pace is None


def test_sounds_lie_around_the_words_at_their_places() -> None:
    for seed in range(8):
        clip = plain(_speech(), _utterance(How(events=(("clap", 4),))), random.Random(seed))
        voiced = np.flatnonzero(clip.clean)
        assert len(clip.onsets) == 4
        assert all(not voiced[0] <= at <= voiced[-1] for _, at in clip.onsets)
        assert voiced[0] < clip.ends[0] < clip.ends[-1] <= voiced[-1] + 2


def test_the_same_seed_makes_the_same_clip() -> None:
    crowd = Babble([_speech(90 + 10 * i) for i in range(20)], random.Random(0))

    def made() -> Clip:
        return augment(_speech(), _utterance(How()), random.Random(5), crowd)

    first, second = made(), made()
    assert first.noisy.tobytes() == second.noisy.tobytes()
    assert replace(first, noisy=second.noisy, clean=second.clean) == second


def test_a_telephone_lets_through_its_band_alone() -> None:
    rng = random.Random(2)
    hiss = np.asarray(0.1 * np.random.default_rng(3).standard_normal(RATE), np.float32)
    line = through(hiss, Setup(low=300.0, high=3400.0, telephone=True), rng, hiss * np.float32(0.1))
    power = np.square(np.abs(np.fft.rfft(line.pcm)))
    hertz = np.fft.rfftfreq(len(line.pcm), 1 / RATE)
    inside = power[(hertz > 400) & (hertz < 3200)].mean()
    assert line.bandwidth < measure.BANDS["line"][0]
    assert power[hertz > 4500].mean() < 1e-3 * inside
    assert power[hertz < 150].mean() < 1e-2 * inside


@pytest.mark.parametrize(
    "setup",
    [
        Setup(),
        Setup(room=(0.6, 0.0, 6)),
        Setup(codec=6.0),
        Setup(clip=0.3),
        Setup(losses=2),
        Setup(curve=(3.0, -5.0, 6.0), low=200.0, high=5000.0),
    ],
)
def test_a_channel_keeps_level_and_time(setup: Setup) -> None:
    pcm = np.pad(_speech(seconds=1.0), (RATE // 2, RATE // 2))
    out = through(pcm, setup, random.Random(1)).pcm
    assert len(out) == len(pcm)
    assert 20 * abs(np.log10(rms(out) / rms(pcm))) < 1.0
    assert rms(out[: RATE // 2 - 512]) < 0.05 * rms(pcm)
    begun = np.flatnonzero(np.abs(out) > 0.02 * np.abs(out).max())[0]
    assert abs(int(begun) - RATE // 2) < (512 if setup.codec else 64)


def test_lines_that_are_asked_for_are_drawn() -> None:
    for seed in range(40):
        assert draw_setup(random.Random(seed), "telephone").high < 4000
        assert draw_setup(random.Random(seed), "close").high > 6500
