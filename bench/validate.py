"""The harness measured by itself: null agents of known delay, and agents that play to its figures.

What a null agent is found to take beyond its delay is the harness's own error. Virtual time shows the error
of scoring and protocol; only the rows on the machine's clock show what a measured server's figures carry.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from textwrap import wrap

from pipeline import clock as clocks
from pipeline.errors import PeerError
from pipeline.ports import CAPTURE_RATE, Pcm, Voice
from tts.tone import ToneVoice

from . import labels as manifests
from . import recording as recordings
from .adversaries import ADVERSARIES
from .item import Actor, Item
from .labels import Labels
from .machine import about_host
from .nulls import DELAYS, NullAgent, beep, marked
from .recording import Recording
from .score import score
from .script import Cue, Script
from .socket_hold import framing, hold_over
from .socket_null import NullServer
from .socket_run import Missing, SocketTarget, hold_one
from .socket_wire import Wire, connect, pair
from .stats import percentile
from .stimuli import Stimulus
from .summary import summarise
from .table_cells import WIDE
from .targets.openai_realtime import Realtime
from .validate_adversaries import HONEST, adversary_table, against
from .validate_scene import held

VALIDATE = "validate.json"
IN_PROCESS = "virtual, in process"
PROTOCOL = "virtual, Realtime"
SOCKET = "wall, WebSocket"
TRACK = "virtual, WebRTC"
WEBRTC = "wall, WebRTC"
LIMITS = {IN_PROCESS: 0.005, PROTOCOL: 0.020, SOCKET: 0.020, TRACK: 0.008, WEBRTC: 0.020}
"""Seconds of error up to which a way counts as sound. For WebRTC see ``rtc_validate``."""
_ROOT = Path(__file__).resolve().parent.parent
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recovered:
    """One delay, measured one way."""

    way: str
    delay: float
    "True, in seconds."
    found: tuple[float, ...]
    "Voice-to-voice per turn, as scored."
    waits: tuple[float, ...] = ()
    "Per turn, seconds in which the user's last sample waited for its packet to be full; empty: no packets."
    asked: int = 0
    "Turns that should have been found."
    fault: str = ""
    late: float = 0.0
    "Seconds that the worst tick came late: a machine this busy cannot measure to less."
    fixed: float = 0.0
    "Seconds that the carrier adds by its nature: codecs, the agent's packet, the jitter buffer."

    @property
    def errors(self) -> list[float]:
        """Seconds beyond the true delay. A packet's wait is no error where no agent could have known."""
        waits = self.waits or (0.0,) * len(self.found)
        return [
            found - max(self.delay, wait) - self.fixed for found, wait in zip(self.found, waits, strict=True)
        ]

    @property
    def good(self) -> bool:
        """Every turn was found, within the limit of its way."""
        whole = len(self.found) == self.asked and not self.fault
        return whole and all(abs(error) <= LIMITS[self.way] for error in self.errors)


def questions(seed: int, count: int, sound: Callable[[float, int], Pcm] = marked) -> Script:
    """Marked stimuli of uneven lengths at uneven moments, so that ends fall anywhere in a packet."""
    draw = random.Random(f"validate {seed}")
    cues = [
        Cue(Stimulus(sound(draw.uniform(0.4, 0.6), seed + place)), seconds=draw.uniform(0.5, 0.7))
        for place in range(count)
    ]
    return Script(cues, tail=0.5)


def in_process(delay: float, count: int, seed: int) -> Recovered:
    """A source of sound in the same program, in virtual time."""
    recording, labels = held(
        questions(seed, count), lambda script: NullAgent(script, delay, beep()), f"null {delay}"
    )
    return recovered(IN_PROCESS, delay, recording, labels, count)


def over_protocol(delay: float, count: int, seed: int) -> Recovered:
    """The client and a server of the Realtime protocol in one simulation: all but the network."""

    async def hold() -> Recovered:
        near, far = pair()

        async def dial() -> Wire:
            return near

        async with asyncio.TaskGroup() as group:
            group.create_task(NullServer(far, delay).run())
            item = Item("null", 0, seed, Actor.NULL, _never)
            call, _ = await hold_over(item, questions(seed, count), Realtime(dial))
        labels = call.edge.labels(f"null {delay}", "null")
        return recovered(
            PROTOCOL, delay, call.edge.recording(), labels, count, packets=True, fault=call.error
        )

    return clocks.simulate(hold)


