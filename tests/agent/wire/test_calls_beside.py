"""Several calls at once, over one brain and one voice."""

from __future__ import annotations

import asyncio

from call_scene import Client, made, parts, session, turns, typed

from model.scripted import Answer
from pipeline.clock import simulate
from pipeline.prompt import Human, Prompt, Text


def _echo(prompt: Prompt) -> Answer:
    """Says what was typed, or that something was heard."""
    last = [part for part in prompt if isinstance(part, Human)][-1]
    typed_ = "".join(part.text for part in last.parts if isinstance(part, Text))
    return Answer(f"You said {typed_ or 'something'}.", "heard: a tone\n")


def test_calls_share_a_brain_and_a_voice_and_hear_nothing_of_each_other() -> None:
    async def caller(number: int, client: Client) -> list[str]:
        await client.until("session.created")
        if number % 2:
            client.send("session.update", session=turns({"type": "server_vad", "silence_duration_ms": 300}))
            await client.speak(0.5 + 0.1 * number, 2.0)
        else:
            if number == 2:
                client.send("session.update", session=session(output_modalities=["text"]))
            client.send("conversation.item.create", item=typed(f"number {number}"))
            client.send("response.create")
        await client.until("response.done")
        if number == 3:  # one that breaks off in the middle of it all
            client.call.close("hung up")
        await asyncio.sleep(5.0)
        client.call.close("over")
        content = [each["response"]["output"][0]["content"][0] for each in client.of("response.done")]
        return [each.get("transcript") or each.get("text") for each in content]

    async def main() -> list[list[str]]:
        built = parts(_echo)
        clients = [Client(made(built)) for _ in range(6)]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.call.run())
                group.create_task(client.read())
            tasks = [group.create_task(caller(number, client)) for number, client in enumerate(clients)]
        return [task.result() for task in tasks]

    said = simulate(main)
    assert [said[number] for number in (0, 2, 4)] == [[f"You said number {n}."] for n in (0, 2, 4)]
    assert [said[number] for number in (1, 3, 5)] == [["You said something."]] * 3
