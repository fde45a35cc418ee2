"""From settings to a running session: builds brain, voice and detector, and lets go of them afterwards.

Nothing heavy is imported before it is needed, and the brain loads beside everything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.brains import make_brain
from agent.config import Config
from agent.record import Record
from agent.session import Agent, AgentSession
from agent.tap import Tap
from pipeline.ports import AudioEdge, BrainFacts, Compute, Voice, Window
from pipeline.trace import Trace


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is built from, and what a person should know about it."""

    brain: Compute
    facts: BrainFacts
    voice: Voice


@asynccontextmanager
async def parts(config: Config) -> AsyncIterator[Parts]:
    """The brain and the voice that the settings name. Raises ModelError, VoiceError, ConfigError."""
    from tts.choose import best_voice

    brain = make_brain(config.brain, config.http)
    try:
        voice = best_voice(config.voice.name)
        try:
            yield Parts(brain, await brain.call("facts"), voice)
        finally:
            await voice.close()
    finally:
        await brain.close()


def make_session(
    config: Config,
    built: Parts,
    edge: AudioEdge,
    *,
    agent: Agent | None = None,
    trace: Trace | None = None,
    observe: Callable[[Window], None] | None = None,
) -> AgentSession:
    """A session over this edge of sound, not yet running. ``agent`` None: the one in the settings."""
    from audio_io.detectors import make_detector

    persona = config.persona
    return AgentSession(
        agent or Agent(instructions=persona.instructions, greeting=persona.greeting or None),
        edge=edge,
        brain=built.brain,
        voice=built.voice,
        detector=make_detector(config.sound.detector),
        trace=trace or Trace(),
        config=config.session(),
        observe=observe,
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
                files.finish(tap, title=f"{built.facts.name} · {built.voice.name}")
