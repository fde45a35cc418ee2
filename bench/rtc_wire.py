"""A WebRTC call as the harness sees it; ``audio_io.rtc.caller`` is one, by way of aiortc.

Of aiortc come ICE, DTLS, SRTP and SCTP. Its playout does not: its own jitter buffer adds 80 ms, 200 ms more
for good after one lost packet, and it goes deaf at an empty packet; all of that would be measured as the
agent's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from audio_io.rtc.tap import Packet


class Call(Protocol):
    """A call that stands."""

    def play(self, payload: bytes) -> None:
        """Send the next 20 ms of the user. Raises PeerError when the call is gone."""
        ...

    def tell(self, event: str) -> None:
        """Send an event. Raises PeerError when the call is gone."""
        ...

    async def receive(self) -> str | Packet:
        """The next event or packet. Raises PeerError when the call is gone."""
        ...

    async def close(self) -> None: ...


Ring: TypeAlias = Callable[[], Awaitable[Call]]
"""Makes a call. Raises PeerError, UserError."""
