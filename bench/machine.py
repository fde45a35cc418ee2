"""The machine that figures were taken on, and what a session costs it while nobody speaks.

A cost is measured in a process of its own, because this one has already loaded more than a session needs.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.clock import monotonic
from pipeline.errors import HocketError

MACHINE = "machine.json"
LISTENING = "listening"
"""The line that the child prints when its session has taken in its first window of sound."""
_ROOT = Path(__file__).resolve().parent.parent


def about_host() -> dict[str, Any]:
    """Tool, version, commit (empty without a checkout), machine, load and Python, for a report."""
    try:
        ours = version("hocket")
    except PackageNotFoundError:
        ours = "(not installed as a package)"
    return {
        "tool": "hocket bench", "version": ours, "commit": commit(), "host": platform.node(),
        "platform": platform.platform(), "cpu": _processor(),
        "cores": os.cpu_count(), "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
        "python": platform.python_version(),
    }  # fmt: skip


def commit() -> str:
    """The commit of the code that scores, with ``+`` where it was changed since; empty where unknown.

    Only of a checkout of its own: an installed copy may lie below somebody else's repository.
    """
    told = [_git("rev-parse", "--show-toplevel"),
            _git("describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*")]  # fmt: skip
    return told[1] if told[0] and Path(told[0]).resolve() == _ROOT else ""


def _git(*words: str) -> str:
    try:
        found = subprocess.run(("git", "-C", str(_ROOT), *words), capture_output=True, text=True, timeout=10,
                               check=False)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    return names[0] if names else platform.machine()


def measure(seconds: float, arguments: tuple[str, ...] = ()) -> dict[str, float]:
    """Start an idle session in a fresh process and watch it.

    Returns ``start`` (seconds from starting the process to its session listening), ``cpu`` (share of one core
    while it listens to silence), ``rss`` (bytes resident at the end) and ``seconds``. ``arguments`` go to
    ``bench.idle``. Raises HocketError with the child's own words when it fails.
    """
    begun = monotonic()
    command = [sys.executable, "-m", "bench.idle", "--seconds", str(seconds), *arguments]
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    around = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=around
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        first = child.stdout.readline().strip()
        start = monotonic() - begun
        told, complaint = child.communicate()
    if first != LISTENING or child.returncode:
        why = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        raise HocketError(f"the idle session could not be measured: {why}")
    return {"start": start, **json.loads(told)}
