"""Facts and orders: the whole vocabulary of the control plane.

Facts are past tense and say what happened; orders are imperative and say what shall happen. Both are frozen
and carry positions and identities, never samples or tensors. A list of them *is* the conversation. A new
message needs a decision record in ``docs/decisions/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, TypeAlias

Turn = NewType("Turn", int)
"""Number of a turn, counted from 1 within a session; a user turn and its reply share it."""
Draft = NewType("Draft", int)
"""Number of a draft, counted from 1 within a session, never reused."""
Sample = NewType("Sample", int)
"""Absolute position on a timeline: capture (16 kHz) unless a field says playout (24 kHz)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of capture samples."""

    start: Sample
    end: Sample

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span cannot end ({self.end}) before it starts ({self.start})")

    def __len__(self) -> int:
        return self.end - self.start


class Overlap(StrEnum):
    """What speech over the agent's voice turned out to be."""

    BARGE_IN = "barge-in"
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    UNSURE = "unsure"
    "Nobody can tell yet; what is known so far stands in the reason."


class Ending(StrEnum):
    """How a draft stopped being written."""

    COMPLETE = "complete"
    DROPPED = "dropped"
    FAILED = "failed"


# --- facts -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user's voice was detected."""

    at: Sample
    "First sample of the speech, as well as the detector can tell."


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The user's voice fell silent."""

    at: Sample
    "First silent sample after the speech, as well as the detector can tell."


@dataclass(frozen=True, slots=True)
class EndOfTurnScored:
    """The model said how likely the turn is over at this position."""

    at: Sample
    probability: float
    source: str = "words"
    """``words``: a draft's own reading of what was said; ``sound``: the head over the newest sound; and
    ``level``: that the voice has faded (1) or is back (0), which may begin a draft and never ends a turn."""


@dataclass(frozen=True, slots=True)
class OverlapScored:
    """Speech over the agent's voice, or a short turn, was judged."""

    at: Sample
    kind: Overlap
    why: str = ""
    "In words, for people and traces: ``0.31 s at -24 dB, backchannel 0.86``."
    source: str = "words"
    "``words``: a draft's own reading; ``sound``: the overlap scorer, over the newest sound."


@dataclass(frozen=True, slots=True)
class Listened:
    """The model has taken in this audio."""

    span: Span


@dataclass(frozen=True, slots=True)
class AudioLost:
    """Capture had a gap; silence deadlines do not advance over it."""

    span: Span


@dataclass(frozen=True, slots=True)
class TextEntered:
    """The user typed instead of speaking."""

    text: str


@dataclass(frozen=True, slots=True)
class InputCommitted:
    """The user, or the client, said explicitly that the turn is over (push to talk)."""

    at: Sample


@dataclass(frozen=True, slots=True)
class ReplyRequested:
    """The application asked the agent to speak without a user turn."""

    reason: str
    "For example ``greeting``."


@dataclass(frozen=True, slots=True)
class DraftStarted:
    """The decoder began a draft over this much audio."""

    turn: Turn
    draft: Draft
    listened: Span


@dataclass(frozen=True, slots=True)
class PhraseDrafted:
    """One speakable piece of a draft exists."""

    turn: Turn
    draft: Draft
    number: int
    "Counted from 0 within the draft."
    text: str


@dataclass(frozen=True, slots=True)
class DraftFinished:
    """No more phrases of this draft will come."""

    turn: Turn
    draft: Draft
    reason: Ending


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first audible sample of a turn's reply left the sink."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class PlaybackReached:
    """The ear is at this playout sample of this phrase."""

    turn: Turn
    phrase: int
    sample: int
    "Samples of this phrase played so far, at the playout rate."


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """All that a reply had to say has left the sink."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class PlaybackStarved:
    """The sink wanted samples of an unfinished reply and had none."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A reply wants a tool to run."""

    turn: Turn
    call: str


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool's result is there."""

    turn: Turn
    call: str


@dataclass(frozen=True, slots=True)
class TimerRang:
    """The one deadline that the policy asked for has come."""


@dataclass(frozen=True, slots=True)
class StageFailed:
    """A stage could not do its work; the session decides whether it can go on."""

    stage: str
    error: str


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The session is over."""

    reason: str


Fact: TypeAlias = (
    SpeechStarted | SpeechPaused | EndOfTurnScored | OverlapScored | Listened | AudioLost | TextEntered
    | InputCommitted | ReplyRequested | DraftStarted | PhraseDrafted | DraftFinished | PlaybackStarted
    | PlaybackReached | PlaybackEnded | PlaybackStarved | ToolCalled | ToolReturned | TimerRang | StageFailed
    | SessionClosed
)  # fmt: skip


# --- orders ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Think:
    """Take in the turn's audio from ``listened.start`` on, as it comes, and think about it."""

    turn: Turn
    listened: Span


@dataclass(frozen=True, slots=True)
class StopThinking:
    """Take in no more audio for this turn."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class StartDraft:
    """Prepare a reply to the turn as heard in this span."""

    turn: Turn
    draft: Draft
    listened: Span


@dataclass(frozen=True, slots=True)
class DropDraft:
    """Forget a draft's words and sound; its thoughts stay as notes."""

    turn: Turn
    draft: Draft


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """The turn is over: this draft may be heard."""

    turn: Turn
    draft: Draft


@dataclass(frozen=True, slots=True)
class Say:
    """Speak without a user turn."""

    turn: Turn
    reason: str


@dataclass(frozen=True, slots=True)
class Duck:
    """Lower the voice of this turn at once."""

    turn: Turn
    gain: float


@dataclass(frozen=True, slots=True)
class Unduck:
    """Bring the voice of this turn back to full."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Hold:
    """Fade out and freeze the position; nothing is flushed."""

    turn: Turn
    fade: float = 0.03
    "Seconds from full volume to silence."


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on from the last word border before the hold."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop the voice of this turn for good and flush what it had left."""

    turn: Turn
    fade: float = 0.03
    "Seconds from full volume to silence."


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run a tool with effects; once, after commit."""

    turn: Turn
    call: str


@dataclass(frozen=True, slots=True)
class Remember:
    """Write the turn into the conversation, the reply cut at what was heard."""

    turn: Turn
    heard_upto: int | None
    "Playout samples of the reply that reached the ear; None means all of it."


Order: TypeAlias = (
    Think | StopThinking | StartDraft | DropDraft | CommitDraft | Say | Duck | Unduck | Hold | Resume | Hush
    | RunTool | Remember
)  # fmt: skip

Message: TypeAlias = Fact | Order
