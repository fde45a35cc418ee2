"""Our measures of the events that Full-Duplex-Bench annotates: acoustic, signed, nothing clamped.

What is mended against its formulas: an early start is a negative offset and is counted (theirs becomes 0); a
reply needs 300 ms of silence of the agent under the user before it counts (theirs: talking on is a reply);
stopping is timed from the user's onset and censored at 2 s (theirs is the overlap's length); percentiles with
intervals beside n (theirs: a mean). No recogniser is used, so none can move a rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .audible import Stretch, stretches
from .labels import WANTS_REPLY, Labels, UserTurn
from .recording import Recording
from .score import WINDOW, StopScore, TurnScore, score
from .summary import Distribution, Rate, distribution, rate

HELD = 0.300
"""Seconds of audible agent inside its window that are a takeover, not a blip."""


@dataclass(frozen=True, slots=True)
class Ours:
    """One annotated event."""

    taken: bool | None
    "The agent took the floor: in a pause wrongly, after a turn rightly; None: the recording ends too early."
    offset: float | None
    "Seconds from the user's labelled end to the reply, signed; WINDOW when it never came; None: not due."
    body: float | None
    "The same to the reply's body: a breath or a filler before it is left out."
    censored: bool
    body_censored: bool
    early: bool
    "The agent began to be audible before the user had finished."
    stop: StopScore | None
    "Interruptions of an audible agent only."


def ours(recording: Recording, labels: Labels) -> Ours:
    """Measure the labelled conversation's last turn, which is the annotated one. Raises as ``score`` does."""
    scored = score(recording, labels).turns[-1]
    turn = labels.turns[-1]
    sound = stretches(recording.agent, recording.rate)
    taken = _pauses_taken(turn, scored, sound, recording.rate) if turn.pauses else None
    if not turn.pauses and turn.kind in WANTS_REPLY:
        taken = _taken(turn, scored, sound, recording.rate)
    return Ours(
        taken, scored.voice_to_voice, scored.to_body, scored.censored, scored.body_censored,
        scored.cut_in, scored.stop,
    )  # fmt: skip


def _pauses_taken(turn: UserTurn, scored: TurnScore, sound: Sequence[Stretch], rate: int) -> bool:
    """The agent began in a pause, or after it under the user; or it was heard through one."""
    through = any(
        _shared(sound, pause.start, pause.end) >= min(HELD * rate, pause.end - pause.start)
        for pause in turn.pauses
    )
    return through or any(pause.cut for pause in scored.pauses)


def _taken(turn: UserTurn, scored: TurnScore, sound: Sequence[Stretch], rate: int) -> bool | None:
    """A reply came, and HELD of it was audible in the window."""
    if scored.voice_to_voice is None:
        return None
    start = turn.end + round(scored.voice_to_voice * rate)
    return not scored.censored and _shared(sound, start, turn.end + round(WINDOW * rate)) >= HELD * rate


def _shared(sound: Sequence[Stretch], start: int, end: int) -> int:
    """Samples of a range that lie in stretches of sound."""
    return sum(max(0, min(end, piece.end) - max(start, piece.start)) for piece in sound)


@dataclass(frozen=True, slots=True)
class OursOfMany:
    """Events of one task together."""

    taken: Rate
    offset: Distribution | None
    body: Distribution | None
    early: Rate
    stop: Distribution | None
    resumed: Rate


def together(events: Mapping[str, Ours]) -> OursOfMany:
    """Figures of these events, each a conversation of its own by name."""
    stops = {name: one.stop for name, one in events.items() if one.stop is not None}
    censored = sum(one.censored for one in events.values())
    without_body = sum(one.body_censored for one in events.values())
    bodies = {name: [one.body] for name, one in events.items() if one.body is not None}
    due = {name: [one.offset] for name, one in events.items() if one.offset is not None}
    return OursOfMany(
        rate(one.taken for one in events.values() if one.taken is not None),
        distribution(due, censored),
        distribution(bodies, without_body),
        rate(one.early for one in events.values()),
        distribution({name: [stop.latency] for name, stop in stops.items()},
                     sum(stop.censored for stop in stops.values())),
        rate(stop.resumed for stop in stops.values()),
    )  # fmt: skip
