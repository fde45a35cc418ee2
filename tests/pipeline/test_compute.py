"""The compute port: one contract, kept inline, in a thread and in a process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from counting_service import HANG, Counting, impossible

from pipeline.channel import ClosedError, FullError
from pipeline.clock import now, run, simulate
from pipeline.compute import LIMIT, Factory, InlineCompute, ProcessCompute, ThreadCompute
from pipeline.errors import BugError, CheckpointError, DeviceError, ModelError, UserError
from pipeline.events import Sample, Span
from pipeline.prompt import Audio, Human, Prompt, System

T = TypeVar("T")
AnyCompute = InlineCompute | ThreadCompute | ProcessCompute
COUNTING = Factory("counting_service:Counting")


@pytest.fixture(params=["inline", "thread", "process"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(kind: str, factory: Factory = COUNTING) -> AnyCompute:
    """A compute port of this kind."""
    if kind == "inline":
        return InlineCompute(factory())
    return ThreadCompute(factory) if kind == "thread" else ProcessCompute(factory)


def lived(kind: str, story: Callable[[AnyCompute], Awaitable[T]], factory: Factory = COUNTING) -> T:
    """Live through a story with a compute port on the clock that fits it."""

    async def main() -> T:
        compute = made(kind, factory)
        try:
            return await story(compute)
        finally:
            await compute.close()

    return simulate(main) if kind == "inline" else run(main)


def spawn(coro: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(coro)


@contextlib.asynccontextmanager
async def opened(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close a stream at the end of the block."""
    try:
        yield stream
    finally:
        await stream.aclose()  # type: ignore[attr-defined]


# --- the contract ----------------------------------------------------------------------------------------


def test_calls_answer_in_the_order_of_asking(kind: str) -> None:
    async def story(compute: AnyCompute) -> list[Any]:
        return await asyncio.gather(*[compute.call("add", number) for number in range(10)])

    assert lived(kind, story) == [0, 1, 3, 6, 10, 15, 21, 28, 36, 45]


def test_a_factory_passes_its_arguments(kind: str) -> None:
    async def story(compute: AnyCompute) -> int:
        return int(await compute.call("add", 1))

    assert lived(kind, story, Factory("counting_service:Counting", (100,), {"step": 7})) == 107


def test_a_service_works_where_it_was_built(kind: str) -> None:
    async def story(compute: AnyCompute) -> tuple[bool, int]:
        return await compute.call("same_home"), await compute.call("pid")

    same, pid = lived(kind, story)
    assert same
    assert (pid == os.getpid()) == (kind != "process")


def test_a_stream_gives_all_its_items_and_ends(kind: str) -> None:
    async def story(compute: AnyCompute) -> tuple[list[int], list[int], int]:
        empty = [item async for item in compute.stream("count", "a", 0)]
        items = [item async for item in compute.stream("count", "a", 20)]
        return empty, items, await compute.call("opened")

    assert lived(kind, story) == ([], list(range(20)), 0)


def test_closing_a_stream_frees_it_before_any_later_job(kind: str) -> None:
    async def story(compute: AnyCompute) -> tuple[int, list[str]]:
        async with opened(compute.stream("count", "a", 10_000)) as stream:
            async for item in stream:
                if item == 5:
                    break
        return await compute.call("opened"), await compute.call("told")

    still_open, told = lived(kind, story)
    assert still_open == 0
    assert told[-1] == "a freed"
    assert told[:6] == [f"a {number}" for number in range(6)]
    assert len(told) <= 6 + 4 + 1, "at most four steps ahead of the reader"


def test_a_reader_that_is_cancelled_frees_its_stream(kind: str) -> None:
    async def story(compute: AnyCompute) -> int:
        first = asyncio.Event()

        async def read() -> None:
            async with opened(compute.stream("count", "a", 10_000_000)) as stream:
                async for _ in stream:
                    first.set()

        task = spawn(read())
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(await compute.call("opened"))

    assert lived(kind, story) == 0


def test_a_long_generation_blocks_neither_a_call_nor_another_stream(kind: str) -> None:
    async def story(compute: AnyCompute) -> list[str]:
        async with opened(compute.stream("count", "long", 1_000_000)) as long:
            await anext(long)
            answer = spawn(compute.call("add", 1))
            short = spawn(_collect(compute.stream("count", "short", 6)))
            while not (answer.done() and short.done()):
                await anext(long)
            assert await answer == 1
            assert await short == list(range(6))
        return list(await compute.call("told"))

    told = lived(kind, story)
    assert len([line for line in told if line.startswith("long")]) < 2000


async def _collect(stream: AsyncIterator[T]) -> list[T]:
    return [item async for item in stream]


