"""Chat completions: what each flavour is asked, and how its events read."""

from __future__ import annotations

import base64
import io
import re
import wave
from typing import Any

import numpy as np
import pytest
from http_scene import delta, finish, usage

from model.http.dialect import Able, Bit, CallBit, Fetch, How, Listed, Told, Usage
from model.http.openai_chat import OpenAIChat, lmstudio, mistral, openai, sglang, stepfun, transformers, vllm
from pipeline.errors import ModelError, PeerError
from pipeline.ports import Limits
from pipeline.prompt import (
    Audio,
    Called,
    Heard,
    Human,
    Note,
    OpenNote,
    Prompt,
    Reply,
    System,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
)  # fmt: skip

ALL = Able(hears=True, continues=True, thinks=True, tools="native")
CLOCK = ToolSpec("clock", "Tells the time.", '{"properties":{},"type":"object"}')
SOUND = Audio((0.5 * np.sin(np.arange(3 * 16_000) / 9)).astype(np.float32))


def body(
    dialect: OpenAIChat, *parts: Any, able: Able = ALL, model: str = "tiny", **how: Any
) -> dict[str, Any]:
    return dict(dialect.ask(Prompt(parts), Limits(64), How(model, able, **how)).body)


def user(text: str = "Hello?") -> Human:
    return Human((Text(text),))


def test_a_conversation_becomes_messages_in_order() -> None:
    step = Called((ToolCall("c1", "clock", "{}"),), (ToolResult("c1", "clock", "noon"),), said="Let me see.")
    sent = body(
        vllm(), System("Be kind.", (CLOCK,)), user("Time?"), step, Heard("Noon."), user("Sure?"), Reply()
    )
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Time?"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "c5ed72aa1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c5ed72aa1", "content": "noon"},
        {"role": "assistant", "content": "Noon."},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "<think>\n"},
    ]
    assert sent["tools"][0]["function"]["parameters"] == {"properties": {}, "type": "object"}


def test_a_brain_without_tool_calls_is_told_a_form_and_reads_its_calls_as_text() -> None:
    step = Called((ToolCall("c1", "clock", "{}"),), (ToolResult("c1", "clock", "noon"),))
    sent = body(vllm(), System("Be kind.", (CLOCK,)), user(), step, Reply(), able=Able(tools="text"))
    assert "tools" not in sent
    assert "Be kind." in sent["messages"][0]["content"]
    assert "- clock: Tells the time." in sent["messages"][0]["content"]
    assert sent["messages"][2]["content"] == "<tool_call>function\nclock\n{}</tool_call>"
    assert sent["messages"][3] == {"role": "user", "content": "clock gave: noon"}
    silent = body(vllm(), System("Be kind.", (CLOCK,)), user(), Reply(), able=Able(tools="no"))
    assert silent["messages"][0]["content"] == "Be kind."


