"""Holds one level: so many sessions beside each other, every question at its planned time.

First all calls are made ready, then one clock starts for all of them; a session that answers late, breaks off
or was refused shifts nothing of its own or of another's. Files are written when the last session is over, so
that writing disturbs none. ``level.json`` comes last: its presence says that the level is whole.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pipeline.clock import monotonic, now
from pipeline.errors import HocketError, PeerError

from .edge import TICK, Clock
from .item import Item
from .load_carriers import Call, Carrier
from .load_pace import Pace, TimedScript, pace
from .load_plan import SUITE, LoadSettings, Plans, begins, cues, item, length
from .load_usage import Meter, Usage, settle
from .session_run import ITEM, Held, keep
from .socket_hold import EVENTS
from .socket_run import MISSING, write_missing

T = TypeVar("T")
LEVEL = "level.json"
DIALS = 0.05
"""Seconds between calls while they are made ready."""
_OURS = (ITEM, MISSING, EVENTS, "conversation.wav", "labels.json", "trace.jsonl")


class State(StrEnum):
    """What became of a session."""

    HELD = "held"
    "To its planned end, whatever the agent did in it."
    BROKEN = "broken"
    "It ended before: the server hung up, a stage failed."
    REFUSED = "refused"
    "It could not be begun."


@dataclass(frozen=True, slots=True)
class Told:
    """One session of a level."""

    number: int
    state: State
    reason: str
    "Why it broke off or was refused, or what was odd about it; else empty."
    planned: int
    "Questions that it was to ask."
    seconds: float
    "Planned length of its recording."


@dataclass(frozen=True, slots=True)
class Level:
    """What is known of a level besides its recordings."""

    sessions: int
    told: tuple[Told, ...]
    pace: Pace
    generator: Usage | None
    "This process and its children: the load generator, and in process the agents too."
    server: Usage | None
    "Of a server's process that was named."
    recorded: int
    "Bytes of sound that the generator held in memory by the end."
    alone: bool
    "Whether the agents ran in another process."
    host: dict[str, Any]
    "The machine, and its load before the level."


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """One session's place in a level."""

    item: Item
    script: TimedScript
    begin: float
    planned: int
    seconds: float


async def hold_level(
    sessions: int, plans: Plans, carrier: Carrier, settings: LoadSettings, host: dict[str, Any],
    server: int | None = None,
) -> Level:  # fmt: skip
    """Hold it and write it down. ``host``: about this machine; ``server``: process to watch.

    Raises UserError for what no session can be held with, and what a carrier's ``begin`` raises.
    """
    places = _places(sessions, plans, settings)
    for place in places:
        _renew(settings.out / place.item.name)
    real = settings.clock is Clock.WALL
    try:
        await carrier.begin()
        if real:
            settle()
        meters = [Meter(pid) for pid in (os.getpid(), server) if pid] if real else []
        calls = await _ready(places, carrier)
        for meter in meters:
            meter.start()
        held = await _all(places, calls, settings, meters)
    finally:
        await carrier.end()
    usages = [meter.usage() for meter in meters]
    found = Level(
        sessions, tuple(_told(*each) for each in zip(places, calls, held, strict=True)),
        pace([place.script for place in places]), usages[0] if usages else None,
        usages[1] if len(usages) > 1 else None, sum(_bytes(one) for one in held), carrier.alone,
        host,
    )  # fmt: skip
    _write(found, places, calls, held, settings)
    return found


def _places(sessions: int, plans: Plans, settings: LoadSettings) -> list[_Place]:
    clock = monotonic if settings.clock is Clock.WALL else now
    places = []
    for number, begin in enumerate(begins(sessions, settings.seed)):
        asked, seconds = plans.of(number), length(sessions, begin, settings.span)
        script = TimedScript(cues(asked, sessions, begin), seconds, clock)
        places.append(_Place(item(sessions, number, settings.seed), script, begin, len(asked), seconds))
    return places


async def _ready(places: Sequence[_Place], carrier: Carrier) -> list[Call | str]:
    """Every session's call, or why it was refused."""

    async def one(number: int, place: _Place) -> Call | str:
        await asyncio.sleep(number * DIALS)
        try:
            return await carrier.ready(place.item)
        except PeerError as error:
            return str(error)

    return await _beside([one(number, place) for number, place in enumerate(places)])


async def _all(
    places: Sequence[_Place], calls: Sequence[Call | str], settings: LoadSettings, meters: Sequence[Meter]
) -> list[Held | None]:
    """Every session from its time on. None for one that was refused."""
    start = now()

    async def one(place: _Place, call: Call | str) -> Held | None:
        if isinstance(call, str):
            return None
        place.script.planned = start + place.begin
        await asyncio.sleep(max(place.script.planned - now(), 0.0))
        return await call.hold(place.item, place.script, settings.out / place.item.name)

    held: list[Held | None] = []
    failed: HocketError | None = None
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(meter.run()) for meter in meters]
        try:
            held = await _beside([one(*each) for each in zip(places, calls, strict=True)])
        except HocketError as error:  # carried out of the group, which would wrap it
            failed = error
        for watch in watching:
            watch.cancel()
    if failed is not None:
        raise failed
    return held


async def _beside(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once; what the first of them raises comes out by itself, not in a group."""
    failed: list[HocketError] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except* HocketError as errors:
        failed = [error for error in errors.exceptions if isinstance(error, HocketError)]
    if failed:
        raise failed[0]
    return [task.result() for task in tasks]


def _told(place: _Place, call: Call | str, held: Held | None) -> Told:
    number = place.item.number
    if isinstance(call, str) or held is None:
        return Told(number, State.REFUSED, str(call), place.planned, place.seconds)
    ticks = held.edge.punctuality.ticks
    state = State.HELD if place.script.finished else State.BROKEN if ticks else State.REFUSED
    reason = held.error or ("" if state is State.HELD else f"it ended after {ticks * TICK:.1f} s, unasked")
    return Told(number, state, reason, place.planned, place.seconds)


def _bytes(held: Held | None) -> int:
    """Of both channels while the session lasted: 16 kHz and 24 kHz, 4 bytes a sample."""
    return 0 if held is None else round(held.edge.punctuality.ticks * TICK * 40_000 * 4)


def _renew(folder: Path) -> None:
    """Make a session's folder; take away what an attempt left that did not come to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / LEVEL).unlink(missing_ok=True)
    for name in _OURS:
        (folder / name).unlink(missing_ok=True)


def _write(
    found: Level, places: Sequence[_Place], calls: Sequence[Call | str], held: Sequence[Held | None],
    settings: LoadSettings,
) -> None:  # fmt: skip
    for told, place, call, one in zip(found.told, places, calls, held, strict=True):
        if told.state is State.REFUSED or one is None or isinstance(call, str):
            write_missing(place.item, settings.out, told.reason)
        else:
            keep(one, settings.out / place.item.name, call.target, settings.clock)
    file = folder_of(found.sessions, settings.out) / LEVEL
    file.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def folder_of(sessions: int, out: Path) -> Path:
    """Where a level's sessions lie."""
    return out / f"{SUITE}-{sessions:03d}"


def read_level(sessions: int, out: Path) -> Level | None:
    """What ``level.json`` says; None where the level is not whole."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        found = json.loads((folder_of(sessions, out) / LEVEL).read_text(encoding="utf-8"))
        told = tuple(Told(**{**one, "state": State(one["state"])}) for one in found["told"])
        usages = {name: Usage(**found[name]) if found[name] else None for name in ("generator", "server")}
        return Level(**{**found, **usages, "told": told, "pace": Pace(**found["pace"])})
    return None
