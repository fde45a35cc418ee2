"""A brain that only reads holds a spoken conversation: real speech, a real recogniser, virtual time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from agent.session import Agent, AgentSession
from agent.session_config import SessionConfig
from audio_io.detectors import make_detector
from audio_io.resample import resample
from audio_io.wav_edge import ScheduledEdge, WavEdge
from audio_io.cues import Cue
from model.ears.with_cues import WithCues
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.cascade import AGAIN, Cascade
from pipeline.clock import run, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE, BrainFacts, Pcm, Thought
from pipeline.prompt import Audio
from pipeline.trace import Entry, Trace
from tts.tone import ToneVoice

pytest.importorskip("pocketsphinx", reason="the zero-download ear is not installed")

READER = BrainFacts(
    name="reader", hears="text", thinks_while_listening="no", obeys_instructions=True, history_turns=4,
    thinks=False,
)  # fmt: skip
FIRST, SECOND = "what is fourteen plus nine", "turn on the lights in the kitchen"
ANSWERS = {FIRST: Answer("Twenty three."), SECOND: Answer("The lights are on.")}


@lru_cache
def spoken(text: str) -> Pcm:
    """A sentence in flite's voice, in a room that is not digitally silent."""
    from tts.flite import FliteVoice

    async def said() -> Pcm:
        voice = FliteVoice("rms")
        chunks = [chunk.pcm async for chunk in voice.speak(text)]
        await voice.close()
        return resample(np.concatenate(chunks), voice.rate, CAPTURE_RATE)

    try:
        return run(said)
    except VoiceError as error:
        pytest.skip(str(error))


@lru_cache
def ear() -> WithCues:
    from model.ears.with_cues import pocketsphinx

    return pocketsphinx()


def cost(method: str, result: object) -> float:
    """What the ear takes on an ordinary processor: see docs."""
    return 0.12 if method == "transcribe" and getattr(result, "final", False) else 0.05


def held(*said: Pcm, gap: float = 4.0) -> tuple[AgentSession, list[Entry]]:
    """A conversation in which these are said one after another."""
    cues, at = list[Cue](), 0.5
    for pcm in said:
        cues.append(Cue(pcm, at=at))
        at += len(pcm) / CAPTURE_RATE + gap

    async def main() -> tuple[AgentSession, list[Entry]]:
        engine = ScriptedEngine(ByText(ANSWERS, Answer("I do not know.")), 0.2, 0.02, facts=READER)
        brain = Cascade(InlineCompute(engine, engine.cost), InlineCompute(ear(), cost))
        trace, entries = Trace(), list[Entry]()
        trace.subscribe(entries.append)
        session = AgentSession(
            Agent(instructions="Be brief."), edge=ScheduledEdge(cues, tail=gap), brain=brain,
            voice=ToneVoice(), detector=make_detector("silero"), trace=trace, config=SessionConfig(),
        )  # fmt: skip
        await session.run()
        await brain.close()
        return session, entries

    return simulate(main)


def test_spoken_questions_get_the_answers_that_stand_under_their_words() -> None:
    session, entries = held(spoken(FIRST), spoken(SECOND))
    exchanges = session.conversation.exchanges
    assert [e.reply for e in exchanges] == ["Twenty three.", "The lights are on."]
    for exchange in exchanges:
        assert exchange.user is not None
        assert any(isinstance(part, Audio) for part in exchange.user.parts), "the sound itself is kept"
    assert any(isinstance(e.item, Thought) and FIRST in e.item.text for e in entries)
