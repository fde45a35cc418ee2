"""When each piece of a caller's sound is due: packets go in as they come, pieces come out in order.

A listener that is a machine needs no even pace, so a packet that is next passes at once and nothing is ever
delayed to be safe. Only what follows a hole waits for the missing packet, as long as this way's jitter makes
it likely to come (``target``); then the hole is given up, and the delay is what it was before. Where nothing
comes at all, silence goes on at the pace of the clock, so that a listener's time does not stand still.

Pure: packets and times come in, pieces and a deadline go out. Must never give the same moment twice, go back,
or hold more than ``HELD`` packets. Times are seconds on one clock; ticks are 48ths of a millisecond.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

from .framing import TICKS, TINY, ticks
from .tap import Packet

LEAST, MOST = 0.020, 0.120
"""Seconds between which the patience with a hole adapts."""
GRACE = 0.005
"""Seconds that a packet has at least after one that overtook it: in a burst all are late."""
UNKNOWN = 0.060
"""Seconds of patience on a way of which nothing is known yet."""
STALL = 0.200
"""Seconds for which nothing may come before its place is filled: what comes until then is heard whole."""
MENDED = 0.100
"""Seconds of the longest hole that is concealed; a longer one is a loss on record."""
REST = 0.060
"""The same after a packet that announced silence: only silence is waited for, and speech must not be late."""
DRY = 1.0
"""Seconds without packets that count as lost; after them the caller is taken to be silent."""
JUMP = 1.0
"""Seconds by which timestamps may run ahead of the clock before they count as set anew."""
RESTART = 3000
"""Packet numbers further away than this are another numbering (RFC 3550, A.1: MAX_DROPOUT)."""
BEHIND = 0.200
"""Seconds for which every packet must come too late before the way counts as longer from now on."""
HELD = 64
"""Packets behind a hole at most."""
SEEN = 100
"""Packets by which jitter is judged: 2 s."""
_STEP = TICKS // 50
_LONG_STEP = TICKS // 10


@dataclass(frozen=True, slots=True)
class Play:
    """The sound of this packet is next."""

    payload: bytes
    ticks: int
    skip: int = 0
    "Ticks at its beginning whose place was filled already."


@dataclass(frozen=True, slots=True)
class Conceal:
    """So much is missing."""

    ticks: int
    following: bytes
    "The packet after it."


@dataclass(frozen=True, slots=True)
class Quiet:
    """So much silence, which is the caller's own."""

    ticks: int
    paced: bool = False
    "Because so much time has passed; else because a packet says so."


@dataclass(frozen=True, slots=True)
class Gone:
    """So much is lost for good, and too long to be made up."""

    ticks: int
    paced: bool = False
    "As for ``Quiet``."


Piece: TypeAlias = Play | Conceal | Quiet | Gone


@dataclass(slots=True)
class Counts:
    """What happened on the way; for logs and figures."""

    packets: int = 0
    empty: int = 0
    "Packets without sound, or that break the format: taken for what they are, no harm done."
    twice: int = 0
    late: int = 0
    "Packets that came after their place was filled."
    lost: int = 0
    "Packets that never came, or too late."
    concealed: int = 0
    "Ticks made up."
    gone: int = 0
    "Ticks lost for good."
    resyncs: int = 0
    "Times that the sender began another numbering or another clock."
    overflows: int = 0


@dataclass(slots=True)
class Jitter:
    """How much later than the quickest packets come, of late: the patience that a hole deserves."""

    target: float = UNKNOWN
    _lags: deque[float] = field(default_factory=lambda: deque(maxlen=SEEN))
    _floors: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=10))
    "Of each of the last ten seconds: the quickest way."

    def see(self, way: float, at: float) -> None:
        """A packet took this ``way``: its arrival minus its place on the sender's clock."""
        second = int(at)
        if not self._floors or self._floors[-1][0] != second:
            self._floors.append((second, way))
        elif way < self._floors[-1][1]:
            self._floors[-1] = (second, way)
        self._lags.append(way - self.floor)
        if len(self._lags) % 10 == 0:
            late = sorted(self._lags)[int(0.97 * (len(self._lags) - 1))]
            self.target = min(max(late + 0.010, LEAST), MOST)

    @property
    def floor(self) -> float:
        """The quickest way of the last ten seconds: follows a clock that drifts, and a way that changes."""
        return min(way for _, way in self._floors)

    def forget(self) -> None:
        """Another clock."""
        self._lags.clear()
        self._floors.clear()


