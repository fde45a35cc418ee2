"""model/step/batch.py and running.py: one run for many rows, and no row feels the others."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
import torch
from playing import SECOND, Watched, asked, engine, sound

from model.step.batch import AHEAD
from model.step.engine import load_step
from model.step.options import StepOptions
from pipeline.clock import run, simulate
from pipeline.compute import Factory, InlineCompute, ThreadCompute
from pipeline.errors import ModelError
from pipeline.ports import Limits, Piece
from pipeline.prompt import Human, Prompt, Reply, Text

PROMPTS = [
    asked(sound(1, SECOND)),
    Prompt((Human((Text("hi"),)), Reply())),
    asked(sound(2, 3 * SECOND), reply=Reply("two\n", False)),
    asked(sound(3, SECOND // 2), reply=Reply(None, False, "One")),
]


def tokens(watched: Watched, prompt: Prompt, limits: Limits) -> list[tuple[int, float]]:
    return [(piece.token, piece.logprob) for piece in watched.engine.generate(prompt, limits)]


def alike(got: list[tuple[int, float]], alone: list[tuple[int, float]]) -> None:
    assert [token for token, _ in got] == [token for token, _ in alone]
    torch.testing.assert_close(
        torch.tensor([p for _, p in got]), torch.tensor([p for _, p in alone]), atol=1e-4, rtol=0
    )


def test_rows_read_in_turn_cost_one_run_per_token_of_all_and_each_writes_what_it_writes_alone() -> None:
    limits = Limits(16)
    alone = [tokens(engine(), prompt, limits) for prompt in PROMPTS]
    watched = engine()
    lines = [watched.engine.generate(prompt, limits) for prompt in PROMPTS]
    got: list[list[tuple[int, float]]] = [[] for _ in PROMPTS]
    for _ in range(16):
        for row, line in zip(got, lines, strict=True):
            piece = next(line)
            row.append((piece.token, piece.logprob))
    for row, expected in zip(got, alone, strict=True):
        alike(row, expected)
    assert watched.engine._batch.steps <= 16 + AHEAD * len(PROMPTS)
    assert watched.runs.count((4, 1)) >= 12


def test_steps_of_fixed_shapes_write_what_steps_of_exact_shapes_write() -> None:
    """What is recorded on a GPU; here it runs as it is, filled up all the same."""
    limits = Limits(24)
    alone = [tokens(engine(), prompt, limits) for prompt in PROMPTS[:3]]
    watched = engine(graphs=True)
    lines = [watched.engine.generate(prompt, limits) for prompt in PROMPTS[:3]]
    got: list[list[tuple[int, float]]] = [[] for _ in lines]
    for _ in range(24):
        for row, line in zip(got, lines, strict=True):
            if (piece := next(line, None)) is not None:
                row.append((piece.token, piece.logprob))
    for row, expected in zip(got, alone, strict=True):
        alike(row, expected)
    assert {run for run in watched.runs if run[1] == 1} <= {(1, 1), (2, 1), (4, 1)}
    assert (4, 1) in watched.runs
    for line in lines:
        line.close()
    assert watched.engine.stats().leased == 0


def test_a_row_that_nobody_reads_runs_no_further_ahead_than_it_may() -> None:
    watched = engine()
    idle = watched.engine.generate(PROMPTS[0], Limits(40))
    next(idle)
    before = watched.engine.stats()
    tokens(watched, PROMPTS[1], Limits(30))
    (row,) = watched.engine._batch._rows
    assert len(row.ready) == AHEAD and watched.engine.stats().leased == before.leased
    alike([(p.token, p.logprob) for p in idle], tokens(engine(), PROMPTS[0], Limits(40))[1:])


def test_rows_that_come_and_go_do_not_disturb_the_one_that_stays() -> None:
    expected = tokens(engine(), PROMPTS[2], Limits(20))
    watched = engine()
    stays, got = watched.engine.generate(PROMPTS[2], Limits(20)), []
    for number in range(20):
        piece = next(stays)
        got.append((piece.token, piece.logprob))
        passing = watched.engine.generate(PROMPTS[number % 2], Limits(9))
        for _ in range(number % 4):
            next(passing)
        passing.close()
    alike(got, expected)
    assert len(watched.engine._batch) == 1
    stays.close()
    assert watched.engine.stats().leased == 0


def test_a_row_that_breaks_ends_alone() -> None:
    expected = tokens(engine(), PROMPTS[1], Limits(12))
    watched = engine()
    one, other = (watched.engine.generate(prompt, Limits(12)) for prompt in PROMPTS[:2])
    got = [next(other)]
    next(one)

    def spoil(_module: torch.nn.Module, _args: object, logits: torch.Tensor) -> torch.Tensor:
        logits = logits.clone()
        if len(logits) == 2:
            logits[1] = torch.nan  # the one that joined last
        return logits

    hook = watched.network.lm_head.register_forward_hook(spoil)
    got.append(next(other))
    hook.remove()
    with pytest.raises(ModelError, match="not numbers"):
        list(one)
    got += list(other)
    alike([(p.token, p.logprob) for p in got], expected)
    assert torch.isfinite(watched.engine._runner._pool.kv).all()


def test_a_row_without_room_says_so_and_the_others_write_on() -> None:
    expected = tokens(engine(positions=512), PROMPTS[0], Limits(40))
    watched = engine(positions=96)
    one = watched.engine.generate(PROMPTS[0], Limits(40))
    got = [next(one)]
    others = []
    with pytest.raises(ModelError, match=r"96 positions, of which open generations hold \d+"):
        for number in range(9):
            others.append(
                watched.engine.generate(Prompt((Human((Text("x" * (number + 5)),)), Reply())), Limits(9))
            )
            next(others[-1])
    for other in others:
        other.close()
    alike([(p.token, p.logprob) for p in [*got, *one]], expected)


def test_sessions_that_ask_at_once_are_served_in_one_batch_behind_the_port() -> None:
    watched = engine()
    alone = [tokens(engine(), prompt, Limits(10)) for prompt in PROMPTS]

    async def main() -> list[list[Piece]]:
        compute = InlineCompute(watched.engine, watched.engine.cost)

        async def read(prompt: Prompt) -> list[Piece]:
            async with aclosing(compute.stream("generate", prompt, Limits(10))) as pieces:  # type: ignore[type-var]
                return [piece async for piece in pieces]

        return list(await asyncio.gather(*map(read, PROMPTS)))

    for got, expected in zip(simulate(main), alone, strict=True):
        alike([(p.token, p.logprob) for p in got], expected)
    assert watched.engine._batch.steps < 4 * 9 / 2


def test_it_serves_from_a_thread_of_its_own_as_it_does_inline(checkpoint: Path) -> None:
    """Runs on the real loop, because a thread cannot run in virtual time; it waits for nothing but tokens."""
    options = StepOptions(device="cpu")
    inline = load_step(str(checkpoint), options)
    alone = [[(p.token, p.logprob) for p in inline.generate(prompt, Limits(10))] for prompt in PROMPTS]

    async def main() -> list[list[Piece]]:
        compute = ThreadCompute(Factory("model.step.engine:load_step", (str(checkpoint), options)))

        async def read(prompt: Prompt) -> list[Piece]:
            async with aclosing(compute.stream("generate", prompt, Limits(10))) as pieces:  # type: ignore[type-var]
                return [piece async for piece in pieces]

        try:
            return list(await asyncio.gather(*map(read, PROMPTS)))
        finally:
            await compute.close()

    for got, expected in zip(run(main), alone, strict=True):
        alike([(p.token, p.logprob) for p in got], expected)
