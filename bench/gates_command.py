"""``hocket bench gate``: a run's figures against the budgets; says which suite and clock the run was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .edge import Clock
from .gates import BUDGETS, judge_run, load_gates, table
from .run import RUN
from .think_suite import FIGURES as ABLATION
from .think_suite import SUITE as THINK

Tell = Callable[[str], None]


def gate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``gate`` takes."""
    parser.add_argument("what", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--budgets", type=Path, default=BUDGETS, help="bounds (default: ours)")


def gate_command(given: argparse.Namespace, tell: Tell) -> int:
    """0 when every gate of every run holds, else 1. Raises UserError."""
    gates = load_gates(given.budgets)
    good = True
    for folder in given.what:
        suite, clock = kind_of_run(folder)
        verdicts = judge_run(folder, gates, suite, clock)
        tell(f"{folder}: {suite}, {clock} clock")
        for line in table(verdicts):
            tell(line)
        good = good and all(one.good for one in verdicts)
    return 0 if good else 1


def kind_of_run(folder: Path) -> tuple[str, str]:
    """Suite and clock of the run in a folder. Raises UserError where that is not told."""
    file = folder / RUN
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return str(found["suite"]), str(found["clock"])
    except FileNotFoundError:
        if (folder / ABLATION).exists():
            return THINK, Clock.VIRTUAL
        raise UserError(f"{folder} holds no run ({RUN} is missing); make one: hocket bench run") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} does not say which suite and clock it was ({error!r})") from error