def over_socket(delay: float, count: int, seed: int, port: int, out: Path) -> Recovered:
    """A server in a process of its own on this machine's loopback. The recording is kept in ``out``."""

    async def script(voice: Voice) -> Script:
        return questions(seed, count)

    item = Item(f"null-socket-{delay:.2f}s", 0, seed, Actor.NULL, script, delay)
    url = f"ws://127.0.0.1:{port}/v1/realtime?delay={delay}"
    names = {"target": "null server", "clock": "wall"}
    target = SocketTarget(lambda: Realtime(partial(connect, url)), ToneVoice, names)
    done = clocks.run(lambda: hold_one(item, out, target))
    if isinstance(done, Missing):
        return Recovered(SOCKET, delay, (), (), count, done.error)
    folder = out / item.name
    recording = recordings.load(folder / "conversation.wav")
    labels = manifests.load(folder / "labels.json")
    return recovered(
        SOCKET, delay, recording, labels, count, packets=True, fault=done.error, late=done.punctuality.worst
    )


def recovered(
    way: str, delay: float, recording: Recording, labels: Labels, asked: int, *, packets: bool = False,
    fault: str = "", late: float = 0.0, ahead: float = 0.0, fixed: float = 0.0,
) -> Recovered:  # fmt: skip
    """What the scorer finds of a null agent's delay. ``packets``: the user's sound went in packets.

    ``ahead`` seconds of later sound are in a packet before what they follow can be heard.
    """
    found = score(recording, labels)
    replied = [
        (turn.voice_to_voice, said.end * CAPTURE_RATE // labels.rate)
        for turn, said in zip(found.turns, labels.turns, strict=True)
        if turn.voice_to_voice is not None and not turn.censored
    ]
    waits = tuple(framing(end + round(ahead * CAPTURE_RATE)) for _, end in replied) if packets else ()
    return Recovered(way, delay, tuple(v2v for v2v, _ in replied), waits, asked, fault, late, fixed)


@contextmanager
def null_server(module: str = "bench.socket_null") -> Iterator[int]:
    """A null server in a process of its own; gives its port. Raises PeerError when it does not start."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-m", module, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as child:
        try:
            line = child.stdout.readline() if child.stdout else ""
            if not line.strip().isdigit():
                raise PeerError(f"the null server did not start; run python -m {module} to see why")
            yield int(line)
        finally:
            child.terminate()


def validate(out: Path, tell: Tell, *, count: int = 12, seed: int = 1, socket: bool = True) -> bool:
    """Measure the harness, tell the tables, write ``validate.json``. False when one is over its limit."""
    rows = [how(delay, count, seed) for how in (in_process, over_protocol) for delay in DELAYS]
    if socket:
        with null_server() as port:
            for place, delay in enumerate(DELAYS, 1):
                rows.append(over_socket(delay, count, seed, port, out))
                tell(f"[{place}/{len(DELAYS)}] null server of {1000 * delay:.0f} ms over WebSocket: done")
    from .rtc_validate import webrtc_rows  # it measures with what is here

    rows += webrtc_rows(out, count, seed, tell, wall=socket)
    faced = {one.name: summarise([against(one)]) for one in (HONEST, *ADVERSARIES)}
    told = {
        "about": about_host() | {"seed": seed, "n": count, "limits": LIMITS},
        "error": [asdict(row) | {"errors": row.errors, "good": row.good} for row in rows],
        "adversaries": {name: asdict(summary) for name, summary in faced.items()},
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / VALIDATE).write_text(json.dumps(told, indent=1, default=str) + "\n", encoding="utf-8")
    for line in [*error_table(rows), "", *adversary_table(faced), "", f"all figures: {out / VALIDATE}"]:
        tell(line)
    return all(row.good for row in rows)


def error_table(rows: Sequence[Recovered]) -> list[str]:
    """Lines of "the harness's own error", in milliseconds."""
    lines = [
        "the harness's own error (ms); error = scored minus true, or where sound goes in packets",
        "minus the later of the true delay and the packet's end",
        f"{'way':<22}{'true':>6}{'found p50':>11}{'min':>9}{'max':>9}{'error p50':>11}{'worst':>9}{'n':>5}"
        f"{'':<6}{'tick late':>11}",
    ]
    for row in rows:
        head = f"{row.way:<22}{1000 * row.delay:>6.0f}"
        if not row.found:
            said = f"{head}  nothing found: {row.fault or 'no reply was scored'}"
            lines += wrap(said, WIDE, subsequent_indent="    ")
            continue
        found = [1000 * one for one in (percentile(row.found, 0.5), min(row.found), max(row.found))]
        errors = [1000 * percentile(row.errors, 0.5), 1000 * max(row.errors, key=abs)]
        shown = "".join(f"{one:>{width}.1f}" for one, width in zip(found, (11, 9, 9), strict=True))
        wrong = "" if row.good else f"  over {1000 * LIMITS[row.way]:.0f} ms"
        lost = f" of {row.asked}" if len(row.found) < row.asked else ""
        said = f"{errors[0]:>+11.1f}{errors[1]:>+9.1f}{len(row.found):>5}{lost:<6}{1000 * row.late:>11.1f}"
        lines.append(f"{head}{shown}{said}{wrong}")
    return lines


async def _never(voice: Voice) -> Script:
    raise NotImplementedError
