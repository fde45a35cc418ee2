"""How many calls there are, and how many are only being set up: counted before anything is made for them."""

from __future__ import annotations

import ipaddress
from collections import Counter

from .addresses import is_loopback
from .config import ServeConfig
from .message import Refused

RETRY_FULL = 15
"""Seconds after which somebody may have hung up."""
RETRY_PENDING = 5


class Place:
    """One call's. It is given back once, whatever happens."""

    def __init__(self, places: Places, address: str) -> None:
        self._places, self._address = places, address
        self._pending = self._held = True

    def settle(self) -> None:
        """The call is set up: it is pending no more."""
        if self._pending:
            self._pending = False
            self._places._settled(self._address)

    def leave(self) -> None:
        """The call is over, or never came to be."""
        self.settle()
        if self._held:
            self._held = False
            self._places._left()


class Places:
    """All places of a server."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self.taken = 0
        self.pending = 0
        self._each: Counter[str] = Counter()

    def take(self, address: str) -> Place:
        """A place for a call from this address. Raises Refused: 503 when full, 429 for too many set-ups.

        Calls of this machine are not counted by address: behind a proxy all of them are.
        """
        config, near = self._config, _neighbourhood(address)
        if self.taken >= config.most:
            raise Refused(
                503, "server_full", f"all {config.most} calls of this server are taken; try again later",
                retry=RETRY_FULL,
            )  # fmt: skip
        crowded = bool(near) and self._each[near] >= config.most_pending_each
        if crowded or self.pending >= config.most_pending:
            raise Refused(
                429, "too_many_pending", "too many calls are being set up; finish one before the next",
                retry=RETRY_PENDING,
            )  # fmt: skip
        self.taken += 1
        self.pending += 1
        if near:
            self._each[near] += 1
        return Place(self, near)

    def _settled(self, near: str) -> None:
        self.pending -= 1
        if near:
            self._each[near] -= 1
            if not self._each[near]:
                del self._each[near]

    def _left(self) -> None:
        self.taken -= 1


def _neighbourhood(address: str) -> str:
    """What one subscriber has: an IPv4 address, or 64 bits of IPv6; empty for this machine."""
    if is_loopback(address):
        return ""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address or "unknown"
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
