"""τ-voice's interaction panel, by its definitions: who spoke when in, eight figures and their counts out.

Definitions and windows: github.com/sierra-research/tau2-bench at a2c02472, ``docs/interaction-metrics.md``. A
timeline is in whole units, ``per_second`` of them: the benchmark's own 200 ms ticks, or samples of one of our
recordings. Pure; knows no files and no sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

NO_YIELD = 2.0
"""Seconds after an interruption began within which the agent's silence is a yield."""
YIELDS = 1.0
"""Seconds after a backchannel, tic or aside began within which the agent's silence is an error."""
RESPONDS = 2.0
"""Seconds after a tic or aside in silence within which the agent's voice is an error."""


@dataclass(frozen=True, slots=True)
class Voiced:
    """A stretch of the agent: half open, in units."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Uttered:
    """A stretch of the user's channel and what it is; where several hold, ``overlaps`` has the order."""

    start: int
    end: int
    backchannel: bool = False
    tic: bool = False
    "A vocal tic: a cough, an «um» of its own, a noise."
    aside: bool = False
    "Speech that is not directed at the agent."
    turn: bool = True
    "A turn that a response is due to. The benchmark's speech always is, tics inside it or not."
    inserted: bool = False
    "Mixed in while the user said nothing (the benchmark's out-of-turn effects): counts for selectivity only."


@dataclass(frozen=True, slots=True)
class Timeline:
    """One conversation. Both sides in order of time and without overlap among themselves."""

    per_second: float
    length: int
    user: tuple[Uttered, ...]
    agent: tuple[Voiced, ...]


class Category(StrEnum):
    """What an event counts towards."""

    RESPONSE = "response"
    YIELD = "yield"
    BACKCHANNEL = "backchannel"
    TIC = "vocal_tic"
    ASIDE = "non_directed"
    AGENT_INTERRUPTION = "agent_interruption"


@dataclass(frozen=True, slots=True)
class TauEvent:
    """One event, named as the benchmark names it."""

    category: Category
    error: bool
    at: float
    "Seconds: a turn's end for responses, else where it began."
    latency: float | None = None
    "Seconds, of responses and yields."

    @property
    def kind(self) -> str:
        """The benchmark's name of the event."""
        match self.category:
            case Category.RESPONSE:
                return "no_response" if self.error else "response"
            case Category.YIELD:
                return "no_yield" if self.error else "yield"
            case Category.AGENT_INTERRUPTION:
                return "agent_interrupts_user"
            case _:
                return f"{self.category}_{'error' if self.error else 'correct'}"


def events(line: Timeline) -> list[TauEvent]:
    """All events of a conversation in order of time."""
    found = [*responses(line), *overlaps(line), *unasked(line), *interruptions(line)]
    return sorted(found, key=lambda event: event.at)


def responses(line: Timeline) -> list[TauEvent]:
    """Response events: «for each user turn that ended with the agent silent (backchannels and unresolved
    interruptions excluded): response, the agent started speaking before the user spoke again; no_response,
    the user had to speak again before any agent response». A last turn that nothing follows is no event.
    """
    due = [said for said in line.user if said.turn and not said.backchannel
           and not (said.end < line.length and _speaking(line.agent, said.end))]  # fmt: skip
    found = []
    for place, said in enumerate(due):
        reply = next((piece.start for piece in line.agent if piece.start >= said.end), None)
        again = due[place + 1].start if place + 1 < len(due) else None
        at = said.end / line.per_second
        if reply is not None and (again is None or reply <= again):
            found.append(TauEvent(Category.RESPONSE, False, at, (reply - said.end) / line.per_second))
        elif again is not None:
            found.append(TauEvent(Category.RESPONSE, True, at))
    return found


def overlaps(line: Timeline) -> list[TauEvent]:
    """What the user began while the agent was speaking. «When a user segment starting during agent speech
    matches several categories, classification priority is: backchannel > vocal tic > non-directed speech >
    real interruption». A yield within 2.0 s is right for the last; one within 1.0 s is an error for the rest.
    """
    found = []
    for said in line.user:
        piece = _speaking(line.agent, said.start)
        if piece is None:
            continue
        category = _category(said) or Category.YIELD
        window = round((NO_YIELD if category is Category.YIELD else YIELDS) * line.per_second)
        waited = piece.end - said.start
        if said.inserted:  # as in its code: one that the agent talked through is not counted
            if waited <= window:
                found.append(TauEvent(category, True, said.start / line.per_second))
            continue
        gone = waited < window and piece.end < line.length
        latency = waited / line.per_second if gone and category is Category.YIELD else None
        error = gone != (category is Category.YIELD)
        found.append(TauEvent(category, error, said.start / line.per_second, latency))
    return found


