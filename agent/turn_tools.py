"""Rules for calls: what only reads runs at once, what has effects waits until its draft is the reply.

Pure: no clock, no I/O. No call with effects is run for a draft that may still be dropped as if it had never
been; one that has been run is never taken back with its words.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import Order, RunTool, ToolCalled, ToolReturned, Turn

from .turn_config import TurnConfig
from .turn_state import Agent, State, Step, User, Writing


def called(state: State, fact: ToolCalled, now: float, config: TurnConfig) -> Step:
    """A draft wants a tool. While the user talks over the voice, an effect waits for that to be decided."""
    draft = _named(state, fact.draft)
    may = not fact.effects or (draft is state.reply and _decided(state))
    if not may:
        return _put(state, replace(draft, waiting=(*draft.waiting, (fact.call, fact.within)))), ()
    after = _put(state, _run(draft, fact.call, fact.within, now, config, effects=fact.effects))
    return _waiting_longer(after), (RunTool(fact.turn, fact.draft, fact.call),)


def returned(state: State, fact: ToolReturned, now: float, config: TurnConfig) -> Step:
    """The result is there: from now on the brain has as long for its next words as for its first."""
    draft = _named(state, fact.draft)
    running = tuple(call for call in draft.running if call != fact.call)
    allowed = draft.allowed if running else now + config.reply_timeout
    after = _put(state, replace(draft, running=running, allowed=allowed))
    if running or draft is not state.reply or not _alone(state):
        return after, ()
    return replace(after, wake_at=allowed), ()


def granted(state: State, now: float, config: TurnConfig) -> Step:
    """The reply is decided on: its calls that waited for that are run."""
    draft, orders = state.reply, list[Order]()
    assert draft is not None, f"no reply in {state}"
    for call, within in draft.waiting:
        draft = _run(draft, call, within, now, config, effects=True)
        orders.append(RunTool(Turn(state.turn), draft.draft, call))
    after = replace(state, reply=replace(draft, waiting=()))
    return _waiting_longer(after), tuple(orders)


def patient(draft: Writing | None, now: float, seconds: float) -> float:
    """A deadline so many seconds from now, or later where the reply may be silent because of its calls."""
    return now + seconds if draft is None else max(now + seconds, draft.allowed)


def _run(
    draft: Writing, call: str, within: float, now: float, config: TurnConfig, *, effects: bool
) -> Writing:
    allowed = max(draft.allowed, now + within + config.reply_timeout)
    acted = draft.acted or effects
    return replace(draft, running=(*draft.running, call), allowed=allowed, acted=acted)


def _waiting_longer(state: State) -> State:
    """The reply's deadline, moved to where its calls allow it."""
    if state.reply is None or state.wake_at is None or not _alone(state):
        return state
    return replace(state, wake_at=max(state.wake_at, state.reply.allowed))


def _alone(state: State) -> bool:
    """True while the deadline is about the reply, not about the user's speech over it."""
    return state.user is User.QUIET and state.agent in (Agent.DUE, Agent.SPEAKING)


def _decided(state: State) -> bool:
    return state.user is User.QUIET or state.excused


def _named(state: State, number: int) -> Writing:
    draft = next(d for d in (state.writing, state.reply) if d is not None and d.draft == number)
    return draft


def _put(state: State, draft: Writing) -> State:
    if state.writing is not None and state.writing.draft == draft.draft:
        return replace(state, writing=draft)
    return replace(state, reply=draft)
