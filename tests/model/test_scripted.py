"""model/scripted.py: an engine whose answers and costs a test can write down."""

from __future__ import annotations

import numpy as np
import pytest

from model.scripted import Answer, ByText, ByTurn, ScriptedEngine
from model.tokenizer import EOT
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import BugError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Heard, Human, Prompt, Reply, System, Text

SUM = Answer("Forty seven.", "heard: forty plus seven\n40+7=47")
UNLIMITED = Limits()
USER = Human((Audio(np.zeros(1280, np.float32)),))


def engine(first=0.0, per_token=0.0):
    return ScriptedEngine(ByTurn((SUM, Answer("You are welcome."))), first, per_token)


def text(prompt, limits=UNLIMITED):
    return "".join(p.text for p in engine().generate(prompt, limits))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(), "heard: forty plus seven\n40+7=47\n</think>\nForty seven."),
        (Reply("heard: forty plus seven\n"), "40+7=47\n</think>\nForty seven."),
        (Reply("heard: forty plus seven", False), "Forty seven."),
        (Reply("", False, "Forty"), " seven."),
        (Reply(None, False), "Forty seven."),
        (Reply(None, False, "Forty seven."), ""),
    ],
)
def test_it_continues_an_open_reply_from_where_it_is(reply, expected):
    assert text(Prompt((System("x"), USER, reply))) == expected


def test_each_turn_gets_its_answer_and_later_ones_the_last():
    turns = (USER, Heard("Forty seven."), USER, Heard("You are welcome."), USER)
    assert text(Prompt((*turns[:3], Reply("", False)))) == "You are welcome."
    assert text(Prompt((*turns, Reply("", False)))) == "You are welcome."


def test_typed_words_can_choose_the_answer():
    script = ByText({"hi": Answer("Hello!")}, otherwise=Answer("What?"))
    for typed, said in (("hi", "Hello!"), ("ho", "What?")):
        pieces = ScriptedEngine(script).generate(Prompt((Human((Text(typed),)), Reply("", False))), Limits())
        assert "".join(p.text for p in pieces) == said


def test_the_think_tag_falls_into_several_tokens_and_the_last_piece_says_so():
    pieces = list(engine().generate(Prompt((USER, Reply())), Limits()))
    assert not any("</think>" in p.text for p in pieces)
    assert [p.last for p in pieces] == [False] * (len(pieces) - 1) + [True] and pieces[-1].token == EOT


def test_limits_and_stop_texts_end_it():
    prompt = Prompt((USER, Reply()))
    assert text(prompt, Limits(stop=("</think>\n",))).endswith("47\n</think>\n")
    pieces = list(engine().generate(prompt, Limits(max_tokens=2)))
    assert [p.last for p in pieces] == [False, True]


def test_equal_prompts_give_equal_pieces():
    prompt = Prompt((USER, Reply()))
    assert list(engine().generate(prompt, Limits())) == list(engine().generate(prompt, Limits()))


def test_under_virtual_time_it_takes_what_it_declares():
    async def main():
        brain = InlineCompute(one := engine(first=0.2, per_token=0.05), one.cost)
        times = [now()]
        async for _ in brain.stream("generate", Prompt((USER, Reply("", False))), Limits()):
            times.append(now())
        await brain.call("prefill", Prompt((USER,)))
        times.append(now())
        await brain.close()
        return times

    assert np.diff(simulate(main)) == pytest.approx([0.2, 0.05, 0.05, 0.05, 0.0])


def test_a_prompt_without_an_open_reply_and_negative_costs_are_refused():
    with pytest.raises(BugError, match="Reply"):
        next(engine().generate(Prompt((USER,)), Limits()))
    with pytest.raises(ValueError, match="negative"):
        ScriptedEngine(ByTurn((SUM,)), first=-1)
