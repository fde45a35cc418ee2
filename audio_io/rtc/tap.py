"""The two places where sound passes between aiortc and us, packet by packet: it paces and decodes nothing.

Its own playout adds 80 ms, 200 ms more for good after one lost packet, and goes deaf at an empty packet. So
packets are taken where that playout would get them, at the instant they come, and leave when they are given.
No queue grows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from pipeline.channel import Channel, ClosedError
from pipeline.clock import now
from pipeline.errors import BugError

from .extra import web
from .framing import TICKS

_TAP = "_RTCRtpReceiver__jitter_buffer"
"""Where aiortc keeps what it gives its packets to. Nothing public lies before its decoder."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet that came."""

    payload: bytes
    timestamp: int
    number: int
    source: int
    "Its SSRC: another one is another clock."
    arrived: float
    "On the loop's clock."


Outgoing: TypeAlias = tuple[bytes, int]
"""An Opus packet and its place on our track, in ticks from 0."""


class Tap:
    """Stands where aiortc's jitter buffer does; gives everything on and keeps nothing."""

    def __init__(self, take: Callable[[Packet], None]) -> None:
        self._take = take

    def add(self, packet: Any) -> tuple[bool, None]:
        """A packet that has come: no key frame is wanted, and there is nothing to decode."""
        payload = bytes(packet._data)
        self._take(Packet(payload, packet.timestamp, packet.sequence_number, packet.ssrc, now()))
        return False, None


def tap(receiver: Any, take: Callable[[Packet], None]) -> None:
    """Take a receiver's packets instead of aiortc's playout. ``take`` must not raise.

    Raises BugError for an aiortc that has none.
    """
    if not hasattr(receiver, _TAP):
        raise BugError("this aiortc keeps its jitter buffer elsewhere; versions 1.9 to 1.16 can be used")
    setattr(receiver, _TAP, Tap(take))


def sending(packets: Channel[Outgoing]) -> Any:
    """A track for aiortc that sends these packets as they come."""
    streams, av = web("aiortc.mediastreams"), web("av")

    track: Any = streams.MediaStreamTrack

    class Sending(track):  # type: ignore[misc]
        """Gives aiortc packets that are coded already."""

        kind = "audio"

        async def recv(self) -> Any:
            try:
                payload, place = await packets.get()
            except ClosedError:
                raise streams.MediaStreamError from None
            packet = av.Packet(payload)
            packet.pts, packet.time_base = place, Fraction(1, TICKS)
            return packet

    return Sending()


def garbled() -> tuple[type[Exception], ...]:
    """What aiortc raises for SDP that it cannot use; found by mutating answers."""
    told = web("aiortc.exceptions")
    own = (told.InternalError, told.InvalidAccessError, told.InvalidStateError, told.OperationError)
    return (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError, *own)
