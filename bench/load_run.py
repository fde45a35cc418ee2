"""A load test from its first level to its knee, into a folder, going on where it was stopped.

A level is one experiment: a stopped one is held again as a whole, as is one that was not valid because the
load generator came late; any other never.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import clock as clocks
from pipeline.errors import PeerError, UserError
from pipeline.ports import Voice

from .claim import claim_file, note_host
from .edge import Clock
from .load_carriers import Carrier
from .load_hold import LEVEL, Level, folder_of, hold_level, read_level
from .load_knee import Knee, knee
from .load_plan import SUITE, LoadSettings, Plans, length
from .load_score import LevelFigures, figures
from .load_table import progress
from .machine import about_host
from .run import RUN

LOAD = "load.json"
SCHEMA = 1
Tell = Callable[[str], None]


def load_run(
    settings: LoadSettings, carrier: Callable[[], Carrier], user: Callable[[], Voice], tell: Tell,
    server: int | None = None,
) -> bool:  # fmt: skip
    """Hold the levels that the folder lacks, up to the knee. False when Ctrl-C stopped it.

    ``carrier`` makes one per level; ``user`` the voice that asks; ``server`` is a process to watch. Raises
    UserError when the folder holds a run with other settings, PeerError when nobody could be reached at all.
    """
    claim(settings, carrier().names)
    plans = Plans(settings)
    done = [count for count in settings.levels if _done(count, settings.out)]
    if done:
        tell(f"{len(done)} of {len(settings.levels)} levels are done already")
    held: list[LevelFigures] = []
    try:
        for place, count in enumerate(settings.levels):
            if count not in done:
                tell(f"{count} sessions: some {length(count, 0.0, settings.span):.0f} s …")
                _hold(count, plans, carrier(), user, settings, server)
            held.append(figures(count, settings.out))
            if not place:
                _reached(held[-1], settings.out)
            bent = knee(held)
            if count not in done:
                tell(progress(held[-1], bent))
            if not settings.all_levels and (bent.sessions or bent.blind):
                _left(settings, place, bent, tell)
                break
    except KeyboardInterrupt:
        return False
    return True


def _done(count: int, out: Path) -> bool:
    """Whether a level needs no holding: one in which the generator was late measured nothing, and does."""
    level = read_level(count, out)
    return level is not None and (level.pace.good or not level.pace.ticks)


def _hold(
    count: int, plans: Plans, carrier: Carrier, user: Callable[[], Voice], settings: LoadSettings,
    server: int | None,
) -> Level:  # fmt: skip
    """Stimuli are made in real time, since voices may need processes; the level on the clock asked for."""
    note_host(settings.out / RUN)
    clocks.run(partial(_prepare, count, plans, user))
    hold = partial(hold_level, count, plans, carrier, settings, about_host(), server)
    return clocks.run(hold) if settings.clock is Clock.WALL else clocks.simulate(hold, seed=settings.seed)


async def _prepare(count: int, plans: Plans, user: Callable[[], Voice]) -> None:
    voice = user()
    try:
        await plans.prepare(count, voice)
    finally:
        await voice.close()


def _reached(one: LevelFigures, out: Path) -> None:
    """Whether anybody was there at the first level; else it counts as not held, and is tried again."""
    if not one.begun:
        (folder_of(one.level.sessions, out) / LEVEL).unlink()
        reason = next(iter(one.refused), "no reason was given")
        raise PeerError(f"not one session could be begun: {reason}")


def _left(settings: LoadSettings, place: int, bent: Knee, tell: Tell) -> None:
    rest = settings.levels[place + 1 :]
    if rest:
        why = "the knee is found" if bent.sessions else "the generator is too slow for more"
        tell(f"{why}; left out: {', '.join(map(str, rest))} sessions (--all-levels holds them too)")


def claim(settings: LoadSettings, names: Mapping[str, str]) -> None:
    """Write the settings into the folder, or check that they are those already there. Raises UserError.

    The levels are not among them: others may be held later in the same folder.
    """
    told = {
        "suite": SUITE, "clock": settings.clock, "endpoint": settings.endpoint, "seed": settings.seed,
        "minutes": settings.minutes, "marked": settings.marked, "target": dict(names),
    }  # fmt: skip
    claim_file(settings.out / RUN, told, "a run with other settings")


def finished(out: Path) -> list[LevelFigures]:
    """All finished levels of a folder, scored, in increasing order. Raises UserError where there is none."""
    counts = sorted(
        int(file.parent.name.removeprefix(f"{SUITE}-")) for file in out.glob(f"{SUITE}-*/level.json")
    )
    found = [figures(count, out) for count in counts if read_level(count, out) is not None]
    if not found:
        raise UserError(f"{out} holds no finished level of a load test")
    return found


def save(levels: Sequence[LevelFigures], out: Path) -> Path:
    """Write ``load.json`` and return where it is."""
    bent = knee(levels)
    run: dict[str, Any] = json.loads((out / RUN).read_text(encoding="utf-8")) if (out / RUN).exists() else {}
    told = {
        "schema": SCHEMA, "run": run, "knee": {**asdict(bent), "told": bent.told},
        "levels": [asdict(one) for one in levels],
    }  # fmt: skip
    file = out / LOAD
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return file
