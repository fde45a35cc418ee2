"""Rules while both sound: duck at once, hold when speech is sustained, then hush or resume.

Pure: no clock, no I/O. Speech over the voice is a candidate for the next turn; it may be drafted, never
voiced, until the agent has left the floor.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.errors import BugError
from pipeline.events import (
    AudioLost,
    DraftFinished,
    DropDraft,
    Duck,
    Ending,
    EndOfTurnScored,
    Hold,
    Hush,
    InputCommitted,
    InterruptRequested,
    Order,
    Overlap,
    OverlapScored,
    PlaybackEnded,
    PlaybackStarved,
    Remember,
    Resume,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    Think,
    TimerRang,
    Turn,
    Unduck,
)

from .turn_config import TurnConfig
from .turn_floor import commit_paused, commit_talking, draft_over, reopen, reply, writing
from .turn_pause import deadline, lost_after, scored, taught
from .turn_quiet import first_sample
from .turn_reply import note
from .turn_state import RATE, Agent, State, Step, User
from .turn_tools import granted, patient

TOLD = 0.5
"""Seconds after the voice's first sound within which it can be taken back. Speech that began before it and is
told later still (its client sent nothing for a while) is over words that were heard."""


def duck(state: State, fact: SpeechStarted, now: float, config: TurnConfig) -> Step:
    """Speech over the voice: lower it at once, and see whether the speech is sustained."""
    if state.muted is not None:
        raise BugError(f"speech started at {fact.at}, but the speech from {state.muted} never paused")
    if not config.barge_in:
        return replace(state, muted=fact.at), ()
    own = not (state.asked or state.typed or reply(state).acted)
    if own and state.sounded is not None and state.when(fact.at) < state.sounded >= now - TOLD:
        return reopen(state, fact, now, config)  # who began before any sound goes on with the same turn
    since = first_sample(state, fact.at, config)
    after = replace(
        state, user=User.TALKING, since=since, onset=fact.at, excused=False, judged="",
        wake_at=max(now, state.when(fact.at) + config.hold_after),
    )  # fmt: skip
    after = replace(after, why=f"ducked at {milliseconds(after, now)} ms: speech over the voice")
    return after, (Duck(state.turn, config.duck_gain),)


def let_go(state: State, fact: SpeechPaused, now: float, config: TurnConfig) -> Step:
    """A burst too short for a word, or a backchannel that ended: the voice goes on as before."""
    burst = round(1000 * (fact.at - state.onset) / RATE)
    if state.excused:
        return alone(state, now, config, f"over after {burst} ms: no barge-in{judged(state)}")
    why = f"unducked at {milliseconds(state, now)} ms: only a burst of {burst} ms{judged(state)}"
    return alone(state, now, config, why, Unduck(state.turn))


def alone(state: State, now: float, config: TurnConfig, why: str, *orders: Order) -> Step:
    """The user is quiet and the agent speaks, and may do what it waited to do."""
    wake_at = patient(state.reply, now, config.stall_timeout)
    after, runs = granted(
        replace(
            state, user=User.QUIET, agent=Agent.SPEAKING, wake_at=wake_at, writing=None,
            excused=False, words=None, sound=None, judged="", why=why,
        ), now, config,
    )  # fmt: skip
    return after, (*orders, *runs)


def sustained(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The speech goes on: hold the voice; or, when it outlasted its excuse, give way."""
    spoken = milliseconds(state, now)
    if state.excused:
        why = f"hushed at {spoken} ms: too long for a backchannel{judged(state)}"
        return hand_over(state, now, config, why, *stopped(state), cut=True)
    wait = min(config.barge_in_after + config.detector_lag, config.decide_by)
    after = replace(
        state, agent=Agent.HELD, wake_at=max(now, state.when(state.onset) + wait),
        why=f"held at {spoken} ms: sustained speech{judged(state)}",
    )  # fmt: skip
    return after, (Hold(state.turn),)


def milliseconds(state: State, now: float) -> int:
    """How long ago the overlap began."""
    return round(1000 * (now - state.when(state.onset)))


def judged(state: State) -> str:
    """What the newest judgement of this overlap said, to follow a reason."""
    return f" ({state.judged})" if state.judged else ""


