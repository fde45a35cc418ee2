"""The same questions in real time: how long the user waits with everything on, and with no thought at all.

On the machine's clock, each conversation in a process that holds one at a time. Arms take turns in going
first, so that a machine which slows down slows all. Several may be held side by side: that saves time and may
cost lateness, so how many there were, and how late the user's side was, is in every row.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.clock import run
from pipeline.compute import Factory, ProcessCompute
from pipeline.errors import UserError

from .claim import note_host
from .think_arms import QUICKEST, config_of
from .think_items import HUMAN
from .think_lines import rows_to
from .think_run import CLAIM, Tell
from .think_stimuli import Long

LIVE = "live.jsonl"
STAGGER = 1.3
"""Seconds by which conversations side by side begin one after another: they must not all end at once."""
LANES = 8
"""Conversations side by side at most."""
ARMS = ("everything", QUICKEST)
Keep = Callable[[int, "Waited"], None]


@dataclass(frozen=True, slots=True)
class Waited:
    """One question asked in real time. Seconds from the labelled end of the question."""

    item: str
    arm: str
    pace: float
    voice: str
    first_sound: float | None
    "Voice to voice as ``score`` has it; None: none came in the scorer's WINDOW."
    first_answer: float | None
    "As the voice reports its words, some 20 ms late; None where the conversation ended before it."
    late: int
    "Ticks of the edge more than 5 ms late."
    worst: float
    starved: int
    error: str
    said: str
    lanes: int = 1
    "Conversations that were held side by side."
    ticks: int = 0
    "Of the edge; 0: not counted."


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What is asked."""

    out: Path
    pace: float = 0.02
    brain: Path | None = None
    voice: str = HUMAN
    whole: bool = False
    "Hear every answer to its end; else half a second of it."
    arms: tuple[str, ...] = ARMS
    lanes: int = 1
    "Conversations side by side."

    def __post_init__(self) -> None:
        for arm in self.arms:
            config_of(arm)
        if not 0 <= self.pace <= 1:
            raise UserError(f"a pace lies between 0 and 1 second per token, not at {self.pace:g}")
        if not 1 <= self.lanes <= LANES:
            raise UserError(f"1 to {LANES} conversations can be held side by side, not {self.lanes}")


def ask_live(plan: LivePlan, items: Sequence[Long], count: int, tell: Tell) -> bool:
    """Ask ``count`` questions in every arm. False when Ctrl-C stopped it. Raises HocketError."""
    chosen = [item for item in items if item.voice != plan.voice][:count]
    done = {(row.item, row.arm, row.pace) for row in read_live(plan.out)}
    todo = []
    for place, item in enumerate(chosen):
        turn = place % len(plan.arms)
        order = plan.arms[turn:] + plan.arms[:turn]
        todo += [(item, arm) for arm in order if (item.name, arm, plan.pace) not in done]
    if todo:
        note_host(plan.out / CLAIM)
    try:
        run(lambda: _all(plan, todo, tell))
    except KeyboardInterrupt:
        return False
    return True


async def _all(plan: LivePlan, todo: Sequence[tuple[Long, str]], tell: Tell) -> None:
    waiting = iter(list(enumerate(todo, 1)))
    with rows_to(plan.out / LIVE) as kept:

        def keep(place: int, row: Waited) -> None:
            kept.write(json.dumps(asdict(row)) + "\n")
            kept.flush()
            waited = "no sound" if row.first_sound is None else f"{1000 * row.first_sound:.0f} ms"
            said = f"{row.item} {row.arm}: {waited}{' ' + row.error if row.error else ''}"
            tell(f"[{place}/{len(todo)}] {said}")

        try:
            async with asyncio.TaskGroup() as group:
                for lane in range(min(plan.lanes, len(todo))):
                    group.create_task(_lane(plan, lane, waiting, keep), name=f"lane {lane}")
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None  # one reason is enough; the others were stopped by it


async def _lane(
    plan: LivePlan, lane: int, waiting: Iterator[tuple[int, tuple[Long, str]]], keep: Keep
) -> None:
    """One conversation after another, in a process that does nothing else."""
    process = ProcessCompute(Factory("bench.think_lane:Lane", (plan,)))
    try:
        await asyncio.sleep(lane * STAGGER)
        for place, (item, arm) in waiting:
            keep(place, await process.call("ask", item, arm))
    finally:
        await process.close()


def read_live(out: Path) -> list[Waited]:
    """All that was asked in real time into this folder; a line that was cut off is passed over."""
    found: list[Waited] = []
    file = out / LIVE
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError):
                found.append(Waited(**json.loads(line)))
    return found
