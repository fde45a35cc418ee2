"""Keys: read from the environment variable named for a server, sent to that server's hosts, shown nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.errors import ConfigError

from .server import Server

LOCAL = ("127.0.0.1", "localhost", "::1", "0.0.0.0")
"""This machine; the last is what servers that listen everywhere say of themselves."""
_SECRET = 8
"""Letters from which a key is a secret; what local servers are given instead of one is a word."""


class Key:
    """A secret with the hosts that may see it. Its text is in no message, log line or repr."""

    __slots__ = ("_origins", "_secret")

    def __init__(self, secret: str, origins: frozenset[tuple[str, str]]) -> None:
        self._secret = secret
        self._origins = origins

    def __repr__(self) -> str:
        return "Key(hidden)" if self._secret else "Key(none)"

    def hidden(self, text: str) -> str:
        """A server's text without the key, should it say it again."""
        return text.replace(self._secret, "…") if len(self._secret) >= _SECRET else text

    def headers(self, url: str) -> dict[str, str]:
        """What a request to this URL carries: the key, or for any other origin nothing."""
        if not self._secret or origin(url) not in self._origins:
            return {}
        return {"Authorization": f"Bearer {self._secret}"}


def origin(url: str) -> tuple[str, str]:
    """Scheme and host with port, in lower case."""
    parts = urlsplit(url.lower())
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, f"{parts.hostname}:{port}"


def local(url: str) -> bool:
    """True for this machine."""
    return urlsplit(url).hostname in LOCAL


def key_of(server: Server, environ: Mapping[str, str] | None = None) -> Key:
    """The server's key. Raises ConfigError where a hosted one has none, or one that no header can carry,
    or would be sent in the clear over the internet."""
    secret = (os.environ if environ is None else environ).get(server.key_env, "").strip()
    if server.hosted and server.key_env and not secret:
        raise ConfigError(
            f"{server.title} wants a key; put it into the environment variable {server.key_env} and start "
            "again"
        )
    if not secret.isprintable() or not secret.isascii():
        raise ConfigError(f"the key in {server.key_env} holds characters that no key has; copy it again")
    if secret and server.hosted and any(origin(url)[0] != "https" for url in server.urls if not local(url)):
        raise ConfigError(f"the key in {server.key_env} is sent over https only; correct the address")
    return Key(secret, frozenset(origin(url) for url in server.urls))
