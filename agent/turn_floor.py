"""Rules while the user has the floor or may take it: opening a turn, drafting in its pauses, committing it.

Pure: no clock, no I/O. A commit can be taken back until the first sound of the reply.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.errors import BugError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    Draft,
    DropDraft,
    Ending,
    EndOfTurnScored,
    Hush,
    InputCommitted,
    Order,
    Remember,
    ReplyRequested,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    TimerRang,
    Turn,
)

from .turn_state import CANNED, RATE, Agent, State, Step, TurnConfig, User, Writing, idle, rest


def first_sample(state: State, onset: int, config: TurnConfig) -> Sample:
    """Where a turn with this onset begins: with its pre-roll, but after all that an earlier turn took."""
    return Sample(max(0, onset - round(config.pre_roll * RATE), state.taken))


def begin(state: State, onset: int, config: TurnConfig, why: str) -> Step:
    """Open the next user turn at this onset."""
    since = first_sample(state, onset, config)
    turn = Turn(state.turn + 1)
    onset = Sample(max(onset, since))
    after = replace(idle(state, why), user=User.TALKING, turn=turn, since=since, onset=onset, muted=None)
    return after, (Think(turn, Span(since, onset)),)


def open_turn(state: State, fact: SpeechStarted, _now: float, config: TurnConfig) -> Step:
    """Speech in silence is a new turn, unless it may be the echo of a voice that just ended."""
    if state.muted is not None:
        raise BugError(f"speech started at {fact.at}, but the speech from {state.muted} never paused")
    if state.ended_at is not None and state.when(fact.at) < state.ended_at + config.echo_tail:
        return replace(state, muted=fact.at), ()
    return begin(state, fact.at, config, "speech in silence: a new turn")


def unmute(state: State, fact: SpeechPaused, _now: float, _config: TurnConfig) -> Step:
    """Speech that was not listened to is over."""
    if state.muted is None:
        raise BugError(f"speech paused at {fact.at}, but none was going on")
    return replace(state, muted=None), ()


def hear_again(state: State, _fact: TimerRang, _now: float, config: TurnConfig) -> Step:
    """The echo must be over: what still goes on is the user's."""
    if state.muted is None or state.ended_at is None:
        return replace(state, ended_at=None, wake_at=None), ()
    onset = max(state.muted, state.where(state.ended_at))
    return begin(state, onset, config, "speech outlasted the echo: a new turn")


def draft_over(state: State, end: int, config: TurnConfig, *, turn: Turn) -> Step:
    """Start a draft over the turn's audio up to ``end``; touches neither party's mode nor the deadline."""
    draft = Draft(state.drafts + 1)
    span = state.span(end, config)
    after = replace(state, drafts=draft, writing=Writing(draft, span.start, span.end))
    return after, (StartDraft(turn, draft, span),)


def pause(state: State, fact: SpeechPaused, now: float, config: TurnConfig) -> Step:
    """Every pause is drafted at once; the deadline says when it was the end of the turn."""
    at = Sample(max(fact.at, state.onset))
    after, orders = draft_over(state, at + round(config.tail * RATE), config, turn=state.turn)
    lost = 0 if state.gap is None else lost_after(at, AudioLost(state.gap))
    after = replace(after, user=User.PAUSED, paused_at=at, lost=lost, gap=None, score=None)
    return replace(after, wake_at=max(now, deadline(after, config)), why="pause: drafting"), orders


def miss(state: State, fact: AudioLost, _now: float, _config: TurnConfig) -> Step:
    """A gap in mid-speech: the pause that it may bring is not silence. Gaps told in pieces are one."""
    gap = fact.span
    if state.gap is not None and state.gap.end >= gap.start:
        gap = Span(min(state.gap.start, gap.start), max(state.gap.end, gap.end))
    return replace(state, gap=gap), ()


def uncaptured(state: State, config: TurnConfig) -> bool:
    """True when the silence that would end the turn has not been captured, nor told as lost, yet."""
    if state.captured is None:
        return False
    due = state.paused_at + state.lost + round(patience(state, config) * RATE)
    return state.captured < due - round(config.capture_slack * RATE)


