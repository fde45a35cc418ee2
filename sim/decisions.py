"""Which kinds of decision a conversation held, by the words in which the policy gives its reasons.

A cell of the policy may decide in several ways; these are the ways that must all be met. Pure: it only reads.
"""

from __future__ import annotations

import re
from collections import Counter

from pipeline.events import Overlap, OverlapScored
from pipeline.records import Decided

from .evidence import Evidence

UNSURE = "overlap: nobody can tell yet"
DECISIONS = {
    "draft before a pause, by the sound": r"drafting before any pause: sound",
    "draft before a pause, by the level": r"drafting before any pause: level",
    "early draft stands": r"the early draft has heard all and stands",
    "early draft has not heard all": r"the early draft has not heard all",
    "early draft dropped: speech goes on": r"early draft dropped: speech",
    "early draft dropped: the score fell": r"early draft dropped: sound",
    "early draft dropped: the level is back": r"early draft dropped: level",
    "pause drafted": r"pause: drafting$",
    "turn goes on in its pause": r": same turn$",
    "turn goes on after its commit": r"^nothing was heard yet",
    "committed by sound and words": r"^committed after .*: sound [\d.]+, words",
    "committed by the user's own pauses": r"^committed after .*pauses of this user",
    "short turn declined": r"^declined after",
    "turn with nothing to say": r"declined: nothing to say",
    "silence broken": r"^nudged",
    "overlap: only a burst": r"^(unducked|resumed) at .*: only a burst",
    "overlap: excused": r"^went on at .*: scored",
    "overlap: barge-in while talking": r"^hushed at .*: scored barge-in",
    "overlap: the user goes on": r"^hushed at .*: the user goes on",
    "overlap: too long for a backchannel": r"^hushed at .*: too long",
    "overlap: judged in its pause": r"^resumed at .*: scored",
    "overlap: deserves no answer": r"^resumed at .*: it deserves no answer",
    "overlap: not judged in time": r"^resumed at .*: not judged in time",
}
"""Kinds of decision, and what their reasons look like."""
_PATTERNS = {name: re.compile(pattern) for name, pattern in DECISIONS.items()}
EVERY = (*DECISIONS, UNSURE)
"""All that a full exploration must meet."""


def decisions(evidence: Evidence) -> Counter[str]:
    """How often each kind was met; a reason that stays the same counts once."""
    found: Counter[str] = Counter()
    before = ""
    for _, decided in evidence.of(Decided):
        if decided.why != before:
            found.update(name for name, pattern in _PATTERNS.items() if pattern.search(decided.why))
        before = decided.why
    scores = [score for _, score in evidence.of(OverlapScored)]
    found[UNSURE] += sum(score.kind is Overlap.UNSURE for score in scores)
    return found
