"""Batches for every step, drawn in pools that depend on seed, process and pool alone: a stop loses nothing.

Augmenting a clip costs about as much as learning from it, so a pool may be served more than once
(data echoing, arXiv 1907.05550); masks, histories and thoughts are drawn anew each time.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Generic, Protocol, TypeVar

from torch import Tensor

from .batches import POOL, Item
from .loop import Plan
from .rows import Batch, Row, collate

T = TypeVar("T")
ROWS = 4
"Batches of rows that are drawn at once and sorted by length."


def moved(batch: T, device: str) -> T:
    """A dataclass of tensors, on another device."""
    if device == "cpu":
        return batch
    found = {f.name: getattr(batch, f.name) for f in fields(batch)}  # type: ignore[arg-type]
    return replace(batch, **{k: v.to(device) for k, v in found.items() if isinstance(v, Tensor)})  # type: ignore[type-var]


class Draws(Protocol):
    """`batches.Sampler`, as far as it is used here."""

    def groups(self, size: int, order: random.Random) -> Iterator[list[Item]]: ...


def turn_of(order: Sequence[str], step: int) -> tuple[str, int, float]:
    """Whose turn it is at a step where feeds take turns in this order, the number of the batch among its own
    (0, 1, 2, … without a gap), and steps per batch of it."""
    rounds, place = divmod(step, len(order))
    name, each = order[place], order.count(order[place])
    return name, rounds * each + order[:place].count(name), len(order) / each


class Feed(Generic[T]):
    """`feed(step)` gives the same batch whenever it is asked; steps are meant to come in order."""

    def __init__(
        self,
        plan: Plan,
        sampler: Callable[[random.Random], Draws],
        size: int,
        make: Callable[[list[Item]], T],
        *,
        echo: int = 1,
    ) -> None:
        """`sampler`: made once, with what it is to draw from. `size`: clips of a batch.

        `make`: of clips of about the same length. `echo`: how often each of its results is served.
        """
        self._key = f"{plan.checkpoint.stem} {plan.seed}"
        self.rng = random.Random()
        "What the sampler draws from; `make` may, too."
        self._rank, self._size = plan.rank, size
        self._sampler, self._make, self._echo = sampler(self.rng), make, echo
        self._pool = -1
        self._groups: Iterator[list[Item]] = iter(())
        self._made: list[T] = []

    def __call__(self, step: int) -> T:
        """What is learned from in a step: of about the same length in all processes at the same time."""
        pool, place = divmod(step, POOL * self._echo)
        if pool != self._pool:
            self.rng.seed(f"{self._key} pool {pool} {self._rank}")
            order = random.Random(f"{self._key} pool {pool}")
            self._groups, self._pool, self._made = self._sampler.groups(self._size, order), pool, []
        while len(self._made) <= place % POOL:
            self._made.append(self._make(next(self._groups)))
        return self._made[place % POOL]


class RowFeed:
    """Batches of rows of text: `feed(number)` is the same whenever it is asked; numbers are meant to come in
    order.

    All rows that are drawn are used, some batches at a time sorted by length. At the same number the batches
    of all processes have about the same length, for they wait for each other at the end of a step.
    """

    def __init__(self, plan: Plan, name: str, draw: Callable[[random.Random], Row], size: int) -> None:
        """`name`: of these among the rows of a stage. `draw`: one row."""
        self._key = f"{plan.checkpoint.stem} {plan.seed} {name}"
        self._rank, self._draw, self._size = plan.rank, draw, size
        self._pool, self._rows = -1, list[Row]()

    def __call__(self, number: int) -> Batch:
        pool, place = divmod(number, ROWS)
        if pool != self._pool:
            rng = random.Random(f"{self._key} {pool} {self._rank}")
            order = random.Random(f"{self._key} {pool}")
            drawn = sorted((self._draw(rng) for _ in range(ROWS * self._size)), key=lambda row: len(row.ids))
            starts = order.sample(range(0, len(drawn), self._size), ROWS)
            self._rows = [row for start in starts for row in drawn[start : start + self._size]]
            self._pool = pool
        return collate(self._rows[place * self._size : (place + 1) * self._size])
