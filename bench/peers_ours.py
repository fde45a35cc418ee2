"""A program: our line on the peers' timeline, with the peers' stubs. Run as ``python -m bench.peers_ours``.

It prints one JSON object in the manner of the peers' scripts. What was heard is measured from the recording;
the stages in between come from the trace and explain only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

from agent.brains import make_brain
from agent.config import BrainConfig
from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from audio_io.detectors import make_detector
from pipeline.clock import monotonic, now, run
from pipeline.compute import InlineCompute
from pipeline.errors import HocketError
from pipeline.ports import FRAME, PLAYOUT_RATE, Compute, Pcm, PlayoutSource
from pipeline.trace import Trace

from .audible import stretches
from .edge import PULL, TICK, BenchEdge, Clock
from .peers_stubs import Joined, StubBrain, StubVoice
from .peers_timeline import GAP, Timeline, read_words, timeline
from .peers_trace import Milestones
from .script import Script
from .target import DETECTOR

SHORTEST = 0.2
"""Seconds of silence at which the quickest peer (pipecat's VAD) lets a turn end."""
SETTINGS = ("first window", "defaults")
STILL = 2.0
"""Seconds after the onset of speech over the voice within which silence counts as a stop."""


class TimelineEdge(BenchEdge):
    """Plays a timeline instead of a script. For one run."""

    def __init__(self, line: Timeline) -> None:
        super().__init__(Script([], least=line.frames * TICK, tail=0.0), clock=Clock.WALL)
        self._line: Pcm = np.asarray(line.pcm / 32768, np.float32)
        self.began = 0.0
        "Loop time of sample 0; the loop's clock is the machine's."
        self.played: list[Pcm] = []

    def tick(self, source: PlayoutSource) -> None:
        """One frame of both sides."""
        if not self.played:
            self.began = monotonic()
        at = len(self.played) * FRAME
        self.played.append(source.pull(PULL))
        self.script.frame(False)
        self._taken = self._line[at : at + FRAME]


def config(setting: str) -> SessionConfig:
    """What is meant by the setting's name."""
    return SessionConfig() if setting == "defaults" else SessionConfig(turn=TurnConfig.fixed(SHORTEST))


def stub(given: argparse.Namespace) -> Compute:
    """The peers' stub; with ``--ears`` the shipped brain's heads judge the sound for it."""
    service = StubBrain((given.ttft + given.stt_ms) / 1000, given.tok / 1000)
    words = InlineCompute(service, service.cost)
    return Joined(words, make_brain(BrainConfig())) if given.ears else words


async def hold(given: argparse.Namespace) -> dict[str, Any]:
    """One conversation, measured."""
    line = timeline(read_words(given.wav), read_words(given.barge), given.gap)
    edge, stones = TimelineEdge(line), Milestones(line)
    brain, trace = stub(given), Trace(given.trace)
    trace.subscribe(lambda entry: stones.see(entry, now() - edge.began))
    session = AgentSession(
        Agent(), edge=edge, brain=brain, voice=StubVoice(given.ttfb / 1000),
        detector=make_detector(DETECTOR), trace=trace, config=config(given.setting),
    )  # fmt: skip
    error = ""
    try:
        await session.run()
    except HocketError as failed:
        error = f"{type(failed).__name__}: {failed}"
    finally:
        trace.close()
        await brain.close()
    late = {"feed_late_ms": round(1000 * edge.punctuality.worst, 1)}
    found = heard(np.concatenate(edge.played), line) | stones.told() | late
    return found | ({"error": error} if error else {})


def heard(agent: Pcm, line: Timeline) -> dict[str, Any]:
    """What the agent's channel shows, in milliseconds.

    ``e2e``: from the question's last sample to the first sound that begins after it, before the barge-in.
    ``cut_ins``: sounds that began before the question's end. ``stop``: from the onset of the speech over the
    voice to silence, None where it went on. ``back``: from there to the next sound, None where none came;
    ``over_user``: that was before the end of what the user said.
    """
    rate = PLAYOUT_RATE
    sound = [(piece.start / rate, piece.end / rate) for piece in stretches(agent, rate)]
    first = next((start for start, _ in sound if line.end <= start < line.barge), None)
    stop = next((end for start, end in sound if start < line.barge < end), None)
    if stop is not None and (stop > line.barge + STILL or stop >= len(agent) / rate - TICK):
        stop = None
    back = next((start for start, _ in sound if stop is not None and start > stop), None)
    return {
        "e2e": _ms(first, line.end), "cut_ins": sum(start < line.end for start, _ in sound),
        "was_speaking": any(start < line.barge < end for start, end in sound),
        "stop": _ms(stop, line.barge), "back": None if back is None else _ms(back, line.barge),
        "over_user": back is not None and back < line.barge_end,
    }  # fmt: skip


def _ms(at: float | None, zero: float) -> int | None:
    return None if at is None else round((at - zero) * 1000)


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """``--reps`` conversations after another, and what they cost."""
    start, spent = monotonic(), _spent()
    runs = [await hold(given) for _ in range(given.reps)]
    share = (_spent() - spent) / (monotonic() - start)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told = {name: str(value) if isinstance(value, Path) else value for name, value in vars(given).items()}
    return {
        "cfg": told, "runs": runs, "cpu_pct_per_stream": round(100 * share, 1), "rss_mb": most,
        "load": os.getloadavg()[0],
    }  # fmt: skip


def _spent() -> float:
    times = os.times()
    return times.user + times.system


def arguments() -> argparse.ArgumentParser:
    """The flags, named as the peers' are."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers_ours")
    parser.add_argument("--setting", choices=SETTINGS, default="defaults")
    parser.add_argument("--reps", type=int, default=1)
    for name, usual in (("--stt-ms", 0.0), ("--ttft", 250.0), ("--tok", 15.0), ("--ttfb", 120.0)):
        parser.add_argument(name, type=float, default=usual, help="milliseconds")
    parser.add_argument("--gap", type=float, default=GAP)
    parser.add_argument("--wav", type=Path, required=True)
    parser.add_argument("--barge", type=Path, required=True)
    parser.add_argument("--ears", action="store_true", help="the shipped brain judges the sound")
    parser.add_argument("--trace", type=Path, help="write the last conversation's trace here")
    return parser


def main() -> None:
    """Read the arguments, hold the conversations, print."""
    given = arguments().parse_args()
    sys.stdout.write(json.dumps(run(lambda: measure(given))) + "\n")


if __name__ == "__main__":
    main()
