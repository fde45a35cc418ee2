"""What our WebRTC line takes, without a browser: ``python -m audio_io.rtc.benchmark``; JSON out.

``echo``: from a caller's mouth to its ear through ``audio_io.rtc.echo`` in a process of its own. The caller's
packets leave when their last sample is over and are heard when they come: no jitter buffer of its own.
``load``: processor time of the server per call, of the callers apart from it.
``loss``: how late each packet's sound reaches the ring, around one lost packet and one empty one; and over a
way that loses 2 % and delays each packet by up to 30 ms.
Runs on this machine's loopback; busy machines give worse figures, and say so by their lateness.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import clock
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.events import Fact, Sample
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, Pcm
from pipeline.ring import AudioRing

from . import opus
from .caller import RtcCall
from .config import RtcConfig
from .echo import PATH, Echo
from .extra import web
from .jitter import Counts
from .peer import RtcPeer
from .relay import Relay, place, through
from .tap import Packet

EVERY = 25
"""Packets from mark to mark: 0.5 s."""
MARK = 0.040
"""Seconds of a mark: noise that is found again by correlation."""
ALIKE = 0.5
"""Correlation from which a mark counts as found."""
PATIENCE = 10.0
_ROOT = Path(__file__).parents[2]


def mark(number: int, rate: int) -> Pcm:
    """A sweep through the voice's band, loud at once; the same for every number but its direction."""
    at = np.arange(round(MARK * rate)) / rate
    low, high = (500.0, 3500.0) if number % 2 else (3500.0, 500.0)
    return (0.4 * np.cos(2 * np.pi * (low * at + (high - low) * at**2 / (2 * MARK)))).astype(np.float32)


def spoken(packets: int) -> Pcm:
    """A caller's sound at CAPTURE_RATE: a mark every EVERY packets, else silence."""
    sound = np.zeros(packets * FRAME, np.float32)
    for number, at in enumerate(range(EVERY, packets - EVERY, EVERY)):
        sound[at * FRAME : at * FRAME + round(MARK * CAPTURE_RATE)] = mark(number, CAPTURE_RATE)
    return sound


