"""What a client makes of the conversation: items, history, tools of its own, replies beside it."""

from __future__ import annotations

import asyncio
from typing import Any

from call_scene import ABLE, Client, held, parts, saying, session, turns, typed

from agent.conversation import Exchange
from agent.persona import Agent
from agent.wire.held import earlier
from model.scripted import Answer
from pipeline.events import Turn
from pipeline.prompt import Called, Heard, Human, Prompt, System, Text, ToolCall, ToolResult

VAD = {"type": "server_vad", "silence_duration_ms": 300}
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."


def test_a_client_that_truncates_more_than_was_sent_is_taken_at_what_was_sent() -> None:
    async def scene(client: Client) -> tuple[dict[str, Any], str]:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 3.0)
        done = await client.until("response.done")
        item = done["response"]["output"][0]["id"]
        client.send("conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=999_999)
        return await client.until("conversation.item.truncated"), client.call.exchanges[0].reply

    cut, heard = held(scene)
    assert 500 <= cut["audio_end_ms"] <= 800
    assert heard == "Here I am."


def test_a_written_reply_is_in_the_history_of_the_next() -> None:
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt)
        return Answer("It is blue.")

    async def scene(client: Client) -> None:
        client.send("session.update", session=session(output_modalities=["text"]))
        for count, text in enumerate(("What colour?", "And why?"), 1):
            item = typed(text)
            client.send("conversation.item.create", item=item)
            client.send("response.create")
            await client.until("response.done", count)

    held(scene, parts(script, ABLE))
    assert any(isinstance(part, Heard) and part.text == "It is blue." for part in seen[-1])


def test_a_response_out_of_band_is_written_and_leaves_no_trace_in_the_conversation() -> None:
    async def scene(client: Client) -> tuple[dict[str, Any], list[str]]:
        asked = {
            "conversation": "none", "metadata": {"topic": "mood"}, "output_modalities": ["text"],
            "instructions": "Which mood?",
        }  # fmt: skip
        client.send("response.create", response=asked)
        done = await client.until("response.done")
        return done["response"], client.kinds

    response, kinds = held(scene, parts(saying("Calm.", "the user is calm\n"), ABLE))
    assert response["status"] == "completed"
    assert response["metadata"] == {"topic": "mood"}
    assert response["output"][0]["content"][0]["text"] == "Calm."
    assert response["conversation_id"] is None
    assert "conversation.item.added" not in kinds


def test_what_is_given_as_input_is_all_that_an_out_of_band_reply_rests_on() -> None:
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt)
        return Answer("ok")

    async def scene(client: Client) -> None:
        item = typed("Say ok.")
        asked = {"conversation": "none", "input": [item], "instructions": "Be brief."}
        client.send("response.create", response=asked)
        await client.until("response.done")

    held(scene, parts(script, ABLE))
    assert seen[-1].parts[0] == System("Be brief.")
    assert seen[-1].parts[1] == Human((Text("Say ok."),))


def test_a_tool_of_the_clients_is_called_and_its_result_goes_into_the_reply() -> None:
    def script(prompt: Prompt) -> Answer:
        told = [part for part in prompt if type(part).__name__ == "Called"]
        if told:
            return Answer(f"It is {told[-1].results[0].content}.")  # type: ignore[union-attr]
        return Answer('<tool_call>function\nweather\n{"city": "Rome"}</tool_call>')

    async def scene(client: Client) -> tuple[list[dict[str, Any]], list[str]]:
        tool = {"type": "function", "name": "weather", "description": "The weather of a city.",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}  # fmt: skip
        client.send("session.update", session=session(tools=[tool]))
        item = typed("Rome?")
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        call = (await client.until("response.function_call_arguments.done"))["call_id"]
        await client.until("response.done")
        await asyncio.sleep(5.0)
        result = {"type": "function_call_output", "call_id": call, "output": "sunny"}
        client.send("conversation.item.create", item=result)
        client.send("response.create")
        await client.until("response.done", 2)
        return [each["response"] for each in client.of("response.done")], client.kinds

    (first, second), kinds = held(scene, parts(script, ABLE))
    assert first["output"][-1]["type"] == "function_call"
    assert first["output"][-1]["arguments"] == '{"city": "Rome"}'
    assert second["output"][0]["content"][0]["transcript"] == "It is sunny."
    assert kinds.count("response.created") == 2
    assert "error" not in kinds


