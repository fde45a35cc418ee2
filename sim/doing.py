"""Invariants on tools: what was done is judged by the tools' own record, not by what anybody says about it.

They must never repair, guess or look inside the runtime.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hush,
    Remember,
    RunTool,
    SessionClosed,
    ToolCalled,
    ToolReturned,
    Turn,
)
from pipeline.records import ToolRan

from .evidence import Evidence
from .hands import TIMEOUT
from .words import ACT

SLACK = 0.05
"""Seconds that a result may come after its time."""


def no_effect_before_its_commit(evidence: Evidence) -> Iterator[str]:
    """A call with effects is run only for a draft that is the reply; what only reads is never held to it."""
    commits: dict[Draft, float] = {}
    effects: dict[str, bool] = {}
    for at, item in evidence.of(CommitDraft, DropDraft, ToolCalled, RunTool):
        match item:
            case CommitDraft(_, draft):
                commits[draft] = at
            case DropDraft(_, draft):
                commits.pop(draft, None)
            case ToolCalled():
                effects[item.call] = item.effects
            case RunTool(turn, draft, call) if effects[call] and draft not in commits:
                yield f"{call} of turn {turn}, draft {draft}, ran at {at:.3f} and was not committed"
    ran = {item.arguments: item for _, item in evidence.of(ToolRan)}
    first = {order.draft: at for at, order in reversed(list(evidence.of(CommitDraft)))}
    for deed in evidence.deeds:
        told = ran.get(deed.arguments)
        if deed.tool == ACT and told and not first.get(Draft(told.draft), float("inf")) <= deed.begun:
            yield f"{told.call} did something at {deed.begun:.3f}, before its draft was committed"


def an_effect_happens_once(evidence: Evidence) -> Iterator[str]:
    """No call runs twice, and no turn does twice what was asked once."""
    calls = Counter(order.call for _, order in evidence.of(RunTool))
    yield from (f"{call} was ordered {count} times" for call, count in calls.items() if count > 1)
    done = Counter(deed.arguments for deed in evidence.deeds)
    yield from (f"{asked} was done {count} times" for asked, count in done.items() if count > 1)
    effects = {fact.call for _, fact in evidence.of(ToolCalled) if fact.effects}
    turns = Counter(order.turn for _, order in evidence.of(RunTool) if order.call in effects)
    yield from (f"turn {turn} had {count} effects" for turn, count in turns.items() if count > 1)


def an_effect_comes_to_its_end(evidence: Evidence) -> Iterator[str]:
    """What was begun is not cut off before its time, whoever speaks meanwhile."""
    for deed in evidence.deeds:
        early = deed.cut is not None and deed.cut < min(deed.begun + TIMEOUT - SLACK, evidence.closed)
        if deed.tool == ACT and early:
            yield f"{deed.arguments}, begun at {deed.begun:.3f}, was cut off at {deed.cut:.3f}"


def every_call_of_a_reply_returns(evidence: Evidence) -> Iterator[str]:
    """In its time, unless the reply ended before."""
    back = {fact.call: at for at, fact in evidence.of(ToolReturned)}
    ran = {order.call: at for at, order in evidence.of(RunTool)}
    within = {fact.call: fact.within for _, fact in evidence.of(ToolCalled)}
    over = _over(evidence)
    for draft, calls in _calls(evidence).items():
        for turn, call in calls:
            end = min(over.get((turn, draft), float("inf")), evidence.closed, evidence.ended)
            if call not in ran and _committed(evidence, draft) and end == float("inf"):
                yield f"{call} of turn {turn} was never run"
            due = ran.get(call, float("inf")) + within[call] + SLACK
            if due < end and back.get(call, float("inf")) > due:
                yield f"{call} of turn {turn} ran at {ran[call]:.3f} and had not returned by {due:.3f}"


def _calls(evidence: Evidence) -> dict[Draft, list[tuple[Turn, str]]]:
    found: dict[Draft, list[tuple[Turn, str]]] = {}
    for _, fact in evidence.of(ToolCalled):
        found.setdefault(fact.draft, []).append((fact.turn, fact.call))
    return found


def _committed(evidence: Evidence, draft: Draft) -> bool:
    return any(order.draft == draft for _, order in evidence.of(CommitDraft))


def _over(evidence: Evidence) -> dict[tuple[Turn, Draft], float]:
    """When each draft ended, one way or another."""
    ends: dict[tuple[Turn, Draft], float] = {}
    drafts = {(fact.turn, fact.draft) for _, fact in evidence.of(ToolCalled)}
    for at, order in evidence.of(DropDraft, Hush, Remember, SessionClosed):
        for turn, draft in drafts:
            mine = isinstance(order, SessionClosed) or (
                order.draft == draft if isinstance(order, DropDraft) else order.turn == turn
            )
            if mine:
                ends.setdefault((turn, draft), at)
    return ends


def no_call_is_spoken(evidence: Evidence) -> Iterator[str]:
    """Nothing of a call reaches the voice."""
    for utterance in evidence.utterances:
        if any(sign in utterance.text for sign in ("<", "{", "tool_call", "function")):
            yield f"the voice was given {utterance.text!r}"


def what_was_done_is_remembered(evidence: Evidence) -> Iterator[str]:
    """The result of every effect stands in the history of its turn, though its words were never heard."""
    known = {exchange.turn: exchange for exchange in evidence.exchanges}
    effects = {fact.call for _, fact in evidence.of(ToolCalled) if fact.effects}
    begun = {deed.arguments for deed in evidence.deeds}
    for at, ran in evidence.of(ToolRan):
        exchange = known.get(Turn(ran.turn))
        if ran.call not in effects or exchange is None or ran.arguments not in begun:
            continue
        results = {each.id: each.content for step in exchange.called for each in step.results}
        if results.get(ran.call) != ran.content:
            yield f"turn {ran.turn} remembers {results.get(ran.call)!r} of {ran.call}, done at {at:.3f}"


CHECKS = (
    no_effect_before_its_commit,
    an_effect_happens_once,
    an_effect_comes_to_its_end,
    every_call_of_a_reply_returns,
    no_call_is_spoken,
    what_was_done_is_remembered,
)
