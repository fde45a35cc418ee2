"""Which conversations of a folder another benchmark's figures may be made of: those with an agent in them.

A known delay and a scripted brain measure the harness; beside an agent in one number they would be no figure
of anything. Recordings whose labels tell nothing are anybody's agent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError

from . import labels as manifests
from .counted import counted
from .kinds import APART, kind_of
from .labels import Labels
from .report import conversations

Tell = Callable[[str], None]


def of_agents(run: Path, tell: Tell) -> list[tuple[Path, Labels]]:
    """The folders with an agent and their labels, sorted; says how many others were left out and why.

    Raises LabelsError, and UserError where all were left out. Empty for a folder without conversations.
    """
    found, apart = list[tuple[Path, Labels]](), Counter[str]()
    for place in conversations(run):
        labels = manifests.load(place / "labels.json")
        kind = kind_of(labels.about)
        if kind in APART:
            apart[kind] += 1
        else:
            found.append((place, labels))
    if not apart:
        return found
    told = ", ".join(f"{number} of kind {kind!r}" for kind, number in sorted(apart.items()))
    if not found:
        raise UserError(
            f"{run} holds no conversation with an agent, only {told}, which measure the harness itself; "
            "name a run with a brain or a server"
        )
    tell(f"{counted(apart.total(), 'conversation')} left out: no agent in them ({told})")
    return found
