"""pipeline/paced.py: a fast brain shows the timing of a slow one."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from pipeline.clock import now, simulate
from pipeline.paced import PacedCompute


class Counter:
    """Counts to ten, a step in so many seconds."""

    def __init__(self, step: float = 0.0) -> None:
        self.step, self.open, self.given, self.closed = step, 0, 0, False

    async def call(self, method: str, *args: Any) -> Any:
        return method, args

    async def stream(self, method: str, *args: Any) -> AsyncIterator[int]:
        self.open += 1
        try:
            for number in range(10):
                await asyncio.sleep(self.step)
                self.given += 1
                yield number
        finally:
            self.open -= 1

    async def close(self) -> None:
        self.closed = True


async def moments(brain: PacedCompute) -> list[float]:
    began = now()
    return [round(now() - began, 6) async for _ in brain.stream("count")]


def test_no_token_comes_before_it_is_due_and_none_is_lost() -> None:
    async def main() -> None:
        assert await moments(PacedCompute(Counter(), 0.02)) == [
            pytest.approx(0.02 * k) for k in range(1, 11)
        ]

    simulate(main)


@dataclass(frozen=True)
class Token:
    confirmed: bool


class Reading(Counter):
    """Writes two tokens, takes three over, and writes two."""

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        for confirmed in (False, False, True, True, True, False, False):
            yield Token(confirmed)


def test_what_was_confirmed_comes_with_the_token_after_it() -> None:
    """One step of a large model reads all that was predicted, and writes a token."""

    async def main() -> None:
        came = [round(at / 0.02) for at in await moments(PacedCompute(Reading(), 0.02))]
        assert came == [1, 2, 3, 3, 3, 3, 4]

    simulate(main)


def test_a_brain_that_is_slower_keeps_its_own_pace() -> None:
    async def main() -> None:
        assert (await moments(PacedCompute(Counter(0.05), 0.02)))[-1] == pytest.approx(0.5)

    simulate(main)


def test_a_late_token_makes_the_following_ones_no_faster() -> None:
    async def main() -> None:
        came: list[float] = []
        async for number in PacedCompute(Counter(), 0.02).stream("count"):
            came.append(now())
            if number == 3:
                await asyncio.sleep(1.0)
        gaps = [b - a for a, b in itertools.pairwise(came)]
        assert min(gaps) >= 0.02 - 1e-9

    simulate(main)


def test_two_streams_do_not_slow_each_other() -> None:
    async def main() -> None:
        brain = PacedCompute(Counter(), 0.02)
        one, other = await asyncio.gather(moments(brain), moments(brain))
        assert one[-1] == other[-1] == pytest.approx(0.2)

    simulate(main)


def test_closing_a_stream_frees_the_brain_even_while_a_token_is_held_back() -> None:
    async def main() -> None:
        counter = Counter()
        stream = PacedCompute(counter, 0.02).stream("count")
        assert await anext(stream) == 0
        await stream.aclose()  # type: ignore[attr-defined]
        assert counter.open == 0 and counter.given == 1
        waiting = asyncio.get_running_loop().create_task(moments(PacedCompute(counter, 5.0)))
        await asyncio.sleep(1.0)
        assert counter.open == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert counter.open == 0

    simulate(main)


def test_calls_are_passed_on_and_closing_closes_what_it_owns() -> None:
    async def main() -> None:
        counter = Counter()
        brain = PacedCompute(counter, 0.02)
        assert await brain.call("facts", 1) == ("facts", (1,)) and now() == 0.0
        await brain.close()
        assert counter.closed

    simulate(main)


@pytest.mark.parametrize("pace", [0.0, -0.02, float("nan")])
def test_a_pace_is_positive(pace: float) -> None:
    with pytest.raises(ValueError, match="positive number of seconds per token"):
        PacedCompute(Counter(), pace)
