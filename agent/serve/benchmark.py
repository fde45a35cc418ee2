"""``python -m agent.serve.benchmark``: how much of a core a call costs the server, and what is late or lost.

The server runs in a process of its own with a brain that knows its answer and a voice of tones, so that what
is measured is carrying, hearing and pacing; its processor time is read from /proc. The callers run here: each
asks the same spoken question every few seconds, in real time, and takes note of when the answer comes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from agent.config import Config, PersonaConfig
from agent.launch import Parts
from agent.serve.benchmark_calls import Heard, Question, converse
from agent.serve.config import ServeConfig
from agent.serve.listening import listening
from agent.serve.server import Server
from model.scripted import Answer, ScriptedEngine
from pipeline.clock import now, run
from pipeline.compute import InlineCompute
from pipeline.errors import HocketError, UserError
from tts.tone import ToneVoice

ANSWER = "This answer was written down before the question, and takes about three seconds."
SETTLE = 3.0
"""Seconds of calls before anything is counted: what is made once, and the first hearing of everything."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured. Seconds; milliseconds where it says so."""

    carrier: str
    sessions: int
    seconds: float
    server_cpu_per_session: float
    "Of one core."
    server_cpu: float
    callers_cpu: float
    server_rss_mb: float
    questions: int
    answers: int
    "Of these, heard to their end."
    lost_ms: float
    "Sound of answers that never came, in all."
    late_chunks: int
    "Came after the ear had run dry."
    chunks: int
    latest_ms: float
    voice_to_voice_ms: dict[str, float]
    "p50, p95, most; from the last sample of the question to the first of the answer."
    errors: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m agent.serve.benchmark", description=__doc__)
    parser.add_argument("--carrier", choices=("ws", "msgpack", "webrtc"), default="ws")
    parser.add_argument("--sessions", type=int, default=40, metavar="N")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S")
    parser.add_argument("--chunk", type=float, default=0.02, metavar="S", help="sound per event of a caller")
    parser.add_argument(
        "--serve", action="store_true", help="be the server: print the port, until stdin ends"
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="the server's time by function, here")
    given = parser.parse_args(arguments)
    try:
        if given.serve:
            _profiled(given.profile)
        else:
            result = run(lambda: measure(given), fast=True)
            sys.stdout.write(json.dumps(asdict(result), indent=1) + "\n")
    except HocketError as error:
        sys.stderr.write(f"hocket: {error}\n")
        return 1
    return 0


# --- the server ---------------------------------------------------------------------------------------------


def _profiled(file: Path | None) -> None:
    if file is None:
        run(_serve, fast=True)
        return
    import cProfile

    profile = cProfile.Profile()
    profile.runcall(run, _serve, fast=True)
    profile.dump_stats(file)


async def _serve() -> None:
    engine = ScriptedEngine(lambda _: Answer(ANSWER, "heard: anything\n"))
    built = Parts(InlineCompute(engine, engine.cost), engine.facts(), ToneVoice())
    limits = ServeConfig(most=1000, most_pending=1000)
    config = replace(Config(), persona=PersonaConfig(greeting=""), serve=limits)
    async with listening(Server(config=config, built=built), "127.0.0.1", 0) as where:
        sys.stdout.write(f"{where.port}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


# --- the callers --------------------------------------------------------------------------------------------


async def measure(given: argparse.Namespace) -> Result:
    """Hold all calls for so long. Raises UserError without /proc."""
    question = await Question.spoken()
    heard = [Heard() for _ in range(given.sessions)]
    spread = question.every / given.sessions
    async with _server(given.profile) as (pid, url), asyncio.TaskGroup() as group:
        ends = now() + given.sessions * 0.05 + SETTLE + given.seconds
        for place, one in enumerate(heard):
            work = converse(given.carrier, url, question, one, place * spread, ends, given.chunk)
            group.create_task(work)
            await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE)
        before, own, began = cpu(pid), cpu(os.getpid()), now()
        await asyncio.sleep(ends - now() - 0.2)
        spent, ours, took = cpu(pid) - before, cpu(os.getpid()) - own, now() - began
        rss = _rss(pid)
    return _result(given, heard, took, spent, ours, rss)


def _result(
    given: argparse.Namespace, heard: Sequence[Heard], took: float, spent: float, ours: float, rss: float
) -> Result:
    waits = sorted(1000 * wait for one in heard for wait in one.waits)
    at = {"p50": median(waits), "p95": waits[int(0.95 * (len(waits) - 1))], "max": waits[-1]} if waits else {}
    usual = median([length for one in heard for length in one.lengths] or [0.0])
    lost = sum(max(usual - length - 0.02, 0.0) for one in heard for length in one.lengths)
    return Result(
        given.carrier, given.sessions, round(took, 2), round(spent / took / given.sessions, 4),
        round(spent / took, 3), round(ours / took, 3), round(rss, 1),
        sum(one.asked for one in heard), sum(len(one.lengths) for one in heard), round(1000 * lost, 1),
        sum(one.late for one in heard), sum(one.chunks for one in heard),
        round(1000 * max((one.latest for one in heard), default=0.0), 1),
        {name: round(value, 1) for name, value in at.items()},
        tuple(error for one in heard for error in one.errors)[:10],
    )  # fmt: skip


@asynccontextmanager
async def _server(profile: Path | None) -> AsyncIterator[tuple[int, str]]:
    words = [sys.executable, "-m", "agent.serve.benchmark", "--serve"]
    words += ["--profile", str(profile)] if profile else []
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None and process.stdin is not None
        port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise UserError("the server did not start; run it with --serve to see why")
        yield process.pid, f"http://127.0.0.1:{port}"
        process.stdin.close()
        async with asyncio.timeout(20):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def cpu(pid: int) -> float:
    """Seconds of processor time of a process so far, all its threads, user and system. Raises UserError."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")
    except OSError:
        raise UserError("processor time is read from /proc, which this system does not have") from None
    return sum(int(field) for field in rest.split()[11:13]) / os.sysconf("SC_CLK_TCK")


def _rss(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    sys.exit(main())
