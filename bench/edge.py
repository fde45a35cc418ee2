"""An edge of sound that plays a script to a session and records both sides on one clock.

Tick i pulls the agent's frame i and takes down the user's, so sample k of both channels is one instant by
construction. The session gets that frame a tick later, when its last sample has been spoken: those 20 ms are
part of every figure, as with a sound card. On the real clock a thread of its own keeps the ticks, as a card
would: a session that blocks its loop is heard to stutter, it stops no time. Lateness is measured.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from audio_io.resample import resample
from pipeline.clock import monotonic, now
from pipeline.events import ReplyRequested
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing

from .audible import THRESHOLD, loudness
from .labels import Labels, Pause, UserTurn, check
from .recording import Recording
from .room import Room
from .script import Placed, Script

TICK = FRAME / CAPTURE_RATE
PULL = round(TICK * PLAYOUT_RATE)
LATE = 0.005
"""Seconds behind its time from which a tick counts as late."""


class Clock(StrEnum):
    """What the ticks follow."""

    WALL = "wall"
    "The machine's clock: the only one that shows latency."
    VIRTUAL = "virtual"
    "The running loop's, which may be virtual: shows logic."


@dataclass(slots=True)
class Punctuality:
    """How well the ticks kept their time."""

    ticks: int = 0
    late: int = 0
    "Ticks more than LATE behind."
    worst: float = 0.0
    "Seconds."

    def note(self, behind: float) -> None:
        self.ticks += 1
        self.late += behind > LATE
        self.worst = max(self.worst, behind)


class BenchEdge:
    """Both ends of one scripted conversation. For one run."""

    def __init__(
        self, script: Script, *, clock: Clock = Clock.VIRTUAL, room: Room | None = None, floor: float = -70.0,
        seed: int = 0, talk: str = "",
    ) -> None:  # fmt: skip
        """``floor`` is the level in dBFS of the noise that a microphone always has; ``room`` makes echo.

        ``talk`` is what the session is asked to say whenever the script wants its voice.
        """
        self.script = script
        self.asked: list[int] = []
        "Samples of the recording at which it was."
        self._talk = talk
        self.punctuality = Punctuality()
        self._clock = clock
        self._room = room
        self._noise = np.random.default_rng(seed)
        self._floor = 10.0 ** (floor / 20.0)
        self._user: list[Pcm] = []
        self._agent: list[Pcm] = []
        self._heard = False
        self._taken = np.zeros(0, np.float32)
        "What the session hears of the last tick, at CAPTURE_RATE; empty before the first."

    def report(self) -> EdgeReport:
        """Nothing can come back without a room; with one it is cancelled."""
        return EdgeReport("bench", "cancelled" if self._room else "none", 0.0)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Play the script; ends when it does."""
        if self._clock is Clock.VIRTUAL:
            await self._follow_loop(ring, source, emit)
        else:
            await self._follow_machine(ring, source, emit)

    async def _follow_loop(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        start = now()
        while not self.script.finished:
            due = start + self.punctuality.ticks * TICK
            await asyncio.sleep(max(due - now(), 0.0))
            self.punctuality.note(now() - due)
            ring.write(self._taken)
            self.tick(source)
            if wish := self._wish():
                emit(wish)

    async def _follow_machine(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        stop = threading.Event()

        def finish(error: Exception | None) -> None:
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        def keep_time() -> None:
            error: Exception | None = None
            try:
                start = monotonic()
                while not (self.script.finished or stop.is_set()):
                    due = start + self.punctuality.ticks * TICK
                    stop.wait(max(due - monotonic(), 0.0))
                    self.punctuality.note(monotonic() - due)
                    loop.call_soon_threadsafe(ring.write, self._taken)
                    self.tick(source)
                    if wish := self._wish():
                        loop.call_soon_threadsafe(emit, wish)
            except Exception as found:  # noqa: BLE001  # carried over to whoever awaits the edge
                error = found
            loop.call_soon_threadsafe(finish, error)

        thread = threading.Thread(target=keep_time, name="bench edge", daemon=True)
        thread.start()
        try:
            await done
        finally:
            stop.set()
            thread.join(timeout=1.0)

    def tick(self, source: PlayoutSource) -> None:
        """One frame of both sides."""
        played = source.pull(PULL)
        frame = self.script.frame(self._heard)
        self._heard = bool((loudness(played, PLAYOUT_RATE) > THRESHOLD).any())
        sent = frame + self._noise.normal(0.0, self._floor, FRAME).astype(np.float32)
        taken = sent
        if self._room is not None:
            sent, taken = self._room.mix(sent, played)
        self._user.append(sent)
        self._agent.append(played)
        self._taken = taken

    def _wish(self) -> ReplyRequested | None:
        """What the application asks of the session now."""
        if not (self._talk and self.script.prompts()):
            return None
        self.asked.append(self.punctuality.ticks * PULL)
        return ReplyRequested(self._talk)

    # --- afterwards ---------------------------------------------------------------------------------------

    def recording(self) -> Recording:
        """Both channels at PLAYOUT_RATE: what the microphone had, and what was pulled."""
        empty = [np.zeros(0, np.float32)]
        agent = np.concatenate(empty + self._agent)
        user = resample(np.concatenate(empty + self._user), CAPTURE_RATE, PLAYOUT_RATE)
        return Recording(user, agent, PLAYOUT_RATE)

    def labels(self, conversation: str, scenario: str, about: dict[str, str] | None = None) -> Labels:
        """What was said where, in samples of ``recording()``. Stimuli that the end cut off are left out."""
        length = len(self._agent) * PULL
        whole = [placed for placed in self.script.placed if _at(placed.end) <= length]
        turns = tuple(_turn(number, placed) for number, placed in enumerate(whole, 1))
        greeting = self.script.greeting
        told = dict(about or {}) | self._about(whole)
        return check(Labels(conversation, PLAYOUT_RATE, length, turns, scenario, greeting, told))

    def _about(self, whole: list[Placed]) -> dict[str, str]:
        """Whose voice each turn was, in their order, and where the harness asked the agent to speak."""
        voices = [placed.stimulus.voice for placed in whole]
        found = {"voices": ", ".join(voices)} if any(voices) else {}
        return found | ({"asked": ", ".join(map(str, self.asked))} if self.asked else {})


def _at(capture: int) -> int:
    """A capture position on the recording's timeline, rounded up by less than one sample."""
    return -(-capture * PLAYOUT_RATE // CAPTURE_RATE)


def _turn(number: int, placed: Placed) -> UserTurn:
    said = placed.stimulus
    pauses = tuple(Pause(_at(placed.start + gap.start), _at(placed.start + gap.end)) for gap in said.pauses)
    start, end = _at(placed.start), _at(placed.end)
    return UserTurn(
        number, said.kind, start, end, pauses, said.text, said.expected, placed.during, said.reply
    )
