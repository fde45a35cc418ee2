"""An edge of sound for carriers that send it as events: paced both ways on the loop's clock.

A client may send faster than anybody speaks, late, in bursts, or not at all; what is heard must be as if it
came from a microphone. It must never make sound sound earlier than it was sent, nor hold back a turn's end
because a client stopped sending.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import numpy as np

from pipeline.clock import now
from pipeline.ports import (
    CAPTURE_RATE,
    PLAYOUT_RATE,
    EdgeReport,
    Emit,
    FollowedSource,
    Pcm,
    PlayoutSource,
)
from pipeline.ring import AudioRing

from .refusal import invalid
from .schema import Pcm as Pcm16
from .schema import SoundFormat
from .sound import Incoming, Outgoing, checked, rate_of, seconds_of
from .told import Sounded

TICK = 0.02
LEAD = 0.2
"""Seconds of sound that the client has ahead of its ear: what its network may be late by."""
STEP = 0.04
"""Seconds of it that are sent at once, while it speaks."""
LONGEST = 0.06
"""Seconds of one piece, at most."""
QUEUED = 60.0
"""Seconds of sound that may wait to be heard."""
PATIENCE = 1.0
"""Seconds without a word from the client after which silence goes on in its place: a turn ends by silence,
and some clients send none. Until then sound that is late is waited for."""
SLACK = 0.1
"""Seconds by which that silence stays behind the clock, so that a client that sends again, in pieces of up
to that length, is heard without delay."""
HASTE = 4.0
"""How much faster than real time a client may give its turns by hand, beyond the first QUEUED seconds."""
SIP = 1.0
"""Seconds of sound given by hand that are taken in at one tick, so that nobody else waits for long."""
_PULL = round(TICK * PLAYOUT_RATE)


class _Silences:
    """Where silence stands that no client sent."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int, int]] = deque(maxlen=512)
        "Capture samples at which one begins and ends, and how much of it came before."

    def add(self, start: int, count: int) -> None:
        """So much from this capture sample on."""
        begins, ends, before = self._spans.pop() if self._spans else (start, start, 0)
        if ends != start:
            self._spans.append((begins, ends, before))
            begins, before = start, before + ends - begins
        self._spans.append((begins, start + count, before))

    def before(self, sample: int) -> int:
        """How much of it lies before this capture sample."""
        for begins, ends, before in reversed(self._spans):
            if begins < sample:
                return before + min(sample, ends) - begins
        return 0