def test_streams_that_are_read_together_take_turns(kind: str) -> None:
    """None waits for another's end. Step by step is Rota's affair (test_service); where a thread or a process
    lies between, how far one reader gets before the next is the operating system's."""

    async def story(compute: AnyCompute) -> list[str]:
        await asyncio.gather(*[_collect(compute.stream("count", name, 30)) for name in "abc"])
        return list(await compute.call("told"))

    done = dict.fromkeys("abc", 0)
    for line in lived(kind, story):
        if not line.endswith("freed"):
            done[line[0]] += 1
            assert max(done.values()) < 30 or min(done.values()) > 0
            assert kind != "inline" or max(done.values()) - min(done.values()) <= 1
    assert done == dict.fromkeys("abc", 30)


@pytest.mark.parametrize(
    ("what", "error", "text"),
    [
        ("ours", CheckpointError, "weights.safetensors: truncated after 17 bytes"),
        ("user", UserError, "nothing was said"),
        ("theirs", ModelError, "fail failed with KeyError: 'layer.3'"),
    ],
)
def test_errors_keep_their_type_and_text(kind: str, what: str, error: type[Exception], text: str) -> None:
    async def story(compute: AnyCompute) -> int:
        with pytest.raises(error) as caught:
            await compute.call("fail", what)
        assert type(caught.value) is error
        assert str(caught.value) == text
        assert compute.alive
        return int(await compute.call("add", 1))

    assert lived(kind, story) == 1


