"""Who speaks when: the only policy, as a pure table.

``advance`` takes a fact and the time, and gives the next state, orders and one deadline (``State.wake_at``).
Rows are keyed by the joint state of both parties, because two parties that speak at once are two coupled
machines; cells by the type of the fact. It must never do I/O, read a clock or hold sound.

Facts fall into three classes before they meet a cell: *news* changes no decision, *stale* facts speak of a
turn, draft or deadline that is gone; both leave the state as it is. What remains and has no cell is
impossible, and a BugError.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, assert_never

from pipeline.errors import BugError
from pipeline.events import (
    AudioLost,
    DraftFinished,
    DraftStarted,
    Ending,
    EndOfTurnScored,
    Fact,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    InterruptRequested,
    Listened,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    ReplyRequested,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    TextEntered,
    TimerRang,
    ToolCalled,
    ToolReturned,
)

from . import turn_early as early
from . import turn_floor as floor
from . import turn_given as given
from . import turn_overlap as overlap
from . import turn_pause as pause
from . import turn_quiet as quiet
from . import turn_reply as reply
from . import turn_tools as tools
from .turn_config import TurnConfig
from .turn_state import CANNED, Agent, Rule, State, Step, User, ignore

__all__ = ["RULES", "Agent", "Cell", "State", "TurnConfig", "User", "advance", "cell_of"]

Cell: TypeAlias = tuple[User, Agent, type[Fact]]
"""Address of one rule in the table."""

_DEAF: dict[type[Fact], Rule] = {AudioLost: ignore, ReplyRequested: ignore}
"""While no silence is counted, gaps do not matter; while the floor is taken, nothing else may ask for it."""

_CALLS: dict[type[Fact], Rule] = {ToolCalled: tools.called, ToolReturned: tools.returned}
"""Wherever a draft lives."""

_CLOSED: dict[type[Fact], Rule] = {InputBegan: ignore, InputGiven: given.give, InputWithdrawn: given.clear}
"""While no turn of the user's can be opened by its client, or none is open."""

_OPEN: dict[type[Fact], Rule] = {
    InputBegan: ignore, InputGiven: given.give_open, InputWithdrawn: given.withdraw,
}  # fmt: skip
"""While a turn of the user's is open."""

_OVERLAP: dict[type[Fact], Rule] = _CALLS | _CLOSED | {
    PhraseDrafted: reply.note,
    DraftFinished: overlap.finish_over,
    PlaybackReached: reply.track,
    PlaybackStarved: overlap.starve_over,
    PlaybackEnded: overlap.outlast,
    TextEntered: floor.typed,
    InputCommitted: overlap.commit_over,
    ReplyRequested: ignore,
    InterruptRequested: overlap.yield_over,
    AudioLost: overlap.freeze_over,
    StageFailed: overlap.fail_over,
    SessionClosed: floor.close,
}  # fmt: skip

RULES: dict[tuple[User, Agent], dict[type[Fact], Rule]] = {
    (User.QUIET, Agent.SILENT): _CLOSED | {
        InputBegan: quiet.began,
        SpeechStarted: quiet.open_turn,
        SpeechPaused: quiet.unmute,
        TextEntered: floor.typed,
        InputCommitted: ignore,
        ReplyRequested: floor.asked,
        AudioLost: ignore,
        StageFailed: ignore,
        TimerRang: quiet.time_in_silence,
        SessionClosed: floor.close,
    },
    (User.TALKING, Agent.SILENT): _DEAF | _CALLS | _OPEN | {
        AudioLost: floor.miss,
        SpeechPaused: floor.pause,
        EndOfTurnScored: early.foresee,
        PhraseDrafted: reply.note,
        DraftFinished: reply.note,
        TextEntered: floor.typed,
        InputCommitted: floor.commit_talking,
        ReplyRequested: floor.asked_open,
        StageFailed: floor.spoil,
        SessionClosed: floor.close,
    },
    (User.PAUSED, Agent.SILENT): _CALLS | _OPEN | {
        SpeechStarted: floor.go_on,
        EndOfTurnScored: pause.score,
        OverlapScored: floor.judge_turn,
        PhraseDrafted: reply.note,
        DraftFinished: reply.note,
        TextEntered: floor.typed,
        InputCommitted: floor.commit_paused,
        ReplyRequested: ignore,
        AudioLost: pause.freeze,
        StageFailed: floor.spoil,
        TimerRang: floor.time_up,
        SessionClosed: floor.close,
    },
    (User.QUIET, Agent.DUE): _DEAF | _CALLS | _CLOSED | {
        SpeechStarted: floor.reopen,
        SpeechPaused: quiet.unmute,
        PhraseDrafted: reply.note,
        DraftFinished: reply.finish_due,
        PlaybackStarted: reply.first_sound,
        PlaybackEnded: reply.silent_end,
        TextEntered: floor.typed,
        InputCommitted: ignore,
        InterruptRequested: reply.interrupt,
        StageFailed: reply.fail_due,
        TimerRang: reply.late,
        SessionClosed: floor.close,
    },
    (User.QUIET, Agent.SPEAKING): _DEAF | _CALLS | _CLOSED | {
        SpeechStarted: overlap.duck,
        SpeechPaused: quiet.unmute,
        PhraseDrafted: reply.note,
        DraftFinished: reply.finish_aloud,
        PlaybackReached: reply.progress,
        PlaybackStarved: reply.starve,
        PlaybackEnded: reply.end_reply,
        TextEntered: floor.typed,
        InputCommitted: ignore,
        InterruptRequested: reply.interrupt,
        StageFailed: reply.fail_aloud,
        TimerRang: reply.stall,
        SessionClosed: floor.close,
    },
    (User.TALKING, Agent.SPEAKING): _OVERLAP | {
        SpeechPaused: overlap.let_go,
        OverlapScored: overlap.judge_talking,
        TimerRang: overlap.sustained,
    },
    (User.TALKING, Agent.HELD): _OVERLAP | {
        SpeechPaused: overlap.burst_over,
        OverlapScored: overlap.judge_talking,
        TimerRang: overlap.give_way,
    },
    (User.PAUSED, Agent.HELD): _OVERLAP | {
        SpeechStarted: overlap.once_more,
        OverlapScored: overlap.judge_paused,
        DraftFinished: overlap.finish_judged,
        EndOfTurnScored: overlap.keep_score,
        TimerRang: overlap.unjudged,
    },
}  # fmt: skip


