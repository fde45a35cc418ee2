"""Ollama's dialect: what is asked, and how its lines read."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from model.http.dialect import Able, CallBit, How, Told, Usage
from model.http.ollama import Ollama
from pipeline import clock
from pipeline.errors import ModelError, PeerError
from pipeline.ports import Limits
from pipeline.prompt import (
    Audio,
    Called,
    Heard,
    Human,
    Prompt,
    Reply,
    System,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
)

PLAIN = Able(continues=True)
THINKS = Able(continues=True, thinks=True)
TOOL = ToolSpec("clock", "Tells the time.", '{"type": "object", "properties": {}}')
ASKED = (System("Be brief."), Human((Text("Hi."),)))


def _body(*parts: Any, able: Able = PLAIN, limits: Limits | None = None, **how: Any) -> dict[str, Any]:
    asked = Ollama().ask(Prompt(parts), limits or Limits(64), How("qwen3", able, **how))
    assert asked.path == "/api/chat"
    return dict(asked.body)


def test_a_conversation_goes_out_as_messages() -> None:
    body = _body(*ASKED, Heard("Hello."), Human((Text("And you?"),)), Reply(None, thinking=False))
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "And you?"},
    ]
    assert body["stream"] is True
    assert body["options"] == {"temperature": 0.0, "num_predict": 64}
    assert "think" not in body  # a model without thoughts refuses it


def test_stops_are_left_to_the_client_because_ollama_does_not_tell_which_one_it_met() -> None:
    body = _body(*ASKED, Reply(""), limits=Limits(8, ("</think>",)))
    assert "stop" not in body["options"]


@pytest.mark.parametrize(
    ("reply", "think", "begun"),
    [
        (Reply(""), True, None),
        (Reply("It greets.\n"), False, "<think>\nIt greets.\n"),
        (Reply("It greets.\n", thinking=False), True, "<think>\nIt greets.\n</think>\n\n"),
        (
            Reply("It greets.\n", thinking=False, said="Hello"),
            True,
            "<think>\nIt greets.\n</think>\n\nHello",
        ),
        (Reply("", thinking=False), False, None),
        (Reply(None, thinking=False), False, None),
        (Reply(None, thinking=False, said="Hello"), False, "Hello"),
    ],
)
def test_a_thought_begins_goes_on_closes_and_is_left_out(
    reply: Reply, think: bool, begun: str | None
) -> None:
    asked = Ollama().ask(Prompt((*ASKED, reply)), Limits(64), How("qwen3", THINKS))
    last = asked.body["messages"][-1]
    assert asked.body["think"] is think
    assert (last["content"] if last["role"] == "assistant" else None) == begun
    assert asked.begun == (begun or "")


def test_a_server_that_does_not_continue_is_not_asked_to() -> None:
    with pytest.raises(ModelError, match="does not go on"):
        _body(*ASKED, Reply(None, thinking=False, said="Hello"), able=Able())


def test_sound_goes_as_wav_files_as_long_as_they_may_be() -> None:
    sound = Audio(np.linspace(-0.5, 0.5, 960_000).astype(np.float32))
    body = _body(
        Human((sound, Text("(said softly)"))), Reply(None, thinking=False), able=Able(hears=True), segment=1.0
    )
    message = body["messages"][0]
    files = [base64.b64decode(file) for file in message["images"]]
    assert [file[:4] for file in files] == [b"RIFF"] * 3
    assert message["content"] == "(said softly)"


def test_a_model_without_ears_refuses_sound() -> None:
    with pytest.raises(ModelError, match="text only"):
        _body(Human((Audio(np.zeros(1600, np.float32)),)), Reply(None, thinking=False))


STEP = Called(
    (ToolCall("1", "clock", '{"zone": "CET"}'), ToolCall("2", "clock", "soon")),
    (ToolResult("1", "clock", "12:00"), ToolResult("2", "clock", "no", failed=True)),
    "One moment.",
)


def test_tools_go_natively_where_the_model_can() -> None:
    body = _body(
        System("Be brief.", (TOOL,)),
        Human((Text("What time is it?"),)),
        STEP,
        Reply(None, thinking=False),
        able=Able(tools="native"),
    )
    assert body["tools"][0]["function"] == {
        "name": "clock",
        "description": "Tells the time.",
        "parameters": {"type": "object", "properties": {}},
    }
    assert body["messages"][2:] == [
        {
            "role": "assistant",
            "content": "One moment.",
            "tool_calls": [
                {"function": {"name": "clock", "arguments": {"zone": "CET"}}},
                {"function": {"name": "clock", "arguments": {"unreadable": "soon"}}},
            ],
        },
        {"role": "tool", "tool_name": "clock", "content": "12:00"},
        {"role": "tool", "tool_name": "clock", "content": "no"},
    ]


def test_a_model_without_tools_is_told_of_them_in_words() -> None:
    body = _body(
        System("Be brief.", (TOOL,)),
        Human((Text("What time is it?"),)),
        STEP,
        Reply(None, thinking=False),
        able=Able(tools="text"),
    )
    assert "tools" not in body
    assert "clock: Tells the time." in body["messages"][0]["content"]
    assert body["messages"][2]["content"].startswith("One moment.<tool_call>function\nclock\n")
    assert body["messages"][3]["role"] == "user"


def test_the_user_s_own_fields_come_last_and_options_are_joined() -> None:
    extra = {"options": {"num_ctx": 8192}, "keep_alive": -1, "logprobs": None}
    body = _body(*ASKED, Reply(None, thinking=False), able=Able(logprobs=True), extra=extra)
    assert body["options"] == {"temperature": 0.0, "num_predict": 64, "num_ctx": 8192}
    assert body["keep_alive"] == -1
    assert "logprobs" not in body


def test_lines_read_as_thoughts_words_calls_and_counts() -> None:
    bit = Ollama().bit
    thought = bit({"message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": False})
    assert thought is not None
    assert (thought.thought, thought.text, thought.tokens) == ("Hm", "", 1)
    word = bit({"message": {"content": " yes"}, "logprobs": [{"logprob": -1.0}, {"logprob": -3.0}]})
    assert word is not None
    assert (word.text, word.tokens, word.logprob) == (" yes", 2, -2.0)
    function = {"name": "clock", "arguments": {"zone": "CET"}}
    call = bit({"message": {"content": "", "tool_calls": [{"id": "c1", "function": function}]}})
    assert call is not None
    assert call.calls == (CallBit(0, "c1", "clock", '{"zone": "CET"}'),)
    last = bit(
        {
            "message": {"content": ""},
            "done": True,
            "done_reason": "length",
            "prompt_eval_count": 26,
            "eval_count": 9,
        }
    )
    assert last is not None
    assert (last.finish, last.usage, last.tokens) == ("length", Usage(26, 0, 9), 0)
    assert bit({"message": {"role": "assistant", "content": ""}, "done": False}) is None


@pytest.mark.parametrize("event", [{"error": "model runner has stopped"}, [1], "x", None])
def test_an_error_in_mid_stream_is_one(event: Any) -> None:
    with pytest.raises(PeerError, match="Ollama"):
        Ollama().bit(event)


def test_its_models_are_listed_with_their_size() -> None:
    tags = {
        "models": [
            {"name": "q:1b", "details": {"parameter_size": "1B", "quantization_level": "Q4_0"}},
            {"name": "r"},
        ]
    }
    assert [(each.name, each.note) for each in Ollama().listed(tags)] == [("q:1b", "1B Q4_0"), ("r", "")]
    for wrong in ({}, [], {"models": [{}]}, {"models": None}):
        with pytest.raises(PeerError, match="no list"):
            Ollama().listed(wrong)


def _learned(answer: Any) -> Told:
    async def fetch(path: str, body: Any) -> Any:
        assert (path, body) == ("/api/show", {"model": "m"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def main() -> Told:
        _, told = await Ollama().learn(fetch, "m")
        return told

    return clock.simulate(main)


def test_what_a_model_can_do_is_learned_before_anything_is_written() -> None:
    shown = {
        "capabilities": ["completion", "thinking", "audio"],
        "parameters": 'stop  "<|im_end|>"\nnum_ctx  8192',
    }
    assert _learned(shown) == Told(hears=True, thinks=True, tools="text", context=8192)
    assert _learned({"capabilities": ["tools"]}) == Told(hears=False, thinks=False, tools="native")


@pytest.mark.parametrize("answer", [PeerError("404"), {}, [], {"capabilities": None}])
def test_what_is_not_told_stays_unknown(answer: Any) -> None:
    assert _learned(answer) == Told()
