"""Drafts that call tools: what is said around a call, what the brain gets back, and what is never run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from calling_scene import ACT, DRAFT, LOOK, TURN, Brain, Clockwork, Stage, answered, during, finished

from pipeline.calls import written
from pipeline.channel import Channel
from pipeline.decoder import DecoderConfig, Decoding
from pipeline.errors import BugError
from pipeline.events import (
    Ending,
    StageFailed,
    ToolReturned,
)
from pipeline.ports import Phrase, Piece
from pipeline.prompt import Called, Prompt, Reply, ToolCall, ToolResult
from pipeline.ring import AudioRing
from pipeline.speaking.acting import ActingConfig
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.formulation import Formulating
from pipeline.speaking.no_think import NoThink
from pipeline.speaking.strategy import SpeakingStrategy
from pipeline.speaking.think_fully import ThinkFully
from pipeline.tools import Tools
from pipeline.ways import Ways


@pytest.mark.parametrize("strategy", [NoThink(), ThinkFully()], ids=["no thought", "thinks"])
def test_words_before_a_call_are_said_and_the_reply_goes_on_with_the_result(
    strategy: SpeakingStrategy,
) -> None:
    thought = "it rains\n</think>\n" if strategy.thinks else ""
    brain = Brain((f"{thought}Let me see. {LOOK}", f"{thought}It rains."))
    stage = during(answered, brain, Clockwork("look"), strategy=strategy)
    assert stage.said == ["Let me see.", "It rains."]
    assert finished(stage) == [Ending.COMPLETE]
    result = ToolResult("call-1", "look", "look 1")
    called = Called((ToolCall("call-1", "look", "{}"),), (result,), "Let me see.")
    assert brain.prompts[1].parts[1:] == (called, Reply(thinking=strategy.thinks))


def test_calls_of_one_step_run_side_by_side_and_come_back_in_their_order() -> None:
    slow, fast = Clockwork("act", takes=0.5), Clockwork("look", takes=0.1)
    stage = during(answered, Brain((ACT + "\n" + LOOK, "Done.")), slow, fast)
    assert fast.begun[0] < slow.begun[0] + 0.1
    step = stage.brain.prompts[1].parts[1]
    assert isinstance(step, Called)
    assert [result.name for result in step.results] == ["act", "look"]


def test_what_follows_a_call_before_its_result_was_made_up_and_is_not_said() -> None:
    stage = during(answered, Brain((f"{LOOK} It is sunny, I think.", "It rains.")), Clockwork("look"))
    assert stage.said == ["It rains."]


def test_without_tools_no_part_of_a_call_is_spoken_either() -> None:
    stage = during(answered, Brain((f"Well. {LOOK}",)), silent=True)
    assert stage.said == ["Well."]
    assert stage.called() == []


@pytest.mark.parametrize("words", [["Well."], []], ids=["after words", "alone"])
def test_a_call_that_is_cut_off_is_not_run_and_not_spoken_and_the_user_is_told(words: list[str]) -> None:
    look = Clockwork("look")
    stage = during(answered, Brain((" ".join([*words, LOOK[:-4]]),)), look)
    assert stage.said == [*words, ActingConfig().stuck]
    assert not look.begun


def test_a_call_too_many_at_one_time_is_told_to_the_brain_and_not_run() -> None:
    config, act = DecoderConfig(acting=ActingConfig(at_once=2)), Clockwork("act", effects=True)
    stage = during(answered, Brain((ACT * 4, "Done.")), act, config=config)
    assert len(act.begun) == 2
    step = stage.brain.prompts[1].parts[1]
    assert isinstance(step, Called)
    assert [result.failed for result in step.results] == [False, False, True, True]
    assert step.results[3].content == config.acting.crowded
    assert len({call.id for call in step.calls}) == 4
    assert [len(kept.calls) for kept in stage.decoding.called(TURN, "Done.")] == [2]


def test_a_dropped_draft_runs_nothing_of_what_waited_for_its_commit() -> None:
    act = Clockwork("act", effects=True)

    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(1)
        assert stage.called() == ["call-1"]
        stage.decoding.drop(DRAFT)
        stage.grant()  # too late
        await asyncio.sleep(1)

    stage = during(scene, Brain((ACT, "Done.")), act, grants=False)
    assert not act.begun
    assert finished(stage) == [Ending.DROPPED]


def test_waiting_for_a_commit_or_a_tool_is_not_the_brains_silence() -> None:
    act = Clockwork("act", effects=True, takes=20.0)

    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(20)
        stage.commit()
        stage.grant()
        await asyncio.sleep(30)

    stage = during(scene, Brain((ACT, "Done.")), act, grants=False)
    assert finished(stage) == [Ending.COMPLETE]
    assert not [fact for fact in stage.facts if isinstance(fact, StageFailed)]
    assert stage.said[-1] == "Done."


def test_a_brain_that_hangs_after_a_result_is_given_up_as_ever() -> None:
    class Hangs(Brain):
        async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
            if self.prompts:
                await asyncio.sleep(1000)
            async for piece in super().stream(method, *args):
                yield piece

    stage = during(answered, Hangs((LOOK,)), Clockwork("look"))
    assert finished(stage) == [Ending.FAILED]


def test_a_long_call_is_talked_over_once_it_has_been_silent_and_again_later() -> None:
    look = Clockwork("look", takes=10.0)
    stage = during(answered, Brain((LOOK, "It rains.")), look)
    config = ActingConfig()
    assert stage.said == [config.narration, config.still, "It rains."]
    times = [round(at - look.begun[0], 1) for at, text in stage.phrases if text]
    assert times == [0.8, 9.1, 10.0]  # the second: 0.3 s for a voice to sound, and 8 s of silence


def test_a_tool_has_words_of_its_own_and_a_short_call_needs_none() -> None:
    slow, quick = Clockwork("look", takes=2.0, narration="Looking."), Clockwork("act", takes=0.7)
    assert during(answered, Brain((LOOK, "Yes.")), slow).said == ["Looking.", "Yes."]
    assert during(answered, Brain((ACT, "Yes.")), quick).said == ["Yes."]


def test_nobody_talks_over_a_call_while_words_still_sound_or_before_the_commit() -> None:
    async def sounding(stage: Stage) -> None:
        stage.left = 1.0
        stage.start()
        stage.commit()
        await asyncio.sleep(2.5)
        stage.left = 0.0
        await asyncio.sleep(10)

    look = Clockwork("look", takes=3.0)
    assert during(sounding, Brain(("Hm. " + LOOK, "Yes.")), look).said == ["Hm.", "Yes."]

    async def early(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(10)

    assert during(early, Brain((LOOK, "Yes.")), Clockwork("look", takes=3.0)).said == ["Yes."]


def test_a_brain_that_only_calls_is_told_to_answer_and_then_the_user_is_told() -> None:
    config = DecoderConfig(acting=ActingConfig(steps=3))
    look = Clockwork("look")
    stage = during(answered, Brain((LOOK,)), look, config=config)
    assert len(look.begun) == 3
    step = stage.brain.prompts[4].parts[4]
    assert isinstance(step, Called)
    assert (step.results[0].failed, step.results[0].content) == (True, config.acting.enough)
    assert len(stage.brain.prompts) == 5
    assert stage.said == [config.acting.stuck]


def test_words_after_being_told_to_answer_are_the_answer() -> None:
    config = DecoderConfig(acting=ActingConfig(steps=1))
    assert during(answered, Brain((LOOK, LOOK, "It rains.")), Clockwork("look"), config=config).said == [
        "It rains."
    ]


def test_wrong_arguments_come_back_as_a_failed_result() -> None:
    wrong = written(ToolCall("", "look", "[]"))
    stage = during(answered, Brain((wrong, "Sorry.")), Clockwork("look"))
    assert ToolReturned(TURN, DRAFT, "call-1", failed=True) in stage.facts
    assert stage.said == ["Sorry."]


def test_the_history_gets_the_calls_of_the_committed_draft_with_the_words_that_were_heard() -> None:
    async def scene(stage: Stage) -> None:
        await answered(stage)
        kept = stage.decoding.called(TURN, "Let me")
        assert [(step.said, step.results[0].content) for step in kept] == [("Let me", "look 1")]
        assert stage.decoding.remember(TURN) is not None
        assert stage.decoding.called(TURN, "Let me") == ()

    during(scene, Brain(("Let me see. " + LOOK, "It rains.")), Clockwork("look"))


def test_a_reply_that_is_dropped_after_it_did_something_is_remembered_all_the_same() -> None:
    async def scene(stage: Stage) -> None:
        await answered(stage)
        stage.decoding.drop(DRAFT)
        kept = stage.decoding.called(TURN, "Sorry, something went wrong.")  # not its own words
        assert [(step.said, len(step.calls)) for step in kept] == [("", 1)]
        assert stage.decoding.remember(TURN) is not None

    during(scene, Brain(("Let me see. " + ACT, "Done.")), Clockwork("act", effects=True))


def test_a_way_of_speaking_beside_the_thought_cannot_have_tools() -> None:

    brain, hands = Brain(()), Tools((), lambda fact: None, lambda ran: None)
    ways = Ways(speaking=Adaptive(), formulating=Formulating(brain), tools=hands)
    with pytest.raises(BugError, match="calls must stand alone"):
        Decoding(
            brain, AudioRing(), lambda: Prompt(()), Channel[Phrase](1), lambda fact: None,
            lambda thought: None, threshold=None, config=DecoderConfig(), ways=ways,
        )  # fmt: skip


def test_acting_bounds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        replace(ActingConfig(), steps=0)
