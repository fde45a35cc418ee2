"""What is written beside the conversation, and the two wrappers that a call puts around brain and voice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from call_scene import ABLE

from agent.wire.counting import Counting
from agent.wire.pen import Pen
from agent.wire.told import Told, Written
from agent.wire.writing import Task, Writer, prompt_of
from model.scripted import FACTS, Answer, ByText, ScriptedEngine
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.events import CommitDraft, Draft, Sample, Span, StartDraft, Turn
from pipeline.ports import BrainFacts, Limits, Voice
from pipeline.prompt import Heard, Human, Prompt, Reply, System, Text, ToolSpec
from tts.tone import ToneVoice

_ASKED = Prompt((Human((Text("hi"),)),))


def _brain(answer: Answer, facts: BrainFacts = FACTS) -> InlineCompute:
    engine = ScriptedEngine(ByText({}, answer), 0.01, 0.001, facts=facts)
    return InlineCompute(engine, engine.cost)


def _written(answer: Answer, most: int = 200, facts: BrainFacts = FACTS) -> list[Written]:
    told: list[Told] = []

    async def main() -> None:
        writer = Writer(_brain(answer, facts), lambda: facts, told.append)
        await writer.write(Task("key", {"metadata": {"a": "b"}}, _ASKED, most))

    simulate(main)
    return [each for each in told if isinstance(each, Written)]


def test_a_thought_is_told_apart_from_the_text_and_never_in_it() -> None:
    told = _written(Answer("Four it is.", "two and two\n"))
    assert "".join(each.text for each in told) == "Four it is."
    assert "two and two" in "".join(each.thought for each in told)
    assert told[0].asked == {"metadata": {"a": "b"}}
    assert (told[-1].state, told[-1].beside) == ("completed", True)


def test_one_that_reaches_its_bound_is_incomplete() -> None:
    end = _written(Answer("one two three four five six seven"), most=6)[-1]
    assert (end.state, end.reason) == ("incomplete", "max_output_tokens")


def test_a_call_ends_it_and_is_no_text() -> None:
    told = _written(Answer('Well. <tool_call>function\nlook\n{"a": 1}</tool_call>'))
    assert "".join(each.text for each in told).strip() == "Well."
    assert [call[1:] for call in told[-1].calls] == [("look", '{"a": 1}')]


def test_a_brain_that_fails_makes_a_reply_that_failed_and_nothing_worse() -> None:
    class Broken(ScriptedEngine):
        def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> object:  # type: ignore[override]
            raise ModelError("out of order")

    told: list[Told] = []

    async def main() -> None:
        brain = InlineCompute(Broken(ByText({}, Answer(""))))
        await Writer(brain, lambda: FACTS, told.append).write(Task("key", {}, _ASKED))

    simulate(main)
    assert isinstance(told[-1], Written) and told[-1].state == "failed"


def test_one_that_is_stopped_says_so() -> None:
    told: list[Told] = []

    async def main() -> None:
        writer = Writer(_brain(Answer(" ".join(map(str, range(500))))), lambda: FACTS, told.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(writer.write(Task("key", {}, _ASKED)))
            await asyncio.sleep(0.1)
            task.cancel()

    simulate(main)
    assert isinstance(told[-1], Written) and told[-1].state == "cancelled"


def test_a_prompt_ends_with_the_user_and_instructs_only_brains_that_obey() -> None:
    tool = ToolSpec("look", "Looks.", "{}")
    parts = [System("old"), Human((Text("a"),)), Heard("b")]
    told = prompt_of(parts, "new", (tool,), replace(ABLE, tools="native"))
    assert told.parts[0] == System("new", (tool,))
    assert isinstance(told.parts[-1], Human)
    assert not isinstance(prompt_of(parts, "new", (), FACTS).parts[0], System)
    assert "look" in prompt_of(parts, "", (tool,), ABLE).parts[0].text  # type: ignore[union-attr]


def test_pieces_are_counted_and_bounded_and_a_turns_sound_is_counted_in_positions() -> None:
    quiet: list[int] = []

    async def main() -> Counting:
        brain = Counting(_brain(Answer("one two three four five")), lambda: quiet.append(1))
        brain.most = 4
        stream = brain.stream("generate", _ASKED.then(Reply()), Limits(100))
        assert len([piece async for piece in stream]) == 4
        return brain

    brain = simulate(main)
    brain.see(StartDraft(Turn(2), Draft(7), Span(Sample(0), Sample(16_000))))
    brain.see(CommitDraft(Turn(2), Draft(7)))
    spent = brain.spent(2)
    assert (spent.output_tokens, spent.audio_tokens, spent.input_tokens) == (4, 13, 13)
    assert brain.spent(2).output_tokens == 0
    assert quiet == [1]


def test_a_pen_writes_in_no_time_and_speaks_as_the_voice_does() -> None:
    pen = Pen(ToneVoice())
    voice: Voice = pen

    async def said(text: str) -> tuple[float, int]:
        chunks = [chunk async for chunk in voice.speak(text)]
        seconds = sum(len(each.pcm) for each in chunks) / 24000
        return seconds, sum(len(each.words) for each in chunks)

    assert simulate(lambda: said("one two three"))[0] > 0.5
    pen.writes = True
    seconds, words = simulate(lambda: said("one two three"))
    assert seconds < 0.005 and words == 3
    pen.for_one(False)
    assert simulate(lambda: said("one two three"))[0] > 0.5
