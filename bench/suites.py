"""The suites by name. A suite is a file with its scenarios and a function that makes their conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import UserError

from . import suite_core
from .item import Item

MakeItems = Callable[..., list[Item]]
"""``(scenario, count, seed, *, minutes) -> items``; raises KeyError for a scenario that it does not have."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Conversations that belong together."""

    name: str
    scenarios: tuple[str, ...]
    items: MakeItems
    over_wire: tuple[str, ...]
    "Scenarios that can be held with an agent that can only be spoken to."


SUITES = {
    one.name: one
    for one in (
        Suite(
            suite_core.SUITE, suite_core.SCENARIOS, suite_core.items, ("smooth", "hesitation", "barge-in")
        ),
    )
}


def suite(name: str) -> Suite:
    """The suite of this name. Raises UserError."""
    if name not in SUITES:
        raise UserError(f"no suite is called {name!r}; there are {', '.join(SUITES)}")
    return SUITES[name]
