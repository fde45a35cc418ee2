"""pipeline/thinking.py where thoughts predict the next one, which begins like it as far as it may."""

from __future__ import annotations

import asyncio

import pytest
from musing import TURN, Scene, begin, during
from thinker import Thinker, kind_of

from pipeline.listening.predicted import Predicted
from pipeline.thinking import ThinkingConfig

WORDS = "one two three four five six seven eight nine ten eleven twelve"


def heard(positions: int) -> str:
    """A word per 16 positions of sound (1.28 s), then a line about each of them."""
    words = WORDS.split()[: positions // 16]
    return f"heard: {' '.join(words)}\n" + "".join(f"{word} is said\n" for word in words)


def brain(pace: float = 0.01) -> Thinker:
    return Thinker(early=heard, pace=pace, confirms=True)


def talk(seconds: float, made: Thinker | None = None, block: float = 0.0) -> Scene:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(seconds)

    return during(scene, made or brain(), Predicted(), ThinkingConfig(block=block))


def test_each_thought_is_about_all_of_the_sound_and_predicted_by_the_one_before() -> None:
    ran = talk(4.5, block=1.28)
    assert ran.sounds() == [16, 32, 48]
    assert [kind_of(prompt) for _, prompt in ran.brain.asked] == ["thought"] * 3
    assert ran.brain.predicted == ["", heard(16) + "</think>", heard(32) + "</think>"]


def test_a_block_is_as_the_strategy_wants_it() -> None:
    assert talk(2.1).moments() == [pytest.approx(at, abs=0.03) for at in (0.64, 1.28, 1.92)]


def test_what_is_taken_over_is_told_apart_and_costs_no_time() -> None:
    ran = talk(4.5, block=1.28)
    begins = [thought for thought in ran.thoughts if thought.confirmed is not None]
    assert [thought.text for thought in begins] == ["heard: one", "heard: one two"]
    again = [thought.text for thought in ran.thoughts if thought.again]
    assert again == ["one is said\n", "one is said\ntwo is said\n"]
    fresh = "".join(t.text for t in ran.thoughts if t.confirmed is None and not t.again)
    assert fresh.count("is said") == 3, "each line is written once"


def test_only_tokens_that_were_written_count_for_the_ledger_and_none_is_noted() -> None:
    ran = talk(4.5, block=1.28)
    fresh = [t for t in ran.thoughts if t.confirmed is None and not t.again]
    account = ran.ledger._of(TURN)
    closing = 3 * len(("</", "think", ">"))
    assert 0 < len(fresh) <= account.written[0] <= len(fresh) + closing
    assert ran.noted == [] and account.kept == {}


def test_the_budget_counts_what_is_written_and_not_what_is_taken_over() -> None:
    """A block of 1.28 s is worth 25 tokens at this pace; each thought goes on where the last one stopped."""
    ran = talk(6.0, brain(pace=0.05), block=1.28)
    (note,) = ran.notes()
    assert note.text.count("is said") >= 3


def test_a_thought_that_is_settled_predicts_as_far_as_it_came() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(1.4)
        scene.thinking.draft(early=False)
        assert scene.notes() and heard(16).startswith(scene.notes()[0].text)
        await asyncio.sleep(1.0)

    ran = during(scene, brain(pace=0.03), Predicted(), ThinkingConfig(block=1.28))
    assert ran.brain.open == 0


def test_a_brain_that_is_slower_to_begin_than_a_block_lasts_comes_to_something_too() -> None:
    slow = brain()
    slow.first = 0.7
    ran = talk(8.0, slow)
    assert ran.notes() and ran.notes()[0].text.startswith("heard: one")


def test_a_thought_that_was_confirmed_to_its_end_is_told() -> None:
    ran = talk(4.4, Thinker(early=lambda positions: "heard: one\n", confirms=True), block=1.28)
    begins = [thought for thought in ran.thoughts if thought.confirmed]
    assert len(begins) == 2 and all(thought.text == "heard: one\n" for thought in begins)
