"""Mailboxes: bounded, in order, honest about what they drop."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.channel import Channel, ClosedError, EmptyError, Full, FullError
from pipeline.clock import now, simulate


def spawn(coro: object, name: str | None = None) -> asyncio.Task[object]:
    return asyncio.get_running_loop().create_task(coro, name=name)  # type: ignore[arg-type]


def test_a_channel_holds_at_least_one_item() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Channel[int](0)


def test_items_come_out_in_the_order_they_went_in() -> None:
    async def main() -> list[int]:
        channel = Channel[int](3)
        for item in (1, 2, 3):
            await channel.put(item)
        return [await channel.get() for _ in range(3)]

    assert simulate(main) == [1, 2, 3]


def test_under_wait_a_full_channel_makes_put_wait_for_room() -> None:
    async def main() -> float:
        channel = Channel[int](1)
        await channel.put(1)
        asyncio.get_running_loop().call_later(2.0, channel.get_now)
        await channel.put(2)
        return now()

    assert simulate(main) == 2.0


def test_under_wait_put_now_refuses_when_full() -> None:
    channel = Channel[int](1)
    channel.put_now(1)
    with pytest.raises(FullError, match="holds 1 items"):
        channel.put_now(2)
    assert len(channel) == 1
    assert channel.dropped == 0


def test_under_fail_both_puts_refuse_when_full() -> None:
    async def main() -> None:
        channel = Channel[int](1, full=Full.FAIL)
        await channel.put(1)
        with pytest.raises(FullError):
            await channel.put(2)
        with pytest.raises(FullError):
            channel.put_now(2)
        assert channel.get_now() == 1

    simulate(main)


def test_under_drop_oldest_the_newest_stay_and_the_loss_is_counted() -> None:
    async def main() -> tuple[list[int], int]:
        channel = Channel[int](2, full=Full.DROP_OLDEST)
        for item in range(5):
            await channel.put(item)
        return [channel.get_now(), channel.get_now()], channel.dropped

    assert simulate(main) == ([3, 4], 3)


def test_get_waits_and_get_now_does_not() -> None:
    async def main() -> tuple[int, float]:
        channel = Channel[int](1)
        with pytest.raises(EmptyError):
            channel.get_now()
        asyncio.get_running_loop().call_later(1.5, channel.put_now, 7)
        return await channel.get(), now()

    assert simulate(main) == (7, 1.5)


def test_after_close_what_is_left_comes_first() -> None:
    async def main() -> None:
        channel = Channel[int](2)
        channel.put_now(1)
        channel.close()
        channel.close()
        assert channel.closed
        with pytest.raises(ClosedError):
            channel.put_now(2)
        assert await channel.get() == 1
        with pytest.raises(ClosedError):
            await channel.get()
        with pytest.raises(ClosedError):
            channel.get_now()

    simulate(main)


def test_close_wakes_everyone_who_waits() -> None:
    async def main() -> list[str]:
        told: list[str] = []

        async def getter(empty: Channel[int]) -> None:
            with pytest.raises(ClosedError):
                await empty.get()
            told.append("getter")

        async def putter(full: Channel[int]) -> None:
            with pytest.raises(ClosedError):
                await full.put(2)
            told.append("putter")

        empty, full = Channel[int](1), Channel[int](1)
        full.put_now(1)
        tasks = [spawn(getter(empty)), spawn(getter(empty)), spawn(putter(full))]
        await asyncio.sleep(1)
        empty.close()
        full.close()
        for task in tasks:
            await task
        assert full.get_now() == 1
        return told

    assert simulate(main) == ["getter", "getter", "putter"]


def test_iteration_ends_at_close() -> None:
    async def main() -> list[int]:
        channel = Channel[int](1)

        async def feed() -> None:
            for item in range(4):
                await channel.put(item)
            channel.close()

        task = spawn(feed())
        items = [item async for item in channel]
        await task
        return items

    assert simulate(main) == [0, 1, 2, 3]


def test_who_waits_is_woken_in_the_order_of_coming() -> None:
    async def main() -> list[tuple[str, int]]:
        channel, got = Channel[int](1), list[tuple[str, int]]()

        async def getter(name: str) -> None:
            got.append((name, await channel.get()))

        tasks = [spawn(getter(name)) for name in "abc"]
        await asyncio.sleep(1)
        for item in range(3):
            await channel.put(item)
        for task in tasks:
            await task
        return got

    assert simulate(main) == [("a", 0), ("b", 1), ("c", 2)]


def test_a_getter_cancelled_at_the_moment_of_its_turn_loses_no_item() -> None:
    async def main() -> int:
        channel = Channel[int](1)
        first, second = spawn(channel.get()), spawn(channel.get())
        await asyncio.sleep(1)
        channel.put_now(5)
        first.cancel()
        value = await second
        assert first.cancelled()
        assert isinstance(value, int)
        return value

    assert simulate(main) == 5


def test_a_deadline_that_falls_together_with_an_item_leaves_the_item_there() -> None:
    async def main() -> int:
        channel = Channel[int](1)
        asyncio.get_running_loop().call_later(1.0, channel.put_now, 9)
        try:
            async with asyncio.timeout(1.0):
                return await channel.get()
        except TimeoutError:
            return channel.get_now() + 100

    assert simulate(main) in (9, 109)


STEPS = st.lists(st.sampled_from(["put", "put_now", "get", "get_now", "cancel", "rest"]), max_size=40)


@given(STEPS, st.integers(1, 3), st.sampled_from(Full))
def test_any_program_gives_every_item_once_in_order(steps: list[str], size: int, full: Full) -> None:
    """Random puts, gets and cancellations: what was accepted and not dropped comes out once, in order."""

    async def main() -> None:
        channel, accepted, got = Channel[int](size, full=full), deque[int](), list[int]()
        tasks: list[asyncio.Task[object]] = []

        async def put(item: int) -> None:
            await channel.put(item)
            accepted.append(item)

        async def get() -> None:
            got.append(await channel.get())

        for number, step in enumerate(steps):
            if step == "put" and full is not Full.FAIL:
                tasks.append(spawn(put(number), "put"))
            elif step == "put_now":
                try:
                    channel.put_now(number)
                    accepted.append(number)
                except FullError:
                    assert len(channel) == size
            elif step == "get":
                tasks.append(spawn(get()))
            elif step == "get_now":
                try:
                    got.append(channel.get_now())
                except EmptyError:
                    assert len(channel) == 0
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            else:
                await asyncio.sleep(1)
            assert len(channel) <= size
        await asyncio.sleep(1)
        while True:  # a waiting putter refills what is taken here: nobody may be forgotten
            try:
                got.append(channel.get_now())
            except EmptyError:
                break
            await asyncio.sleep(1)
        assert all(task.done() for task in tasks if task.get_name() == "put"), "a putter was forgotten"
        for task in tasks:
            task.cancel()
        for task in tasks:
            await asyncio.wait([task])
        assert len(got) == len(set(got))
        assert len(got) + channel.dropped == len(accepted)
        kept = sorted(set(accepted) & set(got), key=list(accepted).index)
        assert [item for item in got if item in kept] == kept

    simulate(main)
