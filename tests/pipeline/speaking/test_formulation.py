"""pipeline/speaking/formulation.py: a thought as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from thinker import Thinker, numbered

from pipeline.clock import simulate
from pipeline.errors import ModelError
from pipeline.ports import Limits
from pipeline.prompt import Human, Prompt, Reply
from pipeline.reading import Reader
from pipeline.speaking.formulation import Formulating, Formulation

HEARD = "heard: tea\n"


def thought(told: list[str], most: int = 300) -> Formulation:
    prompt, limits = Prompt((Human(()), Reply())), Limits(most, stop=("</think>",))

    def tell(text: str, *, confirmed: bool = False) -> None:
        told.append(f"({text})" if confirmed else text)

    return Formulation(prompt, limits, Reader(), tell, 2.0)


def during(scene: Callable[[Formulating], Awaitable[None]], brain: Thinker, lanes: int = 1) -> None:
    async def main() -> None:
        stage = Formulating(brain)
        tasks = [asyncio.get_running_loop().create_task(stage.run()) for _ in range(lanes)]
        await scene(stage)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert brain.open == 0

    simulate(main)


def test_only_finished_lines_are_usable_until_the_thought_is_closed() -> None:
    told: list[str] = []
    growing = thought(told)

    async def scene(stage: Formulating) -> None:
        stage.want(growing)
        await asyncio.sleep(0.065)
        assert (growing.lines, growing.usable, growing.tokens) == (1, HEARD, 6)
        await asyncio.sleep(1.0)
        assert growing.closed and growing.error is None
        assert growing.usable == growing.reader.text == HEARD + "step 0\n"

    during(scene, Thinker(thought=HEARD + "step 0\n"))
    assert "".join(told) == HEARD + "step 0\n" and told[-1] == ""


@pytest.mark.parametrize(
    ("text", "usable", "lines"), [("a b", "a b\n", 1), ("a\nb", "a\nb\n", 2), ("", "", 0)]
)
def test_a_closed_thought_is_usable_to_its_last_word(text: str, usable: str, lines: int) -> None:
    done = thought([])

    async def scene(stage: Formulating) -> None:
        stage.want(done)
        await asyncio.sleep(1.0)
        assert (done.usable, done.lines, done.closed) == (usable, lines, True)

    during(scene, Thinker(thought=text))


def test_a_thought_ends_at_its_budget_and_counts_as_closed() -> None:
    bounded = thought([], most=8)

    async def scene(stage: Formulating) -> None:
        stage.want(bounded)
        await asyncio.sleep(1.0)
        assert bounded.closed and bounded.tokens == 8

    during(scene, Thinker(thought=numbered(50)))


def test_a_stopped_thought_frees_its_lane_before_the_next_token() -> None:
    first, second = thought([]), thought([])

    async def scene(stage: Formulating) -> None:
        stage.want(first)
        await asyncio.sleep(0.5)
        stage.want(second)
        first.stop()
        await asyncio.sleep(0.2)
        assert not first.closed and first.error is None and second.closed

    during(scene, Thinker(hangs=lambda kind, number: number == 0))


def test_one_that_was_stopped_while_it_waited_is_never_begun() -> None:
    brain = Thinker()

    async def scene(stage: Formulating) -> None:
        waiting = thought([])
        waiting.stop()
        stage.want(waiting)
        await asyncio.sleep(0.2)

    during(scene, brain)
    assert brain.asked == []


@pytest.mark.parametrize(
    ("brain", "why"),
    [
        (Thinker(fails=lambda kind, number: True), "the engine fell over"),
        (Thinker(hangs=lambda kind, number: True), "the brain gave no token for 2 s"),
    ],
    ids=["fails", "hangs"],
)
def test_what_goes_wrong_is_told_to_who_waits_and_the_lane_lives_on(brain: Thinker, why: str) -> None:
    told: list[str] = []
    broken, later = thought(told), thought([])

    async def scene(stage: Formulating) -> None:
        stage.want(broken)
        await asyncio.sleep(3.0)
        assert isinstance(broken.error, ModelError) and str(broken.error) == why
        assert not broken.closed and told == [""]
        brain.fails = brain.hangs = lambda kind, number: False
        stage.want(later)
        await asyncio.sleep(1.0)
        assert later.closed

    during(scene, brain)


def test_what_was_predicted_is_there_with_the_first_token_and_counts_as_thought() -> None:
    told: list[str] = []
    growing = thought(told)
    growing.limits = Limits(300, stop=("</think>",), predicted=HEARD + numbered(2))

    async def scene(stage: Formulating) -> None:
        stage.want(growing)
        await asyncio.sleep(0.005)
        assert growing.usable == HEARD + numbered(2) and growing.lines == 3 and not growing.closed
        await asyncio.sleep(1.0)
        assert growing.closed and growing.usable == HEARD + numbered(3)

    during(scene, Thinker(thought=HEARD + numbered(3), confirms=True))
    assert told[0] == "(heard)" and [text for text in told if text and not text.startswith("(")] != []
