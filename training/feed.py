"""Batches for every step, drawn in pools that depend on seed, process and pool alone: a stop loses nothing.

Augmenting a clip costs about as much as learning from it, so a pool may be served more than once
(data echoing, arXiv 1907.05550); masks, histories and thoughts are drawn anew each time.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Generic, Protocol, TypeVar

from torch import Tensor

from .batches import POOL, Item
from .loop import Plan

T = TypeVar("T")


def moved(batch: T, device: str) -> T:
    """A dataclass of tensors, on another device."""
    if device == "cpu":
        return batch
    found = {f.name: getattr(batch, f.name) for f in fields(batch)}  # type: ignore[arg-type]
    return replace(batch, **{k: v.to(device) for k, v in found.items() if isinstance(v, Tensor)})  # type: ignore[type-var]


class Draws(Protocol):
    """`batches.Sampler`, as far as it is used here."""

    def groups(self, size: int, order: random.Random) -> Iterator[list[Item]]: ...


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
