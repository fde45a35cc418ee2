"""When each word was said, from where a recogniser's decoder looked while it wrote the words. Pure numpy.

Dynamic time warping over the cross attention of the heads that align (Whisper's word timestamps, in
openai/whisper, timing.py): the cheapest way through tokens and time that never goes back in either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import SpokenWord

Floats = NDArray[np.float32]

STEP = 0.02
"""Seconds per position of the encoder."""
SMOOTH = 7
"""Positions over which a median is taken; odd."""


def starts(attention: Floats) -> list[float]:
    """Seconds at which each token begins, and the end of the last: attention (heads, tokens, positions)."""
    spread = attention.std(axis=-2, keepdims=True)
    looked = (attention - attention.mean(axis=-2, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    matrix = _smoothed(looked).mean(axis=0)
    tokens, times = warped(-matrix)
    firsts = [int(times[np.argmax(tokens == token)]) for token in range(matrix.shape[0])]
    return [first * STEP for first in firsts] + [matrix.shape[1] * STEP]


def warped(cost: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the cheapest monotone way through a cost matrix, from corner to corner."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    came = np.zeros((rows + 1, columns + 1), np.int8)
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            ways = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
            best = min(range(3), key=ways.__getitem__)
            total[row, column] = cost[row - 1, column - 1] + ways[best]
            came[row, column] = best
    came[0, :], came[:, 0] = 2, 1
    way, row, column = list[tuple[int, int]](), rows, columns
    while row and column:
        way.append((row - 1, column - 1))
        step = came[row, column]
        row, column = row - (step != 2), column - (step != 1)
    path = np.array(way[::-1], np.int64)
    return path[:, 0], path[:, 1]


def words(
    pieces: Sequence[str], times: Sequence[float], logprobs: Sequence[float], offset: float
) -> tuple[SpokenWord, ...]:
    """Tokens' texts joined to words at spaces; ``times`` has one more, the end of the last token.

    ``offset``: seconds at which this stretch of sound begins.
    """
    begun: list[list[int]] = []
    for at, piece in enumerate(pieces):
        if not begun or piece[:1].isspace():
            begun.append([])
        begun[-1].append(at)
    return tuple(
        SpokenWord(
            "".join(pieces[at] for at in group).strip(),
            offset + times[group[0]],
            offset + times[group[-1] + 1],
            float(np.exp(np.mean([logprobs[at] for at in group]))),
        )
        for group in begun
        if "".join(pieces[at] for at in group).strip()
    )


def _smoothed(values: Floats) -> Floats:
    half = SMOOTH // 2
    padded = np.pad(
        values, [(0, 0), (0, 0), (half, half)], mode="reflect" if values.shape[-1] > half else "edge"
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTH, axis=-1)
    middle: Floats = np.median(windows, axis=-1)
    return middle
