"""What each mechanism is worth: every arm beside the full one, on the same questions, paired. Pure.

A session that failed counts as a wrong answer; a reply that never came, as the longest wait that was allowed.
Questions are drawn with replacement for every interval of a difference, both arms of a question together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .bootstrap import Bounded, Difference, bounded_difference, mean_difference, share_of
from .stats import percentile
from .summary import Rate, rate
from .think_arms import ARMS, LEFT_OUT, arm_of, plain
from .think_cuts import Cut
from .think_edge import PATIENCE
from .think_report import Answers
from .think_score import Answered

Asked: TypeAlias = Mapping[str, Answered | None]
"""One arm at one pace: an answer by question, None where the session failed."""
REFERENCE = "everything"
"""What every arm is compared with."""
SHARES = (0.5, 0.95)
"""The percentiles of waiting."""
GAP = 0.12
"""Seconds of silence between two words of one reply from which it counts as a gap."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long something was waited for. Seconds from the question's labelled end."""

    p50: float
    p95: float
    never: Rate
    "Questions in which it never came: counted as PATIENCE, and a percentile that touches them is PATIENCE."
    against: tuple[Bounded, ...] = ()
    """Of p50 and p95 from the full arm's; for words, over questions in which both arms came to one. Unknown
    where one of the two is PATIENCE, in the bounds too."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """False cut-offs at hesitations."""

    all: Rate
    by_pause: dict[float, Rate]
    "By the pause's length in seconds."
    open: Rate
    "At pauses after which more had to follow."
    would_do: Rate
    "At pauses before which all that was needed for an answer had been said."
    against: Difference | None = None
    failed: int = 0
    "Sessions that broke; they are in no rate."


@dataclass(frozen=True, slots=True)
class Arm:
    """One row of the ablation table."""

    name: str
    count: int
    "Questions asked, failures among them."
    right: Rate
    sound: Wait
    "First audible sample of the reply."
    answer: Wait
    "First sample of the first answer-bearing word, right or wrong."
    wasted: Difference | None
    "Share of the tokens written before the commit that came to nothing; None: none was written."
    hidden: Difference | None
    "Share of the thought that was written while user or agent could be heard; None: no thought."
    gaps: Rate
    "Replies with a silence of GAP or more between two words."
    starved: int
    "Times that playback ran dry, over all replies."
    right_against: Difference | None = None
    cuts: Cuts | None = None
    failed: int = field(default=0)
    "Sessions that broke."


def ablation(found: Answers, cuts: Sequence[Cut], pace: float) -> list[Arm]:
    """Every arm asked at this pace: those of the issue's list first, in its order, then the others."""
    order = [arm_of(name) for name in LEFT_OUT]
    order += [arm for arm in ARMS if arm not in order]
    paused: dict[str, dict[str, Cut]] = {}
    for one in cuts:
        if one.pace == pace:
            paused.setdefault(one.arm, {})[one.item] = one
    asked = {arm: found[arm, pace] for arm in order if found.get((arm, pace))}
    whole = asked.get(REFERENCE)
    return [
        _arm(arm, ways, None if arm == REFERENCE else whole, paused.get(arm), paused.get(REFERENCE))
        for arm, ways in asked.items()
    ]


def _arm(
    arm: str, ways: Asked, full: Asked | None, cuts: Mapping[str, Cut] | None,
    full_cuts: Mapping[str, Cut] | None,
) -> Arm:  # fmt: skip
    told = [one for one in ways.values() if one is not None]
    thinking = [(one.user + one.agent, one.thoughts) for one in told if one.thoughts]
    ahead = [(one.wasted, one.ahead) for one in told if one.ahead]
    paired = full is not None and bool(ways.keys() & full.keys())
    return Arm(
        plain(arm),
        len(ways),
        rate([one is not None and one.right for one in ways.values()]),
        _sound(ways, full if paired else None),
        _answer(ways, full if paired else None),
        share_of(ahead) if ahead else None,
        share_of(thinking) if thinking else None,
        rate([one.gap >= GAP for one in told]),
        sum(one.starved for one in told),
        mean_difference(rights(ways), rights(full)) if full is not None and paired else None,
        None if not cuts else _cuts(cuts, None if arm == REFERENCE else full_cuts),
        len(ways) - len(told),
    )


def rights(ways: Asked) -> dict[str, float]:
    """1 for a right answer, 0 for everything else."""
    return {item: float(one is not None and one.right) for item, one in ways.items()}


def first_sound(one: Answered | None) -> float | None:
    """Voice to voice; None: no reply."""
    return None if one is None else one.first_sound


def first_word(one: Answered | None) -> float | None:
    """To the first answer-bearing word; None: no word of that kind."""
    return None if one is None else one.first_answer


def _sound(ways: Asked, full: Asked | None) -> Wait:
    mine = _censored(ways, first_sound)
    against = () if full is None else _apart(mine, _censored(full, first_sound))
    return _wait(ways, first_sound, mine, against)


def _answer(ways: Asked, full: Asked | None) -> Wait:
    against: tuple[Bounded, ...] = ()
    if full is not None:
        mine, theirs = _came(ways, first_word), _came(full, first_word)
        if mine.keys() & theirs.keys():
            against = _apart(mine, theirs)
    return _wait(ways, first_word, _censored(ways, first_word), against)


def _wait(
    ways: Asked, pick: Callable[[Answered | None], float | None], waits: Mapping[str, float],
    against: tuple[Bounded, ...],
) -> Wait:  # fmt: skip
    low, high = (censored_percentile(list(waits.values()), share) for share in SHARES)
    return Wait(low, high, rate([pick(one) is None for one in ways.values()]), against)


def censored_percentile(waits: Sequence[float], share: float) -> float:
    """As ``percentile``, but PATIENCE where it would lie between a wait and one that had no end."""
    above = sorted(waits)[math.ceil(share * (len(waits) - 1))]
    return PATIENCE if above >= PATIENCE else percentile(waits, share)


def _apart(mine: Mapping[str, float], theirs: Mapping[str, float]) -> tuple[Bounded, ...]:
    return tuple(bounded_difference(mine, theirs, share, PATIENCE) for share in SHARES)


def _censored(ways: Asked, pick: Callable[[Answered | None], float | None]) -> dict[str, float]:
    waits = {item: pick(one) for item, one in ways.items()}
    return {item: PATIENCE if wait is None else wait for item, wait in waits.items()}


def _came(ways: Asked, pick: Callable[[Answered | None], float | None]) -> dict[str, float]:
    waits = {item: pick(one) for item, one in ways.items()}
    return {item: wait for item, wait in waits.items() if wait is not None}


def _cuts(mine: Mapping[str, Cut], full: Mapping[str, Cut] | None) -> Cuts:
    known = [one for one in mine.values() if one.cut is not None]
    lengths = sorted({one.pause for one in known})
    ours, theirs = _hits(mine), {} if full is None else _hits(full)
    return Cuts(
        rate([bool(one.cut) for one in known]),
        {length: rate([bool(one.cut) for one in known if one.pause == length]) for length in lengths},
        rate([bool(one.cut) for one in known if not one.would_do]),
        rate([bool(one.cut) for one in known if one.would_do]),
        mean_difference(ours, theirs) if ours.keys() & theirs.keys() else None,
        len(mine) - len(known),
    )


def _hits(ways: Mapping[str, Cut]) -> dict[str, float]:
    return {item: float(one.cut) for item, one in ways.items() if one.cut is not None}
