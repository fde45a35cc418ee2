"""Names and addresses: which mean this machine alone, and which are its own on the network. Pure, but for
``own_addresses``, which asks the system and sends nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from urllib.parse import urlsplit

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this machine that no other can answer to."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address, or a name of it."""
    bare = host.strip("[]").lower()
    if bare == "localhost":
        return True
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def host_of(header: str) -> str:
    """The name in a ``Host`` header, without its port, in lower case; empty where it is none."""
    try:
        return (urlsplit(f"//{header.strip()}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def same_host(origin: str, host: str) -> bool:
    """Whether a page of this origin came from the server that is asked under this ``Host``."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == host.strip().lower()


def own_addresses() -> tuple[str, ...]:
    """This machine's addresses on its networks, the one that leads out first; no packet is sent."""
    found: list[str] = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))  # a datagram socket only looks up the route
            found.append(probe.getsockname()[0])
    with suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    return tuple(dict.fromkeys(one for one in found if not is_loopback(one) and not _is_link_local(one)))


def _is_link_local(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_link_local


def in_url(host: str) -> str:
    """An address as a URL writes it."""
    return f"[{host}]" if ":" in host else host
