"""``hocket bench gate``: a run's figures against the budgets; says which suite and clock the run was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .gates import BUDGETS, judge_run, load_gates, table
from .run import RUN

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
        suite, clock = _kind(folder)
        verdicts = judge_run(folder, gates, suite, clock)
        tell(f"{folder}: {suite}, {clock} clock")
        for line in table(verdicts):
            tell(line)
        good = good and all(one.good for one in verdicts)
    return 0 if good else 1


def _kind(folder: Path) -> tuple[str, str]:
    file = folder / RUN
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return str(found["suite"]), str(found["clock"])
    except FileNotFoundError:
        raise UserError(f"{folder} holds no run ({RUN} is missing); make one: hocket bench run") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} does not say which suite and clock it was ({error!r})") from error
