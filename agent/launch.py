"""From settings to a running session: builds brain, voice and detector, and lets go of them afterwards.

Nothing heavy is imported before it is needed, and the brain loads beside everything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent.brains import make_brain, practises
from agent.config import Config, PersonaConfig
from agent.conversation import Exchange
from agent.mcp_tools import mcp_tools
from agent.record import Record
from agent.session import Agent, AgentSession
from agent.tap import Tap
from model.ears.choose import hearing, make_ear
from model.http.accounting import Spent
from pipeline.calling import Tool
from pipeline.captions import CaptionsConfig
from pipeline.decoder import DecoderConfig
from pipeline.ports import AudioEdge, BrainFacts, Compute, EarFacts, Voice
from pipeline.records import Window
from pipeline.second import SecondEar
from pipeline.trace import Trace

SPOKEN = (
    "You are talking with somebody by voice. Answer in one to three short sentences of plain spoken words: "
    "no lists, no markup, no emoji, numbers and symbols as they are said."
)
"""Told to a brain that nobody gave other instructions."""
GREETING = "Hello. What can I do for you?"
_GENERAL = DecoderConfig(
    show_heard="I heard: {heard}. I do not know what to make of that.",
    heard_nothing="I hear you, but I cannot make out the words.",
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is built from, and what a person should know about it."""

    brain: Compute
    facts: BrainFacts
    voice: Voice
    ear: Compute | None = None
    "Writes down what the user says: for a brain that reads, or for captions."
    tools: tuple[Tool, ...] = ()
    "Of the servers in the settings."
    spent: Callable[[], Spent] = Spent
    "What a served brain took so far."


@asynccontextmanager
async def parts(config: Config) -> AsyncIterator[Parts]:
    """Brain, ear, tools and voice that the settings name. Raises ModelError, VoiceError, ConfigError."""
    from tts.choose import best_voice

    async with AsyncExitStack() as stack:
        brain = make_brain(config.brain, config.http)
        stack.push_async_callback(lambda: brain.close())
        facts: BrainFacts = await brain.call("facts")
        spent = getattr(brain, "spent", Spent)
        ear = _ear(config, facts)
        if ear is not None:
            stack.push_async_callback(ear.close)
            await _prepared(ear)
        if ear is not None and facts.hears == "text":
            brain = hearing(brain, ear, config.ear)
            facts = await brain.call("facts")
        elif ear is not None and config.ear.weighs and practises(config.brain):
            brain = SecondEar(brain, ear)
            facts = await brain.call("facts")
        elif ear is not None:
            told: EarFacts = await ear.call("facts")  # where the words go is said, also of captions
            facts = replace(facts, note=f"{facts.note} {told.note}".strip())
        voice = best_voice(config.voice.name)
        stack.push_async_callback(voice.close)
        await _prepared(voice)
        tools: list[Tool] = []
        for server in config.tools.servers:
            tools += await stack.enter_async_context(mcp_tools(server))
        shown = config.ear.captions or facts.hears.startswith("text")
        yield Parts(brain, facts, voice, ear if shown else None, tuple(tools), spent)


async def _prepared(part: Compute | Voice) -> None:
    """One that cannot hear or speak is told now, not by silence."""
    prepare = getattr(part, "prepare", None)
    if prepare is not None:
        await prepare()


def _ear(config: Config, brain: BrainFacts) -> Compute | None:
    """A brain that reads needs one; beside any other it is there for captions, or as a second ear."""
    ear = config.ear
    if brain.hears == "text":
        return make_ear(replace(ear, name="auto") if ear.name == "off" else ear)
    second = ear.weighs and practises(config.brain)
    return make_ear(ear) if ear.captions or second else None


def suited(config: Config) -> Config:
    """The settings with what only the practice brain says and does left to the practice brain."""
    if practises(config.brain):
        return config
    persona, decoder, usual = config.persona, config.decoder, DecoderConfig()
    if persona.greeting == PersonaConfig().greeting:
        persona = replace(persona, greeting=GREETING)
    if not persona.instructions:
        persona = replace(persona, instructions=SPOKEN)
    if (decoder.show_heard, decoder.heard_nothing) == (usual.show_heard, usual.heard_nothing):
        decoder = replace(decoder, show_heard=_GENERAL.show_heard, heard_nothing=_GENERAL.heard_nothing)
    return replace(config, persona=persona, decoder=decoder)


def make_session(
    config: Config,
    built: Parts,
    edge: AudioEdge,
    *,
    agent: Agent | None = None,
    trace: Trace | None = None,
    observe: Callable[[Window], None] | None = None,
    history: Sequence[Exchange] = (),
) -> AgentSession:
    """A session over this edge of sound, not yet running.

    ``agent`` None: the one in the settings; one without instructions gets those of the settings.
    ``history``: exchanges before this session.
    """
    from audio_io.detectors import make_detector

    config = suited(config)
    persona, reads = config.persona, built.facts.hears.startswith("text")
    agent = agent or Agent(greeting=persona.greeting or None)
    agent = replace(agent, instructions=agent.instructions or persona.instructions)
    captions = CaptionsConfig(shown=config.ear.captions or reads, ends=reads and config.ear.english)
    return AgentSession(
        replace(agent, tools=(*agent.tools, *built.tools)),
        edge=edge,
        brain=built.brain,
        voice=built.voice,
        detector=make_detector(config.sound.detector),
        trace=trace or Trace(),
        config=replace(config.session(), captions=captions),
        observe=observe,
        ear=built.ear,
        history=history,
    )


@asynccontextmanager
async def launch(
    agent: Agent, edge: AudioEdge, *, config: Config | None = None, record: Path | None = None
) -> AsyncIterator[AgentSession]:
    """A session built from settings: ``async with launch(agent, edge) as session: await session.run()``.

    ``record``: a folder for both voices, the trace and a picture; else nothing is kept. Raises HocketError.
    """
    config = config or Config()
    async with parts(config) as built:
        with Record(record or config.record.folder) as files:
            tap = Tap(edge, files.sound)
            session = make_session(
                config, built, tap, agent=agent, trace=files.trace, observe=lambda window: tap.keep()
            )
            try:
                yield session
            finally:
                await session.aclose()  # before what it speaks and thinks with is closed
                files.finish(tap, title=f"{built.facts.name} · {built.voice.name}")