class SocketEdge:
    """One call's; an ``AudioEdge``. ``connect`` it before it runs."""

    def __init__(self) -> None:
        self.by_client = False
        "The client says where turns begin and end: what it appends is taken at once."
        self._tell: Callable[[Sounded], None] = lambda told: None
        self._incoming, self._outgoing = Incoming(Pcm16()), Outgoing(Pcm16())
        self._ring: AudioRing | None = None
        self._own = _Silences()
        self._origin = 0.0
        "When capture sample 0 was, on the loop's clock."
        self._waiting: deque[tuple[Incoming, bytes]] = deque()
        "A tick of sound each."
        self._drained: Callable[[], None] = lambda: None
        self._fed_at = 0.0
        self._purse = QUEUED
        "Seconds that may be given by hand at once."
        self._purse_at = 0.0
        self._plays_until = 0.0
        "When the client will have played all that was sent."
        self._piece: list[Pcm] = []
        self._over = 0
        "The newest turn that has ended."
        self.turn = 0
        "Whose reply was sent last."

    def connect(self, tell: Callable[[Sounded], None], drained: Callable[[], None]) -> None:
        """``tell`` gets every piece of a reply's sound as it is due; ``drained`` is called at every tick at
        which no sound waits to be heard."""
        self._tell, self._drained = tell, drained

    def suit(self, incoming: SoundFormat, outgoing: SoundFormat) -> None:
        """The formats from here on; sound on its way keeps its own."""
        if incoming != self._incoming.format:
            self._incoming = Incoming(incoming)
        if outgoing != self._outgoing.format:
            self._flush()
            self._outgoing = Outgoing(outgoing)

    def report(self) -> EdgeReport:
        """Echo is the client's to cancel, as browsers and telephones do."""
        return EdgeReport("websocket", "cancelled", LEAD)

    # --- what the client does -------------------------------------------------------------------------------

    def check(self, data: bytes) -> None:
        """Raises WireError for sound that is no whole number of samples."""
        checked(data, self._incoming.format, "audio")

    def feed(self, data: bytes) -> float:
        """Sound in the client's format; its seconds. Raises WireError for half a sample, and for more than
        may wait (``input_audio_buffer_full``): then nothing of it is taken."""
        self.check(data)
        form = self._incoming.format
        seconds = seconds_of(data, form)
        free = self._allowance() if self.by_client else QUEUED - self.waiting
        if seconds > free:
            raise invalid(
                "audio",
                f"{QUEUED:g} s of sound wait to be heard already: send it as it is spoken, not faster.",
                "input_audio_buffer_full",
            )
        if self.by_client:
            self._purse -= seconds
        self._fed_at = now()
        step = round(TICK * rate_of(form)) * (2 if isinstance(form, Pcm16) else 1)
        for start in range(0, len(data), step):
            self._waiting.append((self._incoming, data[start : start + step]))
        self._hear()
        return seconds

    def forget(self) -> None:
        """Sound that waits never was."""
        self._waiting.clear()

    def flushed(self) -> None:
        """The client has let go of what it had of a reply."""
        self._piece.clear()
        self._plays_until = 0.0

    def over(self, turn: int) -> None:
        """Nothing more of this turn's reply is sent."""
        self._over = turn
        if self.turn == turn:
            self._piece.clear()

    def placed(self, sample: int) -> int:
        """Milliseconds of the client's own sound up to this capture sample: it counts what it sent."""
        return (sample - self._own.before(sample)) * 1000 // CAPTURE_RATE

    @property
    def waiting(self) -> float:
        """Seconds of sound that wait to be heard, in whole ticks."""
        return len(self._waiting) * TICK

    def _allowance(self) -> float:
        """Seconds that may be given by hand now."""
        self._purse = min(QUEUED, self._purse + HASTE * (now() - self._purse_at))
        self._purse_at = now()
        return self._purse

    # --- the edge -------------------------------------------------------------------------------------------

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Until cancelled."""
        followed = cast(FollowedSource, source)  # what a session gives its edge
        self._ring = ring
        self._origin = self._fed_at = began = now()
        tick = 0
        while True:
            self._hear()
            if not self._waiting:
                self._drained()
            self._wait_no_longer()
            self._speak(followed)
            tick = max(tick + 1, int((now() - began) / TICK))
            await asyncio.sleep(began + tick * TICK - now())

    def _hear(self) -> None:
        """What waits goes into the ring: as far as the clock has come, or by hand SIP of it."""
        ring = self._ring
        if ring is None or not self._waiting:
            return
        heard = 0
        while self._waiting and (heard < SIP * CAPTURE_RATE if self.by_client else self._due(ring) > 0):
            incoming, data = self._waiting.popleft()
            pcm = incoming.turn(data)
            heard += len(pcm)
            ring.write(pcm)
        if self.by_client and (ahead := -self._due(ring)) > 0:
            self._origin -= ahead / CAPTURE_RATE  # the clock of capture is where capture is

    def _wait_no_longer(self) -> None:
        """Silence in the place of a client that sends nothing."""
        ring = self._ring
        if ring is None or self._waiting or now() - self._fed_at < PATIENCE:
            return
        due = self._due(ring) - round(SLACK * CAPTURE_RATE)
        if due > 0:
            self._own.add(ring.end, due)
            ring.write(np.zeros(due, np.float32))

    def _due(self, ring: AudioRing) -> int:
        """Capture samples that the clock is ahead of the ring."""
        return round((now() - self._origin) * CAPTURE_RATE) - ring.end

    def _speak(self, source: FollowedSource) -> None:
        """Pull what is due, and send it: nothing while nobody speaks."""
        if self._plays_until - now() > LEAD - STEP:
            return
        while self._plays_until - now() < LEAD - TICK / 2:
            before = source.progress.delivered
            pcm = source.pull(_PULL)
            count = source.progress.delivered - before
            if count:
                self._add(source.progress.turn, pcm[:count])
            if count < _PULL:
                break
        self._flush()

    def _add(self, turn: int, pcm: Pcm) -> None:
        if not turn or turn == self._over:
            return  # a reply that is over fades out: nobody waits for that
        if turn != self.turn:
            self._flush()
            self._outgoing.end()
            self.turn = turn
        self._piece.append(pcm)
        self._plays_until = max(self._plays_until, now()) + len(pcm) / PLAYOUT_RATE
        if sum(map(len, self._piece)) >= round(LONGEST * PLAYOUT_RATE):
            self._flush()

    def _flush(self) -> None:
        if not self._piece:
            return
        pcm = np.concatenate(self._piece)
        self._piece.clear()
        self._tell(Sounded(self.turn, self._outgoing.turn(pcm), len(pcm) / PLAYOUT_RATE))
