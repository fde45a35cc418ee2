"""pipeline/speaking/articulation.py once the thought is whole: the rest, a correction, or all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from drafting import Stage, during, lines
from thinker import Thinker, numbered

from pipeline.decoder import DecoderConfig
from pipeline.events import Ending
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.articulation import ArticulationConfig
from pipeline.speaking.speak_first import SpeakFirst

HEARD = "heard: two plus two\n"
WHOLE = 12
"""Lines of the whole thought, of which all but the first take 33 tokens."""


def run(
    answer: Callable[[str], str],
    *,
    commit: float | None = 0.1,
    pace: float = 0.02,
    holds: bool = True,
    most_words: int = 150,
    thought: str = HEARD + numbered(WHOLE - 1),
) -> Stage:
    """A draft that is committed after so many seconds, or never."""

    async def scene(stage: Stage) -> None:
        stage.start()
        if commit is not None:
            await asyncio.sleep(commit)
            stage.commit()
        await asyncio.sleep(60)

    config = DecoderConfig(articulation=ArticulationConfig(most_words=most_words))
    strategy = Adaptive() if holds else SpeakFirst()
    brain = Thinker(thought=thought, answer=answer, pace=pace)
    return during(scene, strategy, brain, config=config, holds=holds)


def first_then(first: str, then: str) -> Callable[[str], str]:
    """Words from part of the thought, and others from all of it."""
    return lambda thoughts: then if lines(thoughts) >= WHOLE else first


SLOW = 0.12
"""Seconds per token at which the voice runs dry long before the thought is whole."""


@pytest.mark.parametrize("commit", [0.1, None], ids=["committed", "ahead"])
@pytest.mark.parametrize("pace", [0.02, SLOW], ids=["much is left to play", "nothing is left"])
def test_where_the_brain_knows_no_way_on_the_whole_answer_is_said(commit: float | None, pace: float) -> None:
    stage = run(first_then("You ask about apples.", "That makes four."), commit=commit, pace=pace)
    assert stage.player.text == "You ask about apples. That makes four."
    assert stage.endings() == [Ending.COMPLETE] and len(stage.conflicts) == 1


@pytest.mark.parametrize("pace", [0.02, SLOW], ids=["much is left to play", "nothing is left"])
def test_a_brain_that_goes_on_after_its_words_says_its_answer_once(pace: float) -> None:
    """Its last words may be written from every line of the thought before that is closed."""

    class GoesOn(Thinker):
        def _text(self, prompt, kind):  # type: ignore[no-untyped-def]
            reply = prompt.parts[-1]
            knows = kind == "words" and reply.said == "Apples, you say." and lines(reply.thoughts) >= WHOLE
            return " So it is four." if knows else super()._text(prompt, kind)

    async def scene(stage: Stage) -> None:
        stage.start()
        stage.commit()
        await asyncio.sleep(60)

    answer = first_then("Apples, you say.", "That makes four.")
    stage = during(scene, Adaptive(), GoesOn(thought=HEARD + numbered(WHOLE - 1), answer=answer, pace=pace))
    assert stage.player.text == "Apples, you say. So it is four."


@pytest.mark.parametrize("pace", [0.02, SLOW], ids=["much is left to play", "nothing is left"])
def test_nothing_is_repeated_where_all_was_said(pace: float) -> None:
    assert run(lambda thoughts: "That makes four.", pace=pace).player.text == "That makes four."


@pytest.mark.parametrize("pace", [0.02, SLOW], ids=["much is left to play", "nothing is left"])
def test_a_brain_that_does_not_hold_its_tongue_says_its_answer_only_once(pace: float) -> None:
    """It has answered already, in other words."""
    stage = run(first_then("It makes apples.", "That makes apples, all told."), pace=pace, holds=False)
    assert stage.player.text == "It makes apples."


COUNTING = "I count." + "".join(f" then number {n} goes on," for n in range(60))


@pytest.mark.parametrize("commit", [0.1, None], ids=["committed", "ahead"])
@pytest.mark.parametrize("pace", [0.02, SLOW], ids=["much is left to play", "nothing is left"])
def test_a_rest_shares_the_words_of_the_reply_and_ends_at_a_clause_border(
    commit: float | None, pace: float
) -> None:
    stage = run(first_then("I count.", COUNTING), commit=commit, pace=pace, most_words=30)
    assert COUNTING.startswith(stage.player.text) and stage.player.text.endswith(",")
    assert 30 <= len(stage.player.text.split()) <= 40


def test_a_correction_is_said_whole_however_much_was_said_before() -> None:
    wrong = "It makes, as far as I can tell at once from here, five apples in all."
    right = "It makes, as far as I can tell at once from here, four apples in all."
    stage = run(first_then(wrong, right), most_words=20)
    assert stage.player.text == f"{wrong} Let me correct that. {right}"


def test_a_correction_is_bounded_too() -> None:
    stage = run(first_then("It makes five.", COUNTING), most_words=30)
    correction = stage.player.text.removeprefix("It makes five. Let me correct that. ")
    assert COUNTING.startswith(correction) and correction.endswith(",") and len(correction.split()) <= 40
