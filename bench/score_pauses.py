"""What the agent did while the user hesitated: where it began, and where it could be heard."""

from __future__ import annotations

from dataclasses import dataclass

from .heard import CERTAIN, Heard
from .labels import UserTurn


@dataclass(frozen=True, slots=True)
class PauseScore:
    """One hesitation of the user."""

    seconds: float
    "Its labelled length."
    cut: bool
    "The agent began to be audible in it, or after it before the turn's labelled end: a false cut-off."
    inside: bool
    "It began in the pause itself."
    onset: float | None = None
    "Seconds from the pause's first sample to that beginning; None: not cut."
    sounded: float = 0.0
    "Seconds of the pause in which the agent was audible, whenever it had begun."

    @property
    def heard(self) -> bool:
        """It was audible inside, CERTAIN seconds or more: also if it began before and talked through."""
        return self.sounded >= CERTAIN


def pauses(turn: UserTurn, onsets: list[int], heard: Heard) -> tuple[PauseScore, ...]:
    """Each onset before the turn's end is put down to the last pause that began before it; one under the
    user's first words to none.
    """
    borders = [*(pause.start for pause in turn.pauses[1:]), turn.end]
    found = []
    for pause, until in zip(turn.pauses, borders, strict=False):
        first = next((onset for onset in onsets if pause.start <= onset < until), None)
        found.append(PauseScore(
            (pause.end - pause.start) / heard.rate,
            cut=first is not None,
            inside=first is not None and first < pause.end,
            onset=None if first is None else (first - pause.start) / heard.rate,
            sounded=heard.seconds(pause.start, pause.end),
        ))  # fmt: skip
    return tuple(found)


def overlap(turn: UserTurn, heard: Heard) -> float:
    """Seconds of the turn's speech, its pauses left out, under the agent's voice (its silences shorter than
    JOIN are part of the voice).
    """
    starts = [turn.start, *(pause.end for pause in turn.pauses)]
    ends = [*(pause.start for pause in turn.pauses), turn.end]
    shared = sum(
        max(0, min(end, voice.end) - max(start, voice.start))
        for start, end in zip(starts, ends, strict=True)
        for voice in heard.sound
    )
    return shared / heard.rate
