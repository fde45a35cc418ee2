"""Rules while a reply is due or sounds and the user is quiet: first sound, progress, end, failure.

Pure: no clock, no I/O. No rule may leave a turn without an ending: every wait here has a deadline.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import (
    DraftFinished,
    Ending,
    InterruptRequested,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    StageFailed,
    TimerRang,
)

from .turn_config import TurnConfig
from .turn_floor import AGAIN, instead, leave, reply
from .turn_quiet import heard_out
from .turn_state import CANNED, MISSED, Agent, State, Step, Writing, rest
from .turn_tools import patient


def note(state: State, fact: PhraseDrafted | DraftFinished, _now: float, _config: TurnConfig) -> Step:
    """Count what a live draft has to say, and how it ended."""
    if state.writing is not None and state.writing.draft == fact.draft:
        return replace(state, writing=noted(state.writing, fact)), ()
    return replace(state, reply=noted(reply(state), fact)), ()


def noted(draft: Writing, fact: PhraseDrafted | DraftFinished) -> Writing:
    """The draft after this fact."""
    if isinstance(fact, PhraseDrafted):
        return replace(draft, phrases=draft.phrases + 1)
    return replace(draft, ending=fact.reason)


def finish_due(state: State, fact: DraftFinished, now: float, config: TurnConfig) -> Step:
    """The draft is whole before any sound of it: it failed, has nothing to say, or will sound soon."""
    draft = noted(reply(state), fact)
    if draft.ending is Ending.FAILED:
        return excuse(state, now, config, "error: the brain failed")
    if draft.empty:
        return unsaid_due(state, now, config, "declined: nothing to say")
    return replace(state, reply=draft), ()


def first_sound(state: State, _fact: PlaybackStarted, now: float, config: TurnConfig) -> Step:
    """The reply is heard: from here on the commit cannot be taken back."""
    fresh = replace(state, heard=0, phrase=0, before=0, starving=False, sounded=now)
    wake_at = patient(state.reply, now, config.stall_timeout)
    return replace(fresh, agent=Agent.SPEAKING, wake_at=wake_at), ()


def silent_end(state: State, _fact: PlaybackEnded, now: float, config: TurnConfig) -> Step:
    """The reply ended without any sound."""
    return unsaid_due(state, now, config, "declined: nothing to say aloud")


def unsaid_due(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """Nothing comes of a reply that is due. One that had done something was understood; any other turn that
    stopped the agent's voice is asked for again."""
    if state.cut and not reply(state).acted and reply(state).draft != CANNED:
        return excuse(state, now, config, f"{why}{AGAIN}", MISSED)
    return rest(state, now, config, why), (Remember(state.turn, 0),)


def excuse(state: State, now: float, config: TurnConfig, why: str, reason: str = "failed") -> Step:
    """No reply will come: say so, unless what failed was the excuse itself."""
    if reply(state).draft == CANNED:
        return rest(state, now, config, why), leave(state)
    return instead(state, reply(state), now, config, why, reason)


def fail_due(state: State, fact: StageFailed, now: float, config: TurnConfig) -> Step:
    """Without a voice there is no way even to say so. (A failed brain is told by its ``DraftFinished``.)"""
    if fact.stage != "voice":
        return state, ()
    return rest(state, now, config, "error: the voice failed"), leave(state)


def late(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """The first sound did not come in time."""
    return excuse(state, now, config, f"error: no sound within {config.reply_timeout:g} s")


def track(state: State, fact: PlaybackReached, _now: float, _config: TurnConfig) -> Step:
    """Remember how much was heard. After a resume some words come twice: the furthest point counts."""
    if fact.phrase < state.phrase:
        return state, ()
    before = state.heard if fact.phrase > state.phrase else state.before
    heard = max(state.heard, before + fact.sample)
    return replace(state, heard=heard, before=before, phrase=fact.phrase, starving=False), ()


def progress(state: State, fact: PlaybackReached, now: float, config: TurnConfig) -> Step:
    """The voice sounds: the stall deadline moves on."""
    after, _ = track(state, fact, now, config)
    return replace(after, wake_at=patient(state.reply, now, config.stall_timeout)), ()


def end_reply(state: State, _fact: PlaybackEnded, now: float, config: TurnConfig) -> Step:
    """All was heard."""
    return heard_out(state, now, config, "reply heard to its end"), (Remember(state.turn, None),)


def starve(state: State, _fact: PlaybackStarved, now: float, config: TurnConfig) -> Step:
    """Nothing is left to play. More may come, unless the draft failed."""
    if reply(state).ending is Ending.FAILED:
        return break_off(state, now, config, "error: the brain failed in mid-reply")
    return replace(state, starving=True), ()


def finish_aloud(state: State, fact: DraftFinished, now: float, config: TurnConfig) -> Step:
    """The draft is whole while it sounds. A failed one is played as far as it goes."""
    after, _ = note(state, fact, now, config)
    if state.starving and fact.reason is Ending.FAILED:
        return break_off(after, now, config, "error: the brain failed in mid-reply")
    return after, ()


def fail_aloud(state: State, fact: StageFailed, now: float, config: TurnConfig) -> Step:
    """Without a voice the reply ends here. (A failed brain is told by its ``DraftFinished``.)"""
    if fact.stage != "voice":
        return state, ()
    return break_off(state, now, config, "error: the voice failed in mid-reply")


def stall(state: State, _fact: TimerRang, now: float, config: TurnConfig) -> Step:
    """Speaking without sound: give the floor back."""
    return break_off(state, now, config, f"error: no playback for {config.stall_timeout:g} s")


def interrupt(state: State, _fact: InterruptRequested, now: float, config: TurnConfig) -> Step:
    """The application wants silence: what was heard by now is what was said."""
    return break_off(state, now, config, "interrupted: asked to")


def break_off(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """End the reply where it is; nobody has the floor."""
    return rest(state, now, config, why), leave(state)
