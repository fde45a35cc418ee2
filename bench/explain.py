"""What lies beside a recording explains its score: one conversation's trace, or a server's messages.

It never makes a score. What cannot be known from what is there is said, in words, instead of a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.story import Decision, tell
from pipeline.errors import UserError
from pipeline.events import EndOfTurnScored, PlaybackStarted, PlaybackStarved
from pipeline.trace import read

from .explain_ahead import Ahead, ahead_of, thinking_of
from .explain_clock import Moment, of_kind, offset, on_recording
from .explain_history import Gap, Kept, gaps_of, kept_of
from .explain_parts import Parts, parts_of
from .explain_socket import (
    SocketParts,
    SocketStop,
    by_hand,
    read_messages,
    socket_answers,
    socket_parts,
    socket_stops,
)
from .explain_stop import Held, Stop, Unasked, holds_of, stops_of, unasked
from .explain_words import Answer, answers_of, heard_replies
from .kinds import APART, kind_of
from .labels import Labels
from .recording import Recording
from .score import Score
from .think_score import Hidden

TRACE = "trace.jsonl"
EVENTS = "events.jsonl"
UNKNOWN = "not known from a recording"
"""What is printed in place of every figure that needs a trace."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What one conversation's files tell beside its recording. Seconds count from the recording's start."""

    parts: tuple[Parts, ...] = ()
    socket: tuple[SocketParts, ...] = ()
    socket_stops: tuple[SocketStop, ...] = ()
    answers: tuple[Answer, ...] = ()
    "By the reply's text, where it was told."
    stops: tuple[Stop, ...] = ()
    holds: tuple[Held, ...] = ()
    ahead: Ahead | None = None
    stopped: int = 0
    "Stops that the recording shows, parted or not."
    thinking: Mapping[int, Hidden] = field(default_factory=dict)
    "By the user's turn."
    kept: tuple[Kept, ...] = ()
    gaps: tuple[Gap, ...] = ()
    starved: int = 0
    unasked: Unasked | None = None
    reasons: tuple[Decision, ...] = ()
    scored: tuple[tuple[float, float], ...] = ()
    "When the session said how likely the turn was over, and how likely."
    source: str = ""
    "``trace``, ``events`` or, for a recording by itself, nothing."
    by_hand: bool = False
    "The harness told the agent when turns were over."
    unread: str = ""
    "Why what lies there explains nothing, where it cannot be read."
    conversation: str = ""
    spoken: float = 0.0
    "Seconds in which the agent was audible."


def explain(place: Path, recording: Recording, score: Score, labels: Labels) -> Explained:
    """Read what lies beside a recording. A file that cannot be read takes no figure away but its own."""
    bare = Explained(conversation=score.conversation, spoken=score.agent_seconds)
    trace, events = place / TRACE, place / EVENTS
    try:
        if events.exists():
            return of_messages(events, score, labels)
        if trace.exists():
            entries = read(trace)
            if (late := offset(entries)) is not None:
                reasons = tuple(tell(entries, offset=late).marks)
                return of_moments(on_recording(entries), reasons, recording, score, labels)
            return replace(bare, source="trace" if entries else "")  # nothing was heard in it
    except UserError as error:
        return Explained(conversation=score.conversation, spoken=score.agent_seconds, unread=str(error))
    return bare


def of_messages(file: Path, score: Score, labels: Labels) -> Explained:
    """What a server told. Raises UserError for a file that is none of ours."""
    messages = read_messages(file, labels.rate)
    return Explained(
        socket=tuple(socket_parts(messages, score, labels)),
        socket_stops=tuple(socket_stops(messages, score, labels)),
        answers=tuple(socket_answers(messages, score, labels)),
        by_hand=by_hand(messages), source="events",
        conversation=score.conversation, spoken=score.agent_seconds,
    )  # fmt: skip


def of_moments(
    moments: list[Moment], reasons: tuple[Decision, ...], recording: Recording, score: Score, labels: Labels
) -> Explained:
    """What a session's trace tells, laid over its recording."""
    replies = heard_replies(moments, recording)
    answers = [] if kind_of(labels.about) in APART else answers_of(replies, score, labels)
    probable = [(at, fact.probability) for at, fact in of_kind(moments, EndOfTurnScored)
                if fact.source != "level"]  # fmt: skip
    return Explained(
        parts=tuple(parts_of(moments, score, labels)),
        answers=tuple(answers),
        stops=tuple(stops_of(moments, score, labels)),
        holds=tuple(holds_of(moments, labels)),
        ahead=ahead_of(moments),
        stopped=sum(turn.stop is not None and not turn.stop.censored for turn in score.turns),
        thinking=thinking_of(moments, recording, score, labels, answers),
        kept=tuple(kept_of(moments, replies, recording)),
        gaps=tuple(gaps_of(moments, replies, recording)),
        starved=len(of_kind(moments, PlaybackStarved)),
        unasked=unasked(moments, recording) if of_kind(moments, PlaybackStarted) else None,
        reasons=reasons, scored=tuple(probable), source="trace",
        conversation=score.conversation, spoken=score.agent_seconds,
    )  # fmt: skip
