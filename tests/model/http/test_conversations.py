"""Whole conversations with a brain behind HTTP, in virtual time: as in process, and through every fault."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from servers.desk import Desk
from servers.faults import Faulty
from servers.like_vllm import LikeVllm
from servers.wire import InMemory
from session_scene import Room, build
from test_conformance import COUNT, KINDS, behind

from agent.receipt import Receipt
from agent.session import Agent, AgentSession
from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.presets import parse_server
from model.scripted import Answer, ByTurn, ScriptedEngine
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.decoder import DecoderConfig
from pipeline.events import StageFailed
from pipeline.ports import BrainFacts, Compute
from pipeline.prompt import Human, Prompt, Text
from pipeline.trace import Entry

HEARD = "heard: a tone\n"
REPLY = "It is Paris, as far as I know, and it has been the capital for a very long time by now."
SECOND = "Madrid, they say."
FACTS = BrainFacts("scripted brain", "audio", "notes", True, 20, speaking="think-fully")


def _script(prompt: Prompt) -> Answer:
    """The n-th turn's answer; probing gets what it counts on."""
    turns = [part for part in prompt if isinstance(part, Human)]
    if any(isinstance(part, Text) and "Count" in part.text for part in turns[0].parts):
        return Answer(COUNT, "Counting.\n")
    return ByTurn((Answer(REPLY, HEARD), Answer(SECOND, HEARD)))(prompt)


def _brain() -> InlineCompute:
    engine = ScriptedEngine(_script, 0.05, 0.01, facts=FACTS)
    return InlineCompute(engine, engine.cost)


class Talk:
    """A conversation that was held: two spoken turns, with time for the first answer."""

    def __init__(self, brain: Compute, room: Room | None = None) -> None:
        room = room or Room(((1.0, 2.0), (9.5, 10.5)), seconds=16.0)
        self.session: AgentSession
        self.receipt: Receipt

        self.entries: list[Entry] = []

        async def main() -> None:
            self.session = build(room, brain)
            self.session.trace.subscribe(self.entries.append)
            self.receipt = await self.session.run()
            await brain.close()

        simulate(main)

    @property
    def history(self) -> list[str]:
        return [exchange.reply for exchange in self.session.conversation.exchanges]

    @property
    def failures(self) -> list[str]:
        return [entry.item.error for entry in self.entries if isinstance(entry.item, StageFailed)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_conversation_in_process_and_over_http_leaves_the_same_history(kind: str) -> None:
    inside = Talk(_brain())
    brain, _ = behind(kind, _brain())
    over = Talk(brain)
    assert over.history == inside.history == [REPLY, SECOND]
    assert over.session.conversation.history() == inside.session.conversation.history()
    assert over.failures == []


TOLD = {"hears": True, "continues": True, "thinks": True, "thoughts": "marked"}


def _faulty(*faults: Faulty | None, told: dict[str, object] | None = None) -> tuple[HttpBrain, list[Faulty]]:
    """One brain at so many addresses, each with its fault."""
    servers = [fault or Faulty(_never) for fault in faults]
    for each in servers:
        each.server = LikeVllm(Desk(_brain(), "m"))
    urls = [f"http://127.0.0.1:{8000 + at}" for at in range(len(servers))]
    wire = InMemory({url.removeprefix("http://"): each for url, each in zip(urls, servers, strict=True)})
    server = parse_server("vllm+" + ",".join(urls) + "#m")
    config = HttpConfig(probe=False, told=told or TOLD)
    return HttpBrain(server, config, transport=wire, chance=lambda: 0.5), servers


async def _never(_asked: object) -> Any:
    raise AssertionError("replaced before it is asked")


MIDWAY = ("cut", "ends", "half", "garbage", "stalls")


STRIKES = [(kind, after) for kind in MIDWAY for after in (0, 12, 25)]


@pytest.mark.parametrize(("kind", "after"), [*STRIKES, ("gone", 0), ("500", 0), ("503", 0), ("silent", 0)])
def test_where_there_is_another_server_nobody_hears_that_one_failed(kind: str, after: int) -> None:
    brain, (first, _) = _faulty(Faulty(_never, kind, after, dies=kind == "cut"), None)
    talk = Talk(brain)
    assert talk.history == [REPLY, SECOND]
    assert talk.failures == []
    assert first.answers or kind == "gone"  # it was asked, and failed; one that is gone is not even asked


def test_a_slow_server_is_waited_for() -> None:
    brain, _ = _faulty(Faulty(_never, "slow", seconds=0.15))
    talk = Talk(brain, Room(((1.0, 2.0),), seconds=16.0))
    assert talk.history == [REPLY]
    assert talk.failures == []


@pytest.mark.parametrize("kind", ["500", "cut", "ends"])
def test_one_server_that_fails_for_a_moment_is_asked_again(kind: str) -> None:
    brain, _ = _faulty(Faulty(_never, kind, after=0, last=2))
    talk = Talk(brain)
    assert talk.history == [REPLY, SECOND]
    assert talk.failures == []


@pytest.mark.parametrize("kind", ["gone", "500", "silent", "ends", "stalls"])
def test_a_server_that_is_gone_for_good_is_told_and_the_session_lives(kind: str) -> None:
    """The first turn's answers come through, whatever follows does not."""
    counted = _answers_of_the_first_turn()
    brain, _ = _faulty(Faulty(_never, kind, after=0, first=counted + 1))
    talk = Talk(brain, Room(((1.0, 2.0), (9.5, 10.5)), seconds=24.0))  # silence is waited out
    assert talk.history == [REPLY, Agent().failed]
    assert talk.failures
    assert talk.receipt.turns == 2


@cache
def _answers_of_the_first_turn() -> int:
    brain, (server,) = _faulty(None)
    Talk(brain, Room(((1.0, 2.0),), seconds=9.0))
    return server.answers


@pytest.mark.parametrize("kind", MIDWAY)
def test_a_server_that_vanishes_in_mid_sentence_costs_no_heard_word(kind: str) -> None:
    """Nobody else is there: what was said stays said, the agent says so, and the next turn is answered."""
    brain, _ = _faulty(Faulty(_never, kind, after=22, last=3))
    talk = Talk(brain)
    assert talk.failures
    first, second = talk.history
    assert first == f"It is Paris, {DecoderConfig().lost}"  # the phrase that had come whole
    assert second == SECOND
