"""What a simulated conversation left behind: the trace, and what only the world knows (who sounded when).

Plain values, all times in loop seconds. It must never judge; ``sim.invariants`` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent.conversation import Exchange
from agent.turn import Cell
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hush,
    PhraseDrafted,
    Remember,
    Say,
    SessionClosed,
    Turn,
)
from pipeline.trace import Entry
from tts.reply import Account

from .hands import Deed
from .user import Uttered
from .voice import Utterance


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch in which one word of the agent was pulled by the sink."""

    start: float
    end: float
    utterance: int
    word: int
    samples: int


@dataclass(frozen=True, slots=True)
class Claim:
    """While a draft may sound: from its commit to its end."""

    turn: Turn
    draft: Draft
    since: float
    until: float
    how: str
    "The kind of order that ended it; empty if none did."


@dataclass(frozen=True, slots=True)
class Supply:
    """Samples that went into the playout and where they went."""

    fed: int
    delivered: int
    discarded: int
    queued: int


@dataclass(frozen=True)
class Evidence:
    """One conversation, complete."""

    seed: int = 0
    entries: tuple[Entry, ...] = ()
    sounds: tuple[Sound, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    uttered: tuple[Uttered, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    accounts: tuple[Account, ...] = ()
    supply: Supply = Supply(0, 0, 0, 0)  # frozen
    latency: float = 0.0
    echo: str = "none"
    lost: tuple[tuple[int, int], ...] = ()
    "Capture samples that were lost: (start, end)."
    stalled: tuple[tuple[float, float], ...] = ()
    "When the sink pulled nothing: (start, end)."
    late: tuple[tuple[float, float], ...] = ()
    "When facts of the speaking stage were kept back: (start, end)."
    ended: float = 0.0
    "When the session had returned."
    failure: str = ""
    "What it raised, if anything."
    deeds: tuple[Deed, ...] = ()
    "What the tools did, by their own record."
    cells: Counter[Cell] = field(default_factory=Counter)
    "How often each cell of the policy was met."

    def of(self, *kinds: type) -> Iterator[tuple[float, Any]]:
        """(time, item) of all entries of these kinds, in order. The items' types are the caller's to know."""
        found = [place for kind in kinds for place in self._by_kind.get(kind, ())]
        if len(kinds) > 1:
            found.sort()
        for index in found:
            yield self.entries[index].at, self.entries[index].item

    @cached_property
    def _by_kind(self) -> dict[type, list[int]]:
        """Where in the trace items of each type stand."""
        places: dict[type, list[int]] = {}
        for index, entry in enumerate(self.entries):
            places.setdefault(type(entry.item), []).append(index)
        return places

    @property
    def closed(self) -> float:
        """When the end of the session was told; infinity if never."""
        return next((at for at, _ in self.of(SessionClosed)), float("inf"))

    def claims(self) -> list[Claim]:
        """Every commit and every canned reply, with the time in which it may sound."""
        open_: dict[tuple[Turn, Draft], float] = {}
        claims: list[Claim] = []
        for at, item in self.of(CommitDraft, Say, DropDraft, Hush, Remember):
            match item:
                case CommitDraft(turn, draft):
                    open_[turn, draft] = at
                case Say(turn, _):
                    open_[turn, Draft(0)] = at
                case DropDraft() | Hush() | Remember():
                    gone = [key for key in open_ if _ends(item, *key)]
                    claims += [Claim(*key, open_.pop(key), at, type(item).__name__) for key in gone]
        claims += [Claim(*key, since, float("inf"), "") for key, since in open_.items()]
        return sorted(claims, key=lambda claim: claim.since)

    def owners(self, utterance: Utterance) -> list[tuple[Turn, Draft]]:
        """The drafts whose phrase this may be: canned words have no phrase of their own on record."""
        drafts = {
            (item.turn, item.draft): at
            for at, item in self.of(PhraseDrafted)
            if item.text == utterance.text and at <= utterance.at
        }
        if not drafts:
            return [(item.turn, Draft(0)) for at, item in self.of(Say) if at <= utterance.at]
        gone = {(order.turn, order.draft): at for at, order in self.of(DropDraft)}
        gone |= {owner: at for at, order in self.of(Remember) for owner in drafts if owner[0] == order.turn}
        return [owner for owner in drafts if gone.get(owner, utterance.at) >= utterance.at]

    def said(self) -> dict[int, Utterance]:
        """Utterances by serial number."""
        return {utterance.serial: utterance for utterance in self.utterances}


def _ends(item: Any, turn: Turn, draft: Draft) -> bool:
    if isinstance(item, DropDraft):
        return (item.turn, item.draft) == (turn, draft)
    return bool(item.turn == turn)

