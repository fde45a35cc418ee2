"""A whole session over tiny folders in the released layouts: they talk, at random, and remember."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pytest

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from audio_io.wav_edge import WavEdge
from model.foreign.load import ForeignOptions, load_foreign
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.events import CommitDraft, PhraseDrafted, PlaybackStarted
from pipeline.prompt import Audio, Heard
from pipeline.records import Thought
from pipeline.trace import Trace
from tts.tone import ToneVoice

SECOND = 16_000


@dataclass
class Loud:
    """Says that a window holds speech when it is loud."""

    window: int = 512

    def score(self, window):
        return float(np.abs(window).max() > 0.02)

    def reset(self):
        return None


class Asked(InlineCompute):
    """Remembers the prompts of generations."""

    prompts = ()

    def stream(self, method, *args):
        self.prompts = (*self.prompts, args[0])
        return super().stream(method, *args)


def spoken():
    rng = np.random.default_rng(4)
    first, second = (np.sign(rng.standard_normal(int(s * SECOND))) * 0.3 for s in (1.2, 0.9))
    rest = np.zeros(SECOND)
    return np.concatenate([rest, first, *([rest] * 8), second, rest]).astype(np.float32)


@pytest.fixture(scope="module")
def talked(folder):
    """(entries, session, brain)"""
    engine = load_foreign(str(folder), ForeignOptions(device="cpu"))
    brain, entries = Asked(engine, engine.cost), []

    async def main():
        trace = Trace(None)
        trace.subscribe(lambda entry: entries.append(entry.item))
        session = AgentSession(
            Agent(instructions="Be brief."), edge=WavEdge(spoken(), tail=6.0), brain=brain, voice=ToneVoice(),
            detector=Loud(), trace=trace, config=SessionConfig(turn=TurnConfig.fixed(0.4)),
        )  # fmt: skip
        await session.run()
        return session

    return entries, simulate(main), brain


def test_each_turn_is_answered_aloud_and_without_a_thought(talked):
    entries, session, _ = talked
    commits = [item for item in entries if isinstance(item, CommitDraft)]
    assert len(commits) == 2 == len(session.conversation.exchanges)
    assert sum(isinstance(item, PlaybackStarted) for item in entries) == 2
    phrases = [item.text for item in entries if isinstance(item, PhraseDrafted)]
    assert any(re.search(r"\w", text) for text in phrases)
    assert not any("think>" in text for text in phrases)
    assert not any(isinstance(item, Thought) and item.text.strip() for item in entries)


def test_the_second_turn_is_asked_with_what_was_heard_of_the_first(talked):
    _, session, brain = talked
    first = session.conversation.exchanges[0]
    assert first.user is not None and isinstance(first.user.parts[0], Audio)
    assert Heard(first.reply) in brain.prompts[-1].parts
