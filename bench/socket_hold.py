"""Holds one scripted conversation with an agent over a line and writes the files that every score reads.

Three things run beside each other and wait for nobody: ticks, sending, listening. ``events.jsonl`` holds the
agent's messages at the samples of the recording at which they came; it explains and never scores.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from audio_io.resample import Resampler
from pipeline.channel import ClosedError
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE
from pipeline.ring import AudioRing

from .audible import THRESHOLD
from .edge import TICK
from .item import Item
from .script import Script
from .session_run import Held
from .socket_edge import SocketEdge
from .socket_speaker import Speaker
from .socket_turns import Turns
from .targets.port import Act, ByHand, Line, Told

EVENTS = "events.jsonl"
LATE = 0.020
"""Seconds after its time from which a packet counts as sent late: one packet's length."""
NAMED = {
    "response.created": "Responses", "input_audio_buffer.speech_started": "SpeechStarted",
    "input_audio_buffer.speech_stopped": "SpeechStopped",
}  # fmt: skip
"""Messages that are counted by a name of their own."""


class EventLog:
    """JSON lines: ``{"t": 48000, "clk": "media", "ev": "response.created", …}``, t in recording samples."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = (
            None if path is None else path.open("w", encoding="utf-8", errors="backslashreplace")
        )

    def note(self, at: int, event: str, **facts: Any) -> None:
        if self._file is not None:
            line = {"t": at, "clk": "media", "ev": event, **facts}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


async def hold_over(
    item: Item, script: Script, line: Line, *, events: Path | None = None, jitter: float = 0.0
) -> tuple[Held, dict[str, str]]:
    """Hold one conversation; also what the agent said of itself.

    Raises PeerError or UserError when none could be begun. One that breaks off later is kept as far as it
    went, and says why in ``Held.error``.
    """
    try:
        about = await line.open()
        call = _Call(script, line, item.seed, jitter, EventLog(events))
        error = await call.run()
    finally:
        await line.close()
    return Held(item, call.edge, call.counted(), error), about


class _Call:
    """One conversation while it lasts."""

    def __init__(self, script: Script, line: Line, seed: int, jitter: float, log: EventLog) -> None:
        self.edge = SocketEdge(script, seed=seed)
        self._sink = Speaker(jitter)
        self._line, self._log = line, log
        self._button = line if isinstance(line, ByHand) and line.by_hand else None
        self._counts: Counter[str] = Counter()
        self._complaint = ""

    async def run(self) -> str:
        """Until the script is over. Returns why it broke off, or why nothing can be said; mostly ''."""
        ring, broken = AudioRing(), ""
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._send(ring)), group.create_task(self._listen())]
                await self.edge.run(ring, self._sink, lambda fact: None)
                for task in beside:
                    task.cancel()
        except* PeerError as failed:
            broken = str(failed.exceptions[0])
            self._log.note(self.edge.position(), "bench.broken", message=broken)
        finally:
            self._log.close()
        return broken or self._silence()

    def counted(self) -> dict[str, int]:
        """Of messages and of what the sink had to do."""
        every = self._counts + Counter(self._sink.counted())
        return {name: count for name, count in sorted(every.items()) if count}

    async def _send(self, ring: AudioRing) -> None:
        """Every frame as soon as it is whole. A server that does not read is not waited for by the ticks."""
        up, cursor = Resampler(CAPTURE_RATE, self._line.rate), ring.cursor()
        turns = Turns(self.edge.script, up.delay)
        while True:
            try:
                begun, frame = await cursor.read(FRAME)
            except ClosedError:
                return
            due = self.edge.began + (begun + FRAME) / CAPTURE_RATE
            self._counts["LatePackets"] += now() - due > LATE
            if self._button and turns.begin(begun):
                await self._button.begin_turn()
                await self._stop(self.edge.position())
            await self._line.send(up.push(frame))
            if self._button and turns.end(begun + FRAME):
                self._log.note(self.edge.position(), "bench.turn_ended")
                await self._button.end_turn()

    async def _listen(self) -> None:
        while True:
            await self._take(await self._line.receive())

    async def _take(self, told: Told) -> None:
        at = self.edge.position(told.arrived)
        facts = told.facts | ({"n": len(told.pcm)} if told.pcm is not None else {})
        if told.stamp is None:  # fifty packets a second of silence tell nothing that the recording does not
            self._log.note(at, told.name, **facts)
        if told.name in NAMED:
            self._counts[NAMED[told.name]] += 1
        match told.act:
            case Act.SOUND if told.pcm is not None:
                self._counts["Sounds"] += bool((np.abs(told.pcm) > THRESHOLD).any())
                self._sink.arrive(told, told.pcm, at)
            case Act.SOUND_END:
                self._sink.ended(told.item)
            case Act.USER_BEGAN:
                await self._stop(at)
            case Act.ERROR:
                self._counts["Errors"] += 1
                self._complaint = self._complaint or str(told.facts.get("message", ""))
            case _:
                pass

    async def _stop(self, at: int) -> None:
        """The user interrupts: what is unplayed goes, and the agent learns what was heard."""
        for cut in self._sink.flush(at):
            self._counts["Truncations"] += 1
            self._log.note(at, "bench.flush", item_id=cut.item, heard=cut.heard, n=cut.dropped)
            await self._line.truncate(cut.item, cut.heard / PLAYOUT_RATE)

    def _silence(self) -> str:
        """Recorded and scored as missed turns all the same; a person should know that it was all of them."""
        due = [placed for placed in self.edge.script.placed if placed.stimulus.reply]
        if self._counts["Sounds"] or not due:
            return ""
        why = f" (it complained: {self._complaint})" if self._complaint else ""
        began, ended = (self._counts[name] for name in ("SpeechStarted", "SpeechStopped"))
        hint = "does its session detect the ends of turns?"
        if began and not ended and not self._button:
            hint = "it heard the user begin and never stop; --turn-detection none ends turns for it"
        asked = f"{len(due)} turns wanted a reply and nothing audible came"
        return f"the agent never answered: {asked}{why}; {hint}"


def framing(end: int) -> float:
    """Seconds from a capture sample's moment to when a packet that holds it leaves: the rest of its frame.

    The resampler looks 1 ms ahead, so what lies in a frame's last millisecond leaves with the next.
    """
    ahead = Resampler(CAPTURE_RATE, PLAYOUT_RATE).delay
    frames = -(-(end + ahead) // FRAME)
    return frames * TICK - end / CAPTURE_RATE
