"""Where aiortc and aioice are mended: all that we replace inside them, per call, in one place.

They offer no port range, take an empty datagram from anybody as the end of a call and anybody's DTLS as the
client's, queue without bound, and let a message that is no UTF-8 kill the connection. Each function here
changes one object of one call, nothing global; tests show that each seam is still where it was.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from struct import error as StructError
from typing import Any

from pipeline.errors import BugError, PeerError

from .config import RtcConfig
from .extra import web

LOOPBACK = "127.0.0.1"
TRIES = 1000
"""Ports tried for one address at most."""
STUN = 3.0
"""Seconds that a STUN server may take."""
UNREAD = 512
"""Datagrams that may wait for a loop that is stuck; more are dropped, as a network would."""
KNOWN = 64
"""Addresses of one client at most: each that comes with the call's password is sent checks."""
_SOCKET_BUFFER = 256 * 1024
_NO_STUN, _MEDIA = 4, 20
"""First bytes from which a datagram is no STUN, and from which it is DTLS or sound (RFC 7983)."""


def _held(thing: Any, *names: str) -> Any:
    for name in names:
        if not hasattr(thing, name):
            raise BugError(
                f"this aiortc or aioice has no {type(thing).__name__}.{name}; aiortc 1.16 can be used"
            )
    return thing


def connection_of(transceiver: Any) -> Any:
    """The ICE connection below a transceiver. Raises BugError."""
    transport = _held(transceiver.receiver.transport.transport, "_connection")
    seen = ("_queue", "_protocols", "_remote_candidates")
    replaced = ("get_component_candidates", "data_received", "request_received")
    return _held(transport._connection, *seen, *replaced)


def take_ports(connection: Any, config: RtcConfig) -> None:
    """Make a call's sockets where settings say."""
    connection.get_component_candidates = partial(_gather, connection, config)


def heed(connection: Any, heard: Callable[[], None]) -> None:
    """Tell of each check that a client sends to show that it is there, and keep out what does harm."""
    checked, received = connection.request_received, connection.data_received

    def request_received(message: Any, address: Any, protocol: Any) -> None:
        if len(connection._remote_candidates) >= KNOWN and not _known(connection, address):
            return
        with suppress(KeyError):  # a first check that leaves out its priority
            checked(message, address, protocol)
        named = message.attributes.get("USERNAME", "").partition(":")[0]
        if named == connection.local_username and _known(connection, address):
            heard()  # named by a secret of this call, from where a check was signed with another

    def data_received(data: bytes, component: int) -> None:
        if data and data[0] >= _MEDIA and connection._queue.qsize() < UNREAD:
            received(data, component)

    connection.request_received, connection.data_received = request_received, data_received


def _known(connection: Any, address: tuple[Any, ...]) -> bool:
    """Whether the client has shown that it is there, or its offer names the address and we allow it."""
    return any((one._network_host, one.port) == address[:2] for one in connection._remote_candidates)


def bear_messages(sctp: Any, bad: Callable[[], None]) -> None:
    """Keep a data channel's message that breaks the format from ending the call."""
    receive = _held(sctp, "_receive")._receive

    async def received(stream: int, protocol: int, data: bytes) -> None:
        try:
            await receive(stream, protocol, data)
        except (AssertionError, ValueError, StructError):  # ValueError: also what is no UTF-8
            bad()

    sctp._receive = received


def overrun(sctp: Any) -> bool:
    """Whether a client goes on with a message though we have no more room for it, and said so."""
    return int(_held(sctp, "_advertised_rwnd")._advertised_rwnd) < -(1024 * 1024)


def sending_ended(sender: Any) -> bool:
    """Whether aiortc's sender has given up: it says so to nobody."""
    return bool(_held(sender, "_RTCRtpSender__rtp_exited")._RTCRtpSender__rtp_exited.is_set())


# --- sockets ---------------------------------------------------------------------------------------------


async def _gather(
    connection: Any, config: RtcConfig, component: int, addresses: list[str], timeout: int = 5
) -> list[Any]:
    """In the place of aioice's ``get_component_candidates``: our own sockets, then STUN and TURN as ever."""
    ice, ours = web("aioice.ice"), []
    for address in _addresses(config, addresses):
        protocol = await _bound(connection, config, address)
        if protocol is not None:
            protocol.local_candidate = _candidate(protocol.transport.get_extra_info("sockname"), component)
            ours.append(protocol)
    if not ours:
        raise PeerError(
            "no UDP port is free for another call"
            + (f" between {config.first_port} and {config.last_port}" if config.first_port else "")
        )
    connection._protocols += ours
    found = [protocol.local_candidate for protocol in ours]
    if connection.stun_server:
        found += await _reflexive(ours, connection.stun_server)
    original = ice.Connection.get_component_candidates  # with no addresses it asks TURN only
    found += await original(connection, component=component, addresses=[], timeout=timeout)
    return found


def _addresses(config: RtcConfig, all_of_them: list[str]) -> list[str]:
    if config.addresses:
        return list(config.addresses)
    near = config.loopback and not config.announce  # who is told another address is not on this machine
    return [*all_of_them, LOOPBACK] if near else all_of_them


async def _bound(connection: Any, config: RtcConfig, address: str) -> Any:
    """A socket of aioice's at this address on a free port of ours; None where there is none."""
    loop, made = asyncio.get_running_loop(), _guarded(connection)
    ports = range(config.first_port, config.last_port + 1) if config.first_port else range(1)
    for port in random.sample(ports, min(len(ports), TRIES)):
        with suppress(OSError):
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: made(connection), local_addr=(address, port)
            )
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
            return protocol
    return None


def _guarded(connection: Any) -> Any:
    """aioice's protocol of a socket, for this call: strangers can say nothing there but STUN."""
    protocol: Any = web("aioice.ice").StunProtocol

    class Guarded(protocol):  # type: ignore[misc]
        """One datagram of somebody else's would end a call while it is set up."""

        def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
            if data and (data[0] < _NO_STUN or _known(connection, addr)):
                with suppress(StructError):  # an attribute of a wrong length: a fault of aioice's parser
                    super().datagram_received(data, addr)

    return Guarded


def _candidate(place: tuple[str, int], component: int) -> Any:
    ice = web("aioice.candidate")
    return ice.Candidate(
        foundation=ice.candidate_foundation("host", "udp", place[0]), component=component, transport="udp",
        priority=ice.candidate_priority(component, "host"), host=place[0], port=place[1], type="host",
    )  # fmt: skip


async def _reflexive(protocols: list[Any], server: tuple[str, int]) -> list[Any]:
    """What a STUN server sees of our sockets; one that does not answer is none."""
    ice = web("aioice.ice")
    found: list[Any] = []

    async def ask(protocol: Any) -> None:
        with suppress(TimeoutError, OSError, ice.stun.TransactionError):
            async with asyncio.timeout(STUN):
                candidate, _ = await ice.server_reflexive_candidate(protocol, server)
                found.append(candidate)

    async with asyncio.TaskGroup() as group:
        for protocol in protocols:
            if "." in protocol.local_candidate.host:
                group.create_task(ask(protocol))
    return found
