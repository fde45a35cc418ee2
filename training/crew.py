"""Many cases answered at once by several processes of one thread each, every one with the bundle loaded."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from .batch_player import BatchPlayer, player_of
from .outcomes import SLICE, Outcome, play
from .player import Answer
from .sets import Case

WORKERS = 2
_players: list[BatchPlayer] = []
"In a worker: its own."


def _load(bundle: Path) -> None:
    torch.set_num_threads(1)
    _players.append(player_of(bundle))


def _answers(cases: Sequence[Case], thought: str | None) -> list[tuple[Answer, int]]:
    """Without the cases, whose sound is large."""
    return [(one.answer, one.thought_ids) for one in play(_players[0], cases, thought)]


class Crew:
    """A bundle that answers in several processes; leave it as a context, so that they end."""

    def __init__(self, bundle: Path, workers: int = WORKERS) -> None:
        self._workers = workers
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, context, _load, (bundle,))

    def play(self, cases: Sequence[Case], thought: str | None = None) -> list[Outcome]:
        """As `outcomes.play`, in the order given."""
        count = self._workers * max(1, -(-len(cases) // (self._workers * SLICE)))
        parts = [cases[first::count] for first in range(count)]
        out: list[Outcome | None] = [None] * len(cases)
        for first, found in enumerate(self._pool.map(_answers, parts, [thought] * count)):
            for at, (answer, ids) in zip(range(first, len(cases), count), found, strict=True):
                out[at] = Outcome(cases[at], answer, ids)
        return [one for one in out if one is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