def test_arguments_that_are_no_object_are_sent_as_one() -> None:
    step = Called((ToolCall("c1", "clock", "noon?"),), (ToolResult("c1", "clock", "wrong", True),))
    sent = body(vllm(), user(), step, Reply())
    assert sent["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"unreadable": "noon?"}'


@pytest.mark.parametrize(
    ("reply", "begun"),
    [
        (Reply(), "<think>\n"),
        (Reply("So: six"), "<think>\nSo: six"),
        (Reply("So: six.\n", False, "It is"), "<think>\nSo: six.\n</think>\n\nIt is"),
        (Reply("", False), "<think>\n\n</think>\n\n"),
        (Reply(None, False, "It is"), "It is"),
    ],
)
def test_vllm_and_sglang_go_on_from_the_beginning_of_the_message(reply: Reply, begun: str) -> None:
    sent = body(vllm(), user(), reply)
    assert sent["messages"][-1] == {"role": "assistant", "content": begun}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    assert vllm().ask(Prompt((user(), reply)), Limits(), How("m", ALL)).begun == begun
    other = body(sglang(), user(), reply)
    assert other["continue_final_message"]
    assert "add_generation_prompt" not in other


def test_a_server_that_was_seen_to_begin_thoughts_itself_begins_them_itself() -> None:
    for how in ("apart", "marked", "open", "mixed"):
        able = Able(continues=True, thinks=True, thoughts=how)
        assert body(vllm(), user(), Reply(), able=able)["messages"][-1]["role"] == "user"
        going_on = body(vllm(), user(), Reply("So"), able=able)
        assert going_on["messages"][-1]["content"] == "<think>\nSo"


def test_where_no_thought_is_wanted_the_template_and_a_parser_are_told_too() -> None:
    assert body(vllm(), user(), Reply("So.\n", False))["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in body(vllm(), user(), Reply("So"))
    assert "chat_template_kwargs" not in body(openai(), user(), Reply(None, False))


@pytest.mark.parametrize("dialect", [openai(), lmstudio(), transformers(), stepfun()])
def test_other_servers_are_asked_for_a_fresh_message_and_nothing_else(dialect: OpenAIChat) -> None:
    sent = body(dialect, user(), Reply())
    assert sent["messages"] == [{"role": "user", "content": "Hello?"}]
    assert not {"continue_final_message", "add_generation_prompt"} & set(sent)
    with pytest.raises(ModelError, match="does not go on from the beginning"):
        body(dialect, user(), Reply("So: ", thinking=True))


def test_transformers_serve_gets_no_field_that_it_refuses() -> None:
    sent = body(transformers(), user(), Reply(None, False))
    assert set(sent) == {"model", "messages", "stream", "max_tokens", "temperature", "chat_template_kwargs"}
    assert sent["chat_template_kwargs"] == {"enable_thinking": False}


def test_sound_is_closed_segments_of_wav() -> None:
    sent = body(vllm(), Human((SOUND, Text("(loud)"))), Reply(), segment=2.0)
    *sounds, words = sent["messages"][0]["content"]
    assert words == {"type": "text", "text": "(loud)"}
    lengths = []
    for each in sounds:
        assert each["type"] == "input_audio"
        assert each["input_audio"]["format"] == "wav"
        with wave.open(io.BytesIO(base64.b64decode(each["input_audio"]["data"]))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
            lengths.append(file.getnframes())
    assert lengths == [32_000, 16_000]
    hosted = body(stepfun(), Human((SOUND,)), Reply(None, False))
    assert hosted["messages"][0]["content"][0]["input_audio"]["data"].startswith(
        "data:audio/wav;base64,UklGR"
    )


def test_sound_for_a_server_that_reads_text_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"put an ear before it"):
        body(vllm(), Human((SOUND,)), Reply(), able=Able())


@pytest.mark.parametrize(
    "parts", [(Human((Text("x"),), (Note("so\n", 1),)), Reply()), (user(), OpenNote()), (user(),), ()]
)
def test_what_has_no_form_is_an_error(parts: tuple[Any, ...]) -> None:
    with pytest.raises(ModelError):
        body(vllm(), *parts)


def test_step_audio_on_vllm_speaks_to_a_human_and_stops_at_its_own_end_of_turn() -> None:
    sent = body(vllm(), user(), Reply("", False), model="stepfun-ai/Step-Audio-R1.1")
    assert [each["role"] for each in sent["messages"]] == ["human", "assistant"]
    assert sent["messages"][-1]["content"] == "<think>\n\n</think>\n"
    assert (sent["stop_token_ids"], sent["skip_special_tokens"]) == ([151665], False)


def test_newer_hosted_models_get_the_limit_under_its_newer_name_and_no_temperature() -> None:
    sent = body(openai(), user(), Reply(None, False), able=Able(), model="gpt-5-mini")
    assert sent["max_completion_tokens"] == 64 + 2048, "hidden thought counts, and must leave room for words"
    assert sent["reasoning_effort"] == "low"
    assert "reasoning_effort" not in body(openai(), user(), Reply(), able=Able(), model="gpt-5-chat-latest")
    assert not {"max_tokens", "temperature"} & set(sent)
    assert body(openai(), user(), Reply(None, False), able=Able(), model="gpt-4o")["max_tokens"] == 64


def test_the_users_own_fields_count_and_none_takes_one_out() -> None:
    sent = body(vllm(), user(), Reply(), extra={"top_k": 5, "temperature": None})
    assert sent["top_k"] == 5
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("event", "bit"),
    [
        (delta("Hi"), Bit("", "Hi")),
        (delta(thought="So"), Bit("So")),
        (delta(thought="So", field="reasoning"), Bit("So")),
        (delta(role="assistant"), Bit(tokens=0)),
        (finish("length"), Bit(tokens=0, finish="length")),
        (finish("tool_calls"), Bit(tokens=0, finish="calls")),
        (finish("content_filter"), Bit(tokens=0, finish="stop")),
        (usage(10, 2, 8), Bit(tokens=0, usage=Usage(10, 8, 2))),
        ({"choices": []}, None),
        ({"choices": [{"delta": {"content": [{"type": "text", "text": "Hi"}]}}]}, Bit("", "Hi")),
        (
            {
                "choices": [
                    {"delta": {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}]}}
                ]
            },
            Bit(calls=(CallBit(0, "a", "f", "{"),)),
        ),
        (
            {"choices": [{"delta": {"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}}]},
            Bit(calls=(CallBit(1, "", "", "}"),)),
        ),
        (
            {
                "choices": [
                    {"delta": {"content": "a b"}, "logprobs": {"content": [{"logprob": -1}, {"logprob": -3}]}}
                ]
            },
            Bit("", "a b", tokens=2, logprob=-2.0),
        ),
    ],
)
def test_each_event_reads(event: Any, bit: Bit | None) -> None:
    assert vllm().bit(event) == bit


@pytest.mark.parametrize("event", [{"error": {"message": "out of memory"}}, {"error": "out of memory"}])
def test_an_error_in_the_stream_is_raised(event: Any) -> None:
    with pytest.raises(PeerError, match="out of memory"):
        vllm().bit(event)


def test_a_servers_words_move_no_cursor() -> None:
    with pytest.raises(PeerError) as error:
        vllm().bit({"error": {"message": "\x1b[2Jgone\n" + "x" * 999}})
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 350


def test_models_are_listed_or_it_is_no_list() -> None:
    assert vllm().listed({"data": [{"id": "a", "owned_by": "vllm"}, {"id": "b"}]}) == (
        Listed("a", "vllm"),
        Listed("b"),
    )
    for wrong in ({}, [], {"data": [{}]}, {"models": []}):
        with pytest.raises(PeerError, match="no list of models"):
            vllm().listed(wrong)


def test_the_context_is_learned_where_the_list_tells_it() -> None:
    async def fetch(path: str, body: Any) -> Any:
        assert (path, body) == ("/models", None)
        return {"data": [{"id": "tiny", "max_model_len": 16384}]}

    async def failing(path: str, body: Any) -> Any:
        raise PeerError("no")

    def learned(how: Fetch) -> Told:
        coroutine = vllm().learn(how, "tiny")
        with pytest.raises(StopIteration) as done:
            coroutine.send(None)
        told: Told = done.value.value[1]
        return told

    assert learned(fetch) == Told(context=16384)
    assert learned(failing) == Told()


def test_mistral_is_asked_nothing_that_it_refuses() -> None:
    step = Called((ToolCall("call-1", "clock", "{}"),), (ToolResult("call-1", "clock", "noon"),))
    sent = body(mistral(), user(), step, Reply("", thinking=False), able=Able(tools="native"))
    assert "stream_options" not in sent
    (asked,) = sent["messages"][1]["tool_calls"]
    assert re.fullmatch("[a-zA-Z0-9]{9}", asked["id"])
    assert sent["messages"][2]["tool_call_id"] == asked["id"]


@pytest.mark.parametrize("reason", ["abort", "error"])
def test_an_answer_that_the_server_gave_up_is_not_whole(reason: str) -> None:
    with pytest.raises(PeerError, match="gave up"):
        openai().bit(finish(reason))


def test_two_turns_of_the_person_in_a_row_are_one_message() -> None:
    """As after a tool's result, told in text, to which no answer was heard."""
    step = Called((ToolCall("c1", "clock", "{}"),), (ToolResult("c1", "clock", "noon"),))
    able = Able(hears=True, tools="text")
    sent = body(openai(), user("Time?"), step, user("Well?"), Reply(), able=able)["messages"]
    assert [each["role"] for each in sent] == ["user", "assistant", "user"]
    assert sent[2]["content"] == "clock gave: noon\nWell?"
    heard = body(openai(), user("Time?"), step, Human((SOUND,)), Reply(), able=able)["messages"]
    assert [part["type"] for part in heard[2]["content"]] == ["text", "input_audio"]
