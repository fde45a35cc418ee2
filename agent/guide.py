"""The guided first run as a state machine: what to propose next, given what the user's last turn came to.

Pure: turns in, proposals out; it knows no sound, no screen and no clock. It must never nag: whoever does
something else is told of a step once more at most, and then it is left. What was shown unasked counts too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

MOST = 2
"""How often a proposal is told, how many of them are spoken, and how often the ways out are shown."""
APART = 1.2
"""Ratio of words per second from which on a sum counts as said faster or slower than the first one."""
_SIGNS = frozenset(("plus", "minus", "times"))
_PACES = frozenset(("fast", "slow", "slowly", "quickly", "faster", "slower"))


class Step(StrEnum):
    """What is proposed."""

    SUM = "sum"
    PACE = "pace"
    INTERRUPT = "interrupt"
    FREE = "free"
    "The last: whatever the brain can do."


class End(StrEnum):
    """What became of a step."""

    DONE = "done"
    MISSED = "missed"
    "The brain did not understand twice in a row."
    SKIPPED = "skipped"
    "The user did something else."


class Came(StrEnum):
    """What a turn of the user's came to."""

    ANSWERED = "answered"
    REFUSED = "refused"
    "Not understood, or no word to words that were heard."
    NOTHING = "nothing"
    "It wanted no answer (*mm-hm*, a cough), or something failed: it says nothing about the user."


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn of the user's that is over."""

    heard: str
    "What the brain made of the words; empty where nothing."
    came: Came
    cut: bool = False
    "The user talked into the answer, which gave way."
    rate: float | None = None
    "Words per second of speech; None where there are none."


@dataclass(frozen=True, slots=True)
class Propose:
    """Tell the user what to try."""

    step: Step
    again: bool = False
    aloud: bool = False
    "Also to be spoken, where nobody talks."


@dataclass(frozen=True, slots=True)
class ShowWaysOut:
    """Tell what was heard, and what can be done where this brain does not understand this person."""

    heard: tuple[str, ...]
    "Of the misses in a row."


Told: TypeAlias = Propose | ShowWaysOut


@dataclass(frozen=True, slots=True)
class Guide:
    """One first run as it stands."""

    left: tuple[Step, ...]
    "Steps that are to come, the present one first; none: the run is free."
    told: int = 0
    "How often the present step was told."
    ended: tuple[tuple[Step, End], ...] = ()
    missed: tuple[str, ...] = ()
    "What was heard in the misses since the last answer."
    ways: int = 0
    "How often the ways out were shown."
    spoken: int = 0
    "Proposals that were spoken, or that nobody wants spoken any more."
    rate: float | None = None
    "Words per second of the first sum."

    @property
    def free(self) -> bool:
        """Nothing is proposed any more."""
        return not self.left


def begin(*, interruptible: bool) -> tuple[Guide, tuple[Told, ...]]:
    """The first step. ``interruptible`` False: nobody can talk over the agent here. So that is not proposed,
    and no proposal is spoken."""
    steps = tuple(step for step in Step if interruptible or step is not Step.INTERRUPT)
    return Guide(steps, told=1, spoken=0 if interruptible else MOST), (Propose(steps[0]),)


def advance(guide: Guide, turn: Taken) -> tuple[Guide, tuple[Told, ...]]:
    """What there is to tell after this turn."""
    if turn.came is Came.NOTHING:
        return guide, ()
    return _refused(guide, turn) if turn.came is Came.REFUSED else _answered(guide, turn)


def hush(guide: Guide) -> Guide:
    """No proposal is spoken from here on: the user talked over one."""
    return replace(guide, spoken=MOST)


def _refused(guide: Guide, turn: Taken) -> tuple[Guide, tuple[Told, ...]]:
    """The first miss brings the words to say once more; the second in a row the ways out.

    The step is left then, and the next one is told only when something has been understood.
    """
    guide = replace(guide, missed=(*guide.missed, turn.heard))
    if len(guide.missed) < 2:
        if guide.free or guide.told == MOST or (not guide.told and guide.ended[-1][1] is End.MISSED):
            return guide, ()
        if not guide.told:  # it waited for the end of this turn, which began over an answer
            return _propose(guide, aloud=False)
        return replace(guide, told=guide.told + 1), (Propose(guide.left[0], again=True),)
    told = (ShowWaysOut(guide.missed),) if guide.ways < MOST else ()
    guide = replace(guide, missed=(), ways=guide.ways + len(told))
    return (guide if guide.free or not guide.told else _leave(guide, End.MISSED)), told


def _answered(guide: Guide, turn: Taken) -> tuple[Guide, tuple[Told, ...]]:
    shown, present = _shown(turn, guide.rate), guide.left[:1]
    rate = turn.rate if guide.rate is None and Step.SUM in shown else guide.rate
    guide = replace(guide, missed=(), rate=rate)
    if guide.free:
        return guide, ()
    done = tuple((step, End.DONE) for step in guide.left if step in shown)
    guide = replace(
        guide,
        left=tuple(step for step in guide.left if step not in shown),
        ended=(*guide.ended, *done),
        told=guide.told if present[0] not in shown else 0,
    )
    if turn.cut:  # they are talking: what comes next is told after that
        return guide, ()
    if 0 < guide.told < MOST:
        return replace(guide, told=guide.told + 1), (Propose(guide.left[0], again=True),)
    return _propose(_leave(guide, End.SKIPPED) if guide.told else guide)


def _propose(guide: Guide, *, aloud: bool = True) -> tuple[Guide, tuple[Told, ...]]:
    """Tell the present step for the first time. With the last one the run is free."""
    step = guide.left[0]
    if step is Step.FREE:
        return replace(guide, left=(), ended=(*guide.ended, (step, End.DONE))), (Propose(step),)
    aloud = aloud and guide.spoken < MOST
    return replace(guide, told=1, spoken=guide.spoken + aloud), (Propose(step, aloud=aloud),)


def _leave(guide: Guide, end: End) -> Guide:
    """The present step, told or not, is over."""
    return replace(guide, left=guide.left[1:], ended=(*guide.ended, (guide.left[0], end)), told=0)


def _shown(turn: Taken, before: float | None) -> frozenset[Step]:
    """Which steps this answered turn has done, proposed or not."""
    words, found = frozenset(turn.heard.split()), set[Step]()
    if words & _SIGNS:
        found.add(Step.SUM)
    if words & _PACES or (Step.SUM in found and _apart(turn.rate, before)):
        found.add(Step.PACE)
    if turn.cut:
        found.add(Step.INTERRUPT)
    return frozenset(found)


def _apart(rate: float | None, before: float | None) -> bool:
    """True when both paces are known and differ enough to be meant."""
    return rate is not None and before is not None and max(rate, before) >= APART * min(rate, before)
