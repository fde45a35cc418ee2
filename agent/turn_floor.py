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
    Hush,
    InputCommitted,
    Order,
    Overlap,
    OverlapScored,
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

from .turn_config import TurnConfig
from .turn_given import put_off, set_aside
from .turn_pause import deadline, lost_after, reason, taught, uncaptured
from .turn_quiet import begin, lead, say, unanswered
from .turn_state import CANNED, MISSED, RATE, Agent, State, Step, User, Writing, idle, rest
from .turn_tools import granted, patient

AGAIN = ", but it stopped the voice: asking again"
"""Follows why a turn has no answer."""


def draft_over(state: State, end: int, config: TurnConfig, *, turn: Turn) -> Step:
    """Start a draft over the turn's audio up to ``end``; touches neither party's mode nor the deadline."""
    draft = Draft(state.drafts + 1)
    span = state.span(end, config)
    after = replace(state, drafts=draft, writing=Writing(draft, span.start, span.end))
    return after, (StartDraft(turn, draft, span),)


def pause(state: State, fact: SpeechPaused, now: float, config: TurnConfig) -> Step:
    """Every pause is drafted at once; the deadline says when it was the end of the turn."""
    at = Sample(max(fact.at, state.onset))
    after, orders = drafted(state, at, config)
    words, sound = (said if said and said.at >= at else None for said in (state.words, state.sound))
    lost = 0 if state.gap is None else lost_after(at, AudioLost(state.gap))
    after = replace(
        after, user=User.PAUSED, paused_at=at, lost=lost, gap=None, words=words, sound=sound, aside=None
    )
    return replace(after, wake_at=max(now, deadline(after, config))), orders


def drafted(state: State, at: int, config: TurnConfig) -> Step:
    """The turn, paused at this sample, with a draft that heard all of it: the early one, or a new one."""
    draft = state.writing
    if draft is not None and at <= draft.end and not draft.voiceless and draft.ending is not Ending.FAILED:
        return replace(state, why="pause: the early draft has heard all and stands"), ()
    drop = () if draft is None else (DropDraft(state.turn, draft.draft),)
    after, orders = draft_over(state, at + round(config.tail * RATE), config, turn=state.turn)
    why = "pause: drafting" if draft is None else "pause: drafting anew, the early draft has not heard all"
    return replace(after, why=why), (*drop, *orders)


def miss(state: State, fact: AudioLost, _now: float, _config: TurnConfig) -> Step:
    """A gap in mid-speech: the pause that it may bring is not silence. Gaps told in pieces are one."""
    gap = fact.span
    if state.gap is not None and state.gap.end >= gap.start:
        gap = Span(min(state.gap.start, gap.start), max(state.gap.end, gap.end))
    return replace(state, gap=gap), ()


def go_on(state: State, fact: SpeechStarted, _now: float, _config: TurnConfig) -> Step:
    """The user goes on: words drafted in the pause are void, the turn is the same."""
    drop = DropDraft(state.turn, writing(state).draft)
    paused = (fact.at - state.paused_at - state.lost) / RATE
    why = f"the user goes on after {round(1000 * max(0.0, paused))} ms: same turn"
    return replace(
        taught(state, paused), user=User.TALKING, writing=None, wake_at=None, words=None, sound=None,
        aside=None, why=why,
    ), (drop,)  # fmt: skip


def spoil(state: State, fact: StageFailed, _now: float, _config: TurnConfig) -> Step:
    """A voice that failed before the commit is tried anew then: until then the user may yet go on."""
    if fact.stage != "voice" or state.writing is None:
        return state, ()
    return replace(state, writing=replace(state.writing, voiceless=True)), ()


def judge_turn(state: State, fact: OverlapScored, _now: float, config: TurnConfig) -> Step:
    """What was said was judged: a short turn may deserve no answer."""
    short = state.paused_at - state.onset <= round(config.aside * RATE)
    aside = short and fact.kind in (Overlap.BACKCHANNEL, Overlap.NOISE)
    return replace(state, aside=fact if aside else None), ()


