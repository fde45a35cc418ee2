"""Silence alone against silence and head, on the same audio: how long they wait, how often they cut in.

The scores are those of eot-bench (LiveKit, 2026): pauses inside turns are cut off at a rate, ends of turns
are told with a latency; thresholds are swept, so that both can be compared at equal rates or latencies.
Silence itself is taken from the truth: a real detector's lag would come on top, equally for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.audio import Floats
from training.scores import percent, wilson

SURVIVAL = ((0.1, 1.0), (0.3, 0.556), (0.6, 0.217), (1.6, 0.05), (3.0, 0.005))
"""Share of in-turn pauses longer than so many seconds: what eot-bench's silence baseline makes of people."""
FIRST = 0.2
"Seconds of silence before the head may end a turn."


@dataclass(frozen=True, slots=True)
class Ending:
    """A turn that is over: (seconds after speech, probability) at each position."""

    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A pause inside a turn."""

    curve: tuple[tuple[float, float], ...]
    seconds: float


def pause_length(rng: np.random.Generator) -> float:
    """Seconds, drawn so that ``SURVIVAL`` holds (logarithmic between its points)."""
    times, shares = zip(*SURVIVAL, strict=True)
    share = max(rng.random(), shares[-1])
    return float(np.exp(np.interp(-share, [-s for s in shares], np.log(times))))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence must last: from a probability on, `sure`; up to another, `unsure`; else `middle`."""

    surely: float
    unsurely: float
    sure: float = FIRST
    middle: float = 0.5
    unsure: float = 1.2

    def __str__(self) -> str:
        waits = ", ".join(f"{1000 * wait:.0f}" for wait in (self.sure, self.middle, self.unsure))
        return f"{waits} ms from {self.surely}, between, up to {self.unsurely}"

    def commits(self, curve: Sequence[tuple[float, float]]) -> float:
        """Seconds after speech at which the turn is taken to be over.

        A newer value moves the deadline, never into the past; the last one stays.
        """
        due = self.middle
        for at, value in curve:
            if at >= due:
                return due
            due = max(at, self._wait(value))
        return due

    def _wait(self, value: float) -> float:
        if value >= self.surely:
            return self.sure
        return self.unsure if value <= self.unsurely else self.middle


DEFAULT = Patience(0.8, 0.3)
"""As ``agent.turn_config.TurnConfig`` has it, before it adapts to the user."""


def measure(patience: Patience, ends: Sequence[Ending], gaps: Sequence[Gap]) -> tuple[float, float]:
    """Mean seconds of waiting at ends, share of pauses cut off."""
    latency = float(np.mean([patience.commits(end.curve) for end in ends]))
    return latency, float(np.mean([patience.commits(gap.curve) < gap.seconds for gap in gaps]))


def compare(ends: Sequence[Ending], gaps: Sequence[Gap], chosen: Patience = DEFAULT) -> list[str]:
    """The figures, in sentences."""
    lines = [f"{len(ends)} ends, {len(gaps)} pauses; {chosen}"]
    for seconds in (0.3, 0.6):
        cut = sum(chosen.commits(gap.curve) < seconds for gap in gaps)
        low, high = wilson(cut, len(gaps))
        lines.append(
            f"in-turn pauses of {1000 * seconds:.0f} ms cut off: {percent(cut, len(gaps))} "
            f"[{percent(low, 1)}, {percent(high, 1)}]; 0.5 s of silence: {'all' if seconds > 0.5 else 'none'}"
        )
    latency, cuts = measure(chosen, ends, gaps)
    waits = np.array([chosen.commits(end.curve) for end in ends])
    lengths = np.array([gap.seconds for gap in gaps])
    lines.append(
        f"mean wait {1000 * latency:.0f} ms (p50 {1000 * np.median(waits):.0f}, p90 "
        f"{1000 * np.quantile(waits, 0.9):.0f}), {percent(cuts, 1)} of pauses of people's lengths cut off; "
        f"0.5 s of silence cuts off {percent(float(np.mean(lengths > 0.5)), 1)}, as few as the head after "
        f"{1000 * np.quantile(lengths, 1 - cuts):.0f} ms"
    )
    return lines + _sweep(ends, gaps, lengths)


def _sweep(ends: Sequence[Ending], gaps: Sequence[Gap], lengths: Floats) -> list[str]:
    """The best of many policies: chosen on the even items, told for the odd ones."""
    tried = [(patience, *measure(patience, ends[::2], gaps[::2])) for patience in _grid()]
    lines = []
    for wanted in (0.05, 0.1):
        few = [(late, i) for i, (_, late, cut) in enumerate(tried) if cut <= wanted]
        if few:
            best = min(few)[1]
            late, cut = measure(tried[best][0], ends[1::2], gaps[1::2])
            told = f"{1000 * late:.0f} ms ({percent(cut, 1)}; {tried[best][0]})"
        else:
            told = f"none of {len(tried)} policies cuts off so few"
        silence = f"{1000 * np.quantile(lengths, 1 - wanted):.0f} ms"
        lines.append(f"wait at {percent(wanted, 1)} cut off: head {told}, silence {silence}")
    for budget in (0.3, 0.6):
        best = min((cut, i) for i, (_, late, cut) in enumerate(tried) if late <= budget)[1]
        late, cut = measure(tried[best][0], ends[1::2], gaps[1::2])
        lines.append(
            f"cut off at a wait of {1000 * budget:.0f} ms: head {percent(cut, 1)} ({1000 * late:.0f} ms; "
            f"{tried[best][0]}), silence {percent(float(np.mean(lengths > budget)), 1)}"
        )
    return lines


def _grid() -> list[Patience]:
    """From the hastiest to the most patient."""
    hasty = [
        Patience(2.0, -1.0, sure=middle, middle=middle, unsure=middle) for middle in (0.1, 0.2, 0.3, 1.6)
    ]
    return hasty + [
        Patience(surely, unsurely, sure, middle, unsure)
        for surely in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
        for unsurely in (0.05, 0.1, 0.2, 0.3, 0.5)
        for sure in (0.2, 0.25, 0.35, 0.5)
        for middle in (0.3, 0.5, 0.8, 1.2, 1.6)
        for unsure in (0.8, 1.2, 1.6, 2.4)
        if unsurely < surely and sure <= middle <= unsure
    ]