def deadline(state: State, config: TurnConfig) -> float:
    """When the present pause has lasted long enough, counting only captured silence."""
    return state.when(state.paused_at + state.lost) + patience(state, config)


def patience(state: State, config: TurnConfig) -> float:
    """Seconds of silence that end the turn, by what the model said about it."""
    if state.score is None:
        return config.endpoint
    if state.score >= config.sure:
        return config.endpoint_sure
    return config.endpoint_unsure if state.score <= config.unsure else config.endpoint


def score(state: State, fact: EndOfTurnScored, now: float, config: TurnConfig) -> Step:
    """The model moves the deadline, never into the past."""
    after = replace(state, score=fact.probability)
    return replace(after, wake_at=max(now, deadline(after, config))), ()


def freeze(state: State, fact: AudioLost, now: float, config: TurnConfig) -> Step:
    """Silence that was not captured does not count."""
    after = replace(state, lost=state.lost + lost_after(state.paused_at, fact))
    return replace(after, wake_at=max(now, deadline(after, config))), ()


def lost_after(at: int, fact: AudioLost) -> int:
    """Samples of a gap that lie after ``at``."""
    return max(0, fact.span.end - max(fact.span.start, at))


def go_on(state: State, _fact: SpeechStarted, _now: float, _config: TurnConfig) -> Step:
    """The user goes on: words drafted in the pause are void, the turn is the same."""
    drop = DropDraft(state.turn, writing(state).draft)
    return replace(
        state, user=User.TALKING, writing=None, wake_at=None, score=None, why="the user goes on: same turn"
    ), (drop,)


def spoil(state: State, fact: StageFailed, _now: float, _config: TurnConfig) -> Step:
    """A voice that failed in a pause is tried anew at the commit: until then the user may yet go on."""
    if fact.stage != "voice":
        return state, ()
    return replace(state, writing=replace(writing(state), voiceless=True)), ()