def give_way(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The speech still goes on: it takes the floor."""
    why = f"hushed at {milliseconds(state, now)} ms: the user goes on{judged(state)}"
    return hand_over(state, now, config, why, *stopped(state), cut=True)


def hand_over(
    state: State, now: float, config: TurnConfig, why: str, *orders: Order, cut: bool = False
) -> Step:
    """The agent has left the floor: the overlap is the start of the next turn, from its pre-roll on.

    A draft of it knew an older history, in which the agent had not yet been heard: it is written anew. Speech
    so soon after the user's last is speech that was cut in on: their pause was longer than believed. ``cut``:
    it was this speech that stopped the voice.
    """
    turn = Turn(state.turn + 1)
    if state.speech is not None and not (state.asked or state.typed):
        paused = (state.onset - state.speech.end) / RATE
        state = taught(state, paused, config.endpoint_unsure)
    after = replace(
        state, agent=Agent.SILENT, turn=turn, reply=None, asked=False, typed=False, excused=False, why=why,
        starving=False, heard=0, phrase=0, before=0, judged="", awaited=True, wake_at=None,
        cut=cut,
    )  # fmt: skip
    orders = (*orders, Think(turn, state.span(state.onset, config)))
    if state.writing is None:
        return after, orders
    end = state.paused_at + round(config.tail * RATE)
    after, started = draft_over(after, end, config, turn=turn)
    after = replace(after, wake_at=max(now, deadline(after, config)))
    return after, (*orders, DropDraft(turn, state.writing.draft), *started)


def judge_talking(state: State, fact: OverlapScored, now: float, config: TurnConfig) -> Step:
    """Speech over the voice was judged while it goes on. A backchannel is excused, but not for ever."""
    state = replace(state, judged=fact.why or state.judged)
    said = f"{milliseconds(state, now)} ms: scored {fact.kind}{judged(state)}"
    if fact.kind is Overlap.BARGE_IN:
        return hand_over(state, now, config, f"hushed at {said}", *stopped(state), cut=True)
    if state.excused:
        assert state.wake_at is not None, f"an overlap without a deadline: {state}"
        return replace(state, wake_at=min(state.wake_at, max(now, doubted(state, fact, now, config)))), ()
    if fact.kind is Overlap.UNSURE:
        return state, ()
    back = Resume(state.turn) if state.agent is Agent.HELD else Unduck(state.turn)
    after = replace(
        state, agent=Agent.SPEAKING, excused=True, why=f"went on at {said}",
        wake_at=max(now, state.when(state.onset) + excused_for(fact, config)),
    )  # fmt: skip
    after, runs = granted(after, now, config)
    return after, (back, *runs)


def excused_for(fact: OverlapScored, config: TurnConfig) -> float:
    """Seconds from its onset for which speech of this kind does not take the floor."""
    return config.excuse_noise if fact.kind is Overlap.NOISE else config.excuse


def doubted(state: State, fact: OverlapScored, now: float, config: TurnConfig) -> float:
    """When speech that was excused takes the floor, after one more judgement of it."""
    if fact.kind is Overlap.NOISE:
        return state.when(state.onset) + config.excuse_noise
    return now + config.excuse if fact.kind is Overlap.UNSURE else state.when(state.onset) + config.excuse


def judge_paused(state: State, fact: OverlapScored, now: float, config: TurnConfig) -> Step:
    """The burst was judged after it ended: it is the user's turn, or the voice goes on."""
    state = replace(state, judged=fact.why or state.judged)
    said = f"{milliseconds(state, now)} ms: scored {fact.kind}{judged(state)}"
    if fact.kind is Overlap.UNSURE:
        return state, ()
    if fact.kind is Overlap.BARGE_IN:
        return hand_over(state, now, config, f"hushed at {said}", *stopped(state), cut=True)
    return resume(state, now, config, f"resumed at {said}")


def resume(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """The voice goes on; what was drafted for the burst is void."""
    drop = () if state.writing is None else (DropDraft(Turn(state.turn + 1), state.writing.draft),)
    return alone(state, now, config, why, *drop, Resume(state.turn))


def burst_over(state: State, fact: SpeechPaused, now: float, config: TurnConfig) -> Step:
    """The speech ended while the voice is held: too short for a word, or drafted and left to be judged."""
    burst = (fact.at - state.onset) / RATE
    if burst < config.hold_after:
        short = f"only a burst of {round(1000 * burst)} ms{judged(state)}"
        return resume(state, now, config, f"resumed at {milliseconds(state, now)} ms: {short}")
    end = fact.at + round(config.tail * RATE)
    after, orders = draft_over(state, end, config, turn=Turn(state.turn + 1))
    wake_at = max(now, min(now + config.judge_within, state.when(state.onset) + config.decide_by))
    why = f"still held at {milliseconds(state, now)} ms: judging a burst of {round(1000 * burst)} ms"
    return replace(
        after, user=User.PAUSED, paused_at=fact.at, lost=0, words=None, sound=None, wake_at=wake_at, why=why
    ), orders


def unjudged(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """No judgement came: a burst that nobody calls a barge-in is none."""
    why = f"resumed at {milliseconds(state, now)} ms: not judged in time{judged(state)}"
    return resume(state, now, config, why)


def once_more(state: State, fact: SpeechStarted, now: float, config: TurnConfig) -> Step:
    """A second burst while the voice is held: sustained speech takes the floor as usual."""
    latest = state.when(state.onset) + config.decide_by
    wake_at = max(now, min(state.when(fact.at) + config.hold_after, latest))
    drop = DropDraft(Turn(state.turn + 1), writing(state).draft)
    why = f"still held at {milliseconds(state, now)} ms: the user goes on{judged(state)}"
    after = replace(state, user=User.TALKING, writing=None, words=None, sound=None, wake_at=wake_at, why=why)
    return after, (drop,)


def outlast(state: State, _fact: PlaybackEnded, now: float, config: TurnConfig) -> Step:
    """The reply ended under the user's speech, which now has the floor."""
    why = "reply heard to its end; the user talks on"
    return hand_over(state, now, config, why, Remember(state.turn, None))


def keep_score(state: State, fact: EndOfTurnScored, _now: float, _config: TurnConfig) -> Step:
    """Remember what the model said about the burst, should it become a turn."""
    return scored(state, fact), ()


def freeze_over(state: State, fact: AudioLost, now: float, config: TurnConfig) -> Step:
    """Speech that was not captured does not count as sustained; a held voice is decided on in time anyway."""
    assert state.wake_at is not None, f"an overlap without a deadline: {state}"
    after = replace(state, lost=state.lost + lost_after(state.paused_at, fact))
    wake_at = state.wake_at + lost_after(state.onset, fact) / RATE
    if state.agent is Agent.HELD:
        wake_at = min(wake_at, state.when(state.onset) + config.decide_by)
    return replace(after, wake_at=max(now, wake_at)), ()


def commit_over(state: State, fact: InputCommitted, now: float, config: TurnConfig) -> Step:
    """The user said that the turn they speak over the voice is over: it takes the floor, and is committed."""
    after, yielded = hand_over(state, now, config, "hushed: asked to reply", *stopped(state), cut=True)
    rule = commit_paused if state.user is User.PAUSED else commit_talking
    after, committed = rule(after, fact, now, config)
    return after, (*yielded, *committed)


def yield_over(state: State, _fact: InterruptRequested, now: float, config: TurnConfig) -> Step:
    """The application wants silence while the user speaks over the voice: the floor is theirs."""
    return hand_over(state, now, config, "hushed: asked to", *stopped(state))


def starve_over(state: State, _fact: PlaybackStarved, now: float, config: TurnConfig) -> Step:
    """Nothing is left to play under the user's speech."""
    if reply(state).ending is Ending.FAILED:
        return hand_over(state, now, config, "error: the brain failed in mid-reply", *stopped(state))
    return replace(state, starving=True), ()


def finish_over(state: State, fact: DraftFinished, now: float, config: TurnConfig) -> Step:
    """A draft is whole while the user talks over the voice."""
    after, _ = note(state, fact, now, config)
    if state.starving and reply(after).ending is Ending.FAILED:
        return hand_over(after, now, config, "error: the brain failed in mid-reply", *stopped(after))
    return after, ()


def finish_judged(state: State, fact: DraftFinished, now: float, config: TurnConfig) -> Step:
    """A draft is whole while a burst is judged: a burst that deserves no answer is no barge-in."""
    after, orders = finish_over(state, fact, now, config)
    if after.agent is Agent.HELD and writing(after).empty:
        return resume(after, now, config, f"resumed at {milliseconds(state, now)} ms: it deserves no answer")
    return after, orders


def fail_over(state: State, fact: StageFailed, now: float, config: TurnConfig) -> Step:
    """A stage failed while the user talks over the voice: without a voice the floor is theirs."""
    if fact.stage != "voice":
        return state, ()
    return hand_over(state, now, config, "error: the voice failed in mid-reply", *stopped(state))


def stopped(state: State) -> tuple[Order, ...]:
    """Orders that stop a sounding reply and end its turn."""
    return (Hush(state.turn), Remember(state.turn, state.heard))
