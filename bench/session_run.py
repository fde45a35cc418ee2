"""Holds one conversation of a suite through the public session API and writes down what came of it.

Per conversation: ``conversation.wav`` (user, agent), ``labels.json``, ``trace.jsonl``, then ``item.json``,
so that its presence says that the others are whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from pipeline.compute import InlineCompute
from pipeline.errors import HocketError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    DropDraft,
    Hold,
    Hush,
    PlaybackEnded,
    PlaybackStarved,
    SessionClosed,
    SpeechStarted,
    StageFailed,
)
from pipeline.ports import PLAYOUT_RATE, Compute, Voice, VoiceDetector
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace
from tts.tone import ToneVoice

from . import labels as manifests
from . import recording as recordings
from .edge import BenchEdge, Clock, Punctuality
from .item import Actor, Item
from .nulls import NullAgent, beep
from .room import Canceller, Room
from .script import Script
from .scripted import ScriptedBrain

ITEM = "item.json"
COUNTED = (
    AudioLost, CommitDraft, DropDraft, Hold, Hush, PlaybackStarved, SessionClosed, SpeechStarted, StageFailed,
)  # fmt: skip
"""What of a trace is counted beside the score. Events explain, they never score."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the sessions under test are built from. Factories are called inside the running loop."""

    brain: Callable[[], Compute]
    voice: Callable[[], Voice]
    user: Callable[[], Voice]
    "The user's voice; must not be the agent's."
    detector: Callable[[], VoiceDetector]
    canceller: Callable[[], Canceller] | None
    names: dict[str, str] = field(default_factory=dict)
    "For the report: brain, voice, user, detector, canceller."
    studio: Callable[[], Voice] | None = None
    "The agent's real voice, to record what a simulation plays; None: ``voice`` can say everything."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a finished conversation besides its recording."""

    scenario: str
    number: int
    seed: int
    seconds: float
    punctuality: Punctuality
    counts: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    "Stimuli for which the agent gave no occasion."
    error: str = ""
    "Why the session failed, if it did."
    unasked: int = 0
    "Due turns that the script still held when the conversation ended: nobody missed them, nobody was asked."


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A conversation that is over and not yet written down."""

    item: Item
    edge: BenchEdge
    counts: dict[str, int]
    error: str


def opened(folder: Path) -> Trace:
    """Make a conversation's folder and begin its trace."""
    folder.mkdir(parents=True, exist_ok=True)
    return Trace(folder / "trace.jsonl")


async def hold(
    item: Item, script: Script, target: Target, brain: Compute, voice: Voice, *, clock: Clock,
    turn: TurnConfig, trace: Trace,
) -> Held:  # fmt: skip
    """Hold one conversation. A session that fails is part of the result; any other error is raised."""
    talk = item.monologue if item.held else ""
    edge = BenchEdge(script, clock=clock, room=_room(item, target), seed=item.seed, talk=talk)
    counts: Counter[str] = Counter()
    error = ""
    trace.subscribe(lambda entry: _count(entry, counts))
    try:
        if item.actor is Actor.NULL:
            await edge.run(AudioRing(), NullAgent(script, item.delay, beep()), lambda fact: None)
        else:
            await _converse(item, edge, target, brain, voice, trace, turn)
    except HocketError as failed:
        error = f"{type(failed).__name__}: {failed}"
    finally:
        trace.close()
    return Held(item, edge, dict(counts), error)


def keep(held: Held, folder: Path, target: Target, clock: Clock) -> Outcome:
    """Write a conversation's files, ``item.json`` last."""
    item, edge = held.item, held.edge
    recording = edge.recording()
    about = {**target.names, "actor": str(item.actor), "clock": str(clock), "seed": str(item.seed)}
    about |= item.about
    recordings.save(recording, folder / "conversation.wav")
    manifests.save(edge.labels(item.name, item.scenario, about), folder / "labels.json")
    outcome = Outcome(
        item.scenario, item.number, item.seed, recording.length / PLAYOUT_RATE, edge.punctuality,
        held.counts, len(edge.script.skipped), held.error,
        len(edge.script.unasked),
    )  # fmt: skip
    (folder / ITEM).write_text(json.dumps(asdict(outcome), indent=1) + "\n", encoding="utf-8")
    return outcome


async def _converse(
    item: Item, edge: BenchEdge, target: Target, brain: Compute, voice: Voice, trace: Trace, turn: TurnConfig
) -> None:
    if item.actor is Actor.SCRIPTED:
        brain, voice = InlineCompute(ScriptedBrain()), ToneVoice()
    session = AgentSession(
        Agent(greeting=item.monologue if item.greets and item.monologue else None),
        edge=edge, brain=brain, voice=voice, detector=target.detector(), trace=trace,
        config=SessionConfig(turn=turn),
    )  # fmt: skip
    if item.monologue and not item.held:

        def go_on(entry: Entry) -> None:
            if isinstance(entry.item, PlaybackEnded):
                session.say(item.monologue)

        trace.subscribe(go_on)
    await session.run()


def _room(item: Item, target: Target) -> Room | None:
    if item.echo is None:
        return None
    canceller = target.canceller() if target.canceller else None
    return Room(item.echo, canceller, delay=item.echo_delay, seed=item.seed)


def _count(entry: Entry, counts: Counter[str]) -> None:
    """What the closing of a session brings is not counted."""
    if isinstance(entry.item, COUNTED) and not counts["SessionClosed"]:
        counts[type(entry.item).__name__] += 1


def read_outcome(folder: Path) -> Outcome | None:
    """What a finished conversation's folder says; None where there is none, or it is not whole."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        found: dict[str, Any] = json.loads((folder / ITEM).read_text(encoding="utf-8"))
        return Outcome(**{**found, "punctuality": Punctuality(**found["punctuality"])})
    return None
