"""The last minute of captured sound at absolute positions: one writer, any number of readers.

Positions count samples since capture began and never go back. It must never hand out samples other than those
of the positions asked for: what is overwritten or not yet there is an error, and a gap is silence on record.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque

import numpy as np

from .channel import ClosedError
from .errors import BugError, HocketError
from .events import Sample, Span
from .ports import CAPTURE_RATE, Pcm


class OverrunError(HocketError):
    """Positions were asked for that the ring does not hold: already overwritten, or not yet captured."""


class AudioRing:
    """Bounded storage for one mono stream. One writer; every method belongs to the loop's thread."""

    def __init__(self, seconds: float = 60.0, rate: int = CAPTURE_RATE) -> None:
        self.rate = rate
        self.unsound = 0
        "Samples that came as NaN or infinity and were written as silence."
        self.capacity = round(seconds * rate)
        "Samples held at most."
        if self.capacity < 1:
            raise ValueError(f"a ring of {seconds} s at {rate} Hz holds nothing")
        self._samples = np.zeros(self.capacity, np.float32)
        self._end = 0
        self._gaps: deque[Span] = deque()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waits = 0
        self._closed = False

    @property
    def start(self) -> Sample:
        """First position still held."""
        return Sample(max(0, self._end - self.capacity))

    @property
    def end(self) -> Sample:
        """One past the newest position."""
        return Sample(self._end)

    @property
    def closed(self) -> bool:
        """True once no more sound will come; what is held can still be read."""
        return self._closed

    def write(self, pcm: Pcm) -> Sample:
        """Append sound, float32 of shape (samples,), and return the new end. BugError after ``close``."""
        if pcm.ndim != 1 or pcm.dtype != np.float32:
            raise BugError(f"a ring takes 1-d float32 sound, not {pcm.ndim}-d {pcm.dtype}")
        sound = np.isfinite(pcm)
        if not sound.all():
            self.unsound += int(len(pcm) - np.count_nonzero(sound))
            pcm = np.where(sound, pcm, np.float32(0.0))
        self._append(pcm, len(pcm))
        return self.end

    def lose(self, count: int) -> Span:
        """Advance over a capture gap of ``count`` samples: silence is written, and the span is on record."""
        if count < 0:
            raise BugError(f"a gap cannot have {count} samples")
        gap = Span(self.end, Sample(self._end + count))
        if count:
            self._append(np.zeros(min(count, self.capacity), np.float32), count)
            if self._gaps and self._gaps[-1].end == gap.start:
                self._gaps[-1] = Span(self._gaps[-1].start, gap.end)
            else:
                self._gaps.append(gap)
        return gap

    def gaps(self, span: Span) -> tuple[Span, ...]:
        """The parts of a span that are lost capture rather than sound, in order."""
        touching = [gap for gap in self._gaps if gap.start < span.end and span.start < gap.end]
        return tuple(
            Span(Sample(max(gap.start, span.start)), Sample(min(gap.end, span.end))) for gap in touching
        )

    def read(self, span: Span) -> Pcm:
        """A copy of a span, shape (len(span),). Raises OverrunError when it is not held as a whole."""
        if span.end > self._end:
            raise OverrunError(
                f"samples {span.start} to {span.end} are not captured yet: the ring ends at {self._end}"
            )
        if span.start < self.start:
            raise OverrunError(
                f"samples {span.start} to {span.end} are gone: a ring of {self.capacity / self.rate:g} s "
                f"now begins at {self.start}"
            )
        first = span.start % self.capacity
        head = self._samples[first : first + len(span)]
        return np.concatenate((head, self._samples[: len(span) - len(head)]))

    async def wait_for(self, end: Sample) -> None:
        """Wait until positions below ``end`` are captured. Raises ClosedError if they never will be."""
        while self._end < end:
            if self._closed:
                raise ClosedError(f"the sound ended at sample {self._end}, before {end}")
            self._waits += 1
            captured: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiter = (end, self._waits, captured)
            heapq.heappush(self._waiting, waiter)
            try:
                await captured
            except asyncio.CancelledError:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
                    heapq.heapify(self._waiting)
                raise

    def cursor(self, at: Sample | None = None) -> Cursor:
        """A reader of its own from ``at`` on; None means from what is captured next."""
        return Cursor(self, self.end if at is None else at)

    def close(self) -> None:
        """No more sound will come. Who waits for it gets ClosedError. Idempotent."""
        self._closed = True
        self._wake()

    def _append(self, pcm: Pcm, count: int) -> None:
        """Write the last ``len(pcm)`` of ``count`` new positions."""
        if self._closed:
            raise BugError("sound was written to a ring that is closed")
        kept = pcm[-self.capacity :]
        self._end += count
        first = (self._end - len(kept)) % self.capacity
        head = kept[: self.capacity - first]
        self._samples[first : first + len(head)] = head
        self._samples[: len(kept) - len(head)] = kept[len(head) :]
        while self._gaps and self._gaps[0].end <= self.start:
            self._gaps.popleft()
        self._wake()

    def _wake(self) -> None:
        while self._waiting and (self._closed or self._waiting[0][0] <= self._end):
            captured = heapq.heappop(self._waiting)[2]
            if not captured.done():
                captured.set_result(None)


class Cursor:
    """One reader's place in a ring. A slow reader loses whole steps, and the loss is counted."""

    def __init__(self, ring: AudioRing, at: Sample) -> None:
        self._ring = ring
        self.at = at
        "First position that was not read yet."
        self.lost = 0
        "Samples skipped because they were overwritten before they were read."

    async def read(self, count: int) -> tuple[Sample, Pcm]:
        """The next ``count`` samples, shape (count,), with the position of the first; waits for them.

        After an overrun it goes on at the oldest samples held, skipping a multiple of ``count`` so that steps
        stay on their grid. Raises ClosedError when the sound ends before ``count`` samples are there.
        """
        ring = self._ring
        if not 0 < count <= ring.capacity:
            raise BugError(f"a ring of {ring.capacity} samples cannot give {count} at once")
        await ring.wait_for(Sample(self.at + count))
        while self.at < ring.start:
            skipped = -(-(ring.start - self.at) // count) * count
            self.lost += skipped
            self.at = Sample(self.at + skipped)
            await ring.wait_for(Sample(self.at + count))
        begun = self.at
        self.at = Sample(begun + count)
        return begun, ring.read(Span(begun, self.at))
