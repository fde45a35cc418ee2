"""How much sound a client may send: as much as there is time, a little over, and a burst now and then.

An Opus packet of two bytes may claim 120 ms, and a client can send them as fast as the network takes them;
what listens would then work a hundred times as hard as anybody speaks. Pure: a token bucket (RFC 2697).
"""

from __future__ import annotations

SPEED = 1.05
"""Seconds of sound per second that are always taken: clocks differ."""
BURST = 2.0
"""Seconds of sound that may come at once, after a stall of the network."""
PATIENCE = 5.0
"""Seconds of going on beyond it until the call should end."""


class Allowance:
    """What may still be taken."""

    def __init__(self, began: float) -> None:
        self._left, self._at = BURST, began
        self._over: float | None = None
        self.refused = 0.0
        "Seconds of sound that were not taken."

    def take(self, seconds: float, at: float) -> bool:
        """Whether so much may pass now."""
        self._left = min(BURST, self._left + SPEED * (at - self._at))
        self._at = at
        if seconds <= self._left:
            self._left -= seconds
            if self._left >= BURST / 2:
                self._over = None
            return True
        self.refused += seconds
        self._over = at if self._over is None else self._over
        return False

    def abused(self, at: float) -> bool:
        """Whether the client has gone on beyond it for PATIENCE seconds."""
        return self._over is not None and at - self._over >= PATIENCE