def time_up(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The pause was the end of the turn, unless capture stands still: then nobody knows."""
    if uncaptured(state, config):
        return replace(state, wake_at=now + config.capture_slack / 2, why="waiting: no sound is captured"), ()
    silence = round(1000 * (now - state.when(state.paused_at)))
    said = "not scored" if state.score is None else f"end {state.score:.2f}"
    return commit(state, now, config, f"committed after {silence} ms of silence: {said}")


def commit_paused(state: State, fact: InputCommitted, now: float, config: TurnConfig) -> Step:
    """The user said that the turn is over."""
    return commit(state, now, config, "committed: asked to")


def commit_talking(state: State, fact: InputCommitted, now: float, config: TurnConfig) -> Step:
    """The user said in mid-speech that the turn is over; what they still say is not listened to."""
    after, drafted = draft_over(state, fact.at, config, turn=state.turn)
    after = replace(after, muted=state.onset, paused_at=Sample(max(fact.at, state.onset)))
    after, orders = commit(after, now, config, "committed in mid-speech: asked to")
    return after, drafted + orders


def commit(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """End the open turn: its draft may be heard, or has nothing to say, or failed."""
    orders: tuple[Order, ...]
    draft, turn = writing(state), state.turn
    stop = () if state.user is User.QUIET else (StopThinking(turn),)
    onset = Sample(max(state.onset, draft.start))
    speech = Span(onset, max(onset, state.paused_at))
    base = replace(idle(state, why), taken=max(state.taken, draft.end), speech=speech)
    if draft.voiceless:
        again, started = draft_over(state, draft.end, config, turn=turn)
        after, orders = commit(again, now, config, f"{why}; drafted anew: the voice had failed")
        return after, (DropDraft(turn, draft.draft), *started, *orders)
    if draft.ending is Ending.FAILED:
        due = replace(base, agent=Agent.DUE, reply=Writing(CANNED), wake_at=now + config.reply_timeout)
        return replace(due, why=f"{why}; error: the brain failed"), (
            DropDraft(turn, draft.draft), *stop, Say(turn, "failed"),
        )  # fmt: skip
    orders = (CommitDraft(turn, draft.draft), *stop)
    if draft.empty:
        after = rest(base, now, config, f"{why}; declined: nothing to say")
        return after, (*orders, Remember(turn, 0))
    return replace(base, agent=Agent.DUE, reply=draft, wake_at=now + config.reply_timeout), orders


def say(state: State, fact: ReplyRequested, now: float, config: TurnConfig) -> Step:
    """The floor is free: speak without a user turn. Canned words carry draft number 0."""
    turn = Turn(state.turn + 1)
    after = replace(
        idle(state, f"asked to speak: {fact.reason}"), agent=Agent.DUE, turn=turn, asked=True,
        reply=Writing(CANNED), wake_at=now + config.reply_timeout,
    )  # fmt: skip
    return after, (Say(turn, fact.reason),)


def reopen(state: State, fact: SpeechStarted, now: float, config: TurnConfig) -> Step:
    """The user speaks before anything was heard: the commit is void and the same turn goes on.

    Canned words that the application asked for have no user turn to go on with, and a typed turn was whole:
    these end, and the speech is a new turn.
    """
    if state.muted is not None:
        raise BugError(f"speech started at {fact.at}, but the speech from {state.muted} never paused")
    if state.asked or state.typed:
        after, orders = begin(state, fact.at, config, "the user spoke first: a new turn")
        return after, (*leave(state), *orders)
    at = Sample(max(fact.at, state.since))
    after = replace(idle(state, "nothing was heard yet: the same turn goes on"), user=User.TALKING)
    return after, (DropDraft(state.turn, reply(state).draft), Think(state.turn, Span(state.since, at)))


def typed(state: State, _fact: TextEntered, now: float, config: TurnConfig) -> Step:
    """A typed turn is committed at once, together with what was said in an open turn before it.

    It stops the agent's voice. Speech that goes on meanwhile is not listened to.
    """
    stopped = leave(state)
    going_on = state.onset if state.user is User.TALKING else state.muted
    at = state.where(now)
    if state.agent is not Agent.SILENT or state.user is User.QUIET:
        fresh = Turn(state.turn + 1)
        after = replace(state, user=User.QUIET, turn=fresh, since=at, onset=at, paused_at=at)
        end = at
    elif state.user is User.TALKING:
        after, end = replace(state, paused_at=Sample(max(at, state.onset))), at
    else:
        after, end = state, Sample(state.paused_at + round(config.tail * RATE))
    after, drafted = draft_over(after, end, config, turn=after.turn)
    after, committed = commit(after, now, config, "committed: typed")
    return replace(after, muted=going_on, typed=True), (*stopped, *drafted, *committed)


def leave(state: State) -> tuple[Order, ...]:
    """Orders that stop all that is drafted, due or sounding, and end the turn that was due."""
    candidate = state.turn if state.agent is Agent.SILENT else Turn(state.turn + 1)
    drop = () if state.writing is None else (DropDraft(candidate, state.writing.draft),)
    if state.agent is Agent.SILENT:
        return drop
    if state.asked and state.agent is Agent.DUE:
        return (DropDraft(state.turn, reply(state).draft),)
    heard = 0 if state.agent is Agent.DUE else state.heard
    return (*drop, Hush(state.turn), Remember(state.turn, heard))


def close(state: State, fact: SessionClosed, _now: float, _config: TurnConfig) -> Step:
    """Everything stops; whatever was due ends here."""
    open_turn = state.agent is Agent.SILENT and state.user is not User.QUIET
    stop = (StopThinking(state.turn),) if open_turn else ()
    after = replace(idle(state, f"closed: {fact.reason}"), closed=True, muted=None)
    return after, (*leave(state), *stop)


def writing(state: State) -> Writing:
    """The draft of the pause; there always is one while the user pauses."""
    assert state.writing is not None, f"no draft in {state}"
    return state.writing


def reply(state: State) -> Writing:
    """The reply; there always is one while the agent is not silent."""
    assert state.reply is not None, f"no reply in {state}"
    return state.reply
