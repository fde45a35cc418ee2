"""What a server is told: where it listens, whom it lets in, how many, and how long it waits for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from audio_io.rtc.config import RtcConfig


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Who may call, and how. Times in seconds."""

    host: str = "127.0.0.1"
    "Address to listen on. Other machines are let in only with a key: see `--lan` and HOCKET_API_KEY."
    port: int = 8765
    "0: any that is free."
    origins: tuple[str, ...] = ()
    "Pages of other hosts that may call, as `https://example.org`. A page of this server always may."
    hosts: tuple[str, ...] = ()
    "Names under which this server is reached, beside its own addresses; without a key no other is answered."
    certificate: Path | None = None
    "For HTTPS: a PEM file with the chain; needs private_key."
    private_key: Path | None = None
    most: int = 40
    "Calls at the same time; one more is told to come again."
    most_pending: int = 16
    "Calls that are being set up, in all."
    most_pending_each: int = 4
    "The same from one address."
    first_message: float = 30.0
    "Until a client over WebSocket says its first word."
    idle: float = 300.0
    "Without a word or a sound of the client's over WebSocket."
    longest: float = 3600.0
    "The longest call."
    backlog: float = 2.0
    "A client that takes nothing for so long is hung up on."
    resume: float = 60.0
    "How long a conversation can be gone on with after its client went away; 0: not at all."
    drain: float = 10.0
    "At the end: how long present turns may still take."
    page: bool = True
    "Whether the page is served at `/`."
    rtc: RtcConfig = field(default_factory=RtcConfig)
    "WebRTC: ports, announced address, STUN and TURN servers, and how long setting up may take."

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise ValueError("host must name an address to listen on")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be 0 to 65535, got {self.port}")
        for name in ("most", "most_pending", "most_pending_each"):
            if not 1 <= getattr(self, name) <= 10_000:
                raise ValueError(f"{name} must be 1 to 10000, got {getattr(self, name)}")
        for name in ("first_message", "idle", "longest", "backlog"):
            if not 0 < getattr(self, name) <= 86400:
                raise ValueError(f"{name} must be more than 0 and at most 86400 seconds")
        for name, most in (("resume", 3600), ("drain", 600)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 0 to {most} seconds, got {getattr(self, name)}")
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together: give both, or neither")
        for origin in self.origins:
            _check_origin(origin)


def _check_origin(origin: str) -> None:
    try:
        parts = urlsplit(origin)
        bare = f"{parts.scheme}://{parts.netloc}"
        whole = parts.scheme in ("http", "https") and bool(parts.netloc) and origin == bare
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"origins are written https://example.org[:port], nothing after it; got {origin!r}")
