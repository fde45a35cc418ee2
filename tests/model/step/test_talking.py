"""A whole session over a tiny Step-Audio checkpoint in the released format: it talks, at random."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tiny
from playing import SECOND, sound

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from audio_io.wav_edge import WavEdge
from model.step.engine import load_step
from model.step.options import StepOptions
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.decoder import DecoderConfig
from pipeline.events import CommitDraft, DraftFinished, DropDraft, PhraseDrafted, PlaybackStarted
from pipeline.ports import Pcm
from pipeline.prompt import Audio, Heard, Prompt
from pipeline.records import Thought
from pipeline.trace import Entry, Trace
from tts.tone import ToneVoice

SHORT = SessionConfig(turn=TurnConfig.fixed(0.4), decoder=DecoderConfig(max_tokens=120, thought_tokens=100))
"""A random brain hardly ever ends by itself; so its replies end sooner."""


@dataclass
class Loud:
    """Says that a window holds speech when it is loud."""

    window: int = 512

    def score(self, window: Pcm) -> float:
        return float(np.abs(window).max() > 0.02)

    def reset(self) -> None:
        return None


@dataclass
class Talked:
    """What came of a session."""

    entries: list[Entry]
    session: AgentSession
    requests: list[tuple[str, Prompt]]
    leased: int

    def of(self, kind: type) -> list:
        return [entry.item for entry in self.entries if isinstance(entry.item, kind)]


class Requested(InlineCompute):
    """Remembers what was asked of the brain."""

    def __init__(self, service: object, cost: Callable[[str, object], float]) -> None:
        super().__init__(service, cost)
        self.requests: list[tuple[str, Prompt]] = []

    def stream(self, method, *args):  # type: ignore[no-untyped-def]
        self.requests.append((method, args[0]))
        return super().stream(method, *args)


def spoken() -> Pcm:
    """Two questions with a pause after each; the first one hesitates in the middle."""
    rest = np.zeros(SECOND, np.float32)
    burst = [
        0.5 * np.sign(sound(seed, int(seconds * SECOND))) for seed, seconds in ((1, 1.1), (2, 0.7), (3, 1.3))
    ]
    first = np.concatenate([rest, burst[0], rest[:4800], burst[1], rest, rest, rest, rest, rest, rest])
    return np.concatenate([first, burst[2], rest]).astype(np.float32)


def talk(folder: Path) -> Talked:
    engine = load_step(str(folder), StepOptions(device="cpu"))

    async def main() -> Talked:
        trace, entries = Trace(None), list[Entry]()
        trace.subscribe(entries.append)
        brain = Requested(engine, engine.cost)
        session = AgentSession(
            Agent(instructions="Be brief."), edge=WavEdge(spoken(), tail=3.0), brain=brain, voice=ToneVoice(),
            detector=Loud(), trace=trace, config=SHORT,
        )  # fmt: skip
        await session.run()
        return Talked(entries, session, brain.requests, engine.stats().leased)

    return simulate(main)


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Talked:
    return talk(tiny.write(tmp_path_factory.mktemp("talks") / "Step-Audio-R1-tiny"))


def test_it_thinks_speaks_and_commits_and_every_turn_has_its_reply(talked: Talked) -> None:
    commits = talked.of(CommitDraft)
    assert len(commits) == 2 == len(talked.session.conversation.exchanges)
    assert len(talked.of(PlaybackStarted)) == 2
    for commit in commits:
        assert any(p.draft == commit.draft and re.search(r"\w", p.text) for p in talked.of(PhraseDrafted))
        assert any(p.draft == commit.draft for p in talked.of(DraftFinished))
    assert sum(len(thought.text) for thought in talked.of(Thought) if thought.draft) > 100


def test_it_thinks_while_it_listens(talked: Talked) -> None:
    assert any(thought.draft == 0 for thought in talked.of(Thought))


def test_a_draft_in_the_hesitation_is_dropped_and_leaves_nothing_leased(talked: Talked) -> None:
    assert talked.of(DropDraft) and talked.leased == 0


def test_the_history_is_what_was_heard_and_no_thought_is_in_it(talked: Talked) -> None:
    first, second = talked.session.conversation.exchanges
    said = " ".join(p.text for p in talked.of(PhraseDrafted))
    for exchange in (first, second):
        assert exchange.user is not None and isinstance(exchange.user.parts[0], Audio)
        assert exchange.reply and set(exchange.reply.split()) <= set(said.split())
    assert "think>" not in said
    assert Heard(first.reply) in talked.requests[-1][1].parts, "the second turn is asked with the first"


def test_a_brain_that_does_not_think_talks_too(tmp_path: Path) -> None:
    talked = talk(tiny.write(tmp_path / "Step-Audio-2-tiny", layout="flat", shards=1))
    assert len(talked.of(CommitDraft)) == 2 and not talked.of(Thought)
    assert [bool(exchange.reply) for exchange in talked.session.conversation.exchanges] == [True, True]


def test_equal_sessions_have_equal_traces(talked: Talked, tmp_path: Path) -> None:
    again = talk(tiny.write(tmp_path / "Step-Audio-R1-tiny"))
    assert [(entry.at, entry.item) for entry in again.entries] == [(e.at, e.item) for e in talked.entries]
