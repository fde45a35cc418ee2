"""pipeline/decoder.py where thoughts are predicted: nothing that was thought early changes a word."""

from __future__ import annotations

import asyncio

import pytest
from drafting import TURN, Stage, during
from thinker import Thinker, numbered

from pipeline.decoder import DecoderConfig
from pipeline.events import Draft, Ending, Sample, Span
from pipeline.listening.off import Off
from pipeline.listening.predicted import Predicted
from pipeline.prompt import Human
from pipeline.reading import Reading
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.no_think import NoThink
from pipeline.speaking.strategy import SpeakingStrategy
from pipeline.speaking.think_fully import ThinkFully
from pipeline.speculation import LISTENING

HEARD = "heard: two plus two\n"
WAYS = pytest.mark.parametrize("speaking", [Adaptive(), ThinkFully()], ids=lambda each: each.name)


def brain(*, confirms: bool = True) -> Thinker:
    return Thinker(
        thought=HEARD + numbered(9), answer=lambda thoughts: "Four.", pace=0.02, confirms=confirms
    )


def predict(stage: Stage, text: str) -> None:
    stage.notebook.begin(TURN, Sample(0))
    heard = Span(Sample(0), Sample(1280))
    assert stage.notebook.take(TURN, 0, heard, Reading(text), tokens=9, cut=True, checked=True)


def answered(
    predicted: str, speaking: SpeakingStrategy, made: Thinker | None = None, *, off: bool = False
) -> Stage:
    async def scene(stage: Stage) -> None:
        if predicted:
            predict(stage, predicted)
        stage.start()
        stage.commit()
        await asyncio.sleep(5)

    return during(scene, speaking, made or brain(), listening=Off() if off else Predicted())


def thought_of(stage: Stage, draft: int = 1) -> str:
    return "".join(thought.text for _, thought in stage.thoughts if thought.draft == draft)


@WAYS
@pytest.mark.parametrize(
    "predicted",
    ["", HEARD, HEARD + numbered(4), HEARD + numbered(9) + "</think>", "heard: ten\nstep 0\nno", "nonsense"],
)
def test_thought_and_words_are_those_that_no_prediction_gives(
    predicted: str, speaking: SpeakingStrategy
) -> None:
    plain, guided = answered("", speaking, off=True), answered(predicted, speaking)
    assert guided.player.text == plain.player.text == "Four."
    assert thought_of(guided) == thought_of(plain) == HEARD + numbered(9)
    assert guided.endings() == [Ending.COMPLETE]


@WAYS
def test_what_was_predicted_right_is_there_at_once(speaking: SpeakingStrategy) -> None:
    plain, guided = answered("", speaking), answered(HEARD + numbered(8), speaking)
    saved = plain.player.said[0][0] - guided.player.said[0][0]
    assert saved >= (0.5 if speaking.name == "think-fully" else 0.06)
    begins = guided.thoughts[0][1]
    assert begins.text == HEARD + numbered(8) and begins.confirmed == 30
    assert guided.told[0].wasted == 0


@WAYS
def test_a_thought_that_was_there_whole_was_not_written_for_nothing(speaking: SpeakingStrategy) -> None:
    async def scene(stage: Stage) -> None:
        stage.notebook.begin(TURN, Sample(0))
        whole = Reading(HEARD + numbered(9))
        stage.notebook.take(TURN, 0, Span(Sample(0), Sample(1280)), whole, tokens=33, cut=False, checked=True)
        for _ in range(33):
            stage.ledger.wrote(TURN, LISTENING)
        stage.start()
        await asyncio.sleep(0.5)
        stage.commit()
        await asyncio.sleep(5)

    (told,) = during(scene, speaking, brain(), listening=Predicted()).told
    assert told.hit and told.wasted <= 3, "all but what closes the thought"


def test_a_brain_that_does_not_confirm_writes_it_all() -> None:
    guided = answered(HEARD + numbered(8), Adaptive(), brain(confirms=False))
    assert thought_of(guided) == HEARD + numbered(9) and guided.player.text == "Four."
    assert guided.thoughts[0][1].confirmed == 0


def test_no_prediction_stands_in_a_prompt() -> None:
    guided = answered(HEARD, Adaptive())
    turns = [part for _, prompt in guided.brain.asked for part in prompt if isinstance(part, Human)]
    assert turns and all(turn.notes == () and len(turn.parts) == 1 for turn in turns)


@WAYS
@pytest.mark.parametrize("end", [16_000, 48_000], ids=["settled", "the user went on at once"])
def test_what_a_dropped_draft_thought_predicts_the_next_one(speaking: SpeakingStrategy, end: int) -> None:
    async def scene(stage: Stage) -> None:
        stage.start(draft=1, end=end)
        await asyncio.sleep(0.4)
        stage.decoding.drop(Draft(1))
        stage.start(draft=2, end=48_000)
        stage.commit(draft=2)
        await asyncio.sleep(5)

    stage = during(scene, speaking, brain(), listening=Predicted())
    first = thought_of(stage, 1)
    begins = next(thought for _, thought in stage.thoughts if thought.draft == 2)
    assert first and begins.text == first and begins.confirmed
    assert stage.noted == [] and stage.player.text.endswith("Four.")


def test_what_was_confirmed_counts_towards_the_length_of_a_thought() -> None:
    async def scene(stage: Stage) -> None:
        predict(stage, HEARD + numbered(3))
        stage.start()
        stage.commit()
        await asyncio.sleep(5)

    config = DecoderConfig(thought_tokens=12)
    stage = during(scene, Adaptive(), brain(), listening=Predicted(), config=config)
    mine = [thought for _, thought in stage.thoughts]
    assert mine[0].confirmed == 12 and len(mine) == 1 and stage.player.text == "Four."


def test_an_answer_without_thought_takes_nothing_over() -> None:
    stage = answered(HEARD, NoThink())
    assert stage.thoughts == [] and set(stage.brain.predicted) == {""}
