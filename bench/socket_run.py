"""A suite's conversations over a carrier: one after another, on the machine's clock, into a run's folder.

What a server does to one conversation costs that one alone: it is written down as missing or broken off, the
rest goes on, and the same command later tries again what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from pipeline import clock as clocks
from pipeline.errors import BugError, PeerError, UserError
from pipeline.ports import Voice

from .claim import note_host
from .counted import are, counted
from .edge import Clock
from .item import Item
from .run import RUN
from .session_run import Outcome, Target, keep, read_outcome
from .socket_hold import EVENTS, hold_over
from .targets.port import Line

MISSING = "missing.json"
"""Lies in a conversation's folder instead of a recording: why there is none."""
GIVE_UP = 3
"""Conversations in a row that could not be begun, after which the others are not tried."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SocketTarget:
    """An agent at the far end of a carrier."""

    dial: Callable[[], Line]
    "A fresh line per conversation."
    user: Callable[[], Voice]
    names: dict[str, str] = field(default_factory=dict)
    "For the report."
    jitter: float = 0.0
    "Seconds of jitter buffer before the virtual loudspeaker."

    def as_target(self) -> Target:
        """The same for those who only need the names and the user's voice."""
        return Target(
            brain=_not_ours, voice=_not_ours, user=self.user, detector=_not_ours, canceller=None,
            names=self.names,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missing:
    """A conversation that could not be begun."""

    scenario: str
    number: int
    seed: int
    error: str


def run_over(items: Sequence[Item], out: Path, target: SocketTarget, tell: Tell) -> bool:
    """Hold every conversation that the folder lacks. False when Ctrl-C stopped it: what is done is kept.

    Raises UserError for what no conversation could be held with: an address, a key.
    """
    todo = [item for item in items if read_outcome(out / item.name) is None]
    if len(todo) < len(items):
        many = len(items)
        tell(f"{many - len(todo)} of {counted(many, 'conversation')} {are(many)} done already")
    if todo:
        note_host(out / RUN)
    try:
        clocks.run(lambda: _all(todo, out, target, tell))
    except KeyboardInterrupt:
        return False
    return True


def missing(out: Path) -> list[Missing]:
    """What a run's folder lacks, and why; sorted."""
    found: list[dict[str, Any]] = [
        json.loads(file.read_text(encoding="utf-8")) for file in sorted(out.rglob(MISSING))
    ]
    return [Missing(**one) for one in found]


async def _all(todo: Sequence[Item], out: Path, target: SocketTarget, tell: Tell) -> None:
    failed = 0
    for place, item in enumerate(todo, 1):
        name = f"[{place}/{len(todo)}] {item.name}"
        if failed >= GIVE_UP:
            write_missing(item, out, f"not tried: {GIVE_UP} conversations before it could not be begun")
            continue
        found = await hold_one(item, out, target)
        failed = failed + 1 if isinstance(found, Missing) else 0
        tell(f"{name}: {_said(found)}")
    if lacking := missing(out):
        few = len(lacking)
        tell(f"{counted(few, 'conversation')} {are(few)} missing; the same command tries again")


def _said(found: Outcome | Missing) -> str:
    if isinstance(found, Missing):
        return f"missing: {found.error}"
    late = found.punctuality
    told = f"{found.seconds:.0f} s" + (f", worst tick {1000 * late.worst:.0f} ms late" if late.late else "")
    return f"{told}; {found.error}" if found.error else told


async def hold_one(item: Item, out: Path, target: SocketTarget) -> Outcome | Missing:
    """Hold one conversation and write it down. A server's fault is a result; a UserError is raised."""
    folder = out / item.name
    folder.mkdir(parents=True, exist_ok=True)
    voice = target.user()
    try:
        script = await item.script(voice)
    finally:
        await voice.close()
    try:
        held, about = await hold_over(
            item, script, target.dial(), events=folder / EVENTS, jitter=target.jitter
        )
    except PeerError as error:
        return write_missing(item, out, str(error))
    if not held.edge.punctuality.ticks:
        return write_missing(item, out, held.error or "the conversation ended before its first frame")
    named = replace(
        target.as_target(), names=target.names | {f"server {key}": told for key, told in about.items()}
    )
    (folder / MISSING).unlink(missing_ok=True)
    return keep(held, folder, named, Clock.WALL)


def write_missing(item: Item, out: Path, error: str) -> Missing:
    """Say in a conversation's folder why it holds none."""
    found = Missing(item.scenario, item.number, item.seed, error)
    (out / item.name).mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n"
    (out / item.name / MISSING).write_text(text, encoding="utf-8", errors="backslashreplace")
    return found


def only_over_a_socket(scenarios: Sequence[str], able: Sequence[str]) -> tuple[str, ...]:
    """Those of the scenarios that need no access to a session. Raises UserError when none is left."""
    found = tuple(name for name in scenarios if name in able)
    if not found:
        raise UserError(f"none of {', '.join(scenarios)} can be held over a socket; {', '.join(able)} can")
    return found


def _not_ours() -> NoReturn:
    raise BugError("an agent over a carrier has a brain, a voice and a detector of its own")
