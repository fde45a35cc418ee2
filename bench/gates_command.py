"""``hocket bench gate``: a run's figures against the budgets; says which suite and clock the run was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .edge import Clock
from .gates import BUDGETS, Gate, judge_run, load_gates, table
from .run import RUN
from .think_suite import FIGURES as ABLATION
from .think_suite import SUITE as THINK

UNGATED = 2
"""The status where a folder could not be judged: as for any input that cannot be used."""
Tell = Callable[[str], None]


def gate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``gate`` takes."""
    parser.add_argument("what", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--budgets", type=Path, default=BUDGETS, help="bounds (default: ours)")


def gate_command(given: argparse.Namespace, tell: Tell) -> int:
    """0 when every gate of every run holds, 1 where one does not, 2 where one of several folders has none.

    Raises UserError where the only folder has no gates, and for budgets that cannot be read.
    """
    gates = load_gates(given.budgets)
    worst = 0
    for folder in given.what:
        try:
            good = _hold(folder, gates, tell)
        except UserError as error:
            if len(given.what) == 1:
                raise
            tell(f"{folder}: no gate was held against it: {error}")
            worst = UNGATED
            continue
        worst = max(worst, 0 if good else 1)
    return worst


def _hold(folder: Path, gates: Sequence[Gate], tell: Tell) -> bool:
    suite, clock = kind_of_run(folder)
    verdicts = judge_run(folder, gates, suite, clock)
    tell(f"{folder}: {suite}, {clock} clock")
    for line in table(verdicts):
        tell(line)
    return all(one.good for one in verdicts)


def kind_of_run(folder: Path) -> tuple[str, str]:
    """Suite and clock of the run in a folder. Raises UserError where that is not told."""
    file = folder / RUN
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return str(found["suite"]), str(found["clock"])
    except FileNotFoundError:
        if (folder / ABLATION).exists():
            return THINK, _thinking(folder / ABLATION)
        raise UserError(f"{folder} holds no run ({RUN} is missing); make one: hocket bench run") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} does not say which suite and clock it was ({error!r})") from error


def _thinking(file: Path) -> Clock:
    """Budgets are for answers in virtual time; waits in real time alone have none."""
    try:
        virtual = json.loads(file.read_text(encoding="utf-8"))["virtual"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} does not say what was asked ({error!r})") from error
    if not virtual or not any(virtual.values()):
        raise UserError(
            f"{file.parent} holds nothing in virtual time, and no gate is for what was asked in real time; "
            f"name a folder of: hocket bench run --suite {THINK} --clock {Clock.VIRTUAL}"
        )
    return Clock.VIRTUAL
