"""The system's flite as a voice: synthesis in a thread of its own, sound handed to the loop as it is made.

It must never block the loop, and never run inside a simulation (a started thread is an error there).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import AsyncGenerator

import numpy as np

from pipeline.errors import VoiceError
from pipeline.ports import Pcm, VoiceChunk, WordTime

from .flite_library import FliteSynthesiser, synthesiser

LONGEST = 1000
"""Characters per phrase: what bounds the sound that can wait for a slow reader."""
BATCH = 0.1
"""Seconds of sound per chunk, the first one aside, which comes at once."""
PATIENCE = 1.0
"""Seconds that ``close`` waits for the thread."""


class FliteVoice:
    """flite's voice ``rms``, ``slt``, ``awb`` or ``kal16``, at 16 kHz; word times come with the first chunk.

    ``stretch`` above 1 is slower. Making the first one blocks for some 50 ms: a word is spoken as a check.
    Raises VoiceError when flite or the voice is absent.
    """

    def __init__(self, voice: str = "rms", *, stretch: float = 1.0) -> None:
        if not 0.3 <= stretch <= 3:
            raise VoiceError(f"flite's stretch lies between 0.3 and 3, not {stretch}")
        self._synthesiser = synthesiser(voice)
        self._stretch = stretch
        self.name = f"flite:{voice}"
        self.rate = self._synthesiser.rate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream one phrase; closing stops flite within a chunk, or within its text analysis (some 20 ms)."""
        if len(text) > LONGEST:
            raise VoiceError(f"a phrase of {len(text)} characters is too long for flite; at most {LONGEST}")
        if not text.strip():
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="flite", daemon=True)
            self._thread.start()
        job = _Job(text, asyncio.get_running_loop(), round(BATCH * self.rate))
        self._jobs.put(job)
        try:
            while (chunk := await job.next()) is not None:
                yield chunk
        finally:
            job.unwanted = True

    async def close(self) -> None:
        """Stop the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        farewell = _Job("", loop, 1)
        farewell.finished = gone
        self._jobs.put(farewell)
        self._jobs.put(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await gone.wait()
            thread.join(PATIENCE)  # all it has left is to take the None: well under a millisecond

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run(self._synthesiser, self._stretch)


class _Job:
    """One utterance: made in the thread, read on the loop."""

    def __init__(self, text: str, loop: asyncio.AbstractEventLoop, batch: int) -> None:
        self.unwanted = False
        self.finished: asyncio.Event | None = None
        self._text = text
        self._loop = loop
        self._batch = batch
        self._made: list[Pcm] = []
        self._words: tuple[WordTime, ...] = ()
        self._sent = False
        self._chunks: deque[VoiceChunk | Exception | None] = deque()  # bounded by LONGEST characters
        self._news = asyncio.Event()

    async def next(self) -> VoiceChunk | None:
        """The next chunk; None at the end. Raises VoiceError."""
        while not self._chunks:
            self._news.clear()
            await self._news.wait()
        item = self._chunks.popleft()
        if isinstance(item, Exception):
            raise VoiceError(f"flite failed: {item}") from item
        return item

    def run(self, engine: FliteSynthesiser, stretch: float) -> None:
        """In the thread: synthesise unless nobody wants it any more."""
        outcome: Exception | None = None
        if self._text and not self.unwanted:
            try:
                engine.speak(self._text, self._take, stretch)
            except Exception as error:  # noqa: BLE001  # raised again where the loop reads
                outcome = error
        self._send(outcome, last=True)

    def _take(self, pcm: Pcm, words: tuple[WordTime, ...]) -> bool:
        self._made.append(pcm)
        self._words += words
        if not self._sent or sum(map(len, self._made)) >= self._batch:
            self._send(None, last=False)
        return not self.unwanted

    def _send(self, outcome: Exception | None, *, last: bool) -> None:
        items: list[VoiceChunk | Exception | None] = []
        if self._made:
            items.append(VoiceChunk(np.concatenate(self._made), self._words))
            self._made, self._words, self._sent = [], (), True
        if last:
            items.append(outcome)
        try:
            self._loop.call_soon_threadsafe(self._deliver, items)
        except RuntimeError:  # the loop is closed: nobody listens
            self.unwanted = True

    def _deliver(self, items: list[VoiceChunk | Exception | None]) -> None:
        self._chunks.extend(items)
        self._news.set()
        if self.finished is not None:
            self.finished.set()
