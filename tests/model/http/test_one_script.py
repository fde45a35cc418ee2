"""One spoken conversation with a brain in process, behind HTTP, and reading what an ear heard: real speech,
the real ear, virtual time."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
from cascade_scene import cost, spoken
from servers.desk import Desk
from servers.like_vllm import LikeVllm
from servers.wire import InMemory

from agent.conversation import Exchange
from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from audio_io.cues import Cue
from audio_io.detectors import make_detector
from audio_io.wav_edge import ScheduledEdge
from model.engine import load_bundled
from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.presets import parse_server
from model.scripted import Answer, ByText, ByTurn, ScriptedEngine
from pipeline.cascade import Cascade
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.mechanisms import Mechanisms
from pipeline.ports import CAPTURE_RATE, BrainFacts, Compute
from pipeline.prompt import Audio, Human, Prompt, Text
from pipeline.trace import Trace
from tts.tone import ToneVoice

SUMS = ("what is fourteen plus nine", "what is fifteen plus six")
SCRIPT = ("what is fourteen plus nine", "turn on the lights in the kitchen", "what is nine plus five")
REPLIES = ("Twenty three.", "The lights are on.", "Fourteen.")
TABLE = {said: Answer(reply) for said, reply in zip(SCRIPT, REPLIES, strict=True)}


def answer(prompt: Prompt) -> Answer:
    """By the words where there are any, else by the number of the turn."""
    last = [part for part in prompt if isinstance(part, Human)][-1]
    if any(isinstance(part, Text) for part in last.parts):
        return ByText(TABLE, Answer("I do not know."))(prompt)
    return ByTurn(tuple(map(Answer, REPLIES)))(prompt)


def scripted(hears: str = "audio") -> Compute:
    facts = BrainFacts("script", hears, "no", obeys_instructions=True, history_turns=4, thinks=False)
    engine = ScriptedEngine(answer, 0.1, 0.02, facts=facts)
    return InlineCompute(engine, engine.cost)


def practising() -> Compute:
    engine = load_bundled()
    return InlineCompute(engine, engine.cost)


def served(brain: Compute, *, hears: bool, thinks: bool) -> Compute:
    """The brain behind a stand-in for vLLM."""
    told = {"hears": hears, "continues": True, "thinks": thinks, "thoughts": "marked"}
    wire = InMemory({"127.0.0.1:8000": LikeVllm(Desk(brain, "m", hears=hears, thinks=thinks))})
    server = parse_server("vllm+http://127.0.0.1:8000#m")
    return HttpBrain(server, HttpConfig(probe=False, told=told), transport=wire)


def reading(brain: Compute) -> Compute:
    """The brain behind an ear."""
    from model.ears.with_cues import pocketsphinx

    return Cascade(brain, InlineCompute(pocketsphinx(), cost))


def held(
    brain: Compute, script: tuple[str, ...], config: SessionConfig | None = None
) -> tuple[Exchange, ...]:
    """What was said and heard when somebody says these."""
    cues, at = list[Cue](), 0.5
    for text in script:
        cues.append(Cue(spoken(text), at=at))
        at += len(spoken(text)) / CAPTURE_RATE + 5.0
    session = AgentSession(
        Agent(), edge=ScheduledEdge(cues, tail=4.0), brain=brain, voice=ToneVoice(),
        detector=make_detector("silero"), trace=Trace(), config=config,
    )  # fmt: skip

    async def main() -> None:
        await session.run()
        await brain.close()

    simulate(main)
    return session.conversation.exchanges


def told(exchanges: tuple[Exchange, ...]) -> list[tuple[str, bool]]:
    return [(exchange.reply, exchange.whole) for exchange in exchanges]


def test_the_bundled_brain_holds_the_same_conversation_in_process_and_over_http() -> None:
    # No server tells of its brain how it speaks best, and that it judges the end of a turn by its sound.
    alike = SessionConfig(mechanisms=Mechanisms(speaking_thoughts="think-fully", end_of_turn=False))
    here = held(practising(), SUMS, alike)
    there = held(served(practising(), hears=True, thinks=True), SUMS, alike)
    assert told(here) == [
        ("Fourteen plus nine is twenty three.", True),
        ("Fifteen plus six is twenty one.", True),
    ]
    assert there == here
    assert told(held(practising(), SUMS)) == told(here)


WAYS: dict[str, Callable[[], Compute]] = {
    "over HTTP": lambda: served(scripted(), hears=True, thinks=False),
    "as a cascade": lambda: reading(scripted("text")),
    "as a cascade over HTTP": lambda: reading(served(scripted("text"), hears=False, thinks=False)),
}


def same_sound(a: Exchange, b: Exchange) -> bool:
    """The user's sound, but for how much of the silence after it the draft had waited for."""
    assert a.user is not None and b.user is not None
    one, other = a.user.parts[0], b.user.parts[0]
    assert isinstance(one, Audio) and isinstance(other, Audio)
    both = min(len(one.pcm), len(other.pcm))
    waited = abs(len(one.pcm) - len(other.pcm)) / CAPTURE_RATE
    return np.array_equal(one.pcm[:both], other.pcm[:both]) and waited < 0.2


@pytest.mark.skipif(find_spec("pocketsphinx") is None, reason="the zero-download ear is not installed")
@pytest.mark.parametrize("way", WAYS)
def test_one_script_leaves_the_history_that_it_leaves_in_process(way: str) -> None:
    inside = held(scripted(), SCRIPT)
    assert told(inside) == [(reply, True) for reply in REPLIES]
    other = held(WAYS[way](), SCRIPT)
    assert told(other) == told(inside)
    assert all(same_sound(*pair) for pair in zip(inside, other, strict=True))