def test_other_instructions_count_from_the_next_reply_on() -> None:
    seen: list[str] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt.parts[0].text if isinstance(prompt.parts[0], System) else "")
        return Answer("Ay.")

    async def scene(client: Client) -> dict[str, Any]:
        client.send("session.update", session=session(instructions="Be a pirate."))
        item = typed("hi")
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        await client.until("response.done")
        return (await client.until("session.updated"))["session"]

    shown = held(scene, parts(script, ABLE), agent=Agent("Be dull."))
    assert shown["instructions"] == "Be a pirate."
    assert seen == ["Be a pirate."]


def test_the_servers_own_instructions_are_told_to_no_client() -> None:
    async def scene(client: Client) -> str:
        return (await client.until("session.created"))["session"]["instructions"]

    assert held(scene, parts(saying(), ABLE), agent=Agent("The secret recipe.")) == ""


def test_a_deleted_item_is_gone_from_what_the_brain_reads() -> None:
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt)
        return Answer("Yes.")

    async def scene(client: Client) -> None:
        for count, text in enumerate(("My name is Ann.", "Who am I?"), 1):
            item = typed(text)
            client.send("conversation.item.create", item={**item, "id": f"item_{count}"})
            client.send("response.create")
            await client.until("response.done", count)
            if count == 1:
                client.send("conversation.item.delete", item_id="item_1")
                await client.until("conversation.item.deleted")
        client.send("conversation.item.retrieve", item_id="item_1")
        assert (await client.until("error"))["error"]["code"] == "item_retrieve_invalid_item_id"

    held(scene, parts(script, ABLE))
    assert "Ann" not in str(seen[-1])


def test_a_history_that_a_client_puts_is_what_the_brain_reads_before_its_turn() -> None:
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt)
        return Answer("Ann.")

    def message(role: str, text: str) -> dict[str, Any]:
        kind = "input_text" if role == "user" else "output_text"
        return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}

    async def scene(client: Client) -> None:
        for role, text in (("user", "I am Ann."), ("assistant", "Hello Ann."), ("user", "Who am I?")):
            client.send("conversation.item.create", item=message(role, text))
        client.send("response.create")
        await client.until("response.done")

    held(scene, parts(script, ABLE))
    given = [part for part in seen[-1] if isinstance(part, Human | Heard)]
    assert given == [Human((Text("I am Ann."),)), Heard("Hello Ann."), Human((Text("Who am I?"),))]


def test_a_call_can_be_gone_on_with_by_another() -> None:
    async def first(client: Client) -> Any:
        client.send("session.update", session=turns(VAD))
        await client.speak(1.0, 3.0)
        await client.until("response.done")
        return client.call.exchanges

    exchanges = held(first, parts(saying("It is blue.")))
    seen: list[Prompt] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt)
        return Answer("Because.")

    async def second(client: Client) -> int:
        item = typed("Why?")
        client.send("conversation.item.create", item=item)
        client.send("response.create")
        await client.until("response.done")
        return len(client.call.exchanges)

    assert held(second, parts(script, ABLE), history=exchanges) == 2
    assert Heard("It is blue.") in seen[-1].parts


def _calling(names: tuple[str, ...]) -> Any:
    """A script that calls these tools at once, and then says what came of it."""

    def script(prompt: Prompt) -> Answer:
        told = [part for part in prompt if isinstance(part, Called)]
        if told:
            return Answer(" and ".join(each.content for each in told[-1].results) + ".")
        return Answer("".join(f"<tool_call>function\n{name}\n{{}}</tool_call>" for name in names))

    return script


