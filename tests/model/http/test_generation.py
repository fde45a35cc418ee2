"""Retries, failover and abort: no token twice, none lost, and nobody waits longer than was said."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Awaitable
from contextlib import aclosing
from typing import Any

import pytest
from http_scene import (
    CUT,
    DONE,
    HANG,
    Answer,
    Asked,
    Handler,
    Network,
    Step,
    delta,
    finish,
    lived,
    made,
    on,
    pieces,
    prompt,
    says,
    spoken,
    text,
    usage,
    words,
)

from pipeline.clock import now
from pipeline.errors import ModelError
from pipeline.ports import Limits
from pipeline.prompt import Reply

STORY = "One day a small boat left the old harbour and never came back."


def goes_on(*faults: Step) -> Handler:
    """A server that knows a story by heart and goes on from wherever it is, then meets its fault."""

    def handle(asked: Asked) -> Answer:
        last = asked.body["messages"][-1]
        begun = last["content"] if last["role"] == "assistant" else ""
        assert STORY.startswith(begun), "it goes on from what was passed on and nothing else"
        rest = words(STORY[len(begun) :])
        if not faults:
            return Answer(spoken(*rest))
        steps: list[Step] = []
        for each in rest[:4]:
            steps += [0.02, delta(each)]
        return Answer([*steps, *faults])

    return on(handle)


def twice(first: Answer, then: Handler) -> Handler:
    """One answer, and from then on another handler's."""
    left = [first]

    def handle(asked: Asked) -> Answer | Awaitable[Answer]:
        return left.pop() if left else then(asked)

    return on(handle)


@pytest.mark.parametrize(
    "fault", [CUT, DONE[:4], HANG, b'data: {"choi', {"error": {"message": "out of memory"}}]
)
def test_a_server_that_breaks_off_in_the_middle_is_gone_on_from_elsewhere(fault: Step) -> None:
    async def story() -> tuple[str, float]:
        network = Network(a=goes_on(fault), b=goes_on())
        brain = made(network)
        found = await pieces(brain, prompt())
        assert [each.host for each in network.to("completions")] == ["a", "b"]
        assert network.to("completions")[1].body["max_tokens"] == 256 - 4
        assert network.open == 0
        await brain.close()
        return text(found), now()

    said, spent = lived(story)
    assert said == STORY
    assert spent < 3.0


def test_a_thought_that_was_cut_off_goes_on_as_a_thought() -> None:
    async def story() -> str:
        def first(asked: Asked) -> Answer:
            return Answer([delta(thought="Six and"), delta(thought=" two is"), CUT])

        def second(asked: Asked) -> Answer:
            assert asked.body["messages"][-1] == {"role": "assistant", "content": "<think>\nSix and two is"}
            return Answer(spoken(" eight.", "</think>", "\n\nEight."))

        brain = made(Network(a=on(first), b=on(second)), told={"continues": True, "thinks": True})
        return text(await pieces(brain, prompt(reply=Reply())))

    assert lived(story) == "Six and two is eight.</think>\nEight."


def test_a_brain_that_cannot_continue_says_so_where_its_server_vanishes() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([delta("One"), CUT])), b=says("Two."))
        brain = made(network, told={"continues": False, "thinks": False})
        with pytest.raises(ModelError, match=r"a went away .*cannot go on from the middle"):
            await pieces(brain, prompt())
        assert text(await pieces(brain, prompt())) == "Two.", "the next question goes to the one that is well"

    lived(story)


def test_with_no_other_address_a_broken_answer_is_an_error_and_no_repetition() -> None:
    async def story() -> None:
        brain = made(Network(a=goes_on(CUT)))
        found: list[str] = []
        with pytest.raises(ModelError, match="no other address"):
            async for piece in brain.stream("generate", prompt(), Limits()):
                found.append(piece.text)
        assert "".join(found) == "One day a small"

    lived(story)


