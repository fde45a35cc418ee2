"""What the turn policy knows: plain frozen values.

Nothing here decides; the rules do. It must never hold samples, tensors, clocks or live objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from pipeline.errors import BugError
from pipeline.events import (
    Draft,
    Ending,
    EndOfTurnScored,
    Order,
    OverlapScored,
    Sample,
    Span,
    Turn,
)

from .turn_config import TurnConfig

RATE = 16_000
"""Capture samples per second. Equal to ``pipeline.ports.CAPTURE_RATE``, which lives beside numpy."""
DRIFT = 5e-4
"""How much slower than the loop's clock a sound card may be, as a ratio."""
_START = Sample(0)
_NONE = Turn(0)
MISSED = "missed"
"""The reason of a ``Say`` that asks again for what stopped the agent's voice, although it wants no answer."""
CANNED = Draft(0)
"""The draft number of what ``Say`` speaks: greetings and excuses. Real drafts count from 1."""


class User(StrEnum):
    """What the user does with the floor."""

    QUIET = "quiet"
    TALKING = "talking"
    PAUSED = "paused"


class Agent(StrEnum):
    """What the agent does with the floor."""

    SILENT = "silent"
    DUE = "due"
    SPEAKING = "speaking"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Writing:
    """A draft as the policy sees it."""

    draft: Draft
    start: Sample = _START
    end: Sample = _START
    "The audio it was drafted over."
    phrases: int = 0
    "Speakable pieces so far."
    ending: Ending | None = None
    voiceless: bool = False
    "The voice failed while this draft was being prepared."
    waiting: tuple[tuple[str, float], ...] = ()
    "Calls with effects that have not been run: their names, and how many seconds each may take."
    running: tuple[str, ...] = ()
    "Calls whose result is not there yet."
    allowed: float = 0.0
    "Until when the reply may be silent on account of its calls, in the seconds of ``now``."
    acted: bool = False
    "A call with effects has been run for it: it cannot be undone, and so the draft cannot be dropped."

    @property
    def empty(self) -> bool:
        """True when it is complete and has nothing to say."""
        return self.ending is Ending.COMPLETE and self.phrases == 0

    @property
    def calls(self) -> bool:
        """True while a call of it has no result yet."""
        return bool(self.waiting or self.running)


