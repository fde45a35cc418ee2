"""Microphone and loudspeaker as an edge of sound, each at its own rate, watched and reopened.

PortAudio's two threads only copy; a thread of our own turns blocks into frames and takes the agent's voice
out; the loop only writes frames. Must never wait on the loop for a device: one that was unplugged blocks for
ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.clock import monotonic, now
from pipeline.errors import BugError, DeviceError
from pipeline.events import AudioLost
from pipeline.ports import FRAME, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing

from .capture import Gaps
from .device_line import Line, News
from .sound_card import SoundCard

T = TypeVar("T")

MUTED = 3.0
"""Seconds of digital silence after which a microphone is called muted."""
_QUEUE = 100
"""Frames of blocks that may wait for our thread: 2 s. What comes then is lost and counted."""
_FRAMES = 3000
"""Frames that may wait for a loop that is stuck: a minute."""
_LOOK = 0.2
"""Seconds between two looks at whether the devices still run."""
_TWICE = 0.1
"""Seconds until a second look: a program that was held up sees callbacks late, not lost."""
_END = 1.0
"""Seconds that closing the devices may take at the end; then they are left to themselves."""


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """Which devices, and when one is given up."""

    microphone: str = ""
    "Number or part of the name; empty for the system's choice."
    loudspeaker: str = ""
    "As above."
    echo: str = "cancel"
    "``cancel``, ``headphones`` (nothing comes back) or ``off``."
    block: float = 0.01
    "Seconds per callback."
    stall: float = 0.6
    "Seconds without a callback after which a device is lost."
    first: float = 3.0
    "Seconds that its first callback may take: a wireless headset wakes up slowly."
    patience: float = 10.0
    "Seconds in which another device is looked for."
    retry: float = 1.0
    "Seconds between two attempts."


class DeviceEdge:
    """An ``AudioEdge`` on real devices; for one run. Both are open, and errors raised, when it is made.

    Raises DeviceError. ``threads`` False does all work on the loop, for simulations with their own ``clock``.
    """

    def __init__(
        self,
        config: DeviceConfig,
        card: SoundCard,
        *,
        threads: bool = True,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.config = config
        self._card, self._threads, self._clock = card, threads, clock
        self._news: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._frames: deque[Pcm | int] = deque()
        self._gaps = Gaps()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._fault: Exception | None = None
        self._closing = False
        self._alone = threading.Lock()
        self._line = self._open(config)
        self._wished = self._line.loudspeaker

    def report(self) -> EdgeReport:
        """Names, rates, echo and latency as they are now.

        All may change with each AudioLost, since other devices may have taken over; the note also when a
        microphone turns out to be muted.
        """
        line = self._line
        if line.capture.silent >= MUTED:
            note = "the microphone gives digital silence: it is muted, or this program may not listen to it"
        else:
            note = line.note
        return EdgeReport(line.name, line.echo, line.output_latency, note)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Until cancelled. Raises DeviceError when a device is gone and none came in its place."""
        self._loop = asyncio.get_running_loop()
        if self._threads:
            threading.Thread(target=self._work, name="hocket ear", daemon=True).start()
        try:
            await self._started(self._line, source)
            while True:
                await self._woken(_LOOK)
                self._deliver(ring, emit)
                if self._lost():
                    await asyncio.sleep(_TWICE)
                    if self._lost():
                        await self._recover(ring, source, emit)
        finally:
            await self._stop()

    def _open(self, wishes: DeviceConfig) -> Line:
        return Line(wishes, self._card, self._gaps, self._post, self._clock)

    def _lost(self) -> bool:
        limit = self.config.stall if self._line.begun else self.config.first
        return self._clock() - self._line.seen > limit

    async def _started(self, line: Line, source: PlayoutSource) -> None:
        try:
            async with asyncio.timeout(self.config.patience):
                await self._aside(lambda: line.start(source))
        except TimeoutError as error:
            raise DeviceError(f"{line.name} did not start; unplug it and plug it in again") from error

    async def _recover(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Reopen: the wished devices if they are back, else the system's choice, once per ``retry``."""
        lost, deadline = self._line, now() + self.config.patience
        lost.alive = False
        work: asyncio.Future[None] | None = None
        while now() < deadline:
            self._post(News(lost, None, self._clock()))
            await self._woken(0.01)
            self._deliver(ring, emit)
            if work is None:
                work = self._aside(lambda: self._reopened(lost, source))
            again = now() + self.config.retry
            with contextlib.suppress(TimeoutError, DeviceError):
                async with asyncio.timeout(self.config.retry):
                    await asyncio.shield(work)
                    return
            work = None if work.done() else work  # one at a time
            await asyncio.sleep(max(0.0, again - now()))
        self._closing = True
        if work is not None:
            work.cancel()
        raise DeviceError(
            f"{lost.name} stopped giving sound and nothing else was found within "
            f"{self.config.patience:g} s; connect it again and start anew"
        )

    def _reopened(self, lost: Line, source: PlayoutSource) -> None:
        """Put a new line in the place of the lost one; what this opens after the end it closes again."""
        lost.close()
        self._card.refresh()
        try:
            line = self._open(self._careful(self.config))
        except DeviceError:
            line = self._open(self._careful(replace(self.config, microphone="", loudspeaker="")))
        if self._closing:
            line.close()
            return
        if self.config.echo == "headphones" and line.echo != "none":
            rest = line.note or "the agent's voice is taken out of what the microphone hears"
            line.note = f"{line.loudspeaker} plays instead of {self._wished}: {rest}"
        self._line = line  # before it gives sound: from there on the lost one is out of time
        try:
            line.start(source)
        except DeviceError:
            self._line = lost
            line.close()
            raise

    def _careful(self, wishes: DeviceConfig) -> DeviceConfig:
        """Nothing comes back from the headphones that were wished; from another loudspeaker it may."""
        if wishes.echo != "headphones":
            return wishes
        same = self._card.pick("loudspeaker", wishes.loudspeaker).name == self._wished
        return wishes if same else replace(wishes, echo="cancel")

    async def _stop(self) -> None:
        self._closing = True
        self._line.alive = False
        self._news.put(None)
        with contextlib.suppress(TimeoutError, DeviceError):
            async with asyncio.timeout(_END):
                await self._aside(lambda: self._line.close())  # whose line, only a reopening's end decides

    async def _woken(self, limit: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._wake.wait()
        self._wake.clear()

    def _deliver(self, ring: AudioRing, emit: Emit) -> None:
        if self._fault is not None:
            raise BugError(f"the sound path failed: {self._fault!r}") from self._fault
        while self._frames:
            frame = self._frames.popleft()
            if isinstance(frame, int):
                emit(AudioLost(ring.lose(frame)))
            else:
                ring.write(frame)

    # --- outside the loop's thread -----------------------------------------------------------------------

    def _post(self, news: News) -> None:
        """From any thread; takes no lock and never waits."""
        if self._news.qsize() >= _QUEUE or self._loop is None:
            return
        self._news.put(news)
        if not self._threads:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while (news := self._news.get_nowait()) is not None:
                self._take(news)

    def _work(self) -> None:
        """The thread between the devices' threads and the loop's; ends at None."""
        while (news := self._news.get()) is not None:
            self._take(news)

    def _take(self, news: News) -> None:
        assert self._loop is not None
        if news.line is not self._line:
            return  # its place is taken: what it lost was told, or comes before the new one's first block
        try:
            made = news.process()
        except Exception as error:  # noqa: BLE001  # no one awaits this thread: run() raises it instead
            self._fault, made = error, []
        for frame in made:
            if len(self._frames) < _FRAMES:
                self._frames.append(frame)
                continue
            lost, last = frame if isinstance(frame, int) else FRAME, self._frames.pop()
            self._frames.append(lost + (last if isinstance(last, int) else FRAME))
        if made or self._fault:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._wake.set)

    def _aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do what may block for ever in a thread that nobody joins, one after the other."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: Exception | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # None only where T is None

        def target() -> None:
            result, failed = None, None
            try:
                with self._alone:  # PortAudio is not made for two
                    result = work()
            except Exception as error:  # noqa: BLE001  # carried over to whoever awaits the future
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, result, failed)

        if self._threads:
            threading.Thread(target=target, name="hocket device", daemon=True).start()
        else:
            target()
        return future
