"""Stopping for what must stop the agent, going on over what must not: both rates, and what errors cost.

Neither rate means anything alone: who never stops ignores every cough, who always stops yields to every
interruption. Read from scores; pure. The definitions of single events are in ``score_overlap``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from .labels import Kind
from .rates import FEW, Distribution, Rate, distribution, rate
from .score import EventScore, Score, StopScore
from .score_overlap import STOP_WINDOW
from .stats import wilson

NAMES = {Kind.BACKCHANNEL: "S_BC", Kind.TIC: "S_VT", Kind.ASIDE: "S_ND", Kind.NOISE: "S_NOISE"}
"""Selectivities by kind, named as τ-voice does; S_NOISE is ours, for there noise is a tic."""
MISS = STOP_WINDOW
"""Seconds that a barge-in costs which the agent did not give way to (see ``StopScore.yielded``)."""
FALSE = 1.0
"""Seconds that giving way to a sound costs which wanted nothing."""
BANDS = (0.6, 1.0, 2.0)
"""Seconds into the agent's utterance at which bands of stop latencies are parted."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """What the agent made of one kind of sound that wanted nothing."""

    yielded: Rate
    "Over its voice: it fell silent for 300 ms or more within YIELD_WINDOW, if only because it was done."
    answered: Rate
    "In its silence: it began within RESPOND_WINDOW."
    ignored: Rate
    "Neither: the selectivity. Of backchannels only those over its voice, as in τ-voice."
    held: Rate
    "Of its yields: it was audible again, a false hold (or an answer to the sound: that takes its words)."
    never: Rate
    "Of its yields: it was not audible again for RESUME_WINDOW, though nobody took the floor."
    resume: Distribution | None
    "Seconds of silence of its yields; one without an end counts as long as it was watched, censored."


@dataclass(frozen=True, slots=True)
class Penalty:
    """Seconds lost per sound over the agent's voice: the mean of a barge-in's stop latency (MISS when
    the agent did not yield: no silence in time, or audible again under the user) and of FALSE for each yield
    to a sound that wanted none, 0 for one that it ignored.

    After APT (SID-Bench). It depends on how many there are of either, so it compares agents on one suite.
    """

    seconds: float
    barge_ins: int
    missed: int
    "Barge-ins that it did not yield to."
    others: int
    false: int

    @property
    def n(self) -> int:
        return self.barge_ins + self.others


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Everything about sounds over the agent's voice, and unasked ones in its silence."""

    kinds: Mapping[str, Ignoring]
    "By kind; only those that occurred."
    barge_ins: Rate
    """Barge-ins over its voice that silenced it within STOP_WINDOW and until the user had finished: the yield
    rate. τ-voice's R_Y asks for the silence only; who pauses at full stops and talks on has it all."""
    selectivity: float | None
    "Mean of the selectivities, each kind alike; None: nothing of the kind occurred."
    fewest: int
    "Events of the kind in it that has fewest."
    penalty: Penalty | None
    stop_by_offset: Mapping[str, Distribution]
    "Stop latencies by how long the agent had been speaking."

    @property
    def small(self) -> bool:
        """The mean selectivity stands on a kind with fewer than FEW events."""
        return self.fewest < FEW


def overlaps(scores: Sequence[Score]) -> Overlaps:
    """The panel of these conversations together."""
    told: dict[Kind, list[tuple[str, EventScore]]] = {}
    for one in scores:
        for turn in one.turns:
            if turn.event is not None:
                told.setdefault(turn.kind, []).append((one.conversation, turn.event))
    kinds = {str(kind): _ignoring(kind, told[kind]) for kind in NAMES if kind in told}
    events = [event for found in told.values() for _, event in found]
    stops = [(one.conversation, turn.stop) for one in scores for turn in one.turns if turn.stop is not None]
    return Overlaps(
        kinds, rate(stop.yielded for _, stop in stops), *_selectivity(kinds),
        _penalty([stop for _, stop in stops], events), _by_offset(stops),
    )  # fmt: skip


def together(panels: Sequence[Overlaps]) -> Overlaps:
    """Several panels as one: their counts added up. Durations are left out, for they do not add up."""
    kinds: dict[str, Ignoring] = {}
    for kind in map(str, NAMES):
        if found := [one.kinds[kind] for one in panels if kind in one.kinds]:
            kinds[kind] = Ignoring(
                _sum(one.yielded for one in found), _sum(one.answered for one in found),
                _sum(one.ignored for one in found), _sum(one.held for one in found),
                _sum(one.never for one in found), None,
            )  # fmt: skip
    lost = [one.penalty for one in panels if one.penalty is not None]
    count = sum(one.n for one in lost)
    penalty = Penalty(
        sum(one.seconds * one.n for one in lost) / count, sum(one.barge_ins for one in lost),
        sum(one.missed for one in lost), sum(one.others for one in lost), sum(one.false for one in lost),
    ) if count else None  # fmt: skip
    return Overlaps(kinds, _sum(one.barge_ins for one in panels), *_selectivity(kinds), penalty, {})


def _sum(rates: Iterable[Rate]) -> Rate:
    told = list(rates)
    hits, count = sum(one.hits for one in told), sum(one.n for one in told)
    return Rate(hits, count, wilson(hits, count))


def _selectivity(kinds: Mapping[str, Ignoring]) -> tuple[float | None, int]:
    """The mean over kinds, and the fewest events that one of them stands on."""
    counted = [one.ignored for one in kinds.values() if one.ignored.n]
    if not counted:
        return None, 0
    return fmean(one.share for one in counted), min(one.n for one in counted)


def _ignoring(kind: Kind, told: Sequence[tuple[str, EventScore]]) -> Ignoring:
    events = [event for _, event in told]
    yields = [(name, event) for name, event in told if event.yielded]
    silences: defaultdict[str, list[float]] = defaultdict(list)
    for name, event in yields:
        silences[name].append(event.silence or 0.0)
    counted = [event for event in events if event.speaking or kind is not Kind.BACKCHANNEL]
    return Ignoring(
        rate(event.yielded for event in events if event.yielded is not None),
        rate(event.answered for event in events if event.answered is not None),
        rate(event.right for event in counted if event.right is not None),
        rate(event.resumed for _, event in yields),
        rate(event.never for _, event in yields),
        distribution(silences, sum(not event.resumed for _, event in yields)),
    )


def _penalty(stops: Sequence[StopScore], events: Sequence[EventScore]) -> Penalty | None:
    over = [event for event in events if event.yielded is not None]
    costs = [stop.latency if stop.yielded else MISS for stop in stops]
    costs += [FALSE if event.yielded else 0.0 for event in over]
    if not costs:
        return None
    return Penalty(
        fmean(costs), len(stops), sum(not stop.yielded for stop in stops), len(over),
        sum(bool(event.yielded) for event in over),
    )  # fmt: skip


def _by_offset(stops: Sequence[tuple[str, StopScore]]) -> dict[str, Distribution]:
    """Only with BANDS that hold something; in order."""
    borders = [0.0, *BANDS, float("inf")]
    found = {}
    for low, high in pairwise(borders):
        inside = [(name, stop) for name, stop in stops if low <= stop.offset < high]
        groups: defaultdict[str, list[float]] = defaultdict(list)
        for name, stop in inside:
            groups[name].append(stop.latency)
        whole = distribution(groups, sum(stop.censored for _, stop in inside))
        if whole is not None:
            found[f"{low:g} to {high:g} s" if high < borders[-1] else f"{low:g} s on"] = whole
    return found
