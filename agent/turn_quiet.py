"""Rules while nobody has the floor: the user speaks, the application asks, or the silence lasts too long.

Pure: no clock, no I/O. The agent breaks a silence once, and only after the user has taken part.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.errors import BugError
from pipeline.events import (
    InputBegan,
    ReplyRequested,
    Sample,
    Say,
    Span,
    SpeechPaused,
    SpeechStarted,
    Think,
    TimerRang,
    Turn,
)

from .turn_config import TurnConfig
from .turn_state import CANNED, RATE, Agent, State, Step, User, Writing, idle, rest

NUDGE = "nudge"
"""The reason of a ``Say`` that breaks a silence."""
REACH = 50.0
"""Seconds for which sound that nobody answered can still be (the ring holds 60)."""


def first_sample(state: State, onset: int, config: TurnConfig) -> Sample:
    """Where a turn with this onset begins: with what nobody answered before it, or with its pre-roll, but
    after all that an earlier turn took."""
    if (given := unanswered(state, onset)) is not None:
        return given.start
    return Sample(max(0, onset - round(config.pre_roll * RATE), state.taken))


def unanswered(state: State, here: int) -> Span | None:
    """What the user gave and nobody answered, as far as it can still be heard at this position."""
    given, oldest = state.unanswered, here - round(REACH * RATE)
    if given is None or given.end <= oldest:
        return None
    return Span(Sample(max(given.start, oldest)), given.end)


def lead(state: State, fact: SpeechStarted, config: TurnConfig) -> int:
    """Where the turn begins that this speech opens: with the sounds before it, if they are its user's."""
    earliest = max(state.rested + round(config.pre_roll * RATE), fact.at - round(config.sounds * RATE))
    return fact.at if fact.sounds is None else min(fact.at, max(fact.sounds, earliest))


def begin(state: State, onset: int, config: TurnConfig, why: str, *, led_up: int | None = None) -> Step:
    """Open the next user turn at this onset; ``led_up``: with what sounded from there on."""
    since = first_sample(state, onset if led_up is None else led_up, config)
    turn = Turn(state.turn + 1)
    onset = Sample(max(onset, since))
    after = replace(
        idle(state, why), user=User.TALKING, turn=turn, since=since, onset=onset, muted=None, awaited=True
    )
    return after, (Think(turn, Span(since, onset)),)


def open_turn(state: State, fact: SpeechStarted, _now: float, config: TurnConfig) -> Step:
    """Speech in silence is a new turn, unless it may be the echo of a voice that just ended."""
    if state.muted is not None:
        raise BugError(f"speech started at {fact.at}, but the speech from {state.muted} never paused")
    if state.ended_at is not None and state.when(fact.at) < state.ended_at + config.echo_tail:
        return replace(state, muted=fact.at), ()
    return begin(state, fact.at, config, "speech in silence: a new turn", led_up=lead(state, fact, config))


def began(state: State, fact: InputBegan, _now: float, config: TurnConfig) -> Step:
    """The client says that the user begins: whatever a detector made of the sound before is over."""
    after, orders = begin(state, fact.at, config, "the client says that the user begins")
    return replace(after, given=True), orders


def unmute(state: State, fact: SpeechPaused, _now: float, _config: TurnConfig) -> Step:
    """Speech that was not listened to is over."""
    if state.muted is None:
        raise BugError(f"speech paused at {fact.at}, but none was going on")
    return replace(state, muted=None), ()


def heard_out(state: State, now: float, config: TurnConfig, why: str) -> State:
    """Nobody has the floor after a reply that was heard to its end: it is the user's to speak."""
    after = rest(state, now, config, why)
    if not config.nudge_after or not state.awaited:
        return after
    nudge_at = now + config.nudge_after
    return replace(after, nudge_at=nudge_at, wake_at=nudge_at if after.wake_at is None else after.wake_at)


def time_in_silence(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The echo must be over: what still goes on is the user's. Or: the user has been silent for long."""
    if state.ended_at is None:
        why = f"nudged: nothing was said for {config.nudge_after:g} s"
        return speak(replace(state, awaited=False), NUDGE, why, now, config)
    if state.muted is None:
        wake_at = None if state.nudge_at is None else max(now, state.nudge_at)
        return replace(state, ended_at=None, wake_at=wake_at), ()
    onset = max(state.muted, state.where(state.ended_at))
    return begin(state, onset, config, "speech outlasted the echo: a new turn")


def say(state: State, fact: ReplyRequested, now: float, config: TurnConfig) -> Step:
    """The floor is free: speak without a user turn."""
    return speak(state, fact.reason, f"asked to speak: {fact.reason}", now, config)


def speak(state: State, reason: str, why: str, now: float, config: TurnConfig) -> Step:
    """Take the free floor for canned words, which carry draft number 0."""
    turn = Turn(state.turn + 1)
    after = replace(
        idle(state, why), agent=Agent.DUE, turn=turn, asked=True, reply=Writing(CANNED),
        wake_at=now + config.reply_timeout,
    )  # fmt: skip
    return after, (Say(turn, reason),)
