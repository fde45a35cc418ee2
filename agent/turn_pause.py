"""How long a pause may last before it was the end of the turn: by what was said, and by whom.

Two sources say how likely the end is: a draft's own reading of the words, and a head over the sound. Where
both speak, the one that is less sure counts. Pure: no clock, no I/O.
"""

from __future__ import annotations

import math
from dataclasses import replace

from pipeline.events import AudioLost, EndOfTurnScored

from .turn_config import TurnConfig
from .turn_state import RATE, State, Step

KEPT = 16
"""Pauses of one user that are remembered."""
QUANTILE = 0.9
"""Which of them the endpoint is to outlast."""
LEAST, MOST = 0.1, 2.0
"""Seconds: a shorter silence is part of a word, a longer one is no hesitation."""


def spoken(state: State) -> list[EndOfTurnScored]:
    """What the sources said about the present pause, sound first."""
    return [said for said in (state.sound, state.words) if said is not None]


def undecided(said: EndOfTurnScored, config: TurnConfig) -> bool:
    """True when a source says no more than that it cannot tell: then it does not count."""
    return abs(said.probability - 0.5) < config.undecided


def end(state: State, config: TurnConfig) -> float | None:
    """Probability that the turn is over: the least of what was said; None where nobody could tell."""
    told = [said.probability for said in spoken(state) if not undecided(said, config)]
    return min(told, default=None)


def learned(state: State, config: TurnConfig) -> float | None:
    """The endpoint that this user's pauses ask for, in seconds; None while too few are known."""
    count = len(state.pauses)
    if not config.adapt or count < config.adapt_after:
        return None
    high = sorted(state.pauses)[math.ceil(QUANTILE * count) - 1]
    least = min(config.endpoint, max(config.endpoint_sure, config.endpoint_least))
    return min(max(config.adapt_margin * high, least), max(config.endpoint, config.endpoint_unsure))


def patience(state: State, config: TurnConfig) -> float:
    """Seconds of silence that end the turn, by what was said about it and by this user's pauses."""
    usual = learned(state, config) or config.endpoint
    scale, probability = usual / config.endpoint, end(state, config)
    if probability is None:
        return usual
    if probability >= config.sure:
        return min(max(config.endpoint_sure, config.endpoint_sure * scale), max(usual, config.endpoint_sure))
    if probability <= config.unsure:
        return min(config.endpoint_unsure, max(usual, config.endpoint_unsure * scale))
    return usual


def deadline(state: State, config: TurnConfig) -> float:
    """When the present pause has lasted long enough, counting only captured silence."""
    return state.when(state.paused_at + state.lost) + patience(state, config)


def uncaptured(state: State, config: TurnConfig) -> bool:
    """True when the silence that would end the turn has not been captured, nor told as lost, yet."""
    if state.captured is None:
        return False
    due = state.paused_at + state.lost + round(patience(state, config) * RATE)
    return state.captured < due - round(config.capture_slack * RATE)


def taught(state: State, seconds: float, most: float = MOST) -> State:
    """The state that knows one more pause within a turn, unless it was none that teaches anything."""
    if not LEAST <= seconds <= most:
        return state
    return replace(state, pauses=(*state.pauses, round(seconds, 3))[-KEPT:])


def reason(state: State, config: TurnConfig) -> str:
    """Why the deadline is where it is, in words."""
    told = [
        f"{one.source} {'undecided' if undecided(one, config) else f'{one.probability:.2f}'}"
        for one in spoken(state)
    ]
    said = ", ".join(told) or "not scored"
    usual = learned(state, config)
    return said if usual is None else f"{said}; {usual:.2f} s by {len(state.pauses)} pauses of this user"


def lost_after(at: int, fact: AudioLost) -> int:
    """Samples of a gap that lie after ``at``."""
    return max(0, fact.span.end - max(fact.span.start, at))


def scored(state: State, fact: EndOfTurnScored) -> State:
    """The state that knows what this source says now."""
    return replace(state, sound=fact) if fact.source == "sound" else replace(state, words=fact)


def score(state: State, fact: EndOfTurnScored, now: float, config: TurnConfig) -> Step:
    """What was said moves the deadline, never into the past."""
    after = scored(state, fact)
    return replace(after, wake_at=max(now, deadline(after, config))), ()


def freeze(state: State, fact: AudioLost, now: float, config: TurnConfig) -> Step:
    """Silence that was not captured does not count."""
    after = replace(state, lost=state.lost + lost_after(state.paused_at, fact))
    return replace(after, wake_at=max(now, deadline(after, config))), ()