@dataclass(frozen=True, slots=True)
class State:
    """All that the policy remembers.

    ``turn`` is the newest turn number: the user's open turn while the agent is silent, else the turn that the
    agent replies to. Speech over the agent's voice is a candidate for turn ``turn + 1``.
    """

    user: User = User.QUIET
    agent: Agent = Agent.SILENT
    wake_at: float | None = None
    "The one deadline: when to send ``TimerRang``, in the seconds of ``now``."
    why: str = ""
    "The last decision in words, for people and traces."
    turn: Turn = _NONE
    drafts: int = 0
    "Draft numbers given so far."
    asked: bool = False
    "True while the newest turn is one that the application asked for: it has no words of the user."
    typed: bool = False
    "True while the newest turn holds typed text."
    given: bool = False
    "The open turn was begun by its client: no detector will tell that its speech pauses."
    writing: Writing | None = None
    "The draft for the user's open turn or candidate, in a pause."
    reply: Writing | None = None
    "The committed draft (or canned words) that the agent is due to speak or speaks."
    since: Sample = _START
    "First sample of the user's open turn or candidate."
    onset: Sample = _START
    "First sample of the user's speech in it."
    paused_at: Sample = _START
    lost: int = 0
    "Capture samples lost since the pause began."
    gap: Span | None = None
    "The newest capture gap while the user talked: a pause that begins with it holds no silence yet."
    captured: Sample | None = None
    "End of what was captured; None where the shell does not say."
    words: EndOfTurnScored | None = None
    "What a draft's reading says about the present pause."
    sound: EndOfTurnScored | None = None
    "What the head over the sound said last, in the present speech or pause."
    ahead: int = 0
    "Drafts of the open turn that were begun before a pause."
    pauses: tuple[float, ...] = ()
    "The newest pauses of this user within their turns, in seconds, oldest first."
    cut: bool = False
    "The open or committed turn stopped the agent's voice: if it seems to want no answer, it is asked again."
    aside: OverlapScored | None = None
    "The judgement that what was said before the present pause deserves no answer."
    judged: str = ""
    "The newest judgement of the present overlap, in words."
    unanswered: Span | None = None
    "Sound that the user gave in turns that nobody answered yet: it belongs to the next one that is."
    speech: Span | None = None
    "The user's speech in the newest committed turn, empty for a typed one: what its draft must have heard."
    taken: Sample = _START
    "End of the newest committed turn's audio: no sound belongs to two turns."
    rested: Sample = _START
    "Capture sample from which on no sound can be the echo of the agent's last words."
    excused: bool = False
    "True while speech over the voice goes on that was judged to be no barge-in."
    heard: int = 0
    "Playout samples of the reply that reached the ear; exact when every phrase's end is reported."
    phrase: int = 0
    before: int = 0
    "Playout samples of the phrases before ``phrase``."
    sounded: float | None = None
    "When the reply's first sample left, in the seconds of ``now``."
    starving: bool = False
    "The sink has nothing left to play of an unfinished reply."
    muted: Sample | None = None
    "Onset of speech that goes on but is not listened to (echo, or it ran on past an explicit commit)."
    ended_at: float | None = None
    "When the floor became free, while speech may still be an echo."
    awaited: bool = False
    "The user has spoken or typed since the last time that the agent broke a silence."
    nudge_at: float | None = None
    "When the agent breaks the present silence."
    origin: float | None = None
    "Loop time of capture sample 0, as told by ``anchored``."
    anchored_at: float = 0.0
    closed: bool = False

    def when(self, at: int) -> float:
        """Loop time at which a capture sample was taken."""
        if self.origin is None:
            raise BugError(f"no fact has told yet when a sample was taken (asked for sample {at})")
        return self.origin + at / RATE

    def where(self, now: float) -> Sample:
        """The capture sample taken about now."""
        return Sample(0 if self.origin is None else max(0, round((now - self.origin) * RATE)))

    def seen(self, captured: int, now: float) -> State:
        """This state, knowing by ``now`` that capture has come to this sample."""
        return replace(self.anchored(captured, now), captured=Sample(captured))

    def anchored(self, at: int, now: float) -> State:
        """This state, knowing that sample ``at`` had been taken by ``now``.

        Every fact with a position tells a little; a shell that also tells the ring's end with every fact
        makes the origin exact. It is the earliest one told, and creeps later to follow a slow sound card.
        """
        latest = now - at / RATE
        if self.origin is not None:
            latest = min(latest, self.origin + DRIFT * (now - self.anchored_at))
        return replace(self, origin=latest, anchored_at=now)

    def span(self, end: int, config: TurnConfig) -> Span:
        """The open turn's audio up to ``end``, at most ``config.window`` of it."""
        end = max(end, self.since)
        return Span(Sample(max(self.since, end - round(config.window * RATE))), Sample(end))


Step: TypeAlias = tuple[State, tuple[Order, ...]]
Rule: TypeAlias = Callable[[State, Any, float, TurnConfig], Step]
"""One cell: what a fact does in one joint state. It may assume a live fact of its cell's type."""


def ignore(state: State, _fact: Any, _now: float, _config: TurnConfig) -> Step:
    """This fact changes nothing here."""
    return state, ()


def rest(state: State, now: float, config: TurnConfig, why: str) -> State:
    """Nobody has the floor any more. Speech that is not listened to may yet turn out to be the user's."""
    after = idle(state, why)
    if config.barge_in and state.muted is None:
        return after
    return replace(after, ended_at=now, wake_at=now + config.echo_doubt)


def idle(state: State, why: str) -> State:
    """All that belongs to one reply or one pause is forgotten."""
    return replace(
        state, user=User.QUIET, agent=Agent.SILENT, wake_at=None, why=why, writing=None, reply=None,
        asked=False, typed=False, given=False, cut=False, excused=False, heard=0, phrase=0, before=0,
        starving=False, words=None, sound=None, ahead=0, aside=None, judged="", lost=0, ended_at=None,
        nudge_at=None,
    )  # fmt: skip
