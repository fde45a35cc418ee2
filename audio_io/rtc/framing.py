"""How much sound an Opus packet says it holds, read from its first bytes (RFC 6716, 3.1 and 3.2). Pure.

A packet of two bytes may claim 120 ms, so what a client sends is counted in sound before it is decoded.
"""

from __future__ import annotations

TICKS = 48_000
"""Ticks per second of Opus's RTP clock, whatever the sound's own rate (RFC 7587, 4.1)."""
MOST = 5760
"""Ticks that one packet may hold: 120 ms."""
TINY = 2
"""Bytes of the largest packet that says: silence, and more of it may follow without packets (DTX)."""
_SILK = (480, 960, 1920, 2880)
_CELT = (120, 240, 480, 960)


def ticks(payload: bytes) -> int:
    """Ticks of sound in a packet; 0 for one that is empty or breaks the format."""
    if not payload:
        return 0
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        frame = _SILK[config & 3]
    elif config < 16:
        frame = _SILK[config & 1]
    else:
        frame = _CELT[config & 3]
    if code == 3:
        count = payload[1] & 0x3F if len(payload) > 1 else 0
    else:
        count = 1 if code == 0 else 2
    return frame * count if frame * count <= MOST else 0