@pytest.mark.parametrize(
    "first",
    [
        Answer(status=503, json={"error": "loading"}),
        Answer([CUT]),
        Answer([b""]),
        Answer(status=429, json={}),
    ],
)
def test_before_the_first_token_a_request_is_tried_again(first: Answer) -> None:
    async def story() -> float:
        network = Network(a=twice(first, says("Fine.")))
        assert text(await pieces(made(network), prompt())) == "Fine."
        assert len(network.to("completions")) == 2
        return now()

    assert lived(story) == pytest.approx(0.15 + 0.02, abs=0.01)


def test_it_is_tried_again_a_stated_number_of_times_and_never_past_the_deadline() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer(status=500, json={"error": {"message": "broken"}})))
        with pytest.raises(ModelError, match="a answered 500: broken"):
            await pieces(made(network), prompt())
        assert len(network.to("completions")) == 3
        assert now() == pytest.approx(0.45)
        later = Network(a=on(lambda asked: Answer(status=503, json={}, headers={"Retry-After": "30"})))
        with pytest.raises(ModelError, match="503"):
            await pieces(made(later), prompt())
        assert len(later.to("completions")) == 1, "it would have to wait longer than anybody listens"

    lived(story)


def test_a_silent_server_is_left_at_its_deadline_and_let_go_of() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([HANG])))
        with pytest.raises(ModelError, match="no token in time"):
            await pieces(made(network, first_token=3.0), prompt())
        assert now() == pytest.approx(3.0)
        assert network.open == 0

    lived(story)


def test_a_silent_server_is_left_sooner_where_another_is_well() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([HANG])), b=says("Here."))
        brain = made(network)
        assert text(await pieces(brain, prompt())) == "Here."
        assert now() == pytest.approx(2.0, abs=0.1)
        await pieces(brain, prompt())
        assert [each.host for each in network.to("completions")] == ["a", "b", "b"]

    lived(story)


def test_one_that_failed_lately_shows_that_it_is_back_before_it_is_asked_again() -> None:
    async def story() -> None:
        sick = False

        def handle(asked: Asked) -> Answer:
            if sick:
                return Answer([HANG])
            if asked.path.endswith("/models"):
                return Answer(json={"data": [{"id": "tiny"}]})
            return Answer(spoken("Back."))

        network = Network(a=handle, b=says("Here."))
        brain, first_at_a = (
            made(network),
            [name for name in "opqrstuvw" if zlib.crc32(name.encode()) % 2 == 0],
        )
        await brain.call("facts")
        sick = True
        assert text(await pieces(brain, prompt(), session=first_at_a[0])) == "Here."
        await asyncio.sleep(1.5)
        before = now()
        assert text(await pieces(brain, prompt(), session=first_at_a[1])) == "Here."
        assert now() - before == pytest.approx(0.3 + 0.02), "a glance, not the patience of a request"
        sick = False
        assert text(await pieces(brain, prompt(), session=first_at_a[2])) == "Here.", "it still rests"
        await asyncio.sleep(2.5)
        assert text(await pieces(brain, prompt(), session=first_at_a[2])) == "Here.", (
            "its home is there by now"
        )
        assert text(await pieces(brain, prompt(), session=first_at_a[3])) == "Back."

    lived(story)


def test_a_session_stays_where_its_prefix_is_warm_and_others_are_spread() -> None:
    async def story() -> None:
        network = Network(a=says("A."), b=says("B."), c=says("C."))
        brain = made(network)
        homes: dict[str, set[str]] = {}
        for session in ("x", "y", "z", "u", "v", "w"):
            for _ in range(3):
                homes.setdefault(session, set()).add(text(await pieces(brain, prompt(), session=session)))
        assert all(len(home) == 1 for home in homes.values())
        assert len(set.union(*homes.values())) > 1

    lived(story)


