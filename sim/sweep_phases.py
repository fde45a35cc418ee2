"""What the agent was doing when the user's second words reached it: how a sweep shows that it missed nothing.

Read from the trace and the sink. It must never judge; ``sim.sweep_checks`` does.
"""

from __future__ import annotations

from pipeline.events import (
    CommitDraft,
    DraftStarted,
    Hold,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Resume,
    SpeechStarted,
    Unduck,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Measured, Thought

from .sweep_booth import Record

RESUME = (
    "no pause was seen", "pause seen", "draft begun", "first line thought", "first phrase written",
    "sound at the gate", "committed, nothing written", "committed, sound is made",
    "committed, sound at the gate", "first sample left, not yet told", "voice told", "reply over",
)  # fmt: skip
"""Phases of a resume, in the order in which they are passed."""


def phase(record: Record) -> str:
    """Where the agent was when it was told of the second words."""
    return _over_voice(record) if record.case.over else _resumed(record)


def forgotten(record: Record) -> bool:
    """True when a sentence got a reply of which no word was heard, and no other reply answers it."""
    return any(not each.reply and not each.whole for each in record.evidence.exchanges[:-1])


def hushed_late(record: Record) -> float:
    """Seconds after a hush at which the last sample left, at most; 0 without a hush."""
    commits = [at for at, _ in record.evidence.of(CommitDraft)]
    late = 0.0
    for at, _ in record.evidence.of(Hush):
        until = next((commit for commit in commits if commit > at), float("inf"))
        late = max([late, *(end - at for start, end in record.left if at - 0.02 < start < until)])
    return late


def taken_over(record: Record) -> tuple[int, int]:
    """Tokens of the replies' thoughts that were written before these began, and all of them."""
    drafts = {order.draft for _, order in record.evidence.of(CommitDraft)}
    mine = [each for _, each in record.evidence.of(Thought) if each.draft in drafts]
    taken = sum((each.confirmed or 0) + each.again for each in mine)
    return taken, taken + sum(each.confirmed is None and not each.again for each in mine)


def _told(record: Record) -> float | None:
    """When the agent was told of the second words; None when it took both for one stretch of speech."""
    if len(record.evidence.uttered) < 2:
        return None
    onset = record.evidence.uttered[1].start - round(0.05 * CAPTURE_RATE)
    return next((at for at, fact in record.evidence.of(SpeechStarted) if fact.at >= onset), None)


def _resumed(record: Record) -> str:
    told = _told(record)
    if told is None:
        return RESUME[0]
    evidence = record.evidence
    before = {kind: [item for at, item in evidence.of(kind) if at <= told] for kind in _KINDS}
    if before[Remember]:
        return RESUME[11]
    if before[PlaybackStarted]:
        return RESUME[10]
    if any(start <= told for start, _ in record.left):
        return RESUME[9]
    written, sounds = bool(before[PhraseDrafted]), _sound_made(record, told)
    if before[CommitDraft]:
        return RESUME[8 if sounds else 7 if written else 6]
    thought = "".join(each.text for each in before[Thought] if each.draft)
    reached = (sounds, written, "\n" in thought.lstrip("\n"), bool(before[DraftStarted]))
    return next((RESUME[5 - k] for k, yes in enumerate(reached) if yes), RESUME[1])


def _sound_made(record: Record, upto: float) -> bool:
    made = [at for at, item in record.evidence.of(Measured) if item.name == "phrase to first sound"]
    return bool(made) and made[0] <= upto


def _over_voice(record: Record) -> str:
    """What became of the second words."""
    told, kind = _told(record), " ".join(record.case.second)
    if record.case.scored:
        kind += ", judged by its sound"
    evidence = record.evidence
    if told is None:
        return f"{kind}: not heard"
    if any(at < told for at, _ in evidence.of(Remember)):
        return f"{kind}: after the reply"
    held = any(at >= told for at, _ in evidence.of(Hold))
    for order, name in ((Hush, "hushed"), (Resume, "held, then resumed"), (Unduck, "ducked only")):
        if any(at >= told for at, _ in evidence.of(order)):
            return f"{kind}: {name}"
    return f"{kind}: {'held at the end' if held else 'outlasted the reply'}"


_KINDS = (Remember, PlaybackStarted, PhraseDrafted, CommitDraft, Thought, DraftStarted)
