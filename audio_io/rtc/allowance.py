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
FORGIVEN = 1.0
"""Seconds without a refusal after which those before do not count."""


class Allowance:
    """What may still be taken."""

    def __init__(self, began: float) -> None:
        self._left, self._at = BURST, began
        self._first = self._last = -FORGIVEN
        "When the present row of refusals began, and the newest of it."
        self.refused = 0.0
        "Seconds of sound that were not taken."

    def take(self, seconds: float, at: float) -> bool:
        """Whether so much may pass now."""
        self._left = min(BURST, self._left + SPEED * (at - self._at))
        self._at = at
        if seconds <= self._left:
            self._left -= seconds
            return True
        self.refused += seconds
        if at - self._last >= FORGIVEN:
            self._first = at
        self._last = at
        return False

    def abused(self) -> bool:
        """Whether the client has gone on beyond it for PATIENCE seconds."""
        return self._last - self._first >= PATIENCE
