"""Which turns of one conversation in two runs are the same stimulus, where a run may lack some.

An agent that gives no occasion for a cue is spared it, so what follows has another number. Turns are laid
beside each other in their order, as many as can be; what is left has no partner and enters no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.errors import UserError

from .labels import WANTS_REPLY, Labels, UserTurn

LENGTH = 0.002
"""Seconds by which the same stimulus may differ in two recordings: rounding to samples."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """Turns by number."""

    pairs: tuple[tuple[int, int], ...]
    first: tuple[str, ...] = ()
    "Those that only the first has, in words."
    second: tuple[str, ...] = ()


def align(name: str, first: Labels, second: Labels) -> Aligned:
    """Lay the turns beside each other. Raises UserError where one stimulus was replaced by another."""
    pairs = _longest(first, second)
    borders = [(-1, -1), *pairs, (len(first.turns), len(second.turns))]
    for (one, two), (later, there) in pairwise(borders):
        left, right = first.turns[one + 1 : later], second.turns[two + 1 : there]
        _replaced(name, first, second, left, right, alone=not pairs)
    ours, theirs = {one for one, _ in pairs}, {two for _, two in pairs}
    return Aligned(
        tuple((first.turns[one].number, second.turns[two].number) for one, two in pairs),
        tuple(_told(turn) for place, turn in enumerate(first.turns) if place not in ours),
        tuple(_told(turn) for place, turn in enumerate(second.turns) if place not in theirs),
    )


def _longest(first: Labels, second: Labels) -> list[tuple[int, int]]:
    """Places of a longest common subsequence; of several, the earliest partners."""
    rows, columns = len(first.turns), len(second.turns)
    alike = [[_alike(first, one, second, two) for two in range(columns)] for one in range(rows)]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for one in reversed(range(rows)):
        for two in reversed(range(columns)):
            best[one][two] = (
                best[one + 1][two + 1] + 1 if alike[one][two] else max(best[one + 1][two], best[one][two + 1])
            )
    found, one, two = list[tuple[int, int]](), 0, 0
    while one < rows and two < columns:
        if alike[one][two]:
            found.append((one, two))
            one, two = one + 1, two + 1
        elif best[one + 1][two] >= best[one][two + 1]:
            one += 1
        else:
            two += 1
    return found


def _alike(first: Labels, one: int, second: Labels, two: int) -> bool:
    mine, other = first.turns[one], second.turns[two]
    if (mine.kind, mine.text, len(mine.pauses)) != (other.kind, other.text, len(other.pauses)):
        return False
    sizes = zip(_sizes(mine, first.rate), _sizes(other, second.rate), strict=True)
    return all(abs(a - b) <= LENGTH for a, b in sizes)


def _sizes(turn: UserTurn, rate: int) -> list[float]:
    """Seconds that make a stimulus what it is: its length, and where its pauses lie in it."""
    gaps = [(side - turn.start) / rate for gap in turn.pauses for side in (gap.start, gap.end)]
    return [(turn.end - turn.start) / rate, *gaps]


def _replaced(
    name: str, first: Labels, second: Labels, left: Sequence[UserTurn], right: Sequence[UserTurn], *,
    alone: bool,
) -> None:  # fmt: skip
    """Refuse two that stand for each other: the same words spoken otherwise, or nothing in common at all."""
    for one in left:
        for two in right:
            words = bool(one.text) and (one.kind, one.text) == (two.kind, two.text)
            if alone or (words and one.kind in WANTS_REPLY):
                mine, other = _sizes(one, first.rate)[0], _sizes(two, second.rate)[0]
                raise UserError(
                    f"turn {one.number} of {name} is another stimulus in the second run: "
                    f"{one.kind} {one.text!r} of {mine:.3f} s against {two.kind} {two.text!r} of {other:.3f} "
                    "s; compare runs of the same stimuli (same seed, user's voice and version of its engine)"
                )


def _told(turn: UserTurn) -> str:
    return f"turn {turn.number} ({turn.kind}{f' {turn.text!r}' if turn.text else ''})"
