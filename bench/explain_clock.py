"""A session's trace laid over its recording: what happened, in seconds from the recording's first sample.

It ties the two clocks by the trace alone, so it works on any conversation that the harness's own edge held.
It never moves an entry against another one, and scores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipeline.events import EndOfTurnScored, Listened
from pipeline.ports import FRAME
from pipeline.trace import Entry, Item

from .edge import TICK

LEEWAY = 0.06
"""Seconds by which an order and the recording may miss each other: a tick until the sink obeys, a tick of
sound per pull, and a tick of what the two clocks are tied by."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry of the trace at its place on the recording."""

    at: float
    item: Item


def offset(entries: Iterable[Entry]) -> float | None:
    """Seconds to add to a trace's times to get the recording's; None where nothing ties the two.

    No sound is taken in or judged before the frame that it ends in was captured, so the promptest of these
    shows where the trace began; what is left of error is that one's own delay (about 1 ms where hundreds are
    told, a tick of 20 ms at worst).
    """
    reached = [(_position(entry.item), entry.at) for entry in entries]
    ahead = [-(-place // FRAME) * TICK - at for place, at in reached if place is not None]
    return max(ahead, default=None)


def _position(item: Item) -> int | None:
    """The capture sample that must have been there for this to happen."""
    match item:
        case Listened(span):
            return span.end
        case EndOfTurnScored(at, _, "sound"):
            return at
        case _:
            return None


def on_recording(entries: Sequence[Entry]) -> list[Moment]:
    """All entries in order on the recording's clock; none where nothing ties the two."""
    late = offset(entries)
    return [] if late is None else [Moment(entry.at + late, entry.item) for entry in entries]


def of_kind(moments: Iterable[Moment], kind: type[_T]) -> list[tuple[float, _T]]:
    """The moments of one kind of entry."""
    return [(one.at, one.item) for one in moments if isinstance(one.item, kind)]
