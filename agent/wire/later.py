"""Client events that wait: for the session, or for sound that came before them. Bounded, in their order."""

from __future__ import annotations

from collections import deque

from .refusal import invalid
from .requests import Append, Request

MOST = 1024
"""Events that may wait."""
MOST_BYTES = 8 * 2**20
"""Of sound among them, as it came."""


class Later:
    """One call's."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Request, str | None]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, request: Request, name: str | None) -> None:
        """At the end. Raises WireError (``too_many_events``) where too much waits already."""
        size = _size(request)
        if len(self._waiting) >= MOST or self._bytes + size > MOST_BYTES:
            why = "Too much waits for what came before: wait for session.created, and for the turn's reply."
            raise invalid(None, why, "too_many_events")
        self._bytes += size
        self._waiting.append((request, name))

    def take(self) -> tuple[Request, str | None]:
        """The oldest, and its client's name for it."""
        request, name = self._waiting.popleft()
        self._bytes -= _size(request)
        return request, name


def _size(request: Request) -> int:
    audio = request.audio if isinstance(request, Append) else b""
    return len(audio) if isinstance(audio, str | bytes) else 0
