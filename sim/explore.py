"""Many seeds, one account: violations, visits to every cell of the policy, speed.

Each seed is a conversation of its own; the same seed is the same conversation on any machine. It must never
print; ``sim.command`` does.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agent.turn import RULES, Cell
from pipeline.clock import monotonic
from pipeline.events import CommitDraft
from pipeline.ports import CAPTURE_RATE

from .cast import Cast, fakes
from .decisions import EVERY, decisions
from .evidence import Evidence
from .invariants import violations
from .script import scenario
from .world import play

LEAST = 10
"""Visits that every cell of the policy, and every kind of decision, must get in a full exploration."""
FULL = 300
"""Seeds of a full exploration."""


@dataclass(slots=True)
class Account:
    """What an exploration found."""

    seeds: int = 0
    virtual: float = 0.0
    "Seconds of conversation."
    wall: float = 0.0
    processor: float = 0.0
    "Seconds of work, which a busy machine does not lengthen."
    shortest: float = float("inf")
    fewest_turns: int = 1 << 30
    "User turns of the conversation with the fewest."
    overlaps: int = 0
    "Conversations in which the user spoke over the agent's voice."
    faulty: int = 0
    "Conversations with a fault in them."
    violations: list[tuple[int, str]] = field(default_factory=list)
    "(seed, what is wrong)."
    cells: Counter[Cell] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    "Kinds of decision, by the names in ``sim.decisions``."
    digest: str = ""
    "Of all that happened, in order; equal wherever the same seeds are explored."

    def rare(self, least: int = LEAST) -> list[tuple[Cell, int]]:
        """Cells of the policy that were met less often than this."""
        every = [(*row, kind) for row, cells in RULES.items() for kind in cells]
        return sorted(((cell, self.cells[cell]) for cell in every if self.cells[cell] < least), key=_visits)

    def seldom(self, least: int = LEAST) -> list[tuple[str, int]]:
        """Kinds of decision that were met less often than this, the rarest first."""
        met = [(name, self.decisions[name]) for name in EVERY]
        return sorted((each for each in met if each[1] < least), key=lambda each: each[1])


def explore(
    seeds: Iterable[int], cast: Cast | None = None, watch: Callable[[Evidence], None] | None = None
) -> Account:
    """Live through these seeds' conversations and check each; ``watch`` sees all the evidence."""
    account, cast = Account(), cast or fakes()
    summed = hashlib.sha256()
    began, worked = monotonic(), _worked()
    for seed in seeds:
        account.seeds += 1
        plan = cast.recast(scenario(seed))
        account.faulty += bool(plan.faults)
        try:
            evidence = play(plan, cast)
        except Exception as error:  # noqa: BLE001  # whatever a conversation dies of is a finding about its seed
            account.violations.append((seed, f"it died of {type(error).__name__}: {error}"))
            continue
        summed.update(digest(evidence).encode())
        _add(account, evidence)
        if watch is not None:
            watch(evidence)
    account.wall = monotonic() - began
    account.processor = _worked() - worked
    account.digest = summed.hexdigest()
    return account


def _add(account: Account, evidence: Evidence) -> None:
    account.virtual += evidence.ended
    account.shortest = min(account.shortest, evidence.ended)
    turns = {order.turn for _, order in evidence.of(CommitDraft)}
    account.fewest_turns = min(account.fewest_turns, len(turns))
    account.overlaps += overlapped(evidence)
    account.violations += [(evidence.seed, found) for found in violations(evidence)]
    account.cells += evidence.cells
    account.decisions += decisions(evidence)


def overlapped(evidence: Evidence) -> bool:
    """True when the user spoke while the agent's voice could be heard."""
    return any(
        sound.start < said.end / CAPTURE_RATE and said.start / CAPTURE_RATE < sound.end
        for said in evidence.uttered
        for sound in evidence.sounds
    )


def digest(evidence: Evidence) -> str:
    """A fingerprint of the trace and of every sound that was heard."""
    summed = hashlib.sha256()
    for entry in evidence.entries:
        summed.update(repr(entry).encode())
    summed.update(repr((evidence.sounds, evidence.supply, evidence.ended)).encode())
    return summed.hexdigest()


def _worked() -> float:
    spent = os.times()
    return spent.user + spent.system


def _visits(found: tuple[Cell, int]) -> tuple[int, str]:
    cell, count = found
    return count, f"{cell[0]} {cell[1]} {cell[2].__name__}"