class Mouth:
    """Speaks in packets that leave when their last sample is over."""

    def __init__(self, call: RtcCall, sound: Pcm) -> None:
        self.began, self.late = 0.0, 0.0
        self.left: list[float] = []
        "When each packet left."
        self._call, self._sound = call, sound
        self._coder = opus.encoder(CAPTURE_RATE)

    async def run(self, *, empty: int = -1) -> None:
        """``empty``: the packet that is sent without sound."""
        self.began = now()
        for number in range(len(self._sound) // FRAME):
            pcm = self._sound[number * FRAME : (number + 1) * FRAME]
            due = self.began + (number + 1) * opus.STEP
            await asyncio.sleep(max(0.0, due - now()))
            self.late = max(self.late, now() - due)
            self.left.append(now())
            self._call.play(b"" if number == empty else self._coder.encode(pcm))


class Listener:
    """Hears what comes back, at the moment it comes; each packet's sound begins then."""

    def __init__(self, call: RtcCall) -> None:
        self._call, self._decoder = call, opus.decoder(PLAYOUT_RATE)
        self._heard: list[tuple[float, int, Pcm]] = []

    async def run(self) -> None:
        """Until cancelled, or the call is gone."""
        try:
            while True:
                one = await self._call.receive()
                if isinstance(one, Packet):
                    pcm = self._decoder.decode(one.payload)
                    sound = np.zeros(480, np.float32) if pcm is None else pcm
                    self._heard.append((one.arrived, one.timestamp, sound))
        except PeerError:
            return

    def found(self, number: int, after: float) -> float | None:
        """When a mark spoken at ``after`` was heard; None where it is not found within a second."""
        near = [one for one in self._heard if after <= one[0] < after + 1.0]
        if not near:
            return None
        first = near[0][1]
        at = [(one[1] - first) % 2**32 // 2 for one in near]
        sound = np.zeros(at[-1] + 4800, np.float32)
        for begin, (_, _, pcm) in zip(at, near, strict=True):
            sound[begin : begin + len(pcm)] = pcm
        wanted = mark(number, PLAYOUT_RATE).astype(np.float64)
        power = np.convolve(sound.astype(np.float64) ** 2, np.ones(len(wanted)), "valid")
        how = np.correlate(sound, wanted, "valid") / np.sqrt(np.maximum(power, 1e-4) * np.sum(wanted**2))
        best = int(how.argmax())
        if how[best] < ALIKE:
            return None
        within = max(index for index, begin in enumerate(at) if begin <= best)
        return near[within][0] + (best - at[within]) / PLAYOUT_RATE


@contextmanager
def server() -> Iterator[tuple[int, int]]:
    """An echo server in a process of its own: its port and its process id. Raises PeerError."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-m", "audio_io.rtc.echo", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        try:
            line = child.stdout.readline() if child.stdout else ""
            if not line.strip().isdigit():
                raise PeerError("the echo server did not start; run python -m audio_io.rtc.echo to see why")
            yield int(line), child.pid
        finally:
            child.terminate()


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[RtcCall]:
    """A call to the echo server."""
    aiohttp, call = web("aiohttp"), RtcCall("the echo server")
    url, kind = f"http://127.0.0.1:{port}{PATH}", {"Content-Type": "application/sdp"}
    try:
        async with aiohttp.ClientSession() as http, http.post(
            url, data=await call.offer(), headers=kind
        ) as reply:  # fmt: skip
            answer = await reply.text()
        await call.accept(answer, PATIENCE)
        yield call
    finally:
        await call.close()


async def echo(port: int, marks: int) -> tuple[list[float], float]:
    """Seconds from mouth to ear of each mark, and how late the caller itself was at most."""
    async with calling(port) as call:
        mouth, ear = Mouth(call, spoken((marks + 2) * EVERY)), Listener(call)
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(ear.run())
            await mouth.run()
            await asyncio.sleep(0.5)
            hearing.cancel()
        delays = []
        for number in range(marks):
            begun = mouth.began + (number + 1) * EVERY * opus.STEP
            heard = ear.found(number, begun)
            if heard is not None:
                delays.append(heard - begun)
        return delays, mouth.late


async def load(port: int, process: int, sessions: int, seconds: float) -> dict[str, Any]:
    """Calls that all speak and hear at once; processor time of the server and of the callers."""
    heard = [0] * sessions

    async def one(number: int, ready: asyncio.Barrier) -> None:
        async with calling(port) as call:
            await ready.wait()
            mouth = Mouth(call, spoken(round(seconds / opus.STEP)))
            async with asyncio.TaskGroup() as group:
                counting = group.create_task(count(number, call))
                await mouth.run()
                counting.cancel()

    async def count(number: int, call: RtcCall) -> None:
        while True:
            heard[number] += isinstance(await call.receive(), Packet)

    ready = asyncio.Barrier(sessions + 1)
    async with asyncio.TaskGroup() as group:
        for number in range(sessions):
            group.create_task(one(number, ready))
        await ready.wait()
        await asyncio.sleep(1.0)
        began, theirs, ours = now(), processor(process), processor(os.getpid())
        await asyncio.sleep(seconds - 2.0)
        passed = now() - began
        theirs, ours = processor(process) - theirs, processor(os.getpid()) - ours
    return {
        "sessions": sessions, "seconds": round(passed, 2),
        "server_core_per_session": round(theirs / passed / sessions, 4),
        "callers_core_per_session": round(ours / passed / sessions, 4),
        "packets_heard_least": min(heard), "packets_due": round(seconds / opus.STEP),
    }  # fmt: skip


def processor(process: int) -> float:
    """Seconds of processor time that a process has used (Linux)."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


async def lateness(
    packets: int, *, lose: int = -1, empty: int = -1, loss: float = 0.0, jitter: float = 0.0
) -> tuple[list[float], Counts]:
    """Seconds from each packet's leaving until its sound, or what stands for it, is in the ring; and what
    happened on the way. ``lose`` and ``empty`` name one packet each."""
    sent = [0]

    def drop(data: bytes) -> bool:
        sent[0] += 1
        return sent[0] - 1 == lose

    call, ring = RtcCall("the other end"), AudioRing()
    facts: list[Fact] = []
    async with RtcPeer(RtcConfig(addresses=("127.0.0.1",))) as peer:
        answer = await peer.answer(await call.offer())
        relay = Relay(place(answer), drop=drop, loss=loss, jitter=jitter)
        await relay.start()
        await asyncio.gather(call.accept(through(answer, relay), PATIENCE), peer.opened())
        mouth = Mouth(call, spoken(packets))
        async with asyncio.TaskGroup() as group:
            group.create_task(peer.edge.run(ring, Echo(ring), facts.append))
            speaking = group.create_task(mouth.run(empty=empty))
            while not peer.edge.counts.packets:  # noqa: ASYNC110  # the moment itself is measured
                await asyncio.sleep(0.001)
            arrived, first = [now()], ring.end
            for number in range(1, packets):
                await ring.wait_for(Sample(first + number * FRAME))
                arrived.append(now())
            await speaking
            peer.hang_up("was hung up on")
        relay.close()
        await call.close()
    late = [heard - left for heard, left in zip(arrived, mouth.left, strict=True)]
    return late, peer.edge.counts


def summary(values: Sequence[float]) -> dict[str, Any]:
    """In milliseconds."""
    if not values:
        return {"n": 0}
    low, high = np.percentile(values, [50, 95])
    return {"n": len(values), "p50_ms": round(1000 * low, 1), "p95_ms": round(1000 * high, 1),
            "most_ms": round(1000 * max(values), 1)}  # fmt: skip


async def _measure(what: str, sessions: int, seconds: float, marks: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if what in ("echo", "all"):
        with server() as (port, _):
            delays, late = await echo(port, marks)
        found["echo"] = summary(delays) | {"asked": marks, "caller_late_most_ms": round(1000 * late, 1)}
    if what in ("load", "all"):
        with server() as (port, process):
            found["load"] = await load(port, process, sessions, seconds)
    if what in ("loss", "all"):
        lost, empty = await lateness(200, lose=100), await lateness(200, empty=100)
        for name, (values, _) in (("lost packet", lost), ("empty packet", empty)):
            found[name] = {"before": summary(values[20:100]), "at": summary(values[100:102]),
                           "after": summary(values[105:])}  # fmt: skip
        values, counts = await lateness(round(seconds / opus.STEP), loss=0.02, jitter=0.030)
        found["2 % loss, 30 ms jitter"] = summary(values) | asdict(counts)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m audio_io.rtc.benchmark", description=__doc__)
    parser.add_argument("--what", choices=("echo", "load", "loss", "all"), default="all")
    parser.add_argument("--sessions", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--marks", type=int, default=40)
    given = parser.parse_args(arguments)
    found = clock.run(lambda: _measure(given.what, given.sessions, given.seconds, given.marks))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
