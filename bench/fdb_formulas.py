"""Full-Duplex-Bench v1's own formulas, ported as published, with the defects that they have.

For comparison with its tables only: they reward an agent that never stops talking. Ours of the same events
are in ``fdb_ours``. Source: github.com/DanielLin94144/Full-Duplex-Bench at d7336bda, ``v1_v1.5/evaluation``
(arXiv 2503.04721). The backchannel task and the judge's score of relevance are not ported.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from .fdb import FdbItem, Task, Word

LEAST = 1.0
"""Seconds from the first word's start to the last one's end below which few words are no takeover."""
FEW = 3
"""How many words those are."""


def fdb_takeover(words: Sequence[Word]) -> int:
    """FDB's TO: 0 without words; 0 for at most 3 words that span less than 1 s; else 1.

    It looks at the whole file: for the pause task, speech long after the pause counts too.
    """
    if not words:
        return 0
    return 0 if words[-1].end - words[0].start < LEAST and len(words) <= FEW else 1


def fdb_latency(words: Sequence[Word], zero: float) -> float | None:
    """FDB's latency: the first word's start from ``zero``, negative ones made 0; None where TO is 0.

    ``zero`` is ``turn_taking[0].timestamp[0]``, or an interruption's end with words from ``fdb_cropped``.
    """
    return max(words[0].start - zero, 0.0) if fdb_takeover(words) else None


def fdb_cropped(words: Sequence[Word], at: float) -> tuple[Word, ...]:
    """What FDB transcribes of an interruption: the output from its end on.

    A word under way there is heard from the cut, which is how talking on becomes a reply after 0 s.
    """
    return tuple(Word(word.text, max(word.start, at), word.end) for word in words if word.end > at)


def fdb_scores(item: FdbItem) -> tuple[int, float | None]:
    """TO and latency of a v1 item, as FDB's script for its task has them. Needs the agent's words."""
    words = item.words or ()
    match item.task:
        case Task.PAUSE:
            return fdb_takeover(words), None
        case Task.TURN:
            return fdb_takeover(words), fdb_latency(words, item.marks[0].start)
        case _:
            after = fdb_cropped(words, item.marks[0].end)
            return fdb_takeover(after), fdb_latency(after, item.marks[0].end)


def fdb_rate(takeovers: Sequence[int]) -> float | None:
    """FDB's TOR: the mean of TO; None without items."""
    return fmean(takeovers) if takeovers else None


def fdb_mean_latency(latencies: Sequence[float | None]) -> float | None:
    """FDB's latency of a set: the arithmetic mean over items with TO = 1; None without any."""
    told = [latency for latency in latencies if latency is not None]
    return fmean(told) if told else None
