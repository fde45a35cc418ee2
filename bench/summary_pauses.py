"""False cut-offs beside what patience costs: pauses by length, and the operating points of a recording.

One recording is one setting of an agent, so this is no sweep of thresholds: a budget asks how much of the
agent's speech would have begun by then, in a hesitation and at a true end. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .rates import Rate, rate
from .score import PauseScore, TurnScore

BUDGETS = (0.3, 0.6, 1.0)
"""Seconds of silence after which the agent is asked whether it has begun."""
NEARLY = 0.005
"""Seconds by which a pause may fall short of a budget: labels are cut to samples."""


@dataclass(frozen=True, slots=True)
class Operating:
    """The agent at one budget of silence.

    Not eot-bench's FC@300 ms, which is the best threshold's rate at a mean latency of 300 ms: here nothing is
    tuned, and what counts is audible sound, later than a decision by voice and playout.
    """

    budget: float
    cut: Rate
    "Of pauses at least as long: those in which the agent had begun this many seconds after their beginning."
    answered: Rate
    "Of turns that wanted a reply: those whose reply had begun this many seconds after their end, or before."


def by_length(turns: Sequence[TurnScore], pick: Callable[[PauseScore], bool]) -> dict[float, Rate]:
    """A rate per labelled pause, by its length in seconds rounded to tenths."""
    told: defaultdict[float, list[bool]] = defaultdict(list)
    for pause in (pause for turn in turns for pause in turn.pauses):
        told[round(pause.seconds, 1)].append(pick(pause))
    return {length: rate(told[length]) for length in sorted(told)}


def operating(turns: Sequence[TurnScore]) -> tuple[Operating, ...]:
    """At each budget that some pause is long enough for."""
    pauses = [pause for turn in turns for pause in turn.pauses]
    waits = [turn.voice_to_voice for turn in turns if turn.voice_to_voice is not None]
    found = []
    for budget in BUDGETS:
        long = [pause for pause in pauses if pause.seconds >= budget - NEARLY]
        if long:
            cut = rate(pause.onset is not None and pause.onset <= budget for pause in long)
            found.append(Operating(budget, cut, rate(wait <= budget for wait in waits)))
    return tuple(found)
