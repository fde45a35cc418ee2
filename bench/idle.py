"""A program: a session that listens to silence and says what that costs. Run as ``python -m bench.idle``.

It prints ``listening`` when the first window of sound has been heard, then one JSON object;
``machine.measure`` reads both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np

from agent.session import Agent, AgentSession
from pipeline.clock import monotonic, run
from pipeline.ports import FRAME, PlayoutSource
from pipeline.records import Window
from pipeline.trace import Trace

from .edge import PULL, BenchEdge, Clock
from .machine import LISTENING
from .script import Script
from .target import real_target

SETTLE = 2.0
"""Seconds after the start that are not counted."""


class QuietEdge(BenchEdge):
    """The same edge without a record: what it costs is close to a sound card's callback."""

    def __init__(self, seconds: float) -> None:
        super().__init__(Script([], least=seconds, tail=0.0), clock=Clock.WALL)
        hiss = np.random.default_rng(0).normal(0.0, 10 ** (-70 / 20), (50, FRAME))
        self._hiss = hiss.astype(np.float32)

    def tick(self, source: PlayoutSource) -> None:
        """One frame of faint noise in, one frame of playout out."""
        source.pull(PULL)
        self.script.frame(False)
        self._taken = self._hiss[self.punctuality.ticks % len(self._hiss)]


class Meter:
    """Processor time of this process since SETTLE seconds after the first window."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._from: tuple[float, float] | None = None

    def see(self, window: Window) -> None:
        """Take note of a window; says ``listening`` at the first."""
        at = monotonic()
        if self._first is None:
            self._first = at
            sys.stdout.write(LISTENING + "\n")
            sys.stdout.flush()
        elif self._from is None and at - self._first >= SETTLE:
            self._from = (at, _spent())

    def result(self) -> dict[str, float]:
        """Share of one core, resident bytes and the seconds that they are over."""
        begun, spent = self._from or (monotonic(), _spent())
        seconds = max(monotonic() - begun, 1e-9)
        return {"cpu": (_spent() - spent) / seconds, "rss": _resident(), "seconds": seconds}


def _spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _resident() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError):
        return float("nan")
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


async def listen(seconds: float, voice: str) -> dict[str, float]:
    """Hold a session in which nobody speaks, and measure it."""
    target = real_target(voice=voice)
    meter = Meter()
    edge = QuietEdge(seconds + SETTLE)
    brain, agent = target.brain(), target.voice()
    try:
        session = AgentSession(
            Agent(), edge=edge, brain=brain, voice=agent, detector=target.detector(), trace=Trace(None),
            observe=meter.see,
        )  # fmt: skip
        await session.run()
        return meter.result()
    finally:
        await asyncio.shield(agent.close())
        await asyncio.shield(brain.close())


def main() -> None:
    """Read the arguments, listen, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.idle")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--voice", default="auto")
    given = parser.parse_args()
    result = run(lambda: listen(given.seconds, given.voice))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
