"""``hocket bench all``: every suite, its page, its gates and one page over them, by one command.

Each step is the command that a person would type, in a process of its own, and it is told. Suites in virtual
time run two beside each other; what follows the machine's clock runs alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.clock import monotonic
from pipeline.errors import UserError

from .claim import writable
from .everything_page import write_index
from .gates import load_gates

LOG = "log.txt"
STEPS = "steps.json"
BESIDE = 2
"""Virtual suites at a time."""
_ROOT = Path(__file__).resolve().parent.parent
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One command."""

    name: str
    "Its folder below the others."
    arguments: tuple[str, ...]
    "Of hocket bench, without --out."
    alone: bool = False
    "It measures real time."
    run: bool = True
    "It leaves a run: its gates are held, and a page is made of its conversations."


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step."""

    name: str
    command: str
    status: int
    seconds: float


def plan(full: bool, seed: int) -> list[Step]:
    """The steps in order, long ones first. ``full`` takes hours and has the sizes of published figures."""
    usual = ("--seed", str(seed))
    virtual = ("--clock", "virtual", "--n", "60" if full else "10", *usual)
    sums = ("--n", "120", "--full") if full else ("--n", "10")
    load = ("run", "--suite", "load", "--minutes", "2" if full else "0.5")
    steps = [
        Step("turns", ("run", "--suite", "turns", *virtual)),
        Step("overlap", ("run", "--suite", "overlap", *virtual)),
        Step("think", ("run", "--suite", "think", "--clock", "virtual", *sums, *usual)),
        Step("core", ("run", "--suite", "core", "--minutes", "5" if full else "0.5", *virtual)),
        Step("load", (*load, "--sessions", "1,2,4,8", "--clock", "virtual", *usual)),
        Step("validate", ("validate", "--virtual", *usual), run=False),
        Step("think", ("run", "--suite", "think", "--clock", "wall", "--n", "40", *usual), alone=True),
    ]
    if full:
        wall = ("--clock", "wall", "--n", "40", *usual)
        steps += [
            Step("core-wall", ("run", "--suite", "core", *wall), alone=True),
            Step("turns-wall", ("run", "--suite", "turns", *wall), alone=True),
            Step("overlap-wall", ("run", "--suite", "overlap", *wall), alone=True),
            Step("load-wall", (*load, "--clock", "wall", *usual), alone=True),
            Step("validate-wall", ("validate", *usual), alone=True, run=False),
        ]
    return steps


def all_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``all`` takes."""
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="folder; goes on in it")
    parser.add_argument("--full", action="store_true", help="published sizes and the machine's clock: hours")
    parser.add_argument("--virtual", action="store_true", help="only what needs no real time: what CI runs")
    parser.add_argument("--seed", type=int, default=1)


def all_command(given: argparse.Namespace, tell: Tell) -> int:
    """0 when every step and gate is good, 1 when one is not, 130 after Ctrl-C. Raises UserError."""
    if given.full and given.virtual:
        raise UserError("--full measures on the machine's clock and --virtual leaves it out; say one of them")
    steps = [step for step in plan(given.full, given.seed) if not (given.virtual and step.alone)]
    writable(given.out)
    begun = monotonic()
    try:
        done = _steps(steps, given.out, tell)
        runs = [step for step in steps if step.run]
        done += _together([_report(step) for step in runs if _has_page(step)], given.out, tell)
        done += _gates(runs, given.out, tell)
    except KeyboardInterrupt:
        tell("stopped; what is done is kept, and the same command goes on with it")
        return 130
    (given.out / STEPS).write_text(json.dumps([asdict(one) for one in done], indent=1) + "\n", "utf-8")
    page = write_index(given.out, list(dict.fromkeys(step.name for step in steps)), done)
    bad = [one for one in done if one.status]
    tell(f"{page} · {monotonic() - begun:.0f} s")
    for one in bad:
        tell(f"not good: {one.name} (status {one.status}); {given.out / one.name / LOG} says why")
    return 1 if bad else 0


def _steps(steps: Sequence[Step], out: Path, tell: Tell) -> list[Done]:
    """The virtual ones beside each other, then the others one by one."""
    done = _together([step for step in steps if not step.alone], out, tell)
    return done + [_run(step, out, tell) for step in steps if step.alone]


def _together(steps: Sequence[Step], out: Path, tell: Tell) -> list[Done]:
    pool = ThreadPoolExecutor(BESIDE)
    try:
        return list(pool.map(lambda step: _run(step, out, tell), steps))
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C what runs ends by itself and nothing else begins


def _has_page(step: Step) -> bool:
    return step.name not in ("load", "load-wall", "think")


def _report(step: Step) -> Step:
    return Step(step.name, ("report",))


def _gates(runs: Sequence[Step], out: Path, tell: Tell) -> list[Done]:
    """Each run's figures against the budgets for its suite and clock, where there are any."""
    known = {(gate.suite, gate.clock) for gate in load_gates()}
    held = []
    for step in runs:
        clock = "wall" if step.alone else "virtual"
        if (step.name.removesuffix("-wall"), clock) in known:
            held.append(_run(Step(step.name, ("gate",)), out, tell))
    return held


def _ended(child: subprocess.Popen[bytes]) -> int:
    """The status of a command. After Ctrl-C, which reaches it too, it is writing down what is done."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.wait()
        raise


def _run(step: Step, out: Path, tell: Tell) -> Done:
    """Run one command; what it says goes to its log. 130 is handed on as Ctrl-C."""
    folder = out / step.name
    folder.mkdir(parents=True, exist_ok=True)
    verb, *rest = step.arguments
    where = [str(folder)] if verb in ("report", "gate") else ["--out", str(folder)]
    command = [verb, *rest, *where]
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    begun = monotonic()
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(f"\n$ hocket bench {' '.join(command)}\n")
        log.flush()
        child = subprocess.Popen(
            [sys.executable, "-m", "bench", *command], stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        status = _ended(child)
    if status == 130:
        raise KeyboardInterrupt
    done = Done(step.name, f"hocket bench {' '.join(command)}", status, monotonic() - begun)
    tell(f"{done.command}: {'done' if not status else f'status {status}'}, {done.seconds:.0f} s")
    return done
