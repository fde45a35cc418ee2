"""A sounddevice that is made of numbers: devices come and go, streams call back on the loop's clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    """As sounddevice's: text, code, and sometimes what the system below says."""


MIC = {"name": "Fake Mic", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 0}
SPEAKER = {"name": "Fake Speaker", "hostapi": 0, "max_input_channels": 0, "max_output_channels": 2}


class FakeStream:
    """Calls back every block while its device lives and it runs."""

    def __init__(self, card: FakePortAudio, output: bool, **wanted: Any) -> None:
        row = card.rows[wanted["device"]]
        if row["name"] in card.broken:
            raise card.broken[row["name"]]
        if card.rates is not None and wanted["samplerate"] not in card.rates:
            raise PortAudioError("Error opening Stream: Invalid sample rate", -9997)
        if wanted["channels"] > row["max_output_channels" if output else "max_input_channels"]:
            raise PortAudioError("Error opening Stream: Invalid number of channels", -9998)
        self.card, self.output, self.name = card, output, row["name"]
        self.samplerate, self.channels = wanted["samplerate"], wanted["channels"]
        self.block, self.callback = wanted["blocksize"], wanted["callback"]
        self.latency, self.running, self.count, self.closed = card.latency, False, 0, 0
        self.heard: list[Any] = []
        card.streams.append(self)

    def start(self) -> None:
        if self.name in self.card.unstartable:
            raise self.card.unstartable[self.name]
        self.running = True
        if self.card.ticking:
            self._arm()

    def close(self) -> None:
        self.running = False
        self.closed += 1
        if self.card.hang is not None:
            self.card.hang.wait()

    def tick(self) -> None:
        """One callback."""
        status = SimpleNamespace(input_overflow=self.card.xrun, output_underflow=self.card.xrun)
        if self.output:
            data = np.full((self.block, self.channels), np.nan, np.float32)
            self.callback(data, self.block, None, status)
            self.heard.append(data.copy())
        else:
            data = self.card.sound(self.count, self.block, self.samplerate)
            data = np.repeat(data.astype(np.float32)[:, None], self.channels, axis=1)
            self.callback(data, len(data), None, status)
            data.fill(np.nan)  # a driver reuses its buffer
        self.count += self.block

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        first = loop.time()

        def ring(number: int) -> None:
            if not self.running:
                return
            if self.name not in self.card.dead:
                self.tick()
            loop.call_at(first + (number + 1) * self.block / self.samplerate, ring, number + 1)

        loop.call_at(first + self.block / self.samplerate, ring, 1)


def hum(at: int, count: int, rate: int) -> Any:
    """A quiet 200 Hz tone."""
    return 0.1 * np.sin(2 * np.pi * 200 * (at + np.arange(count)) / rate)


class FakePortAudio:
    """What ``import sounddevice`` would give."""

    PortAudioError = PortAudioError

    def __init__(self, *rows: dict[str, Any], rate: float = 48000.0, ticking: bool = True) -> None:
        self.rows = [dict(row, default_samplerate=rate) for row in (rows or (MIC, SPEAKER))]
        self.ticking = ticking
        self.rates: set[int] | None = None
        self.broken: dict[str, Exception] = {}
        self.unstartable: dict[str, Exception] = {}
        self.dead: set[str] = set()
        self.xrun, self.latency = False, 0.02
        self.hang: threading.Event | None = None
        self.sound: Callable[[int, int, int], Any] = hum
        self.streams: list[FakeStream] = []
        self.restarts = 0
        self.on_restart: Callable[[], None] = lambda: None

    @property
    def default(self) -> Any:
        """The system's choice: the first that can."""
        ways = ("max_input_channels", "max_output_channels")
        return SimpleNamespace(
            device=[next((n for n, row in enumerate(self.rows) if row[way]), -1) for way in ways]
        )

    def query_devices(self) -> list[dict[str, Any]]:
        return self.rows

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def InputStream(self, **wanted: Any) -> FakeStream:  # sounddevice's name
        return FakeStream(self, False, **wanted)

    def OutputStream(self, **wanted: Any) -> FakeStream:  # sounddevice's name
        return FakeStream(self, True, **wanted)

    def _terminate(self) -> None:
        for stream in self.streams:
            stream.running = False

    def _initialize(self) -> None:
        self.restarts += 1
        self.on_restart()