def test_closing_the_stream_lets_go_of_the_server_at_once() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([0.1, delta("One"), 0.1, delta(" two"), HANG])))
        brain = made(network)
        stream: Any = brain.stream("generate", prompt(), Limits())
        async with aclosing(stream) as found:
            assert (await anext(found)).text == "One"
        assert network.to("completions")[0].closed == now() == pytest.approx(0.1)
        assert brain.spent().written == 1, "what was written before is paid for"

    lived(story)


def test_a_stop_text_lets_go_of_the_server_too() -> None:
    async def story() -> None:
        network = Network(a=on(lambda asked: Answer([delta("Six.</think>"), HANG])))
        found = await pieces(
            made(network, told={"continues": True, "thinks": True}),
            prompt(reply=Reply()),
            Limits(stop=("</think>",)),
        )
        assert (text(found), found[-1].last, network.open) == ("Six.</think>", True, 0)

    lived(story)


def test_the_count_after_the_end_is_waited_for_but_not_for_long() -> None:
    async def story() -> None:
        steps = [delta("Yes."), finish(), 0.1, usage(40, 2, 32), DONE]
        brain = made(Network(a=on(lambda asked: Answer(steps))))
        await pieces(brain, prompt())
        assert (brain.spent().read, brain.spent().cached, brain.spent().estimated) == (40, 32, 0)
        late = made(Network(a=on(lambda asked: Answer([delta("Yes."), finish(), HANG]))))
        before = now()
        assert text(await pieces(late, prompt())) == "Yes."
        assert now() - before == pytest.approx(0.25)

    lived(story)


def test_a_refusal_is_final_and_says_what_the_server_said() -> None:
    async def story() -> None:
        told = {"error": {"message": "maximum context length is 4096 tokens", "code": 400}}
        network = Network(a=on(lambda asked: Answer(status=400, json=told)), b=says("Never asked."))
        with pytest.raises(ModelError, match=r"a refuses the request \(400\): maximum context length"):
            await pieces(made(network), prompt())
        assert len(network.to("completions")) == 1

    lived(story)


def test_a_server_that_knows_no_limit_is_stopped() -> None:
    async def story() -> None:
        def for_ever(asked: Asked) -> Answer:
            return Answer([delta(f" {number}") for number in range(10_000)])

        network = Network(a=on(for_ever))
        found = await pieces(made(network), prompt(), Limits(20))
        assert len(found) <= 40
        assert network.open == 0

    lived(story)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_breaks_wherever_no_word_is_lost_or_said_twice(seed: int) -> None:
    dice = random.Random(seed)

    def moody(asked: Asked) -> Answer:
        last = asked.body["messages"][-1]
        begun = last["content"] if last["role"] == "assistant" else ""
        assert STORY.startswith(begun)
        rest = words(STORY[len(begun) :])
        mood = dice.random()
        if mood < 0.2:
            return Answer(status=dice.choice([429, 500, 503]), json={})
        steps: list[Step] = []
        for each in rest[: dice.randint(0, 6)] if mood < 0.6 else rest:
            steps += [dice.choice([0.0, 0.05]), delta(each)]
        if mood < 0.6:
            return Answer(
                [*steps, dice.choice([CUT, HANG, b"data: {", {"error": "no"}, b"data: nonsense\n\n"])]
            )
        return Answer([*steps, finish(), DONE])

    async def story() -> None:
        network = Network(a=on(moody), b=on(moody), c=on(moody))
        brain = made(network)
        for _ in range(5):
            said, began = "", now()
            try:
                async for piece in brain.stream("generate", prompt(), Limits()):
                    said += piece.text
            except ModelError:
                assert STORY.startswith(said)
            else:
                assert said == STORY
            assert now() - began < 60.0
            assert network.open == 0

    lived(story)


def test_two_lives_of_one_story_are_the_same() -> None:
    async def story() -> list[tuple[str, float]]:
        network = Network(a=goes_on(CUT), b=goes_on(HANG), c=goes_on())
        await pieces(made(network), prompt())
        return [(each.host, each.at) for each in network.asked]

    assert lived(story) == lived(story)
