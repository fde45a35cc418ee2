"""What the person who trains sees: lines through logging, a gauge file per stage, and a bar drawn from it."""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.clock import monotonic

_LOG = logging.getLogger("hocket.training")
_EVERY = 20.0
"Seconds between lines."


def begin() -> None:
    """Sends the lines of this process to standard output. Every process of training calls it once."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )


def say(line: str) -> None:
    """One line of progress."""
    _LOG.info(line)


class Gauge:
    """Adds figures up between lines; writes where the stage is beside its checkpoint."""

    def __init__(self, checkpoint: Path) -> None:
        self._name, self._path = checkpoint.stem, checkpoint.with_suffix(".gauge")
        self._figures, self._count = dict[str, float](), 0
        self._shown = self._written = monotonic()

    def add(self, done: float, step: int, samples: int, figures: dict[str, float]) -> None:
        """After each step."""
        self._count += 1
        for name, figure in figures.items():
            self._figures[name] = self._figures.get(name, 0.0) + figure
        now = monotonic()
        if now - self._written > 1:
            self._written = now
            self._write(done, step, samples)
        if now - self._shown > _EVERY:
            line = " ".join(f"{name} {total / self._count:.3f}" for name, total in self._figures.items())
            say(f"{self._name} {done:.1%}, step {step}, {samples} samples | {line}")
            self._shown, self._figures, self._count = now, {}, 0

    def close(self, done: float, step: int, samples: int) -> None:
        """At the end of a run."""
        self._write(done, step, samples)

    def _write(self, done: float, step: int, samples: int) -> None:
        partial = self._path.with_suffix(".gauge-partial")
        partial.write_text(json.dumps({"done": done, "step": step, "samples": samples}), encoding="utf-8")
        partial.replace(self._path)


def read_gauge(checkpoint: Path) -> dict[str, Any]:
    """Where a stage is: "done" (0 to 1), "step", "samples"; all 0 before its first second."""
    path = checkpoint.with_suffix(".gauge")
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {"done": 0.0, "step": 0, "samples": 0}
    return found


def watch(stage: str, checkpoint: Path, workers: Sequence[Popen[bytes]]) -> list[int]:
    """Draws a bar at a terminal until all `workers` have ended; their exit statuses."""
    if not sys.stdout.isatty():
        return [worker.wait() for worker in workers]
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        TextColumn("{task.fields[samples]} samples"),
    )  # fmt: skip
    with Progress(*columns) as bar:
        task = bar.add_task(stage, total=1.0, samples=0)
        for worker in workers:
            while True:
                found = read_gauge(checkpoint)
                bar.update(task, completed=min(1.0, found["done"]), samples=found["samples"])
                try:
                    worker.wait(1.0)
                    break
                except TimeoutExpired:
                    continue
    return [worker.wait() for worker in workers]