def unasked(line: Timeline) -> list[TauEvent]:
    """Tics and non-directed speech that began while the agent was silent: «error = responds within 2.0 s»,
    from their end. A tic counts before an aside.
    """
    found = []
    for said in line.user:
        if not (said.tic or said.aside) or _speaking(line.agent, said.start):
            continue
        until = said.end + round(RESPONDS * line.per_second)
        error = any(said.start <= piece.start <= until for piece in line.agent)
        category = Category.TIC if said.tic else Category.ASIDE
        found.append(TauEvent(category, error, said.start / line.per_second))
    return found


def interruptions(line: Timeline) -> list[TauEvent]:
    """Agent interruptions: «every agent segment that starts while the user is speaking counts as one
    agent-interrupts-user event».
    """
    said = [one for one in line.user if not one.inserted]
    return [
        TauEvent(Category.AGENT_INTERRUPTION, True, piece.start / line.per_second)
        for piece in line.agent
        if any(one.start <= piece.start < one.end for one in said)
    ]


def _category(said: Uttered) -> Category | None:
    flags = {Category.BACKCHANNEL: said.backchannel, Category.TIC: said.tic, Category.ASIDE: said.aside}
    return next((category for category, holds in flags.items() if holds), None)


def _speaking(agent: Sequence[Voiced], at: int) -> Voiced | None:
    return next((piece for piece in agent if piece.start <= at < piece.end), None)


# --- the panel ---------------------------------------------------------------------------------------------


def response_latency(told: Iterable[TauEvent]) -> float | None:
    """L_R: «mean seconds from the end of a user turn to the start of the agent's response»."""
    return _mean(one.latency for one in told if one.category is Category.RESPONSE)


def yield_latency(told: Iterable[TauEvent]) -> float | None:
    """L_Y: «mean seconds for the agent to stop speaking after the user interrupts», where it yielded."""
    return _mean(one.latency for one in told if one.category is Category.YIELD)


def response_rate(told: Iterable[TauEvent]) -> float | None:
    """R_R: «fraction of user turns that received an agent response before the user had to speak again»."""
    return _right(told, Category.RESPONSE)


def yield_rate(told: Iterable[TauEvent]) -> float | None:
    """R_Y: «fraction of user interruptions where the agent yielded within the no-yield window» (2.0 s)."""
    return _right(told, Category.YIELD)


def agent_interruption_rate(told: Sequence[TauEvent]) -> float | None:
    """I_A: «agent-interrupts-user events per user turn»; may exceed 1. The turns are those of R_R."""
    turns = _count(told, Category.RESPONSE)
    return _count(told, Category.AGENT_INTERRUPTION) / turns if turns else None


def selectivity_backchannel(told: Iterable[TauEvent]) -> float | None:
    """S_BC: «fraction of user backchannels ("mm-hmm") the agent correctly talked through»."""
    return _right(told, Category.BACKCHANNEL)


def selectivity_vocal_tic(told: Iterable[TauEvent]) -> float | None:
    """S_VT: «fraction of vocal tics ("um", coughs) the agent correctly ignored»."""
    return _right(told, Category.TIC)


def selectivity_non_directed(told: Iterable[TauEvent]) -> float | None:
    """S_ND: «fraction of non-agent-directed speech ("hold on", side conversations) correctly ignored»."""
    return _right(told, Category.ASIDE)


def panel(conversations: Sequence[Sequence[TauEvent]]) -> dict[str, object]:
    """The eight figures and their counts over conversations, under the benchmark's field names."""
    told = [event for one in conversations for event in one]
    totals = {
        "response": Category.RESPONSE, "yield": Category.YIELD, "backchannel": Category.BACKCHANNEL,
        "vocal_tic": Category.TIC, "non_directed": Category.ASIDE,
    }  # fmt: skip
    counts = {f"{name}_total": _count(told, category) for name, category in totals.items()}
    return {
        "response_latency_mean": response_latency(told),
        "yield_latency_mean": yield_latency(told),
        "response_rate": response_rate(told),
        "yield_rate": yield_rate(told),
        "agent_interruption_rate": agent_interruption_rate(told),
        "selectivity_backchannel": selectivity_backchannel(told),
        "selectivity_vocal_tic": selectivity_vocal_tic(told),
        "selectivity_non_directed": selectivity_non_directed(told),
        "counts": {
            "n_simulations": len(conversations), **counts,
            "agent_interrupts_count": _count(told, Category.AGENT_INTERRUPTION),
        },
    }  # fmt: skip


def _count(told: Iterable[TauEvent], category: Category) -> int:
    return sum(one.category is category for one in told)


def _right(told: Iterable[TauEvent], category: Category) -> float | None:
    chosen = [not one.error for one in told if one.category is category]
    return fmean(chosen) if chosen else None


def _mean(values: Iterable[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return fmean(told) if told else None
