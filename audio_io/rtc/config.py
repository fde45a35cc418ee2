"""Settings of WebRTC calls: addresses, ports, servers that help through firewalls, times and limits.

Imports nothing of the extra ``web``, so that settings can be read where it is not installed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any

CANDIDATES = ("none", "lan", "public")
_SERVER = re.compile(
    r"(?P<scheme>stun|turn|turns):(?:(?P<user>[^@\s]+)@)?(?P<place>[^@\s?]+)"
    r"(?P<query>\?transport=(?:udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server."""

    url: str
    "``stun:host:port``, ``turn:host:port?transport=tcp``."
    username: str = ""
    credential: str = field(default="", repr=False)

    def for_browsers(self) -> dict[str, Any]:
        """As RTCPeerConnection takes it in ``iceServers``. Holds the credential."""
        if not self.username:
            return {"urls": [self.url]}
        return {"urls": [self.url], "username": self.username, "credential": self.credential}


def ice_server(text: str) -> IceServer:
    """Read ``stun:host:port`` or ``turn:user:secret@host:port?transport=tcp``. Raises ValueError."""
    found = _SERVER.fullmatch(text.strip())
    user, _, secret = ((found and found["user"]) or "").partition(":")
    if found is None or (found["scheme"] == "stun") != (not user) or bool(user) != bool(secret):
        # never the text itself: it may hold a secret
        raise ValueError(
            "ice_servers are written stun:host:port or turn:user:secret@host:port?transport=tcp; "
            f"cannot be used: one that begins with {text.strip()[:5]!r}"
        )
    return IceServer(f"{found['scheme']}:{found['place']}{found['query'] or ''}", user, secret)


@dataclass(frozen=True, slots=True)
class RtcConfig:
    """How WebRTC calls are made. Times in seconds."""

    addresses: tuple[str, ...] = ()
    "Own addresses to take calls at; none: all of this machine's."
    loopback: bool = True
    "Also take calls at 127.0.0.1, when `addresses` is empty: for a page on this machine."
    announce: str = ""
    "Address told to clients instead of our own: behind NAT or in a container, the one they can reach."
    first_port: int = 0
    "UDP ports, one per call and address: first to last, both included; 0: any."
    last_port: int = 0
    ice_servers: tuple[str, ...] = field(default=(), repr=False)
    "`stun:host:port` or `turn:user:secret@host:port`; told to clients, and used by us."
    candidates: str = "none"
    """Which of a client's own addresses are tried: `none` (it comes to us, we send nothing to addresses
    that it names), `lan` (private ones), `public` (for a server behind NAT with TURN)."""
    setup: float = 10.0
    "Until a call is connected and its data channel open."
    gone: float = 15.0
    "Without any packet of a client after which it is gone; browsers send one every 2.5 s at least."
    closing: float = 3.0
    "That hanging up may take."
    write: float = 5.0
    "That the data channel may be full before its client counts as gone."
    bitrate: int = 32_000
    "Of the agent's voice, bits per second."

    def __post_init__(self) -> None:
        for address in (*self.addresses, *((self.announce,) if self.announce else ())):
            _check_address(address)
        ports = (self.first_port, self.last_port)
        if ports != (0, 0) and not 1024 <= self.first_port <= self.last_port <= 65535:
            raise ValueError(
                f"first_port and last_port must be 1024 to 65535 in order, or both 0; got {ports}"
            )
        if self.candidates not in CANDIDATES:
            raise ValueError(f"candidates must be one of {', '.join(CANDIDATES)}, got {self.candidates!r}")
        for name in ("setup", "gone", "closing", "write"):
            if not 0 < getattr(self, name) <= 600:
                raise ValueError(f"{name} must be more than 0 and at most 600, got {getattr(self, name)}")
        if not 6_000 <= self.bitrate <= 128_000:
            raise ValueError(f"bitrate must be 6000 to 128000 bits per second, got {self.bitrate}")
        for text in self.ice_servers:
            ice_server(text)

    @property
    def servers(self) -> tuple[IceServer, ...]:
        """STUN and TURN servers, read."""
        return tuple(ice_server(text) for text in self.ice_servers)


def _check_address(address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ValueError(f"{address!r} is no IP address; names are not looked up here") from None
