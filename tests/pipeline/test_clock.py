"""Time: real programs end cleanly, virtual ones are exact, equal and honest about what went wrong."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator

import pytest

from pipeline.clock import dice, monotonic, now, run, simulate
from pipeline.errors import BugError


def test_an_hour_passes_without_waiting() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return now()

    assert simulate(main) == 3600.0


def test_now_needs_a_loop() -> None:
    with pytest.raises(RuntimeError):
        now()


def test_the_machines_clock_is_not_read_in_a_simulation() -> None:
    async def main() -> None:
        monotonic()

    with pytest.raises(BugError, match="machine's clock"):
        simulate(main)
    assert monotonic() > 0


def test_equal_seeds_throw_equal_dice() -> None:
    async def main() -> list[float]:
        return [dice().random() for _ in range(5)]

    assert simulate(main, seed=4) == simulate(main, seed=4)
    assert simulate(main, seed=4) != simulate(main, seed=5)


def test_a_real_session_has_no_dice() -> None:
    async def main() -> None:
        dice()

    with pytest.raises(BugError, match="simulation"):
        run(main)


def test_a_real_program_returns_its_result_on_the_machines_clock() -> None:
    async def main() -> float:
        return now() - monotonic()

    assert abs(run(main)) < 1.0


def test_uvloop_is_optional() -> None:
    async def main() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(main, fast=True).split(".")[0] in {"uvloop", "asyncio"}


def test_a_real_program_may_fail() -> None:
    async def main() -> None:
        raise BugError("so it was")

    with pytest.raises(BugError, match="so it was"):
        run(main)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as a program in the foreground has it: a shell starts background jobs deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="signals come another way on Windows")
def test_ctrl_c_lets_a_real_program_clean_up() -> None:
    story: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            story.append("cleaned up")
            await asyncio.sleep(0)
            story.append("ended")

    with pytest.raises(KeyboardInterrupt):
        run(main)
    assert story == ["cleaned up", "ended"]


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="signals come another way on Windows")
def test_a_program_that_answers_ctrl_c_itself_returns_its_result() -> None:
    async def main() -> str:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
        return "a summary"

    assert run(main) == "a summary"
