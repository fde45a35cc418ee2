"""Many scored conversations as one set of figures, each with its n and its interval. Pure; hides nothing.

What a reader should not lean on (a rate of fewer than 10 events, a p99 of fewer than 300) is marked by
``Rate.small`` and left None; the report decides what to print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .score import Score, TurnScore
from .stats import Interval, bootstrap, percentile, wilson

FEW = 10
"""Events below which a rate is not printed unless asked for."""
P99_NEEDS = 300
"""Values below which there is no 99th percentile."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Durations in seconds. Censored ones count as their window, so a high percentile may be a floor."""

    n: int
    censored: int
    p50: float
    p90: float
    p95: float
    p99: float | None
    least: float
    most: float
    p50_interval: Interval | None
    "95 %, bootstrap over conversations; None with fewer than two."
    p95_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened out of how many times it could have."""

    hits: int
    n: int
    interval: Interval
    "95 %, Wilson."

    @property
    def share(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def small(self) -> bool:
        return self.n < FEW


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one set of conversations."""

    conversations: int
    turns: int
    seconds: float
    voice_to_voice: Distribution | None
    "From the labelled end of the user's speech to the first audible sample of the reply."
    to_body: Distribution | None
    "The same to the first stretch of the reply that is no mere filler."
    missed: Rate
    "Turns that wanted a reply and got none within the window."
    cut_ins: Rate
    "Turns in which the agent began to be audible before the labelled end."
    pauses: Mapping[float, Rate]
    "Cut-ins per labelled pause, by its length in seconds rounded to tenths."
    stop: Distribution | None
    resumed: Rate
    yields: Rate
    "Backchannels that silenced the agent."
    overlap: float
    "Seconds in which both were audible."
    doubles: int
    unprompted: int
    unscored: tuple[str, ...]


def distribution(groups: Mapping[str, Sequence[float]], censored: int = 0) -> Distribution | None:
    """Percentiles of values grouped by conversation; None without values."""
    values = [value for group in groups.values() for value in group]
    if not values:
        return None
    return Distribution(
        n=len(values),
        censored=censored,
        p50=percentile(values, 0.5),
        p90=percentile(values, 0.9),
        p95=percentile(values, 0.95),
        p99=percentile(values, 0.99) if len(values) >= P99_NEEDS else None,
        least=min(values),
        most=max(values),
        p50_interval=bootstrap(groups, lambda drawn: percentile(drawn, 0.5)),
        p95_interval=bootstrap(groups, lambda drawn: percentile(drawn, 0.95)),
    )


def rate(events: Iterable[bool]) -> Rate:
    """A rate from one truth value per event."""
    told = list(events)
    return Rate(sum(told), len(told), wilson(sum(told), len(told)))


def summarise(scores: Sequence[Score]) -> Summary:
    """The figures of these conversations together. Equal names make them one cluster."""
    turns = [turn for one in scores for turn in one.turns]
    due = [turn for turn in turns if turn.voice_to_voice is not None]
    stops = [turn.stop for turn in turns if turn.stop is not None]
    missed = [turn.censored for turn in due]
    return Summary(
        conversations=len(scores),
        turns=len(turns),
        seconds=sum(one.seconds for one in scores),
        voice_to_voice=distribution(_grouped(scores, lambda turn: turn.voice_to_voice), sum(missed)),
        to_body=distribution(_grouped(scores, lambda turn: turn.to_body), sum(missed)),
        missed=rate(missed),
        cut_ins=rate(turn.cut_in for turn in turns),
        pauses=_by_length(turns),
        stop=distribution(
            _grouped(scores, lambda turn: turn.stop.latency if turn.stop else None),
            sum(stop.censored for stop in stops),
        ),
        resumed=rate(stop.resumed for stop in stops),
        yields=rate(turn.yielded for turn in turns if turn.yielded is not None),
        overlap=sum(turn.overlap for turn in turns),
        doubles=sum(turn.doubles for turn in turns),
        unprompted=sum(one.unprompted for one in scores),
        unscored=tuple(f"{one.conversation}, {what}" for one in scores for what in one.unscored),
    )


def _by_length(turns: Sequence[TurnScore]) -> dict[float, Rate]:
    told: defaultdict[float, list[bool]] = defaultdict(list)
    for pause in (pause for turn in turns for pause in turn.pauses):
        told[round(pause.seconds, 1)].append(pause.cut)
    return {length: rate(told[length]) for length in sorted(told)}


def _grouped(scores: Sequence[Score], pick: Callable[[TurnScore], float | None]) -> dict[str, list[float]]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for one in scores:
        groups[one.conversation] += [value for turn in one.turns if (value := pick(turn)) is not None]
    return dict(groups)
