"""The figures that two runs are compared by, each as the values that it has of one turn or one conversation.

Those of the first list come from recordings and labels alone; the others from what explains them, and are
there only where both runs have it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .compare_stats import Statistic, mean, quantile
from .explain import Explained
from .explain_parts import NAMES
from .explain_stop import STOPS
from .score import WINDOW, TurnScore


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure that is looked for."""

    name: str
    unit: str
    "``ms`` or ``%``."
    pick: Callable[[TurnScore], Sequence[float]]
    "Values of one turn; none where the turn has nothing of the kind."
    statistic: Statistic


@dataclass(frozen=True, slots=True)
class Told:
    """A figure that a trace, or a server's messages, tell of one turn by its number."""

    name: str
    unit: str
    pick: Callable[[Explained, int], Sequence[float]]
    statistic: Statistic


@dataclass(frozen=True, slots=True)
class Whole:
    """A figure that a trace tells of a whole conversation."""

    name: str
    unit: str
    pick: Callable[[Explained], Sequence[float]]
    statistic: Statistic


def _one(value: float | None) -> tuple[float, ...]:
    return () if value is None else (float(value),)


def _stop(turn: TurnScore) -> tuple[float, ...]:
    return () if turn.stop is None else (turn.stop.latency,)


def _due(turn: TurnScore) -> tuple[float, ...]:
    return () if turn.voice_to_voice is None else (float(turn.censored),)


FIGURES = (
    *(Asked(f"voice to voice p{100 * share:.0f}", "ms", lambda turn: _one(turn.voice_to_voice),
            quantile(share)) for share in (0.5, 0.9, 0.95)),
    Asked("voice to voice mean", "ms", lambda turn: _one(turn.voice_to_voice), mean),
    Asked("to the answer's body p50", "ms", lambda turn: _one(turn.to_body), quantile(0.5)),
    Asked("no reply", "%", _due, mean),
    Asked("turns cut into", "%", lambda turn: (float(turn.cut_in),) if turn.floor else (), mean),
    Asked("pauses cut into", "%", lambda turn: [float(gap.cut) for gap in turn.pauses], mean),
    *(Asked(f"stop latency p{100 * share:.0f}", "ms", _stop, quantile(share)) for share in (0.5, 0.95)),
    Asked("never stopped", "%",
          lambda turn: () if turn.stop is None else (float(turn.stop.censored),), mean),
    Asked("audible again under the user", "%",
          lambda turn: () if turn.stop is None else (float(turn.stop.resumed),), mean),
    Asked("silenced by backchannels", "%", lambda turn: _one(turn.yielded), mean),
    Asked("sounds ignored that should be", "%",
          lambda turn: () if turn.event is None else _one(turn.event.right), mean),
    Asked("overlap per turn", "ms", lambda turn: (turn.overlap,), mean),
    Asked("replies too many", "%", lambda turn: (float(turn.doubles > 0),), mean),
)  # fmt: skip
"""In the order of the table."""


def _content(found: Explained, number: int) -> list[float]:
    return [WINDOW if one.content is None else min(one.content, WINDOW) for one in found.answers
            if one.turn == number and found.source == "trace"]  # fmt: skip


def _right(found: Explained, number: int) -> list[float]:
    return [float(one.right) for one in found.answers if one.turn == number]


def _part(name: str) -> Callable[[Explained, int], Sequence[float]]:
    return lambda found, number: [one.terms[name] for one in found.parts if one.turn == number]


def _stopped(name: str) -> Callable[[Explained, int], Sequence[float]]:
    return lambda found, number: [one.terms[name] for one in found.stops if one.turn == number]


def _hidden(found: Explained, number: int) -> list[float]:
    one = found.thinking.get(number)
    return [] if one is None or not one.all else [one.hidden / one.all]


EXPLAINED = (
    *(Told(f"to the first answer word p{100 * share:.0f}", "ms", _content, quantile(share))
      for share in (0.5, 0.95)),
    Told("right by the reply's text", "%", _right, mean),
    *(Told(f"part of it: {name}, mean", "ms", _part(name), mean) for name in NAMES),
    *(Told(f"part of a stop: {name}, mean", "ms", _stopped(name), mean) for name in STOPS),
    Told("thought hidden, mean of turns", "%", _hidden, mean),
)  # fmt: skip


def _hit(found: Explained) -> list[float]:
    hits = () if found.ahead is None else found.ahead.hits
    return [sum(hits) / len(hits)] if hits else []


def _wasted(found: Explained) -> list[float]:
    one = found.ahead
    return [one.wasted / one.tokens] if one is not None and one.tokens else []


def _starved(found: Explained) -> list[float]:
    return [float(found.starved > 0)] if found.source == "trace" else []


WHOLE = (
    Whole("answered by an early draft", "%", _hit, mean),
    Whole("tokens ahead that were wasted", "%", _wasted, mean),
    Whole("conversations that starved", "%", _starved, mean),
)
"""Means of conversations, each alike."""
