"""pipeline/thinking.py beside drafts: what goes on, what ends, and what of a thought that ended is kept."""

from __future__ import annotations

import asyncio

import pytest
from musing import TURN, Scene, begin, during
from thinker import KeepsCut, Thinker, numbered

from pipeline.errors import ModelError
from pipeline.events import Sample, Span, StopThinking, Turn
from pipeline.listening.interleaved import Interleaved
from pipeline.prompt import BLOCK, Note
from pipeline.reading import Reading

CUT = ["only whole ones count", "keeps cut"]


def test_a_draft_finds_the_finished_lines_at_once_and_is_not_disturbed() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.3)
        assert scene.thinking.writing and not scene.notes()
        scene.thinking.draft(early=False)
        assert not scene.thinking.writing and scene.notes() == (Note(numbered(3), 25),)
        await asyncio.sleep(0.001)
        assert scene.brain.open == 0, "the engine is free before its next token"
        await scene.talk(4.0)
        assert scene.sounds() == [25]

    talker = Thinker(note=lambda heard: numbered(50), pace=0.03)
    assert during(scene, talker, KeepsCut()).facts == []


def test_a_thought_that_counts_only_whole_goes_on_beside_the_draft() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.1)
        scene.thinking.draft(early=False)
        assert scene.thinking.writing and not scene.notes()
        await scene.talk(2.5)
        assert scene.notes() == (Note(numbered(8), 25),)

    assert during(scene, Thinker(note=lambda heard: numbered(8), pace=0.03)).sounds() == [25]


def test_before_a_pause_thinking_goes_on_beside_the_draft() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.0)
        scene.thinking.draft(early=True)
        await scene.talk(2.0)

    assert during(scene).sounds() == [25, 50]


LONG = {"note": lambda heard: numbered(100), "pace": 0.05}
"""A thought that takes 15 s."""


@pytest.mark.parametrize(("strategy", "noted"), [(Interleaved(), []), (KeepsCut(), [25, 50])], ids=CUT)
def test_a_thought_that_the_next_block_has_cut_counts_only_where_its_lines_do(strategy, noted) -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(6.5)

    ran = during(scene, Thinker(**LONG), strategy)
    assert [each.after for each in ran.noted] == noted and all(each.cut for each in ran.noted)
    assert ran.sounds() == [25, 50, 75], "the next block is thought about in any case"


@pytest.mark.parametrize(("strategy", "noted"), [(Interleaved(), []), (KeepsCut(), [25])], ids=CUT)
def test_a_thought_that_the_end_of_the_turn_has_cut_counts_only_where_its_lines_do(strategy, noted) -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.0)
        scene.thinking.stop(StopThinking(TURN))
        assert [note.after for note in scene.notes()] == noted

    assert during(scene, Thinker(**LONG), strategy).facts == []


@pytest.mark.parametrize("strategy", [Interleaved(), KeepsCut()], ids=CUT)
def test_a_thought_that_failed_counts_only_where_its_lines_do(strategy) -> None:
    class Falls(Thinker):
        async def _tokens(self, text, limits):  # type: ignore[no-untyped-def]
            async for piece in super()._tokens(text, limits):
                yield piece
                if "2" in piece.text:
                    raise ModelError("the engine fell over")

    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.5)

    ran = during(scene, Falls(note=lambda heard: numbered(9)), strategy)
    assert [each.text for each in ran.noted] == [numbered(2)] * strategy.keeps_cut and len(ran.facts) == 1


def test_an_early_draft_too_has_the_finished_lines_at_once_where_they_count() -> None:
    """And the next block is thought about all the same."""

    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.3)
        scene.thinking.draft(early=True)
        assert not scene.thinking.writing and [note.after for note in scene.notes()] == [25]
        await scene.talk(2.0)
        assert scene.sounds() == [25, 50]

    during(scene, Thinker(**LONG), KeepsCut())


def test_a_thought_beside_a_draft_ends_with_the_turn() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.3)
        scene.thinking.draft(early=False)
        await scene.talk(0.5)
        assert scene.thinking.writing
        scene.thinking.stop(StopThinking(TURN))
        await asyncio.sleep(0.001)
        assert scene.brain.open == 0 and scene.notes() == ()

    during(scene, Thinker(**LONG))


def test_a_thought_beside_a_draft_ends_with_the_next_block_which_is_not_thought_about() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.3)
        scene.thinking.draft(early=False)
        await scene.talk(1.9)
        assert scene.brain.open == 0 and scene.sounds() == [25]
        scene.thinking.go_on()
        await scene.talk(2.0)
        assert scene.sounds() == [25, 75]

    during(scene, Thinker(**LONG))


def test_a_pause_after_an_early_draft_holds_new_thoughts_back() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.5)
        scene.thinking.draft(early=True)
        await scene.talk(2.0)
        scene.thinking.draft(early=False)
        await scene.talk(2.0)

    assert during(scene).sounds() == [25, 50]


def test_a_draft_that_ended_whole_before_makes_way_for_what_was_thought_beside_it() -> None:
    """The thought began without the draft's note, and tells again what that says."""

    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(4.1)
        beside = Reading("heard: by the draft\n")
        half = Span(Sample(0), Sample(40 * BLOCK))
        assert scene.notebook.take(TURN, 1, half, beside, tokens=9, cut=False)
        await scene.talk(1.5)

    ran = during(scene, Thinker(pace=0.1))
    assert ran.notes() == (Note("heard: upto 25\n", 25), Note("heard: upto 50\n", 50))


def test_thinking_goes_on_after_the_draft_was_dropped() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.5)
        scene.thinking.draft(early=False)
        await scene.talk(2.2)
        scene.thinking.go_on()
        await scene.talk(2.0)

    assert during(scene).sounds() == [25, 75]


def test_the_end_of_the_turn_ends_its_thoughts() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.2)
        scene.thinking.stop(StopThinking(Turn(2)))
        assert scene.thinking.writing
        scene.thinking.stop(StopThinking(TURN))
        assert not scene.thinking.writing
        await scene.talk(3.0)
        assert scene.brain.open == 0

    assert during(scene, Thinker(pace=0.1)).sounds() == [25]
