"""People whom the practice brain mishears, in a whole conversation with and without the second ear: recorded
digits, the real ear, virtual time."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fetched_ear import ear_folder

from agent.chosen import with_ear
from agent.config import BrainConfig, Config
from agent.conversation import Exchange
from agent.session import Agent, AgentSession
from audio_io.cues import Cue
from audio_io.detectors import make_detector
from audio_io.wav_edge import ScheduledEdge
from model.ears import fetch
from model.ears.choose import MOONSHINE
from model.ears.moonshine import MoonshineEar
from model.engine import load_bundled
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.ports import CAPTURE_RATE, Compute
from pipeline.second import MARK, SecondEar
from pipeline.trace import Trace
from tts.tone import ToneVoice


def cost(method: str, _result: object) -> float:
    """Seconds that the ear was measured to take, of one core, for three digits."""
    return {"transcribe": 0.06, "weigh": 0.06}.get(method, 0.0)


def practising(*, second: bool) -> Compute:
    engine = load_bundled()
    brain = InlineCompute(engine, engine.cost)
    return SecondEar(brain, InlineCompute(MoonshineEar(ear_folder()), cost)) if second else brain


def held(brain: Compute, recordings: Path) -> tuple[tuple[Exchange, ...], str]:
    """Two, seven, three by one person and three, nine, seven by another; what was replied, and the trace."""
    people = pytest.importorskip("training.people", exc_type=ImportError)
    cues, at = list[Cue](), 0.5
    for speaker, digits, seed in (("george", (2, 7, 3), 1), ("jackson", (3, 9, 7), 2)):
        rng = random.Random(seed)
        words = [people.recording(recordings / f"{digit}_{speaker}_{seed}.wav") for digit in digits]
        pcm = people.phrase(words, rng)
        cues.append(Cue(np.asarray(pcm, np.float32), at=at))
        at += len(pcm) / CAPTURE_RATE + 6.0
    trace, thoughts = Trace(), list[str]()
    trace.subscribe(lambda entry: thoughts.append(repr(entry.item)))
    session = AgentSession(
        Agent(), edge=ScheduledEdge(cues, tail=4.0), brain=brain, voice=ToneVoice(),
        detector=make_detector("silero"), trace=trace,
    )  # fmt: skip

    async def main() -> None:
        await session.run()
        await brain.close()

    simulate(main)
    return session.conversation.exchanges, "\n".join(thoughts)


def test_people_are_answered_rightly_with_the_second_ear_and_not_without(recordings: Path) -> None:
    alone, _ = held(practising(second=False), recordings / "fsdd")
    both, thoughts = held(practising(second=True), recordings / "fsdd")
    assert [exchange.reply for exchange in both] == ["Two, seven, three.", "Three, nine, seven."]
    assert [exchange.reply for exchange in alone] != [exchange.reply for exchange in both]
    assert MARK in thoughts, "it says what was taken from whom"


def test_at_a_microphone_the_ear_that_was_fetched_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    assert with_ear(Config(), told.append) == Config()
    assert len(told) == 1 and "hocket models --get moonshine" in told[0]
    other = replace(Config(), brain=BrainConfig("ollama:m"))
    assert with_ear(other, told.append) == other and len(told) == 1, "it helps the practice brain alone"
    for name in fetch.FILES:
        (tmp_path / name).touch()
    monkeypatch.setattr(fetch, "folder", lambda: tmp_path)
    monkeypatch.setattr(fetch, "_SIZES", dict.fromkeys(fetch.FILES, 0))
    eared = replace(Config(), ear=replace(Config().ear, name=MOONSHINE))
    assert with_ear(Config(), told.append) == eared and len(told) == 1
