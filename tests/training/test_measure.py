"""Measured values and labels are right on made signals whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest

from training.audio import RATE, Pcm
from training.measure import BANDS, FAMILIES, LABELS, closed, fits, label, measure, pauses
from training.skills.question import How, Measured


def _voice(*glides: tuple[float, float], seconds: float = 0.6, level: float = -20.0) -> Pcm:
    """Vowels one after the other, each gliding between two pitches, with a formant near 500 Hz."""
    parts = []
    for first, last in glides:
        hertz = np.geomspace(first, last, int(RATE * seconds))
        phase = 2 * np.pi * np.cumsum(hertz) / RATE
        tone = [np.sin(k * phase) / (1 + ((hertz * k - 500) / 200) ** 2) for k in range(1, 16)]
        parts.append(np.sum(tone, 0))
    pcm = np.concatenate(parts)
    return np.asarray(pcm * 10 ** (level / 20) / np.sqrt(np.square(pcm).mean()), np.float32)


def _silence(seconds: float) -> Pcm:
    return np.zeros(int(RATE * seconds), np.float32)


@pytest.mark.parametrize("hertz", [85.0, 130.0, 190.0, 260.0, 350.0])
def test_pitch_level_and_pace_are_those_that_were_made(hertz: float) -> None:
    pcm = np.concatenate([_silence(0.2), _voice((hertz, hertz), seconds=1.2, level=-27), _silence(0.3)])
    found = measure(pcm, syllables=6)
    assert found.pitch == pytest.approx(hertz, rel=0.02)
    assert found.level == pytest.approx(-27, abs=1)
    assert found.pace == pytest.approx(5, rel=0.08)
    assert found.slope == pytest.approx(0, abs=0.3)
    assert label("pitch", found) == ("low" if hertz < 145 else "high")


@pytest.mark.parametrize(("last", "word"), [(150, "rising"), (80, "falling"), (118, None)])
def test_the_end_rises_or_falls_with_its_pitch(last: float, word: str | None) -> None:
    pcm = np.concatenate([_voice((110, 110), (110, last), seconds=0.5), _silence(0.4)])
    assert label("ending", measure(pcm, syllables=2)) == word


@pytest.mark.parametrize(("gap", "count"), [(0.1, 0), (0.28, None), (0.6, 1)])
def test_silences_are_pauses_when_they_are_long(gap: float, count: int | None) -> None:
    pcm = np.concatenate([_voice((120, 120)), _silence(gap), _voice((120, 120))])
    assert measure(pcm, syllables=2).pauses == count


def test_pace_leaves_pauses_out() -> None:
    words = _voice((120, 120), seconds=1.0)
    found = measure(np.concatenate([words, _silence(1.0), words]), syllables=8)
    assert found.pace == pytest.approx(4, rel=0.08)


def test_clicks_are_no_speech_and_gaps_inside_of_words_are() -> None:
    speech = np.zeros(60, bool)
    speech[[2, 3]] = True
    speech[20:40] = True
    speech[25:31] = False
    found = closed(speech)
    assert not found[:20].any()
    assert found[20:40].all()
    assert pauses(found) == 0


def test_noise_band_events_and_voices_come_from_the_generator() -> None:
    found = measure(
        _voice((120, 120), level=-20),
        syllables=1,
        noise=-30.0,
        bandwidth=3400.0,
        onsets=[("clap", 5), ("beep", 1), ("clap", 9)],
        voices=2,
    )
    assert found.snr == pytest.approx(10, abs=1)
    assert found.events == (("beep", 1), ("clap", 2))
    words = {family: label(family, found) for family in ("noise", "line", "voices", "pauses")}
    assert words == {"noise": "noisy", "line": "telephone", "voices": "two", "pauses": "steady"}
    assert measure(_voice((120, 120)), syllables=1).snr == 40


def test_silence_is_not_measured() -> None:
    found = measure(_silence(1.0), syllables=0)
    assert (found.pitch, found.pace, found.level, found.slope, found.pauses, found.snr) == (None,) * 6


def test_between_the_sides_there_is_no_label() -> None:
    assert set(FAMILIES) == set(LABELS)
    made: dict[str, Callable[[float], Measured]] = {
        "pitch": lambda value: Measured(pitch=value),
        "loudness": lambda value: Measured(level=value),
        "noise": lambda value: Measured(snr=value),
        "line": lambda value: Measured(bandwidth=value),
    }
    for family, of_value in made.items():
        low, high = BANDS[family]
        words = [label(family, of_value(value)) for value in (low - 0.1, (low + high) / 2, high + 0.1)]
        assert words == [LABELS[family][0], None, LABELS[family][1]]
    assert label("pitch", Measured()) is None


def test_a_clip_fits_only_what_is_clearly_so() -> None:
    found = Measured(pitch=200, pace=5.5, pauses=0, voices=1, events=(("beep", 3),))
    assert fits(How(pitch="high", pace="fast", pauses=0, events=(("beep", 3),)), found)
    assert not fits(How(pitch="high", events=(("beep", 2),)), found)
    assert not fits(How(pitch="low", events=(("beep", 3),)), found)
    assert not fits(How(loudness="loud", events=(("beep", 3),)), found)
    assert not fits(How(voices=2, events=(("beep", 3),)), found)
