"""Calls that stand in place of words, of a brain that speaks beside its thought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from calling_scene import ACT, DRAFT, LOOK, Brain, Clockwork, Stage, answered, during, finished

from pipeline.calls import OPEN
from pipeline.errors import ModelError
from pipeline.events import Ending, StageFailed
from pipeline.ports import Piece
from pipeline.prompt import Called, Reply, ToolCall, ToolResult
from pipeline.speaking.acting import ActingConfig
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.speak_first import SpeakFirst
from pipeline.speaking.strategy import SpeakingStrategy

RAIN = ("heard: does it rain\nlook\n", "look 1\nrain\n")


class Apart(Brain):
    """Each text is a thought, "|", and the words; ``early``: words from part of the first thought."""

    early = ""

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
        reply = args[0].parts[-1]
        assert isinstance(reply, Reply)
        steps = sum(isinstance(part, Called) for part in args[0])
        whole = self.texts[min(steps, len(self.texts) - 1)]
        thought, _, words = whole.partition("|")
        if reply.thinking:
            text = thought + "</think>"
        else:
            text = (words if reply.thoughts == thought else "" if steps else self.early).removeprefix(
                reply.said
            )
        self.prompts.append(args[0])
        cuts = [text[at : at + 3] for at in range(0, len(text), 3)] or [""]
        for number, cut in enumerate(cuts):
            await asyncio.sleep(0.001)
            yield Piece(hash(cut) % 1000, cut, -0.01, last=number == len(cuts) - 1)


def thoughts(brain: Brain) -> list[tuple[object, ...]]:
    """What each thought was given."""
    return [prompt.parts[1:-1] for prompt in brain.prompts if prompt.parts[-1] == Reply()]


@pytest.mark.parametrize("strategy", [Adaptive(), SpeakFirst()], ids=lambda each: each.name)
def test_the_result_is_thought_of_anew_and_then_said(strategy: SpeakingStrategy) -> None:
    brain = Apart((f"{RAIN[0]}|{LOOK}", f"{RAIN[1]}|It rains."))
    stage = during(answered, brain, Clockwork("look"), strategy=strategy, alone=True)
    assert stage.said == ["It rains."] and finished(stage) == [Ending.COMPLETE]
    called = Called((ToolCall("call-1", "look", "{}"),), (ToolResult("call-1", "look", "look 1"),), "")
    assert thoughts(brain) == [(), (called,)]


def test_a_call_from_part_of_a_thought_does_not_count() -> None:
    brain = Apart((f"{RAIN[0]}|It may rain.",))
    brain.early = ACT
    act = Clockwork("act", effects=True)
    stage = during(answered, brain, act, strategy=Adaptive(), alone=True)
    assert stage.said == ["It may rain."] and not act.begun and stage.called() == []


def test_words_that_were_said_too_early_do_not_keep_a_call_from_being_made() -> None:
    brain = Apart((f"{RAIN[0]}|{LOOK}", f"{RAIN[1]}|It rains."))
    brain.early = "Let me see."
    look = Clockwork("look")
    stage = during(answered, brain, look, strategy=Adaptive(), alone=True)
    assert stage.said == ["Let me see.", "It rains."] and len(look.begun) == 1
    assert [step.said for (step,) in thoughts(brain)[1:] if isinstance(step, Called)] == ["Let me see."]


@pytest.mark.parametrize("words", [LOOK, f"{LOOK} It is sunny."], ids=["alone", "before words"])
def test_without_tools_a_call_is_not_spoken(words: str) -> None:
    stage = during(answered, Apart((f"{RAIN[0]}|{words}",)), strategy=Adaptive(), alone=True, silent=True)
    assert stage.said == [] and stage.called() == []


def test_a_call_that_is_cut_off_is_not_made_and_the_user_is_told() -> None:
    look = Clockwork("look")
    stage = during(answered, Apart((f"{RAIN[0]}|{LOOK[:-4]}",)), look, strategy=Adaptive(), alone=True)
    assert stage.said == [ActingConfig().stuck] and not look.begun


def test_what_changes_something_waits_for_the_commit_and_a_draft_that_is_dropped_never_does_it() -> None:
    act = Clockwork("act", effects=True)

    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(1)
        assert stage.called() == ["call-1"] and not act.begun
        stage.decoding.drop(DRAFT)
        stage.grant()
        await asyncio.sleep(1)

    stage = during(
        scene, Apart((f"{RAIN[0]}|{ACT}", "done|Done.")), act, strategy=Adaptive(), alone=True, grants=False
    )
    assert not act.begun and finished(stage) == [Ending.DROPPED]


def test_a_brain_that_only_calls_is_told_to_answer_and_then_the_user_is_told() -> None:
    look = Clockwork("look")
    stage = during(answered, Apart((f"{RAIN[0]}|{LOOK}",)), look, strategy=Adaptive(), alone=True)
    assert len(look.begun) == ActingConfig().steps and stage.said[-1] == ActingConfig().stuck


def test_a_thought_that_fails_after_a_result_fails_the_draft() -> None:
    class Breaks(Apart):
        async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
            if any(isinstance(part, Called) for part in args[0]):
                raise ModelError("it broke")
            async for piece in super().stream(method, *args):
                yield piece

    stage = during(
        answered, Breaks((f"{RAIN[0]}|{LOOK}",)), Clockwork("look"), strategy=Adaptive(), alone=True
    )
    assert finished(stage) == [Ending.FAILED]
    assert [fact.error for fact in stage.facts if isinstance(fact, StageFailed)] == ["it broke"]


def test_what_is_no_call_after_all_is_words() -> None:
    words = f"A <b {OPEN[:3]} c."
    stage = during(answered, Apart((f"{RAIN[0]}|{words}",)), strategy=Adaptive(), alone=True)
    assert "".join(stage.said).endswith("c.")
