"""What the charts are drawn from, as far as a run holds enough of it. Pure; draws nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from .explain_parts import Parts
from .explain_words import latencies
from .kinds import APART as KINDS_APART
from .pictures import Dot, Operating
from .report import Read, Section
from .score import WINDOW
from .stats import percentile
from .summary import FEW, rate

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
ROWS = 16
"""Replies in the waterfall at most."""
APART = ("null-", "overhead", "echo")
"""Scenarios without the brain and voice of a conversation; never in a chart with those that have them."""
TAU_VOICE = (
    Dot("gpt-live-1", 0.359, 0.989),
    Dot("grok-voice-think-fast-2.0", 0.970, 0.472),
    Dot("grok-voice-think-fast-1.0", 0.938, 0.662),
    Dot("gpt-realtime-2 (minimal)", 0.999, 0.019),
    Dot("gpt-realtime-1.5", 1.000, 0.019),
    Dot("gemini-3.1-flash-live (high)", 0.499, 0.941),
    Dot("gemini-live-2.5 native", 0.564, 0.849),
    Dot("qwen3.5-omni-plus-rt", 0.902, 0.840),
    Dot("cascaded LiveKit baseline", 0.988, 0.667),
)  # fmt: skip
"""R_Y and S_BC as τ-voice's repository lists them (2026). Other stimuli, 200 ms ticks: context."""


def measured(read: Iterable[Read]) -> list[Read]:
    """Conversations with an agent to be measured: no known delays, no script, no empty room."""
    return [one for one in read if one.kind not in KINDS_APART and not _apart(one)]


def _apart(one: Read) -> bool:
    return one.labels.scenario.startswith(APART)


def replies(read: Iterable[Read]) -> dict[str, list[float]]:
    """Voice-to-voice by scenario, for the distribution; one with fewer than FEW replies is left out."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in measured(read):
        found[one.labels.scenario or "conversation"] += [
            turn.voice_to_voice for turn in one.score.turns if turn.voice_to_voice is not None
        ]
    return {name: found[name] for name in sorted(found) if len(found[name]) >= FEW}


def contents(read: Iterable[Read]) -> dict[str, list[float]]:
    """The same to the first answer-bearing word, of conversations whose trace tells it."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in measured(read):
        if one.explained.source == "trace":
            found[one.labels.scenario or "conversation"] += latencies(one.explained.answers)[0]
    return {name: found[name] for name in sorted(found) if len(found[name]) >= FEW}


def yield_dots(sections: Iterable[Section]) -> list[Dot]:
    """The run's own places, one per kind of sound, where there are FEW interruptions and FEW such sounds."""
    panels = [one.summary.overlaps for one in sections]
    given, asked = sum(one.barge_ins.hits for one in panels), sum(one.barge_ins.n for one in panels)
    if asked < FEW:
        return []
    yields = rate([True] * given + [False] * (asked - given))
    found = []
    for kind in sorted({kind for one in panels for kind in one.kinds}):
        told = [one.kinds[kind].ignored for one in panels if kind in one.kinds]
        hits, over = sum(one.hits for one in told), sum(one.n for one in told)
        if over >= FEW:
            kept = rate([True] * hits + [False] * (over - hits))
            found.append(Dot(f"this run, {kind} (n {over})", yields.share, kept.share,
                             (yields.interval.low, yields.interval.high),
                             (kept.interval.low, kept.interval.high)))  # fmt: skip
    if len(found) > 1:
        middle = sum(one.selective for one in found) / len(found)
        found.insert(0, Dot("this run, mean of the kinds", yields.share, middle, headline=True))
    return found


def curve(read: Sequence[Read]) -> tuple[list[Operating], Operating | None]:
    """Operating points of the end-of-turn scores, replayed over labelled pauses and ends; and the session's.

    At each threshold: the share of pauses in which a score reached it, and how long after true ends one did.
    A session stops scoring when it commits, so what it never reached counts as WINDOW. Empty for fewer than
    FEW pauses.
    """
    pauses: list[float] = []
    ends: list[list[tuple[float, float]]] = []
    for one in measured(read):
        scored = one.explained.scored
        if not scored:
            continue
        for turn in one.labels.turns:
            spans = [(one.labels.seconds(gap.start), one.labels.seconds(gap.end)) for gap in turn.pauses]
            pauses += [max((p for at, p in scored if low <= at < high), default=0.0) for low, high in spans]
            if turn.reply:
                end = one.labels.seconds(turn.end)
                ends.append([(at - end, p) for at, p in scored if 0 <= at - end < WINDOW])
    if len(pauses) < FEW or len(ends) < FEW:
        return [], None
    points = [
        Operating(level, rate(most >= level for most in pauses), percentile(_reached(ends, level), 0.5))
        for level in THRESHOLDS
    ]
    return [one for one in points if one.wait < WINDOW], _session(measured(read))


def _reached(ends: Iterable[Sequence[tuple[float, float]]], level: float) -> list[float]:
    return [next((at for at, likely in scored if likely >= level), WINDOW) for scored in ends]


def _session(read: Sequence[Read]) -> Operating | None:
    paused = [one for one in read if any(turn.pauses for turn in one.labels.turns)]
    cuts = [gap.cut for one in paused for turn in one.score.turns for gap in turn.pauses]
    waits = [part.decided for one in paused for part in one.explained.parts]
    return Operating(0.0, rate(cuts), percentile(waits, 0.5)) if cuts and waits else None


def rows(read: Iterable[Read]) -> list[Parts]:
    """Replies for the waterfall, quickest first: all of them, or ROWS spread evenly over the ranks."""
    parts = chain.from_iterable(one.explained.parts for one in measured(read))
    ordered = sorted(parts, key=lambda one: (one.total, one.conversation, one.turn))
    if len(ordered) <= ROWS:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (ROWS - 1))] for place in range(ROWS)]
