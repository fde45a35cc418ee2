"""Measured on sounds whose pitch, pace, level and pauses are known, and on people in what is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_io.wav import read_sound
from model.prosody import Cues, Silence, cues, measured, told
from pipeline.clock import run
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE, Pcm, SpokenWord

PEOPLE = Path(__file__).parents[3] / "shared" / "audio"


def buzz(hertz: float | np.ndarray, seconds: float = 2.0, level: float = -20.0) -> Pcm:
    """A voice-like tone with seven partials, at this level in dBFS."""
    count = round(seconds * CAPTURE_RATE)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, count)) / CAPTURE_RATE
    pcm = np.sum([np.sin(k * phase) / k for k in range(1, 8)], axis=0)
    return (pcm / np.sqrt(np.mean(pcm**2)) * 10 ** (level / 20)).astype(np.float32)


def beating(per_second: float, seconds: float = 3.0) -> Pcm:
    """A tone whose level rises and falls so often."""
    at = np.arange(round(seconds * CAPTURE_RATE)) / CAPTURE_RATE
    return (buzz(120.0, seconds) * (0.5 - 0.5 * np.cos(2 * np.pi * per_second * at))).astype(np.float32)


@pytest.mark.parametrize("hertz", [70.0, 118.0, 200.0, 330.0, 400.0])
def test_the_pitch_of_a_tone_is_found_to_one_hertz(hertz: float) -> None:
    found = cues(buzz(hertz))
    assert found.pitch == pytest.approx(hertz, abs=1.0)
    assert found.low == pytest.approx(hertz, abs=1.5) and found.high == pytest.approx(hertz, abs=1.5)
    assert found.ending == pytest.approx(0.0, abs=0.2)


def test_a_tone_in_noise_keeps_its_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (-30 / 20), 2 * CAPTURE_RATE)
    assert cues((buzz(150.0) + noise).astype(np.float32)).pitch == pytest.approx(150.0, abs=2.0)


@pytest.mark.parametrize(("first", "last", "said"), [(100, 200, "rising"), (200, 100, "falling")])
def test_a_pitch_that_moves_at_the_end_is_told(first: float, last: float, said: str) -> None:
    sound = np.concatenate([buzz(first, 1.0), buzz(np.linspace(first, last, 6400), 0.4)])
    found = cues(sound)
    assert found.ending is not None and abs(found.ending) > 7.0  # an octave, in 0.4 s
    assert f"{said} at the end" in told(found)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, 2 * CAPTURE_RATE).astype(np.float32)
    found = cues(noise)
    assert found.pitch is None and found.pace is None
    assert found.level == pytest.approx(-20.0, abs=0.5)


@pytest.mark.parametrize("per_second", [2.0, 3.0, 4.0, 6.0])
def test_the_pace_is_how_often_the_level_rises_and_falls(per_second: float) -> None:
    assert cues(beating(per_second)).pace == pytest.approx(per_second, rel=0.1)


@pytest.mark.parametrize("level", [-45.0, -30.0, -12.0])
def test_the_level_is_that_of_speech_without_its_pauses(level: float) -> None:
    sound = np.concatenate([buzz(120.0, 1.0, level), np.zeros(8000, np.float32), buzz(120.0, 1.0, level)])
    assert cues(sound).level == pytest.approx(level, abs=0.7)


def test_pauses_are_told_with_their_place_and_their_word() -> None:
    sound = np.concatenate(
        [np.zeros(3200, np.float32), buzz(120, 0.8), np.zeros(9600, np.float32), buzz(120, 0.5)]
    )
    found = cues(sound)
    assert found.pauses == (Silence(pytest.approx(1.0, abs=0.03), pytest.approx(0.6, abs=0.05)),)  # type: ignore[arg-type]
    words = [SpokenWord("what", 0.2, 0.5), SpokenWord("is", 0.5, 1.0), SpokenWord("four", 1.6, 2.1)]
    assert 'a pause of 0.6 s after "is"' in told(found, words)
    assert "a pause of 0.6 s" in told(found) and "after" not in told(found)


def test_a_stop_consonant_is_no_pause() -> None:
    sound = np.concatenate([buzz(120, 0.6), np.zeros(1600, np.float32), buzz(120, 0.6)])
    assert cues(sound).pauses == ()


def test_many_pauses_are_counted_and_three_are_placed() -> None:
    found = Cues(speech=9.0, pauses=tuple(Silence(float(at), 0.5) for at in range(1, 6)))
    assert told(found).count("a pause of") == 3
    assert told(found).endswith("2 more pauses)")


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(100), np.zeros(16000), buzz(120.0, 0.1)])
def test_of_too_little_nothing_is_told(sound: np.ndarray) -> None:
    assert cues(sound.astype(np.float32)) == Cues()
    assert measured(sound.astype(np.float32)) == ""


def test_the_words_tell_measures_and_never_a_feeling() -> None:
    found = Cues(2.0, 118.2, 100.0, 140.0, -4.0, 4.13, -24.2, 12.0, ())
    assert told(found) == "(voice: pitch 118 Hz, falling at the end; 4.1 syllables a second; -24 dB)"


def test_a_synthesiser_told_to_speak_higher_or_faster_measures_so() -> None:
    from tts.espeak import EspeakVoice

    async def said(**how: int) -> Pcm:
        from audio_io.resample import resample

        voice = EspeakVoice("en-us", **how)
        text = "the weather in the morning will be cold and rainy all over the country"
        chunks = [chunk.pcm async for chunk in voice.speak(text)]
        await voice.close()
        return resample(np.concatenate(chunks), voice.rate, CAPTURE_RATE)

    try:
        slow, fast, high = (
            run(lambda: said(speed=120)),
            run(lambda: said(speed=240)),
            run(lambda: said(pitch=90)),
        )
    except VoiceError as error:
        pytest.skip(str(error))
    paces = [cues(sound).pace or 0.0 for sound in (slow, fast)]
    assert paces[1] > 1.5 * paces[0]
    low, raised = cues(slow).pitch or 0.0, cues(high).pitch or 0.0
    assert raised > 1.2 * low


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("coqui__LJ001-0002.wav", 150, 260), ("vosk__test.wav", 80, 140),
        ("speech_recognition__english.wav", 70, 140),
    ],
)  # fmt: skip
def test_people_are_measured_in_the_range_of_their_voices(name: str, lowest: float, highest: float) -> None:
    if not (PEOPLE / name).exists():
        pytest.skip("the recordings of people are not here")
    found = cues(read_sound(PEOPLE / name))
    assert found.pitch is not None and lowest < found.pitch < highest
    assert found.pace is not None and 1.5 < found.pace < 6.5