class Lineup:
    """Puts a caller's packets in line."""

    def __init__(self, began: float) -> None:
        """``began``: since when the caller is listened to."""
        self.counts = Counts()
        self.jitter = Jitter()
        self._source: int | None = None
        self._former: tuple[int, float] | None = None
        self._waiting: dict[int, tuple[Packet, int]] = {}
        "By number, unwrapped: packets that are not next, each with its unwrapped timestamp."
        self._next = 0
        "Number that is next, unwrapped."
        self._head = 0
        "First tick that was not given."
        self._stamp = 0
        "Unwrapped timestamp of the newest packet."
        self._paced = began
        "When tick 0 would be due at the clock's pace, as the quickest packets say."
        self._dry = 0
        "Ticks filled since the last packet."
        self._resting = True
        "The sender said that it may be silent without packets; or has not begun."
        self._behind: float | None = None
        "Since when every packet came too late."

    def arrive(self, packet: Packet) -> None:
        """Take a packet that has come."""
        self.counts.packets += 1
        if self._source != packet.source and not self._adopt(packet):
            return
        number = self._next + _signed(packet.number - self._next, 16)
        stamp = self._stamp + _signed(packet.timestamp - self._stamp, 32)
        ahead = stamp / TICKS - (packet.arrived - self._paced)
        if abs(number - self._next) > RESTART or ahead > JUMP:
            self._begin(packet, anew=True)
            number, stamp = self._next, self._head
        if number in self._waiting:
            self.counts.twice += 1
        elif number < self._next:
            self.counts.late += 1
        else:
            self._waiting[number] = (packet, stamp)
            self._measure(packet, stamp)

    def due(self, at: float) -> list[Piece]:
        """All pieces whose time has come."""
        pieces: list[Piece] = []
        while True:
            if self._next in self._waiting:
                self._pass(*self._waiting.pop(self._next), pieces)
            elif self._waiting and (at >= self._give_up or len(self._waiting) > HELD):
                self._skip(pieces)
            elif not self._waiting and at >= self._fill_at:
                self._fill(pieces)
            else:
                return pieces

    def deadline(self) -> float:
        """When ``due`` has something to say next, if no packet comes before."""
        return self._give_up if self._waiting else self._fill_at

    # --- packets -------------------------------------------------------------------------------------------

    def _adopt(self, packet: Packet) -> bool:
        """Another source: listen to it from here on, unless it is the one before, still trickling in."""
        if self._former is not None and self._former[0] == packet.source and packet.arrived < self._former[1]:
            self.counts.late += 1
            return False
        if self._source is not None:
            self._former = (self._source, packet.arrived + JUMP)
        self._begin(packet, anew=self._source is not None)
        self._source = packet.source
        return True

    def _begin(self, packet: Packet, *, anew: bool) -> None:
        """Count from this packet on."""
        self.counts.resyncs += anew
        self.counts.overflows += len(self._waiting)
        self._waiting.clear()
        self._next = packet.number
        self._start(packet.timestamp, packet.arrived)

    def _start(self, stamp: int, arrived: float) -> None:
        """Take this place as the one that is due now."""
        self._head = self._stamp = stamp
        self._paced, self._behind = arrived - stamp / TICKS, None
        self.jitter.forget()

    def _measure(self, packet: Packet, stamp: int) -> None:
        self._stamp = max(stamp, self._stamp)
        held = ticks(packet.payload)
        if held:
            self.jitter.see(packet.arrived - (stamp + held) / TICKS, packet.arrived)
            self._paced = self.jitter.floor

    def _pass(self, packet: Packet, stamp: int, pieces: list[Piece]) -> None:
        """The packet that is next, and what its timestamp says of the time before it."""
        self._next += 1
        held = ticks(packet.payload)
        self._resting = 0 < len(packet.payload) <= TINY
        if not held:
            self.counts.empty += 1
            return
        if stamp + held <= self._head and not self._longer(packet.arrived, stamp):
            self.counts.late += 1
            return
        self._behind, self._dry = None, 0
        if stamp > self._head:
            pieces.append(Quiet(stamp - self._head))
        pieces.append(Play(packet.payload, held, max(0, self._head - stamp)))
        self._head = stamp + held

    def _longer(self, arrived: float, stamp: int) -> bool:
        """Whether all came too late for a while: then the way is longer now, and this one is in time."""
        self._behind = arrived if self._behind is None else self._behind
        if arrived - self._behind < BEHIND:
            return False
        self.counts.resyncs += 1
        self._start(stamp, arrived)
        return True

    # --- holes ---------------------------------------------------------------------------------------------

    @property
    def _give_up(self) -> float:
        """When the hole before the packets that wait counts as lost: when what is missing in it ought to have
        come long ago, as this way's packets do, and those that overtook it have been here for a moment."""
        packet, stamp = self._waiting[min(self._waiting)]
        late = self._paced + stamp / TICKS + self.jitter.target
        return min(max(late, packet.arrived + GRACE), packet.arrived + MOST)

    def _skip(self, pieces: list[Piece]) -> None:
        number = min(self._waiting)
        packet, stamp = self._waiting[number]
        missing = stamp - self._head
        self.counts.lost += number - self._next
        self._next = number
        if 0 < missing <= MENDED * TICKS:
            self.counts.concealed += missing
            pieces.append(Conceal(missing, packet.payload))
        elif missing > 0:
            self.counts.gone += missing
            pieces.append(Gone(missing))
        self._head = max(self._head, stamp)

    # --- nothing comes -------------------------------------------------------------------------------------

    @property
    def _lost(self) -> bool:
        """What does not come is lost, not silence."""
        return not self._resting and self._dry < DRY * TICKS

    @property
    def _fill_at(self) -> float:
        step = _LONG_STEP if self._lost else _STEP
        patience = max(self.jitter.target, REST if self._resting else STALL)
        return self._paced + (self._head + step) / TICKS + patience

    def _fill(self, pieces: list[Piece]) -> None:
        step = _LONG_STEP if self._lost else _STEP
        if self._lost:
            self.counts.gone += step
            pieces.append(Gone(step, paced=True))
        else:
            pieces.append(Quiet(step, paced=True))
        self._dry += step
        self._head += step


def _signed(moved: int, bits: int) -> int:
    """A difference of two counters of so many bits, the short way round."""
    half = 1 << bits - 1
    return (moved + half) % (1 << bits) - half
