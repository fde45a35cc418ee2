"""The agent does not hear itself, from its first word on; and a person who talks into its voice is heard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_io.echo import EchoCancelConfig, EchoCanceller
from audio_io.echo_path import EchoConfig, EchoPath
from audio_io.silero import SileroDetector
from audio_io.wav import read_sound
from pipeline.errors import BugError, DeviceError
from pipeline.events import Sample, SpeechStarted
from pipeline.levels import decibels
from pipeline.ports import Pcm
from pipeline.vad import Hysteresis, HysteresisConfig

AUDIO = Path(__file__).parents[3] / "shared" / "audio"
recordings = pytest.mark.skipif(not AUDIO.is_dir(), reason="the folder ../shared/audio is not here")
pytest.importorskip("pywebrtc_audio", reason="the echo canceller's wheel is not installed")


def person(name: str, seconds: float) -> Pcm:
    """A real voice at -20 dBFS."""
    pcm = read_sound(AUDIO / name)[: round(16000 * seconds)]
    return np.clip(pcm * 10 ** ((-20 - decibels(pcm)) / 20), -1, 1).astype(np.float32)


def cancel(canceller: EchoCanceller, mic: Pcm, far: Pcm) -> Pcm:
    steps = [slice(at, at + 160) for at in range(0, far.size - 159, 160)]
    return np.concatenate([canceller.process(mic[step], far[step]) for step in steps])


def starts(sound: Pcm) -> list[float]:
    """Seconds at which our detector hears a user begin."""
    detector, hysteresis, begun = SileroDetector(), Hysteresis(HysteresisConfig(), 512), []
    for at in range(0, sound.size - 511, 512):
        fact = hysteresis.hear(Sample(at), detector.score(sound[at : at + 512]))
        if isinstance(fact, SpeechStarted):
            begun.append(fact.at / 16000)
    return begun


@recordings
@pytest.mark.parametrize(("gain", "delay"), [(0.0, 0.02), (0.0, 0.15), (-20.0, 0.06)])
def test_the_agents_voice_makes_no_user_turn(gain: float, delay: float) -> None:
    far = person("vosk__test.wav", 8.0)
    mic = EchoPath(EchoConfig(gain=gain, delay=delay)).hear(far)
    assert starts(mic), "without a canceller this echo is taken for a user"
    assert starts(cancel(EchoCanceller(), mic, far)) == []


@recordings
def test_a_person_who_talks_into_the_agents_voice_is_heard() -> None:
    far = person("silero-vad__test.wav", 14.0)
    talk = person("whisper__jfk.flac", 4.0)
    mic = EchoPath(EchoConfig(gain=-10.0)).hear(far)
    mic[9 * 16000 : 9 * 16000 + talk.size] += talk
    heard = starts(cancel(EchoCanceller(), mic, far))
    alone = starts(talk)
    assert heard
    assert heard[0] == pytest.approx(9.0 + alone[0], abs=0.5)


@recordings
def test_until_it_is_seen_to_work_nothing_passes_while_the_agent_sounds() -> None:
    far = person("vosk__test.wav", 6.0)
    mic = EchoPath(EchoConfig(gain=0.0)).hear(far)
    canceller, passed = EchoCanceller(), {False: 0.0, True: 0.0}
    for at in range(0, far.size - 159, 160):
        near = canceller.process(mic[at : at + 160], far[at : at + 160])
        if np.abs(far[max(0, at - 1600) : at + 160]).max() > 0.05:
            passed[canceller.settled] = max(passed[canceller.settled], float(np.abs(near).max()))
    assert passed[False] == 0.0
    assert passed[True] > 0.0


@recordings
def test_while_the_agent_is_silent_the_user_passes_at_once() -> None:
    talk = person("vosk__test.wav", 3.0)
    heard = cancel(EchoCanceller(), talk, np.zeros_like(talk))
    assert decibels(heard[16000:]) == pytest.approx(decibels(talk[16000 : heard.size]), abs=2.0)


@recordings
def test_a_wrong_delay_from_the_device_is_corrected() -> None:
    far = person("vosk__test.wav", 6.0)
    canceller = EchoCanceller(delay=0.35)
    cancel(canceller, EchoPath(EchoConfig(gain=0.0, delay=0.1)).hear(far), far)
    assert canceller.held == pytest.approx(0.07, abs=0.005)
    assert canceller.settled


@recordings
def test_headphones_give_the_microphone_back_after_the_patience() -> None:
    far = person("vosk__test.wav", 8.0)
    quiet = (1e-3 * np.random.default_rng(0).standard_normal(far.size)).astype(np.float32)
    canceller = EchoCanceller(EchoCancelConfig(patience=2.0))
    cancel(canceller, quiet, far)
    assert canceller.settled


@recordings
def test_after_a_disturbance_it_must_be_seen_to_work_again() -> None:
    far = person("vosk__test.wav", 8.0)
    mic = EchoPath(EchoConfig(gain=0.0)).hear(far)
    canceller = EchoCanceller()
    cancel(canceller, mic[: 6 * 16000], far[: 6 * 16000])
    assert canceller.settled
    canceller.disturb()
    assert not canceller.settled
    cancel(canceller, mic[6 * 16000 :], far[6 * 16000 :])
    assert canceller.settled


@recordings
def test_a_long_pause_of_the_agent_costs_nothing_and_changes_nothing_it_has_learnt() -> None:
    voice = person("vosk__test.wav", 8.0)
    silence = np.zeros(48000, np.float32)
    far = np.concatenate([voice[:80000], silence, voice[80000:], silence])
    mic = EchoPath(EchoConfig(gain=0.0)).hear(far)
    canceller: Any = EchoCanceller()
    calls, engine = 0, canceller._engine

    class Counted:
        def process(self, mic: Pcm, due: Pcm) -> Pcm:
            nonlocal calls
            calls += 1
            near: Pcm = engine.process(mic, due)
            return near

    canceller._processor = lambda **_: Counted()
    canceller._engine = Counted()
    cancel(canceller, mic[:80000], far[:80000])
    assert canceller.settled
    calls = 0
    pause = cancel(canceller, mic[80000:128000], far[80000:128000])
    assert calls == pytest.approx(100, abs=20)  # of 300
    delay = slice(32000, 47680), slice(80000 + 32000 - 128, 80000 + 47680 - 128)
    assert np.array_equal(pause[delay[0]], mic[delay[1]])
    back = cancel(canceller, mic[128000:], far[128000:])
    assert decibels(back[:8000]) < -60.0
    assert canceller.settled


def test_rest_and_work_follow_each_other_without_a_step() -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(64000) / 16000)).astype(np.float32)
    far = np.zeros_like(tone)
    far[40000:40160] = 1e-4  # not silence, but nothing that could be heard
    heard = cancel(EchoCanceller(), tone, far)
    usual = float(np.abs(np.diff(tone)).max())
    assert np.abs(np.diff(heard[12000:])).max() < 1.5 * usual


def test_frames_of_another_size_are_our_bug() -> None:
    with pytest.raises(BugError, match="160"):
        EchoCanceller().process(np.zeros(320, np.float32), np.zeros(320, np.float32))


def test_an_absent_wheel_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(DeviceError, match="pip install pywebrtc-audio"):
        EchoCanceller()
