"""The far side of the compute port: turns, allowances and what is freed when. No thread, no loop."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest
from counting_service import Counting
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BugError, CheckpointError, HocketError, ModelError
from pipeline.service import (
    SERVICE,
    Call,
    Command,
    End,
    Factory,
    Failure,
    More,
    Open,
    Quit,
    Reply,
    Rota,
    Stop,
    Value,
    failure,
    serve,
)


def worked(commands: list[Command], service: Counting | None = None) -> tuple[list[Reply], Counting]:
    """What is answered when all commands come at once and then nothing."""
    replies: list[Reply] = []
    service = service or Counting()
    rota = Rota(service, replies.append)
    for command in commands:
        assert not isinstance(command, Quit)
        rota.accept(command)
    while not rota.idle:
        rota.work()
    return replies, service


def test_jobs_take_turns_and_a_stream_takes_one_step_each() -> None:
    _, service = worked(
        [
            Open(1, "count", ("a", 3), 9),
            Open(2, "count", ("b", 2), 9),
            Call(3, "add", (1,)),
            Call(4, "add", (2,)),
        ]
    )
    assert service.story == ["a 0", "b 0", "add 1", "add 2", "a 1", "b 1", "a 2", "b freed", "a freed"]


def test_a_stream_goes_no_further_than_its_reader_allows() -> None:
    replies: list[Reply] = []
    rota = Rota(Counting(), replies.append)
    rota.accept(Open(1, "count", ("a", 10), 2))
    while not rota.idle:
        rota.work()
    assert replies == [Value(1, 0), Value(1, 1)]
    rota.accept(More(1, 1))
    rota.accept(More(1, 1))
    while not rota.idle:
        rota.work()
    assert replies[2:] == [Value(1, 2), Value(1, 3)]


def test_a_stop_frees_at_once_and_silences() -> None:
    service = Counting()
    replies: list[Reply] = []
    rota = Rota(service, replies.append)
    rota.accept(Open(1, "count", ("a", 10), 9))
    rota.accept(Call(2, "add", (1,)))
    rota.work()
    assert service.open == 1
    rota.accept(Stop(1))
    assert service.open == 0
    rota.accept(Stop(2))
    rota.accept(Stop(99))
    rota.accept(More(1, 5))
    assert rota.idle
    assert replies == [Value(1, 0)]
    assert "add 1" not in service.story


def test_a_stop_closes_an_iterator_that_others_still_hold() -> None:
    """Dropping the last reference would close it too, but nobody can count on holding the last."""
    service, iterator = Counting(), Counting().count("held", 10)
    service.held = lambda: iterator  # type: ignore[attr-defined]
    rota = Rota(service, lambda reply: None)
    rota.accept(Open(1, "held", (), 9))
    rota.work()
    rota.accept(Stop(1))
    assert list(iterator) == []


def test_closing_frees_every_stream() -> None:
    service = Counting()
    rota = Rota(service, lambda reply: None)
    for number in range(1, 4):
        rota.accept(Open(number, "count", (str(number), 10), 9))
    for _ in range(3):
        rota.work()
    assert service.open == 3
    rota.close()
    assert service.open == 0
    assert rota.idle


def test_errors_become_plain_and_come_back_as_they_were() -> None:
    told = failure(3, "generate", CheckpointError("truncated"))
    assert told == Failure(3, "pipeline.errors:CheckpointError", "truncated")
    back = told.error()
    assert type(back) is CheckpointError
    assert str(back) == "truncated"
    assert str(failure(3, "generate", ZeroDivisionError("by 0")).error()) == (
        "generate failed with ZeroDivisionError: by 0"
    )


def test_an_error_that_wants_more_than_a_text_comes_back_too() -> None:
    class Picky(ModelError):
        def __init__(self, layer: int, text: str) -> None:
            super().__init__(f"layer {layer}: {text}")

    back = failure(1, "x", Picky(3, "nan")).error()
    assert type(back) is ModelError
    assert str(back) == "layer 3: nan"


def test_a_factory_finds_and_calls_its_target() -> None:
    counting = Factory("counting_service:Counting", (5,), {"step": 2})()
    assert (counting.total, counting.step) == (5, 2)
    for target in ("counting_service:Absent", "absent_module:x", "nothing", ":x"):
        with pytest.raises(BugError, match="cannot find"):
            Factory(target)()


def test_serving_ends_when_told_to_and_frees_the_service() -> None:
    inbox: SimpleQueue[Command] = SimpleQueue()
    replies: list[Reply] = []
    made: list[Counting] = []

    def build() -> Counting:
        made.append(Counting())
        return made[0]

    for command in (Open(1, "count", ("a", 3), 2), Call(2, "add", (4,)), Quit(), Call(3, "add", (5,))):
        inbox.put(command)
    serve(build, inbox, replies.append)
    assert made[0].total == 0, "what came before the end was taken note of, but the end came first"
    assert replies == []


def test_serving_what_cannot_be_built_says_why() -> None:
    replies: list[Reply] = []
    serve(Factory("counting_service:impossible"), SimpleQueue(), replies.append)
    assert replies == [Failure(SERVICE, "pipeline.errors:CheckpointError", "no weights at all")]


PROGRAMS = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(1, 6), st.integers(0, 5)),
        st.tuples(st.just("open"), st.integers(1, 6), st.integers(0, 5)),
        st.tuples(st.just("more"), st.integers(1, 6), st.integers(1, 3)),
        st.tuples(st.just("stop"), st.integers(1, 6), st.just(0)),
        st.tuples(st.just("work"), st.just(0), st.integers(1, 5)),
    ),
    max_size=40,
)


@given(PROGRAMS)
def test_any_program_keeps_the_allowances_and_frees_everything(program: list[tuple[str, int, int]]) -> None:
    service, got = Counting(), dict[int, list[Any]]()
    rota = Rota(service, lambda reply: got.setdefault(reply.request, []).append(reply))  # type: ignore[union-attr]
    fresh, alias, allowed, upto = 0, dict[int, int](), dict[int, int](), dict[int, int]()
    for act, name, number in program:
        if act in ("call", "open"):
            fresh += 1
            alias[name] = fresh
            if act == "call":
                rota.accept(Call(fresh, "add", (number,)))
            else:
                rota.accept(Open(fresh, "count", (str(fresh), number), 1))
                allowed[fresh], upto[fresh] = 1, number
        elif act == "more" and name in alias:
            rota.accept(More(alias[name], number))
            if alias[name] in allowed:
                allowed[alias[name]] += number
        elif act == "stop" and name in alias:
            rota.accept(Stop(alias[name]))
        elif act == "work":
            for _ in range(number):
                if not rota.idle:
                    rota.work()
    while not rota.idle:
        rota.work()
    for request, limit in allowed.items():
        values = [reply.value for reply in got.get(request, []) if isinstance(reply, Value)]
        assert values == list(range(len(values)))
        assert len(values) <= min(limit, upto[request])
        assert got.get(request, [])[len(values) :] in ([], [End(request)])
    rota.close()
    assert service.open == 0


def test_replies_carry_errors_of_ours_only() -> None:
    replies, _ = worked([Call(1, "fail", ("theirs",)), Open(2, "stumble", (1,), 5), Call(3, "_hidden", ())])
    errors = [reply.error() for reply in replies if isinstance(reply, Failure)]
    assert len(errors) == 3
    assert all(isinstance(error, HocketError) for error in errors)
