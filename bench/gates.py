"""Budgets: what figures of a run may be at most or at least, read from a file, held against a report.

A gate never measures. A figure that is not there has not been measured, and that is a failure: a gate that
passes on nothing cannot fail.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

BUDGETS = Path(__file__).resolve().parent / "budgets.toml"
CLOCKS = ("virtual", "wall")
_KNOWN = {
    "name", "suite", "clock", "file", "figure", "most", "least", "scale", "unit", "goal", "why", "absent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure and its bound."""

    name: str
    suite: str
    clock: str
    figure: str
    """Where it stands in the file, keys parted by slashes. * is every key or place, ``a|b`` both of them: the
    worst counts, and one that is missing fails. A number is that place of a list, ``length`` how many it has;
    ``share`` of what has ``hits`` and ``n`` is their quotient."""
    why: str
    "What a user would notice."
    most: float | None = None
    least: float | None = None
    scale: float = 1.0
    "What the figure is multiplied with before it is compared and shown."
    unit: str = ""
    goal: float | None = None
    "What we are after, where the bound is not it yet."
    file: str = "report.json"
    absent: float | None = None
    "What a missing figure stands for, where a report leaves out zeros."


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate held against one run."""

    gate: Gate
    value: float | None
    "Scaled; None: not measured."

    @property
    def good(self) -> bool:
        """Measured and within its bound."""
        if self.value is None or math.isnan(self.value):
            return False
        gate = self.gate
        return (gate.most is None or self.value <= gate.most) and (
            gate.least is None or self.value >= gate.least
        )


def load_gates(path: Path = BUDGETS) -> list[Gate]:
    """The gates of a budget file. Raises UserError with what is wrong in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); name a budget file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML: {error}") from error
    found = table.get("gate")
    if not isinstance(found, list) or not found:
        raise UserError(f"{path} has no [[gate]]; one needs name, suite, clock, figure, why and a bound")
    return [_gate(one, f"{path}, gate {place}") for place, one in enumerate(found, 1)]


def _gate(one: dict[str, Any], where: str) -> Gate:
    if unknown := one.keys() - _KNOWN:
        raise UserError(f"{where} has the unknown {', '.join(sorted(unknown))}")
    for name in ("name", "suite", "clock", "figure", "why"):
        if not isinstance(one.get(name), str) or not one[name]:
            raise UserError(f"{where} lacks {name}, a text")
    if one["clock"] not in CLOCKS:
        raise UserError(f"{where}: clock is {one['clock']!r}; accepted are {', '.join(CLOCKS)}")
    if "most" not in one and "least" not in one:
        raise UserError(f"{where} has no bound; give it most or least")
    for name in ("most", "least", "scale", "goal", "absent"):
        if name in one and (isinstance(one[name], bool) or not isinstance(one[name], (int, float))):
            raise UserError(f"{where}: {name} is {one[name]!r}, which is no number")
    return Gate(**one)


def figures(found: Any, path: str) -> list[float | None]:
    """What a path names, None for each place where it ends before a number; truth values count as 0 and 1.

    Empty only where * finds nothing to stand for.
    """
    places = [found]
    for key in path.split("/"):
        places = [deeper for place in places for deeper in _below(place, key)]
    return [float(place) if isinstance(place, (bool, int, float)) else None for place in places]


def _below(place: Any, key: str) -> list[Any]:
    """What lies one key deeper; None where nothing does, so that a gap is seen and not passed over."""
    if "|" in key:
        return [deeper for one in key.split("|") for deeper in _below(place, one)]
    if key == "*":
        return list(place.values()) if isinstance(place, dict) else place if isinstance(place, list) else []
    if key == "length" and isinstance(place, list):
        return [len(place)]
    if isinstance(place, list) and key.isdigit():
        return place[int(key) : int(key) + 1] or [None]
    if isinstance(place, dict) and key in place:
        return [place[key]]
    if key == "share" and isinstance(place, dict) and place.get("n"):
        return [place["hits"] / place["n"]]
    return [None]


def judge(gate: Gate, found: Any) -> Verdict:
    """The gate against a report as JSON; with several figures the worst counts."""
    values = figures(found, gate.figure)
    if gate.absent is not None:
        values = [gate.absent if value is None else value for value in values]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return Verdict(gate, None)
    worst = max(known) if gate.most is not None else min(known)
    return Verdict(gate, worst * gate.scale)


def judge_run(folder: Path, gates: Sequence[Gate], suite: str, clock: str) -> list[Verdict]:
    """Every gate for this suite and clock against what lies in the folder. Raises UserError for none."""
    due = [gate for gate in gates if (gate.suite, gate.clock) == (suite, clock)]
    if not due:
        raise UserError(f"no gate is for the suite {suite} on the {clock} clock, so nothing would be checked")
    return [judge(gate, _read(folder / gate.file)) for gate in due]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON ({error}); run the suite again") from error


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines for a terminal: gate, bound, figure, and what we are after where that is more."""
    width = max([len(one.gate.name) for one in verdicts], default=4)
    lines = [f"{'gate':<{width}}  {'bound':>12}  {'measured':>12}"]
    for one in verdicts:
        gate = one.gate
        bounds = [f"≥ {gate.least:g}"] if gate.least is not None else []
        bounds += [f"≤ {gate.most:g}"] if gate.most is not None else []
        shown = "not measured" if one.value is None else f"{one.value:.4g}"
        goal = f"  (goal {gate.goal:g})" if gate.goal is not None else ""
        failed = "" if one.good else f"  FAILED: {gate.why}"
        unit = f" {gate.unit}" if gate.unit and one.value is not None else ""
        lines.append(f"{gate.name:<{width}}  {' '.join(bounds):>12}  {shown:>12}{unit}{goal}{failed}")
    return lines
