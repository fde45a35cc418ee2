"""What the real engine's work costs in declared seconds, for running it inline under virtual time.

The figures are processor times of the bundled brain on one core of a small cloud machine, rounded up
(``python -m model.benchmark`` measures them); a simulation needs them fixed, not exact.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """What an engine has done so far."""

    encoded: int = 0
    "Audio positions through the encoder."
    read: int = 0
    "Positions of prompts and predictions through the language model."
    written: int = 0
    "Tokens."


@dataclass(frozen=True, slots=True)
class Price:
    """Seconds per unit of work."""

    request: float = 0.001
    encoded: float = 0.0005
    read: float = 0.0002
    written: float = 0.001
    "Per token; a larger model's pace is shown by raising it."

    def __post_init__(self) -> None:
        if min(self.request, self.encoded, self.read, self.written) < 0:
            raise ValueError(f"prices cannot be negative: {self}")


class Bill:
    """Charges each piece of work once."""

    def __init__(self, price: Price) -> None:
        self._price, self._paid = price, Work()

    def due(self, done: Work, *, request: bool) -> float:
        """Seconds for what was done since the last time; ``request``: a call of its own, no further token."""
        paid, self._paid = self._paid, done
        seconds = (done.encoded - paid.encoded) * self._price.encoded
        seconds += (done.read - paid.read) * self._price.read
        seconds += (done.written - paid.written) * self._price.written
        return seconds + (self._price.request if request else 0.0)