def test_two_calls_at_once_are_gone_on_with_when_both_results_are_there() -> None:
    async def scene(client: Client) -> tuple[str, int]:
        tools = [{"type": "function", "name": name} for name in ("left", "right")]
        client.send("session.update", session=session(tools=tools))
        client.send("conversation.item.create", item=typed("both"))
        client.send("response.create")
        await client.until("response.function_call_arguments.done", 2)
        calls = {each["name"]: each["call_id"] for each in client.of("response.function_call_arguments.done")}
        for name in ("right", "left"):
            result = {"type": "function_call_output", "call_id": calls[name], "output": name}
            client.send("conversation.item.create", item=result)
            if name == "right":
                client.send("response.create")
            await asyncio.sleep(1.0)
        done = await client.until("response.done", 2)
        return done["response"]["output"][0]["content"][0]["transcript"], len(client.of("response.created"))

    assert held(scene, parts(_calling(("left", "right")), ABLE)) == ("left and right.", 2)


def test_a_reply_that_waits_for_a_result_goes_on_only_with_one() -> None:
    async def scene(client: Client) -> str:
        client.send("session.update", session=session(tools=[{"type": "function", "name": "look"}]))
        client.send("conversation.item.create", item=typed("look"))
        client.send("response.create")
        await client.until("response.function_call_arguments.done")
        client.send("response.create")
        code: str = (await client.until("error"))["error"]["code"]
        return code

    assert held(scene, parts(_calling(("look",)), ABLE)) == "tool_output_missing"


def test_a_client_that_never_answers_a_call_does_not_hold_the_reply_for_ever() -> None:
    async def scene(client: Client) -> str:
        client.send("session.update", session=session(tools=[{"type": "function", "name": "look"}]))
        client.send("conversation.item.create", item=typed("look"))
        client.send("response.create")
        done = await client.until("response.done", 2)
        words: str = done["response"]["output"][0]["content"][0]["transcript"]
        return words

    assert "no answer within 30 s" in held(scene, parts(_calling(("look",)), ABLE))


def test_no_tool_is_known_where_none_shall_be_called() -> None:
    async def scene(client: Client) -> list[str]:
        tools = [{"type": "function", "name": "look"}]
        client.send("session.update", session=session(tools=tools, tool_choice="none"))
        client.send("conversation.item.create", item=typed("look"))
        client.send("response.create")
        await client.until("response.done")
        return client.kinds

    assert "response.function_call_arguments.done" not in held(scene, parts(_calling(("look",)), ABLE))


def test_what_a_client_says_in_the_conversation_as_the_system_instructs_the_brain() -> None:
    seen: list[str] = []

    def script(prompt: Prompt) -> Answer:
        seen.append(prompt.parts[0].text if isinstance(prompt.parts[0], System) else "")
        return Answer("Yes.")

    async def scene(client: Client) -> None:
        item = {
            "type": "message",
            "role": "system",
            "content": [{"type": "input_text", "text": "It is raining."}],
        }
        client.send("conversation.item.create", item=item)
        client.send("conversation.item.create", item=typed("weather?"))
        client.send("response.create")
        await client.until("response.done")

    held(scene, parts(script, ABLE), agent=Agent("Be kind."))
    assert seen == ["Be kind.\n\nIt is raining."]


def test_numbers_and_names_of_an_earlier_session_never_meet_those_of_this_one() -> None:
    step = Called((ToolCall("call-1", "look", "{}"),), (ToolResult("call-1", "look", "ok"),))
    history = [Exchange(Turn(number), Human((Text("a"),)), "b", True, (step,)) for number in (1, 2)]
    renamed = earlier(history)
    assert [each.turn for each in renamed] == [-2, -1]
    assert renamed[0].called[0].calls[0].id == renamed[0].called[0].results[0].id == "earlier-call-1"


def test_a_new_question_takes_the_place_of_a_result_that_never_came() -> None:
    async def scene(client: Client) -> str:
        client.send("session.update", session=session(tools=[{"type": "function", "name": "look"}]))
        client.send("conversation.item.create", item=typed("look"))
        client.send("response.create")
        await client.until("response.function_call_arguments.done")
        client.send("session.update", session=session(tool_choice="none"))
        client.send("conversation.item.create", item=typed("never mind"))
        client.send("response.create")
        done = await client.until("response.done", 2)
        status: str = done["response"]["status"]
        return status

    assert held(scene, parts(_calling(("look",)), ABLE)) == "completed"