def time_up(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The pause was the end of the turn, unless capture stands still: then nobody knows."""
    if uncaptured(state, config):
        return replace(state, wake_at=now + config.capture_slack / 2, why="waiting: no sound is captured"), ()
    silence = f"{round(1000 * (now - state.when(state.paused_at)))} ms of silence"
    if not config.answers:
        return set_aside(state, now, config, f"over after {silence}: {reason(state, config)}")
    if state.aside is not None and not asks(state, config):
        return decline(state, now, config, f"declined after {silence}: {judgement(state.aside)}")
    return commit(state, now, config, f"committed after {silence}: {reason(state, config)}")


def asks(state: State, config: TurnConfig) -> bool:
    """True when a draft has an answer and reads the words as whole: so short a turn may be an answer too."""
    sure = state.words is not None and state.words.probability >= config.sure
    return sure and (writing(state).phrases > 0 or writing(state).calls)


def judgement(aside: OverlapScored) -> str:
    """What a turn that deserves no answer was, in words."""
    why = f" ({aside.why})" if aside.why else ""
    return f"a {aside.kind}, nothing was asked{why}"


def decline(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """End the open turn without an answer: it is remembered, and nothing of its draft is heard."""
    return unsaid(over(state, why), writing(state), now, config, why, StopThinking(state.turn))


def over(state: State, why: str) -> State:
    """The open turn has ended: what of the sound was its own, and what was said."""
    draft = writing(state)
    onset = Sample(max(state.onset, draft.start))
    speech = Span(onset, max(onset, state.paused_at))
    taken = max(state.taken, draft.end)
    return replace(idle(state, why), taken=taken, speech=speech, unanswered=None, cut=state.cut)


def unsaid(state: State, draft: Writing, now: float, config: TurnConfig, why: str, *stop: Order) -> Step:
    """A turn that has ended gets no answer. One that stopped the agent's voice was misheard, or taken for
    more than it was: either way two parties would wait for each other, so it is asked for again."""
    turn = state.turn
    if state.cut:
        return instead(state, draft, now, config, f"{why}{AGAIN}", MISSED, *stop)
    return rest(state, now, config, why), (CommitDraft(turn, draft.draft), *stop, Remember(turn, 0))


def instead(
    state: State, draft: Writing, now: float, config: TurnConfig, why: str, reason: str, *stop: Order
) -> Step:
    """Canned words take the place of this draft."""
    after = replace(
        state, agent=Agent.DUE, reply=Writing(CANNED, acted=draft.acted), wake_at=now + config.reply_timeout,
        why=why,
    )  # fmt: skip
    return after, (DropDraft(state.turn, draft.draft), *stop, Say(state.turn, reason))


def commit_paused(state: State, fact: InputCommitted, now: float, config: TurnConfig) -> Step:
    """The user said that the turn is over."""
    if not config.answers:
        return set_aside(state, now, config, "over: asked to")
    return commit(state, now, config, "committed: asked to")


def commit_talking(state: State, fact: InputCommitted, now: float, config: TurnConfig) -> Step:
    """The user said in mid-speech that the turn is over; what they still say is not listened to."""
    drop = () if state.writing is None else (DropDraft(state.turn, state.writing.draft),)
    if not config.answers:
        after, orders = set_aside(
            state, now, config, "over in mid-speech: asked to", Span(state.since, max(state.since, fact.at))
        )
        return replace(after, muted=None if state.given else state.onset), orders
    after, started = draft_over(state, fact.at, config, turn=state.turn)
    muted = None if state.given else state.onset
    after = replace(after, muted=muted, paused_at=Sample(max(fact.at, state.onset)))
    after, orders = commit(after, now, config, "committed in mid-speech: asked to")
    return after, (*drop, *started, *orders)


def commit(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """End the open turn: its draft may be heard, or has nothing to say, or failed."""
    orders: tuple[Order, ...]
    draft, turn = writing(state), state.turn
    stop = () if state.user is User.QUIET else (StopThinking(turn),)
    base = over(state, why)
    if draft.voiceless:
        again, started = draft_over(state, draft.end, config, turn=turn)
        after, orders = commit(again, now, config, f"{why}; drafted anew: the voice had failed")
        return after, (DropDraft(turn, draft.draft), *started, *orders)
    if draft.ending is Ending.FAILED:
        return instead(base, draft, now, config, f"{why}; error: the brain failed", "failed", *stop)
    if draft.empty:
        return unsaid(base, draft, now, config, f"{why}; declined: nothing to say", *stop)
    orders = (CommitDraft(turn, draft.draft), *stop)
    wake_at = patient(draft, now, config.reply_timeout)
    after, runs = granted(replace(base, agent=Agent.DUE, reply=draft, wake_at=wake_at), now, config)
    return after, (*orders, *runs)


def reopen(state: State, fact: SpeechStarted, now: float, config: TurnConfig) -> Step:
    """The user speaks before anything was heard: the commit is void and the same turn goes on.

    Canned words that the application asked for have no user turn to go on with, a typed turn was whole, and
    what a tool has done is done: these end, and the speech is a new turn.
    """
    if state.muted is not None:
        raise BugError(f"speech started at {fact.at}, but the speech from {state.muted} never paused")
    if state.asked or state.typed or reply(state).acted:
        since = lead(state, fact, config)
        after, orders = begin(state, fact.at, config, "the user spoke first: a new turn", led_up=since)
        return after, (*leave(state), *orders)
    at = Sample(max(fact.at, state.since))
    paused = (fact.at - state.paused_at) / RATE
    why = f"nothing was heard yet: the same turn goes on after {round(1000 * max(0.0, paused))} ms"
    after = replace(taught(idle(state, why), paused), user=User.TALKING, cut=state.cut)
    return after, (DropDraft(state.turn, reply(state).draft), Think(state.turn, Span(state.since, at)))


def typed(state: State, _fact: TextEntered, now: float, config: TurnConfig) -> Step:
    """A typed turn is committed at once, together with what was said in an open turn before it.

    It stops the agent's voice. Speech that goes on meanwhile is not listened to; what a client is still
    giving is not said before it is given.
    """
    if state.given:
        state, stopped = put_off(state, now, config, "typed")
    else:
        stopped = leave(state)
    going_on = state.onset if state.user is User.TALKING else state.muted
    at = state.where(now)
    if state.agent is not Agent.SILENT or state.user is User.QUIET:
        given = unanswered(state, at)
        start, end = (at, at) if given is None else (given.start, given.end)
        fresh = Turn(state.turn + 1)
        after = replace(
            state, user=User.QUIET, turn=fresh, since=start, onset=start, paused_at=end, cut=False
        )
    elif state.user is User.TALKING:
        after, end = replace(state, paused_at=Sample(max(at, state.onset))), at
    else:
        after, end = state, Sample(state.paused_at + round(config.tail * RATE))
    after, drafted = draft_over(after, end, config, turn=after.turn)
    after, committed = commit(after, now, config, "committed: typed")
    return replace(after, muted=going_on, typed=True, awaited=True), (*stopped, *drafted, *committed)


def asked(state: State, fact: ReplyRequested, now: float, config: TurnConfig) -> Step:
    """The application asks the agent to speak, and the floor is free: canned words, or a draft about what
    nobody answered, else about nothing that was heard, committed at once."""
    if not fact.written:
        return say(state, fact, now, config)
    if (given := unanswered(state, state.where(now))) is not None:
        fresh = replace(
            state, turn=Turn(state.turn + 1), since=given.start, onset=given.start, paused_at=given.end
        )
        after, drafted = draft_over(fresh, given.end, config, turn=fresh.turn)
        after, committed = commit(after, now, config, "asked to answer")
        return replace(after, awaited=True), (*drafted, *committed)
    at = state.taken  # an empty span there: no sound that a user may be making now is taken from their turn
    fresh = replace(state, turn=Turn(state.turn + 1), since=at, onset=at, paused_at=at)
    after, drafted = draft_over(fresh, at, config, turn=fresh.turn)
    after, committed = commit(after, now, config, f"asked to reply: {fact.reason}")
    return replace(after, asked=True), (*drafted, *committed)


def asked_open(state: State, fact: ReplyRequested, now: float, config: TurnConfig) -> Step:
    """The same while a turn is open: the user's speech has the floor, what a client is giving has not."""
    if not state.given:
        return state, ()
    free, stopped = put_off(state, now, config, "asked to speak")
    after, orders = asked(free, fact, now, config)
    return after, (*stopped, *orders)


def leave(state: State) -> tuple[Order, ...]:
    """Orders that stop all that is drafted, due or sounding, and end the turn that was due."""
    candidate = state.turn if state.agent is Agent.SILENT else Turn(state.turn + 1)
    drop = () if state.writing is None else (DropDraft(candidate, state.writing.draft),)
    if state.agent is Agent.SILENT:
        return drop
    if state.asked and state.agent is Agent.DUE and not reply(state).acted:
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
