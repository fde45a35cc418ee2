"""The suites by name. A suite is a file with its scenarios and a function that makes their conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import UserError

from . import suite_core, suite_overlap, suite_turns
from .item import Item

REPLAY = "replay"
"""The suite that a folder of conversations is; see ``replay``."""

MakeItems = Callable[..., list[Item]]
"""``(scenario, count, seed, *, minutes) -> items``, and ``folder`` where the suite takes people's recordings;
raises KeyError for a scenario that it does not have."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Conversations that belong together."""

    name: str
    scenarios: tuple[str, ...]
    items: MakeItems
    over_wire: tuple[str, ...]
    "Scenarios that can be held with an agent that can only be spoken to."
    people: bool = False
    "Has scenarios for recordings of people from a folder."


SUITES = {
    one.name: one
    for one in (
        Suite(suite_core.SUITE, suite_core.SCENARIOS, suite_core.items, ("smooth", "hesitation", "barge-in")),
        Suite(suite_turns.SUITE, suite_turns.SCENARIOS, suite_turns.items, suite_turns.OVER_WIRE, True),
        Suite(
            suite_overlap.SUITE, suite_overlap.SCENARIOS, suite_overlap.items, suite_overlap.OVER_WIRE, True
        ),
    )
}


def suite(name: str) -> Suite:
    """The suite of this name. Raises UserError."""
    if name not in SUITES:
        raise UserError(f"no suite is called {name!r}; there are {', '.join(SUITES)}")
    return SUITES[name]