def test_an_error_of_a_class_that_cannot_be_imported_arrives_as_what_it_derives_from(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        with pytest.raises(DeviceError, match="it was unplugged"):
            await compute.call("fail", "local")

    lived(kind, story)


def test_a_stream_that_fails_gives_its_items_first(kind: str) -> None:
    async def story(compute: AnyCompute) -> tuple[list[int], int]:
        items = []
        with pytest.raises(ModelError, match="out of memory"):
            async for item in compute.stream("stumble", 7):
                items.append(item)
        return items, await compute.call("add", 1)

    assert lived(kind, story) == (list(range(7)), 1)


def test_a_stream_that_does_not_close_cleanly_is_logged_and_the_next_job_runs(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(compute: AnyCompute) -> int:
        async with opened(compute.stream("stubborn")) as stream:
            await anext(stream)
        return int(await compute.call("add", 1))

    with caplog.at_level(logging.ERROR, "hocket.compute"):
        assert lived(kind, story) == 1
    if kind != "process":  # there it is written to the error output of the child
        assert "did not stop cleanly" in caplog.text


def test_wrong_names_are_bugs(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        for name in ("subtract", "_secret", "__init__", "total"):
            with pytest.raises(BugError, match=f"no method '{name}'"):
                await compute.call(name)
        with pytest.raises(BugError, match="add returned a int, which is no stream"):
            await _collect(compute.stream("add", 1))

    lived(kind, story)


def test_prompts_and_arrays_pass_unchanged(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        sound = np.random.default_rng(0).uniform(-1, 1, 400_000).astype(np.float32)
        prompt = Prompt((System("x"), Human((Audio(sound),))))
        for value in (prompt, None, [1, "é", b"\0"], {"a": Span(Sample(1), Sample(2))}, 0.1):
            assert await compute.call("echo", value) == value

    lived(kind, story)


def test_one_request_too_many_is_refused_and_the_others_are_served(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        streams = [compute.stream("count", str(number), 3) for number in range(LIMIT)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(FullError, match=f"{LIMIT} requests"):
            await compute.call("add", 1)
        with pytest.raises(FullError):
            await anext(compute.stream("count", "x", 1))
        for stream in streams:
            assert await _collect(stream) == [1, 2]
        assert await compute.call("add", 1) == 1

    lived(kind, story)


def test_after_close_everything_says_closed(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        assert compute.alive
        assert await compute.call("add", 1) == 1
        await compute.close()
        await compute.close()
        assert not compute.alive
        with pytest.raises(ClosedError):
            await compute.call("add", 1)
        with pytest.raises(ClosedError):
            await anext(compute.stream("count", "a", 3))

    lived(kind, story)


def test_close_fails_whoever_waits(kind: str) -> None:
    async def story(compute: AnyCompute) -> list[type]:
        stream = compute.stream("count", "a", 1_000_000)
        await anext(stream)
        readers = [spawn(_collect(stream)), *[spawn(compute.call("add", n)) for n in range(20)]]
        await asyncio.sleep(0)
        await compute.close()
        return [type(outcome) for outcome in await asyncio.gather(*readers, return_exceptions=True)]

    outcomes = lived(kind, story)
    assert outcomes[0] is ClosedError
    assert set(outcomes) <= {ClosedError, int}


def test_a_service_that_was_never_asked_closes(kind: str) -> None:
    async def story(compute: AnyCompute) -> None:
        return None

    lived(kind, story)


# --- inline ----------------------------------------------------------------------------------------------


def test_the_declared_cost_passes_and_jobs_wait_for_each_other() -> None:
    async def main() -> list[tuple[str, float]]:
        costs = {"add": 0.5, "count": 0.1}
        compute = InlineCompute(Counting(), lambda method, _result: costs.get(method, 0.0))
        moments: list[tuple[str, float]] = []

        async def add(name: str) -> None:
            await compute.call("add", 1)
            moments.append((name, round(now(), 9)))

        async def count() -> None:
            async for item in compute.stream("count", "a", 2):
                moments.append((f"step {item}", round(now(), 9)))

        await asyncio.gather(add("first"), count(), add("second"))
        await compute.close()
        return moments

    assert simulate(main) == [("first", 0.5), ("step 0", 0.6), ("second", 1.1), ("step 1", 1.2)]


def test_the_cost_may_follow_from_the_result() -> None:
    async def main() -> float:
        compute = InlineCompute(Counting(), lambda _method, result: float(result))
        await compute.call("add", 3)
        await compute.call("add", 4)
        return now()

    assert simulate(main) == 3.0 + 7.0


def test_a_cancelled_callers_job_still_keeps_the_service_busy() -> None:
    """As a thread would be: nobody stops a prefill half way."""

    async def main() -> float:
        compute = InlineCompute(Counting(), lambda _method, _result: 1.0)
        task = spawn(compute.call("add", 1))
        await asyncio.sleep(0.4)
        task.cancel()
        assert await compute.call("add", 1) == 2
        with pytest.raises(asyncio.CancelledError):
            await task
        return now()

    assert simulate(main) == 2.0


def test_a_caller_that_gives_up_in_line_is_skipped() -> None:
    async def main() -> tuple[float, int]:
        compute = InlineCompute(Counting(), lambda _method, _result: 1.0)
        first, second, third = [spawn(compute.call("add", 10**n)) for n in range(3)]
        await asyncio.sleep(0.5)
        second.cancel()
        await first
        return now(), await third

    assert simulate(main) == (1.0, 101)


def test_closing_inline_ends_a_long_cost_at_once() -> None:
    async def main() -> float:
        compute = InlineCompute(Counting(), lambda _method, _result: 1000.0)
        task = spawn(compute.call("add", 1))
        waiting = spawn(compute.call("add", 1))
        await asyncio.sleep(1)
        await compute.close()
        for each in (task, waiting):
            with pytest.raises(ClosedError):
                await each
        return now()

    assert simulate(main) == 1.0


# --- threads and processes -------------------------------------------------------------------------------


@pytest.fixture(params=["thread", "process"])
def remote(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def relent() -> Iterator[None]:
    """Let a thread that hangs go once the test is over."""
    HANG.clear()
    yield
    HANG.set()
    for thread in threading.enumerate():
        if thread.name == "compute":
            thread.join()


def test_a_simulation_starts_no_thread_and_no_process(remote: str) -> None:
    async def main() -> None:
        made(remote)

    with pytest.raises(BugError, match="use InlineCompute"):
        simulate(main)


def test_a_simulation_does_not_wait_for_a_service_outside(remote: str) -> None:
    compute = made(remote)

    async def ask() -> None:
        await compute.call("add", 1)

    with pytest.raises(BugError, match="use InlineCompute"):
        simulate(ask)
    run(compute.close)


def test_a_service_that_cannot_be_built_says_why_to_everyone(remote: str) -> None:
    async def story(compute: AnyCompute) -> None:
        for _ in range(2):
            with pytest.raises(CheckpointError, match="no weights at all"):
                await compute.call("add", 1)
        with pytest.raises(CheckpointError):
            await anext(compute.stream("count", "a", 3))
        assert not compute.alive

    lived(remote, story, Factory("counting_service:impossible"))
    with pytest.raises(CheckpointError):
        impossible()


@pytest.mark.parametrize("target", ["counting_service:Absent", "absent_module:Counting", "no colon"])
def test_a_factory_without_a_target_says_so(remote: str, target: str) -> None:
    async def story(compute: AnyCompute) -> None:
        with pytest.raises(BugError, match=f"cannot find '{target}'"):
            await compute.call("add", 1)

    lived(remote, story, Factory(target))


def test_a_service_that_dies_fails_everyone_who_waits(remote: str) -> None:
    async def story(compute: AnyCompute) -> None:
        stream = compute.stream("count", "a", 10**6)
        await anext(stream)
        waiting = [spawn(compute.call("die")), spawn(compute.call("add", 1)), spawn(_collect(stream))]
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            assert type(outcome) is ModelError
            assert "ended" in str(outcome)
        assert not compute.alive
        with pytest.raises(ModelError, match="ended"):
            await compute.call("add", 1)

    lived(remote, story)


def test_a_process_that_is_killed_is_told_with_its_exit_code() -> None:
    async def story(compute: AnyCompute) -> None:
        with pytest.raises(ModelError, match=r"the engine's process ended \(exit code 9\)"):
            await compute.call("vanish")

    lived("process", story)


@pytest.mark.usefixtures("relent")
def test_close_is_bounded_while_the_service_hangs(
    remote: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async def story(compute: AnyCompute) -> float:
        hanging = spawn(compute.call("hang", str(tmp_path / "sign")))
        while not (tmp_path / "sign").exists():  # noqa: ASYNC110  # a process has no event of ours
            await asyncio.sleep(0.01)
        begun = now()
        with caplog.at_level(logging.WARNING, "hocket.compute"):
            await compute.close()
        with pytest.raises(ClosedError):
            await hanging
        return now() - begun

    assert lived(remote, story) < 2.0 + 0.5, "two seconds, and what a busy machine adds"
    assert ("left behind" in caplog.text) == (remote == "thread")


def test_what_cannot_cross_to_a_process_is_a_bug_and_the_next_call_works() -> None:
    async def story(compute: AnyCompute) -> int:
        with pytest.raises(BugError, match="cannot cross to a process"):
            await compute.call("echo", lambda: None)
        with pytest.raises(BugError, match="cannot cross from a process"):
            await compute.call("broken_pipe_dreams")
        return int(await compute.call("add", 1))

    assert lived("process", story) == 1


def test_a_factory_that_cannot_cross_to_a_process_is_a_bug() -> None:
    async def main() -> None:
        ProcessCompute(Factory("counting_service:Counting", (lambda: None,)))

    with pytest.raises(BugError, match="cannot cross to a process"):
        run(main)


def test_a_service_belongs_to_one_loop(remote: str) -> None:
    compute = made(remote)

    async def ask() -> int:
        return int(await compute.call("add", 1))

    async def ask_and_close() -> int:
        try:
            return await ask()
        finally:
            await compute.close()

    assert run(ask_and_close) == 1
    with pytest.raises(BugError, match="another event loop"):
        run(ask)


def test_nobody_is_left_behind(remote: str) -> None:
    before = threading.active_count()

    async def story(compute: AnyCompute) -> AnyCompute:
        await _collect(compute.stream("count", "a", 3))
        return compute

    compute = lived(remote, story)
    if isinstance(compute, ProcessCompute):
        assert compute._process.exitcode == 0
    for thread in threading.enumerate():
        if thread.name.startswith("compute"):
            thread.join()
    assert threading.active_count() <= before


def test_a_script_without_a_guard_may_use_a_process(tmp_path: Path) -> None:
    """Spawning would run the script again in the child, which would spawn again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from pipeline.clock import run\n"
        "from pipeline.compute import Factory, ProcessCompute\n"
        "print('once')\n"
        "async def main():\n"
        "    compute = ProcessCompute(Factory('counting_service:Counting', (41,)))\n"
        "    print(await compute.call('add', 1))\n"
        "    await compute.close()\n"
        "run(main)\n"
    )
    here = Path(__file__).parent
    command = [sys.executable, str(script), str(here.parents[1]), str(here)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("once\n42\n", 0), done.stderr


def test_a_process_whose_parent_was_killed_ends_by_itself(tmp_path: Path) -> None:
    """The output of the script stays open until the last process that holds it has ended."""
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio, os, sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pipeline.clock import run\n"
        "from pipeline.compute import Factory, ProcessCompute\n"
        "async def main():\n"
        "    compute = ProcessCompute(Factory('counting_service:Counting'))\n"
        "    print(await compute.call('pid'), flush=True)\n"
        "    hanging = asyncio.get_running_loop().create_task(compute.call('hang', sys.argv[3]))\n"
        "    while not os.path.exists(sys.argv[3]):\n"
        "        await asyncio.sleep(0.01)\n"
        "    os._exit(7)\n"
        "run(main)\n"
    )
    here = Path(__file__).parent
    command = [sys.executable, str(script), str(here.parents[1]), str(here), str(tmp_path / "sign")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 7, done.stderr
    assert int(done.stdout) != os.getpid()
