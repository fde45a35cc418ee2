"""What a server sends is not to be trusted: whatever comes, an answer or one error, in bounded memory."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from http_scene import (
    CUT,
    HANG,
    Answer,
    Network,
    Step,
    delta,
    finish,
    lived,
    made,
    on,
    pieces,
    prompt,
    text,
    usage,
)

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.events import EventReader
from model.http.server import Server
from pipeline.errors import HocketError, ModelError, PeerError
from pipeline.ports import Limits
from pipeline.prompt import Reply

ABLE = {"thinks": True, "tools": "native", "logprobs": True}
CALL = {"index": 0, "id": "a", "function": {"name": "clock", "arguments": "{}"}}
GOOD: dict[str, list[dict[str, Any]]] = {
    "vllm": [
        delta("One", tool_calls=[CALL]) | {"usage": {"prompt_tokens": 4}},
        {"choices": [{"delta": {"reasoning": "x"}, "logprobs": {"content": [{"logprob": -0.1}]}}]},
        finish(),
        usage(4, 2, 1),
    ],
    "completions": [
        {"choices": [{"text": "One", "logprobs": {"token_logprobs": [-0.1]}, "finish_reason": None}]},
        {"choices": [{"text": "", "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}},
    ],
    "ollama": [
        {"message": {"content": "One", "thinking": "x", "tool_calls": [CALL]}, "logprobs": [{"logprob": -1}]},
        {"message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 2},
    ],
    "llama.cpp": [
        {"content": "One", "tokens": [1], "completion_probabilities": [{"logprob": -0.1}]},
        {"content": "", "stop": True, "stop_type": "eos", "tokens_evaluated": 3, "timings": {"cache_n": 1}},
    ],
}
ODD = (None, True, -5, 1.5, math.nan, math.inf, 10**400, "x", "\ud83d", [], ["x"], [None], {}, {"a": 1})


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Each place in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def put(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    if not at:
        return odd
    changed = spot = copy.deepcopy(value)
    for key in at[:-1]:
        spot = spot[key]
    spot[at[-1]] = odd
    return changed


def asked_of(dialect: str, steps: list[Step], **settings: Any) -> HttpBrain:
    framing = "lines" if dialect == "ollama" else "sse"
    network = Network(a=on(lambda asked: Answer(steps, framing=framing)))
    config = HttpConfig(probe=False, retries=0, told=ABLE, read_price=1.0, **settings)
    return HttpBrain(Server(dialect, ("http://a/v1",), hosted=True), config, transport=network, environ={})


@pytest.mark.parametrize("dialect", GOOD)
def test_whatever_stands_wherever_in_an_event_an_answer_or_one_error_comes_of_it(dialect: str) -> None:
    async def story() -> None:
        for number, event in enumerate(GOOD[dialect]):
            for at in places(event):
                for odd in ODD:
                    steps: list[Any] = [*GOOD[dialect]]
                    steps[number] = json.dumps(put(event, at, odd)).encode()
                    steps[number] = (
                        b"%b\n" % steps[number] if dialect == "ollama" else b"data: %b\n\n" % steps[number]
                    )
                    brain = asked_of(dialect, steps)
                    brain._server = Server(dialect, ("http://a/v1",), "tiny", hosted=True)
                    try:
                        found = await pieces(brain, prompt())
                    except HocketError:
                        found = []
                    assert all(math.isfinite(piece.logprob) for piece in found)
                    text(found).encode()
                    spent = brain.spent()
                    counts = (spent.read, spent.cached, spent.written, spent.money)
                    assert all(0 <= each < 1e9 for each in counts), (at, odd)

    lived(story)


def test_json_that_is_nested_without_end_is_an_error_and_no_crash() -> None:
    deep = b"[" * 100_000

    async def story() -> None:
        with pytest.raises(ModelError, match="no JSON"):
            await pieces(
                made(Network(a=on(lambda asked: Answer([b"data: %b\n\n" % deep]))), retries=0), prompt()
            )
        with pytest.raises(ModelError, match="no JSON"):
            await made(Network(a=lambda asked: Answer([deep]))).call("facts")
        below = json.loads(b"[" * 600 + b"]" * 600)  # read, but not by everything that would show it
        with pytest.raises(ModelError, match="no object"):
            await pieces(made(Network(a=on(lambda asked: Answer([below]))), retries=0), prompt())

    lived(story)


def test_lines_without_data_fill_no_memory() -> None:
    reader = EventReader("sse")
    with pytest.raises(PeerError, match="more than"):
        for _ in range(200):
            reader.feed(b"data:\n" * 10_000)


@pytest.mark.parametrize(
    "event",
    [
        delta(thought="and so on "),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "x" * 1000}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "x" * 1000}}]),
    ],
)
def test_a_server_that_never_ends_is_stopped_whatever_it_writes(event: dict[str, Any]) -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([event] * 10_000)))
        found = await pieces(made(network), prompt(), Limits(20))
        assert len(found) <= 20 + 16 + 4
        assert len(text(found)) < 25_000
        assert network.open == 0

    lived(story)


def test_a_call_that_is_long_in_coming_shows_life_and_no_text() -> None:
    parts = ['{"note":"', "one ", "one ", 'one"}']

    async def story() -> None:
        steps: list[Step] = [
            delta(tool_calls=[{"index": 0, "function": {"name": "f" if not at else None, "arguments": part}}])
            for at, part in enumerate(parts)
        ]
        found = await pieces(
            made(Network(a=on(lambda asked: Answer([*steps, finish("tool_calls")])))), prompt()
        )
        assert [piece.text for piece in found[:4]] == [""] * 4
        assert len({piece.token for piece in found[:4]}) == 4, "different parts are no loop"
        assert '"one one one"' in found[4].text

    lived(story)


def test_a_key_that_a_server_says_again_is_in_no_message() -> None:
    secret = "sk-very-secret-1234"

    async def story() -> None:
        for answer in (
            Answer(status=401, json={"error": f"no such key: {secret}"}),
            Answer(status=500, json={"error": f"Bearer {secret}"}),
            Answer([{"error": {"message": f"Bearer {secret}"}}]),
            Answer([b"data: Bearer %b\n\n" % secret.encode()]),
        ):
            server = Server("openai", ("https://a/v1",), "tiny", "A_KEY", hosted=True)
            network = Network(a=lambda asked, answer=answer: answer)
            brain = HttpBrain(server, HttpConfig(retries=0), transport=network, environ={"A_KEY": secret})
            with pytest.raises(ModelError) as refused:
                await pieces(brain, prompt())
            assert "secret" not in str(refused.value)

    lived(story)


@pytest.mark.parametrize("dialect", GOOD)
def test_a_servers_error_moves_no_cursor_and_fills_no_screen(dialect: str) -> None:
    async def story() -> None:
        brain = asked_of(dialect, [{"error": "\x1b[2J" + "no " * 10_000}])
        brain._server = Server(dialect, ("http://a/v1",), "tiny", hosted=True)
        with pytest.raises(ModelError) as failed:
            await pieces(brain, prompt())
        assert str(failed.value).isprintable()
        assert len(str(failed.value)) < 500

    lived(story)


def test_a_model_whose_name_cannot_be_shown_is_not_offered() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer(), models=("\x1b[2Jevil", "x" * 300, "tiny")))
        brain = HttpBrain(Server("vllm", ("http://a/v1",)), HttpConfig(probe=False), transport=network)
        assert (await brain.call("facts")).name == "tiny at a"

    lived(story)


def test_a_count_of_nothing_is_no_count() -> None:
    """Some servers send a count with every event, and it is 0 up to the end."""

    async def story() -> None:
        event = delta("Yes.") | {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}
        brain = made(Network(a=on(lambda asked: Answer([event, finish()]))))
        await pieces(brain, prompt("Hello? " * 100))
        assert brain.spent().read > 100

    lived(story)


@pytest.mark.parametrize("ending", [[HANG], [CUT]])
def test_a_draft_that_is_dropped_before_its_first_token_is_paid_for(ending: list[Step]) -> None:
    """A bound on spending must not leak: the server has read the prompt by then. One that failed has not."""
    import asyncio

    async def story() -> None:
        brain = made(Network(a=on(lambda asked: Answer([1.0, *ending]))), retries=0)
        await brain.call("facts")
        task = asyncio.get_running_loop().create_task(pieces(brain, prompt("Hello? " * 100)))
        await asyncio.sleep(0.5 if ending == [HANG] else 2.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (brain.spent().read > 100) is (ending == [HANG])
        assert brain.spent().estimated == brain.spent().read

    lived(story)


def test_a_thought_that_its_template_opens_is_not_spoken_where_none_was_wanted() -> None:
    async def story() -> None:
        closed = Reply("", thinking=False)
        told = {"continues": False, "thinks": True, "thoughts": "open"}
        for said, expected in (
            (["They", " greet.", "</th", "ink>\n\n", "Hello."], "Hello."),
            (["Hel", "lo."], "Hello."),
        ):
            steps = [*(delta(each) for each in said), finish()]
            brain = made(Network(a=on(lambda asked, steps=steps: Answer(steps))), told=told)
            assert text(await pieces(brain, prompt(reply=closed))) == expected

    lived(story)
