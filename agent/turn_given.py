"""Rules for turns that nobody answers by itself: given by the client, or over and waiting for a wish.

Pure: no clock, no I/O. What waits is never lost by what comes after it: the next turn begins with it.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import DropDraft, InputGiven, InputWithdrawn, Sample, Span, StopThinking

from .turn_config import TurnConfig
from .turn_state import RATE, State, Step, User, rest


def set_aside(state: State, now: float, config: TurnConfig, why: str, given: Span | None = None) -> Step:
    """The open turn is over and waits, with what nobody answered before it, until a reply is asked for."""
    drop = () if state.writing is None else (DropDraft(state.turn, state.writing.draft),)
    ended = given or Span(state.since, Sample(max(state.since, state.paused_at + round(config.tail * RATE))))
    after = replace(rest(state, now, config, f"{why}; it waits for a reply to be asked for"), speech=None)
    after = replace(after, unanswered=joined(state, ended), taken=Sample(max(state.taken, ended.end)))
    return after, (*drop, StopThinking(state.turn))


def joined(state: State, given: Span) -> Span:
    """What nobody answered, and this."""
    known = state.unanswered or given
    return Span(min(known.start, given.start), max(known.end, given.end))


def give(state: State, fact: InputGiven, _now: float, _config: TurnConfig) -> Step:
    """Sound that the client gives whole while no turn is open: it waits, and disturbs nobody."""
    if not len(fact.span):
        return state, ()
    taken = Sample(max(state.taken, fact.span.end))
    return replace(state, unanswered=joined(state, fact.span), taken=taken), ()


def give_open(state: State, fact: InputGiven, now: float, config: TurnConfig) -> Step:
    """The client says what the open turn was, and that it is over."""
    whole = Span(min(state.since, fact.span.start), max(state.since, fact.span.end))
    after, orders = set_aside(state, now, config, "over: given whole by the client", whole)
    going_on = state.user is User.TALKING and not state.given
    return replace(after, muted=state.onset if going_on else None), orders


def withdraw(state: State, fact: InputWithdrawn, now: float, config: TurnConfig) -> Step:
    """The client takes the open turn back: it never was."""
    drop = () if state.writing is None else (DropDraft(state.turn, state.writing.draft),)
    going_on = state.onset if state.user is User.TALKING and not state.given else None
    after = replace(rest(state, now, config, "withdrawn by the client"), muted=going_on)
    return replace(after, taken=Sample(max(state.taken, fact.at))), (*drop, StopThinking(state.turn))


def clear(state: State, fact: InputWithdrawn, _now: float, _config: TurnConfig) -> Step:
    """No turn is open: what the client clears can begin none."""
    return replace(state, taken=Sample(max(state.taken, fact.at))), ()


def put_off(state: State, now: float, config: TurnConfig, why: str) -> Step:
    """A turn that its client is still giving takes no floor: another comes first, and this one waits until it
    is given, whole. Clients that never stop sending sound begin the next turn with the first of it."""
    drop = () if state.writing is None else (DropDraft(state.turn, state.writing.draft),)
    return rest(state, now, config, why), (*drop, StopThinking(state.turn))
