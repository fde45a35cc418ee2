"""A caller over WebRTC as an edge of sound: capture comes in packets, the agent's voice leaves in them.

Packets are heard at the instant they come. The voice leaves at the pace of the loop's clock: 20 ms are pulled
and sent at once when they are due, so nothing but coding lies between pull and network. Echo is cancelled in
the caller's browser. Must never queue the voice: what cannot leave in time is a gap, not a delay.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress

from pipeline.channel import Channel, ClosedError, EmptyError, Full
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import PLAYOUT_RATE, EdgeReport, Emit, PlayoutSource
from pipeline.ring import AudioRing

from . import opus
from .ear import Ear
from .framing import TICKS
from .jitter import Counts
from .tap import Outgoing, Packet

SILENT_CLIENT = 0.150
"""Seconds from pull to ear of a client that never says."""
NEAREST, FARTHEST = 0.040, 1.0
"""Seconds between which a client's word counts."""
UNHEARD = 256
"""Packets that may wait for a loop that is stuck: 5 s; the oldest go."""
UNSENT = 10
"""Packets of the voice that may wait for the network: 200 ms; the oldest go."""
BEHIND = 0.100
"""Seconds by which the voice may be late and catch up; later than that it leaves time out."""
STUCK = 0.050
"""Seconds by which the loop is late when it was stuck."""
HUSHED = 10
"""Silent steps after which silence is not coded any more, only said: 200 ms."""
SILENCE = b"\xf8\xff\xfe"
"""20 ms of silence, coded. Packets go on through it: a decoder that had none, or Opus's own one-byte packets
for silence (DTX), takes 400 ms to give what follows at its full volume (measured with libopus 1.6)."""
_STEP = round(opus.STEP * PLAYOUT_RATE)
_TICKS = round(opus.STEP * TICKS)


def ear_delay(rtt_ms: float | None, jitter_buffer_ms: float | None, output_latency_ms: float | None) -> float:
    """Seconds from sending to hearing, from what a client says and is not trusted with: half the round trip,
    its jitter buffer, its loudspeaker; what it leaves out, or what is no number, counts nothing."""
    if rtt_ms is jitter_buffer_ms is output_latency_ms is None:
        return SILENT_CLIENT
    said = (0.5 * _sane(rtt_ms), _sane(jitter_buffer_ms), _sane(output_latency_ms))
    return min(max(sum(said) / 1000, NEAREST), FARTHEST)


def _sane(milliseconds: float | None) -> float:
    if milliseconds is None or not math.isfinite(milliseconds):
        return 0.0
    return min(max(milliseconds, 0.0), 1000 * FARTHEST)


class RtcEdge:
    """An ``AudioEdge``; for one run. The peer puts packets in and takes packets out."""

    def __init__(self, bitrate: int = opus.BITRATE, refuse: Callable[[str], None] | None = None) -> None:
        """``refuse`` is told why, when the caller breaks the rules; then ``run`` ends.

        Raises UserError where the extra ``web`` is missing.
        """
        self.inbound: Channel[Packet] = Channel(UNHEARD, full=Full.DROP_OLDEST)
        self.outbound: Channel[Outgoing] = Channel(UNSENT, full=Full.DROP_OLDEST)
        self.latency = SILENT_CLIENT
        "Seconds from pull to ear."
        self.skipped = 0.0
        "Seconds that the voice left out because the loop was stuck."
        self._encoder = opus.encoder(PLAYOUT_RATE, bitrate)
        self._refuse, self._hushed = refuse, 0
        self._ear: Ear | None = None

    @property
    def counts(self) -> Counts:
        """What happened to the caller's packets."""
        return Counts() if self._ear is None else self._ear.counts

    def report(self) -> EdgeReport:
        return EdgeReport("WebRTC", "cancelled", self.latency)

    def told(
        self,
        rtt_ms: float | None = None,
        jitter_buffer_ms: float | None = None,
        output_latency_ms: float | None = None,
    ) -> float:
        """What the client says of its playout; the ``latency`` from now on. Nothing it says is an error."""
        self.latency = ear_delay(rtt_ms, jitter_buffer_ms, output_latency_ms)
        return self.latency

    def expect_loss(self, share: float) -> None:
        """So many of the voice's packets do not arrive, as the caller's end reports."""
        self._encoder.expect_loss(share)

    def take(self, packet: Packet) -> None:
        """A packet of the caller's has come. Never blocks, never raises."""
        if not self.inbound.closed:
            self.inbound.put_now(packet)

    def end(self) -> None:
        """No more will come or go: ``run`` returns."""
        self.inbound.close()
        self.outbound.close()

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Until the caller is gone, or floods us with sound, or cancelled."""
        while len(self.inbound):  # from before we listened
            self.inbound.get_now()
        self._ear = Ear(ring, emit, now())
        async with asyncio.TaskGroup() as both:
            speaking = both.create_task(self._speak(source))
            try:
                await self._listen(self._ear)
            except PeerError as error:
                if self._refuse is not None:
                    self._refuse(str(error))
            speaking.cancel()

    async def _listen(self, ear: Ear) -> None:
        while True:
            came, deadline = list[Packet](), ear.deadline()
            try:
                async with asyncio.timeout_at(deadline):
                    came.append(await self.inbound.get())
            except ClosedError:
                return
            except TimeoutError:
                pass
            if now() - deadline > STUCK:
                await self._catch_up()
            with suppress(EmptyError, ClosedError):  # a burst is in line before anything is said of holes
                while True:
                    came.append(self.inbound.get_now())
            # a loop's timers may be early by its clock's grain
            ear.hear(now() if came else max(now(), deadline), *came)

    async def _catch_up(self) -> None:
        """The loop was stuck: what came meanwhile is still on its way through it, and not lost."""
        before = -1
        while len(self.inbound) > before:
            before = len(self.inbound)
            await asyncio.sleep(opus.STEP)

    async def _speak(self, source: PlayoutSource) -> None:
        due, place = now(), 0
        while not self.outbound.closed:
            await asyncio.sleep(max(0.0, due - now()))
            late = now() - due
            if late > BEHIND:
                missed = int(late / opus.STEP)
                self.skipped += missed * opus.STEP
                due, place = due + missed * opus.STEP, place + missed * _TICKS
            with suppress(ClosedError):
                self.outbound.put_now((self._coded(source), place))
            due, place = due + opus.STEP, place + _TICKS

    def _coded(self, source: PlayoutSource) -> bytes:
        """The next 20 ms as a packet; long silence is not coded anew each time."""
        pcm = source.pull(_STEP)
        self._hushed = 0 if pcm.any() else self._hushed + 1
        if self._hushed > HUSHED:
            return SILENCE
        return self._encoder.encode(pcm)
