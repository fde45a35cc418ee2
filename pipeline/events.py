"""Facts and orders: the whole vocabulary of the control plane.

Facts say what happened, orders what shall happen. Both are frozen and carry positions and identities, never
sound. A list of them *is* the conversation. A new one needs a decision record in ``docs/decisions/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .terms import Draft as Draft
from .terms import Ending as Ending
from .terms import Overlap as Overlap
from .terms import Sample as Sample
from .terms import Span as Span
from .terms import Turn as Turn


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user's voice was detected."""

    at: Sample
    "First sample of the speech, as well as the detector can tell."
    sounds: Sample | None = None
    "Where sounds without speech (a clap, a beep) began that stand just before it; None: there are none."


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
    "``words`` of a draft, ``sound`` (its head), ``level``: faded (1) or back (0), which never ends a turn."


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
class InputBegan:
    """The client said that the user begins here: no detector is asked (push to talk)."""

    at: Sample


@dataclass(frozen=True, slots=True)
class InputGiven:
    """The client gave this sound as the user's, whole; it waits until a reply is asked for."""

    span: Span


@dataclass(frozen=True, slots=True)
class InputWithdrawn:
    """The client took back what it gave of the open turn; nothing before this position belongs to another."""

    at: Sample


@dataclass(frozen=True, slots=True)
class ReplyRequested:
    """The application asked the agent to speak without a user turn, or to answer what waits unanswered."""

    reason: str
    "For example ``greeting``; words of its own stand here as they are to be spoken."
    written: bool = False
    "The brain is to write it: to what nobody answered yet, else a draft that answers to no turn of the user."


@dataclass(frozen=True, slots=True)
class InterruptRequested:
    """The application wants the agent to be silent."""

    turn: Turn
    "Only while this turn is answered; 0: whatever is due or sounds."


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
    """A draft wants a tool to run."""

    turn: Turn
    draft: Draft
    call: str
    "Its identity, unique within the session."
    effects: bool
    "It may change something: then it waits until its draft is committed."
    within: float
    "Seconds, from when it is run, by which its result is there, or it has failed."


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool's result is there; a call that failed or took too long has one too."""

    turn: Turn
    draft: Draft
    call: str
    failed: bool = False


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
    | InputCommitted | InputBegan | InputGiven | InputWithdrawn | ReplyRequested | InterruptRequested
    | DraftStarted | PhraseDrafted | DraftFinished | PlaybackStarted | PlaybackReached | PlaybackEnded
    | PlaybackStarved | ToolCalled | ToolReturned | TimerRang | StageFailed | SessionClosed
)  # fmt: skip


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
    """Run this call, once. One with effects only ever for a committed draft."""

    turn: Turn
    draft: Draft
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