_SOUNDING = (Agent.SPEAKING, Agent.HELD)


def advance(state: State, fact: Fact, now: float, config: TurnConfig) -> Step:
    """The next state and the orders that this fact brings about.

    ``now`` is the loop's time in seconds and never goes back. Raises BugError for a fact that cannot be.
    """
    if state.closed:
        return state, ()
    state = _anchored(state, fact, now)
    cell = cell_of(state, fact, now)
    if cell is None:
        return state, ()
    user, agent, kind = cell
    rule = RULES[user, agent].get(kind)
    if rule is None:
        raise BugError(
            f"{fact!r} cannot be while the user is {user} and the agent {agent}"
            f" (turn {state.turn}, drafts {state.drafts}, now {now:.3f})"
        )
    after, orders = rule(state, fact, now, config)
    if state.agent in _SOUNDING and after.agent not in _SOUNDING:
        after = replace(after, rested=after.where(now + config.lingers))
    return after, orders


def cell_of(state: State, fact: Fact, now: float) -> Cell | None:
    """The cell that this fact meets; None for news and stale facts. The cell may lie outside the table."""
    if state.closed or _stale(state, fact, now):
        return None
    return state.user, state.agent, type(fact)


_PLACED = (
    SpeechStarted | SpeechPaused | EndOfTurnScored | OverlapScored | InputCommitted | InputBegan
    | InputWithdrawn
)  # fmt: skip
"""Facts with one position."""


def _anchored(state: State, fact: Fact, now: float) -> State:
    """What a position in the fact tells about the relation of the timelines."""
    if isinstance(fact, _PLACED):
        return state.anchored(fact.at, now)
    if isinstance(fact, AudioLost | Listened | InputGiven):
        return state.anchored(fact.span.end, now)
    return state


def _stale(state: State, fact: Fact, now: float) -> bool:
    match fact:
        case Listened() | DraftStarted():
            return True
        case SpeechStarted() | SpeechPaused() | TextEntered() | InputCommitted() | ReplyRequested():
            return False
        case AudioLost() | StageFailed() | SessionClosed():
            return False
        case InputBegan() | InputGiven() | InputWithdrawn():
            return False
        case InterruptRequested():
            return state.agent is Agent.SILENT or fact.turn not in (0, state.turn)
        case TimerRang():
            return state.wake_at is None or now + 1e-6 < state.wake_at
        case PhraseDrafted() | DraftFinished() | ToolCalled():
            return _stale_draft(state, fact)
        case ToolReturned():
            return _stale_draft(state, fact) or all(
                fact.call not in draft.running for draft in (state.writing, state.reply) if draft
            )
        case PlaybackStarted() | PlaybackReached() | PlaybackEnded() | PlaybackStarved():
            return _stale_sound(state, fact)
        case EndOfTurnScored():
            return _stale_score(state, fact)
        case OverlapScored():
            return _stale_judgement(state, fact)
        case _:
            assert_never(fact)


def _stale_score(state: State, fact: EndOfTurnScored) -> bool:
    if state.user is User.PAUSED:
        return fact.at < state.paused_at or fact.source == "level"
    if state.user is User.QUIET or state.agent is not Agent.SILENT:
        return True
    if fact.source in ("sound", "level"):
        return fact.at < state.onset
    return state.writing is None or fact.at < state.writing.end


def _stale_judgement(state: State, fact: OverlapScored) -> bool:
    if state.user is User.QUIET:
        return True
    if state.agent is not Agent.SILENT:
        return fact.at < state.onset
    # A draft that did not catch the words may ask for them again: only the sound tells that none were meant.
    return state.user is not User.PAUSED or fact.source != "sound" or fact.at < state.paused_at


def _stale_draft(state: State, fact: PhraseDrafted | DraftFinished | ToolCalled | ToolReturned) -> bool:
    if fact.draft > state.drafts:
        raise BugError(f"{fact!r} is about a draft that was never ordered (newest: {state.drafts})")
    for draft in (state.writing, state.reply):
        if draft is not None and draft.draft == fact.draft:
            if isinstance(fact, DraftFinished) and fact.reason is Ending.DROPPED:
                raise BugError(f"{fact!r}, but no order dropped it")
            return fact.draft == 0 and fact.turn != state.turn
    return True


def _stale_sound(
    state: State, fact: PlaybackStarted | PlaybackReached | PlaybackEnded | PlaybackStarved
) -> bool:
    if fact.turn > state.turn:
        raise BugError(f"{fact!r} is about a turn that has no reply yet (newest: {state.turn})")
    if state.agent is Agent.SILENT or fact.turn < state.turn:
        return True
    if isinstance(fact, PlaybackStarted) and state.agent is not Agent.DUE:
        # A reply's first sound and its deadline may fall on one instant: then its excuse starts again.
        return state.reply is not None and state.reply.draft == CANNED
    return isinstance(fact, PlaybackStarved) and state.agent is Agent.DUE
