"""Which of a server's addresses is asked next: where a session's prefix is warm, unless it has failed lately.

Pure: time and chance come in. An address that failed rests, twice as long each time it fails again, and is
tried once after that; one answer makes it well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

_SESSIONS = 256
"""Sessions whose home is remembered."""
_DOUBLINGS = 32
"""Of a rest: one that fails for days must not fail by overflow."""


@dataclass(slots=True, eq=False)
class Host:
    """One base URL and how it fares."""

    url: str
    failures: int = 0
    "In a row."
    until: float = 0.0
    "It rests until then."

    def well(self, now: float) -> bool:
        """It may be asked, as far as is known."""
        return now >= self.until

    @property
    def doubtful(self) -> bool:
        """It failed last, and has answered nothing since."""
        return self.failures > 0


class Hosts:
    """The addresses of one server, best first."""

    def __init__(
        self, urls: Sequence[str], *, rest: float, longest: float, chance: Callable[[], float]
    ) -> None:
        """``rest``, ``longest``: seconds that one which failed rests at first and at most."""
        self.all = tuple(Host(url) for url in urls)
        self._rest, self._longest, self._chance = rest, longest, chance
        self._homes: dict[str, Host] = {}

    def pick(self, session: str, now: float, without: Collection[Host] = ()) -> Host | None:
        """The one to ask: the session's home, else the next one that is well, else the one that has rested
        longest; None when all were ruled out."""
        order = [host for host in self._order(session) if host not in without]
        if not order:
            return None
        return next((host for host in order if host.well(now)), min(order, key=lambda host: host.until))

    def others(self, host: Host, now: float) -> bool:
        """True where another address is well."""
        return any(each is not host and each.well(now) for each in self.all)

    def answered(self, host: Host, session: str) -> None:
        """It gave a token: it is well, and the session stays with it."""
        host.failures, host.until = 0, 0.0
        self._homes.pop(session, None)
        self._homes[session] = host
        while len(self._homes) > _SESSIONS:
            del self._homes[next(iter(self._homes))]

    def failed(self, host: Host, now: float, after: float = 0.0) -> None:
        """It could not be reached, broke off or was silent; ``after``: it named so many seconds itself."""
        host.failures += 1
        doubled = self._rest * 2.0 ** min(host.failures - 1, _DOUBLINGS)
        rest = min(self._longest, doubled) * (0.5 + self._chance())
        host.until = now + max(rest, min(after, self._longest))

    def _order(self, session: str) -> list[Host]:
        home = self._homes.get(session)
        first = self.all.index(home) if home else zlib.crc32(session.encode()) if session else 0
        count = len(self.all)
        return [self.all[(first + step) % count] for step in range(count)]
