"""A brain that only reads holds a spoken conversation: real speech, a real recogniser, virtual time."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from importlib.util import find_spec

import pytest
from cascade_scene import cost, spoken
from session_scene import Room, inline, live

from agent.session import Agent, AgentSession
from agent.session_config import SessionConfig
from audio_io.cues import Cue
from audio_io.detectors import make_detector
from audio_io.wav_edge import ScheduledEdge
from model.ears.with_cues import WithCues
from model.scripted import Answer, ByText, Script, ScriptedEngine
from pipeline.captions import CaptionsConfig
from pipeline.cascade import Cascade
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.decoder import DecoderConfig
from pipeline.ports import CAPTURE_RATE, BrainFacts, EarFacts, Pcm, Transcript
from pipeline.prompt import Audio, Heard, Human, Prompt, Text
from pipeline.records import Thought, Transcribed
from pipeline.trace import Entry, Trace
from tts.tone import ToneVoice

needs_pocketsphinx = pytest.mark.skipif(
    find_spec("pocketsphinx") is None, reason="the zero-download ear is not installed"
)
READER = BrainFacts(
    name="reader", hears="text", thinks_while_listening="no", obeys_instructions=True, history_turns=4,
    thinks=False,
)  # fmt: skip
FIRST, SECOND = "what is fourteen plus nine", "turn on the lights in the kitchen"
ANSWERS = {FIRST: Answer("Twenty three."), SECOND: Answer("The lights are on.")}


@lru_cache
def ear() -> WithCues:
    """One for all of these tests: nobody closes it."""
    from model.ears.with_cues import pocketsphinx

    return pocketsphinx()


def held(
    *said: Pcm, gap: float = 4.0, first: float = 0.2, ends: bool = False
) -> tuple[AgentSession, list[Entry]]:
    """A conversation in which these are said one after another.

    ``first``: seconds to the reader's first token. ``ends``: the policy is told of unfinished sentences.
    """
    cues, at = list[Cue](), 0.5
    for pcm in said:
        cues.append(Cue(pcm, at=at))
        at += len(pcm) / CAPTURE_RATE + gap

    async def main() -> tuple[AgentSession, list[Entry]]:
        engine = ScriptedEngine(ByText(ANSWERS, Answer("I do not know.")), first, 0.02, facts=READER)
        listener = InlineCompute(ear(), cost)
        brain = Cascade(InlineCompute(engine, engine.cost), listener)
        trace, entries = Trace(), list[Entry]()
        trace.subscribe(entries.append)
        session = AgentSession(
            Agent(instructions="Be brief."), edge=ScheduledEdge(cues, tail=4.0), brain=brain,
            voice=ToneVoice(), detector=make_detector("silero"), trace=trace, ear=listener,
            config=SessionConfig(captions=CaptionsConfig(ends=ends)),
        )  # fmt: skip
        await session.run()
        return session, entries

    return simulate(main)


@needs_pocketsphinx
def test_spoken_questions_get_the_answers_that_stand_under_their_words() -> None:
    session, entries = held(spoken(FIRST), spoken(SECOND))
    exchanges = session.conversation.exchanges
    assert [e.reply for e in exchanges] == ["Twenty three.", "The lights are on."]
    for exchange in exchanges:
        assert exchange.user is not None
        assert any(isinstance(part, Audio) for part in exchange.user.parts), "the sound itself is kept"
    assert any(isinstance(e.item, Thought) and FIRST in e.item.text for e in entries)


@needs_pocketsphinx
def test_a_user_who_hesitates_after_plus_is_waited_for_before_the_brain_has_said_a_word() -> None:
    asked, rest = spoken("what is fourteen plus"), spoken("nine")
    early, _ = held(asked, rest, gap=0.8, first=0.5)
    assert early.conversation.exchanges[0].reply.startswith("I do")  # it spoke into the hesitation
    waited, entries = held(asked, rest, gap=0.8, first=0.5, ends=True)
    assert [e.reply for e in waited.conversation.exchanges] == ["Twenty three."]
    finals = [e.item.text for e in entries if isinstance(e.item, Transcribed) and e.item.final]
    assert finals == [FIRST]


class Counting:
    """ports.Recogniser that only tells how long a sound is; a short one it does not understand."""

    def facts(self) -> EarFacts:
        return EarFacts("counting ear", True)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        return Transcript("" if audio.seconds < 1 else f"about {round(audio.seconds)} seconds", final=final)

    def close(self) -> None:
        return None


def reader(script: Script) -> Cascade:
    engine = ScriptedEngine(script, 0.05, 0.01, facts=READER)
    return Cascade(InlineCompute(engine, engine.cost), InlineCompute(Counting()))


def test_speech_that_was_not_understood_is_asked_for_again_and_no_answer_is_made_up() -> None:
    made_up = ByText({}, Answer("Of course, consider it done."))

    async def scene(session: AgentSession) -> list[str]:
        await asyncio.sleep(8.0)
        return [exchange.reply for exchange in session.conversation.exchanges]

    assert live(scene, reader(made_up), Room(((1.0, 1.6),), seconds=60.0)) == [DecoderConfig().ask_again]


def test_a_reader_that_takes_over_reads_what_another_brain_has_heard() -> None:
    prompts: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        prompts.append(prompt)
        return Answer("I see.")

    hearer = ScriptedEngine(ByText({}, Answer("Yes.", "heard: a tone\n")), 0.01, 0.001)

    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(6.0)
        await session.use_brain(reader(script))
        await asyncio.sleep(8.0)

    live(scene, inline(hearer), Room(((1.0, 3.0), (8.0, 9.0)), seconds=60.0))
    human, heard = prompts[-1].parts[1:3]
    assert human == Human((Text("about 2 seconds"),)) and heard == Heard("Yes.")
    assert prompts[-1].parts[3] == Human((Text("about 1 seconds"),))
