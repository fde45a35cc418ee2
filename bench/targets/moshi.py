"""Kyutai's moshi and what speaks like it: one WebSocket, binary messages, a track of Opus in Ogg both ways.

The first byte of a message is its kind; the rest is as in moshi's ``rust/protocol.md``. There are no turns:
the agent hears all the time and sounds all the time, silence too, and decides alone when to stop. Its server
takes one conversation at a time and lets the next wait for its handshake.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from bench.socket_wire import PATIENCE, Dial, Wire, checked, plain
from pipeline.errors import PeerError, UserError
from pipeline.ports import PLAYOUT_RATE, Pcm

from .port import Act, Told

PATH = "/api/chat"
SCHEME = "moshi+"
"""Before ws:// or wss:// in an address."""
HANDSHAKE, AUDIO, TEXT, CONTROL, METADATA, ERROR, PING = range(7)
NAMES = ("handshake", "audio", "text", "control", "metadata", "error", "ping")
PACKET = 0.040
"""Seconds of sound per Opus packet that sphn makes."""


class Moshi:
    """A line to such a server; implements ``targets.port.Line``."""

    rate = PLAYOUT_RATE

    def __init__(self, dial: Dial, patience: float = PATIENCE) -> None:
        self._dial, self._patience = dial, patience
        self._wire: Wire | None = None
        self._writer, self._reader = opus_writer(), opus_reader()
        self._heard = 0

    async def open(self) -> dict[str, str]:
        """Dial and wait for the handshake."""
        self._wire = await self._dial()
        try:
            async with asyncio.timeout(self._patience):
                while (await self.receive()).name != NAMES[HANDSHAKE]:
                    pass
        except TimeoutError:
            raise PeerError(
                f"the server accepted the connection and sent no handshake within {self._patience:g} s; it "
                "may be in another conversation (moshi's takes one at a time), or not speak moshi's protocol"
            ) from None
        return {}

    async def send(self, pcm: Pcm) -> None:
        """Every Ogg page that is full."""
        if page := self._writer.append_pcm(pcm):
            await self._open_wire().send(bytes([AUDIO]) + page)

    async def receive(self) -> Told:
        """The next message. Kinds that nobody knows mean nothing, as the protocol wants it."""
        message = await self._open_wire().receive()
        if not isinstance(message, bytes) or not message:
            raise PeerError(f"the server sent garbage: {message[:40]!r}; moshi's messages are binary")
        kind, payload = message[0], message[1:]
        name = NAMES[kind] if kind < len(NAMES) else f"kind {kind}"
        if kind == AUDIO:
            return self._sound(payload)
        if kind == ERROR:
            return Told(name, Act.ERROR, facts={"message": _text(payload)})
        return Told(name, facts={"text": _text(payload)} if kind in (TEXT, METADATA) else {})

    async def truncate(self, item: str, heard: float) -> None:
        """Nothing: there is no history to mend."""

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()

    def _sound(self, payload: bytes) -> Told:
        try:
            pcm = self._reader.append_bytes(payload)
        except ValueError as error:
            raise PeerError(f"the server sent garbage: sound that is no Opus in Ogg ({error})") from None
        begun, self._heard = self._heard, self._heard + len(pcm)
        return Told(NAMES[AUDIO], Act.SOUND, NAMES[AUDIO], pcm, {}, begun)

    def _open_wire(self) -> Wire:
        if self._wire is None:
            raise PeerError("this line was not opened")
        return self._wire


def moshi_address(url: str) -> str:
    """The ws address in ``moshi+ws://…``, the usual path where none is named. Raises UserError."""
    return checked(url.removeprefix(SCHEME), PATH)


def opus_writer() -> Any:
    """Sound at PLAYOUT_RATE to Ogg pages. Raises UserError without sphn."""
    return _sphn().OpusStreamWriter(PLAYOUT_RATE)


def opus_reader() -> Any:
    """The reverse; ValueError for what is no Ogg."""
    return _sphn().OpusStreamReader(PLAYOUT_RATE)


def _sphn() -> Any:
    try:
        return importlib.import_module("sphn")
    except ImportError as error:
        raise UserError(
            f"moshi's protocol needs sphn, which cannot be loaded ({error}); "
            "install it with: pip install 'sphn>=0.2'"
        ) from None


def _text(payload: bytes) -> str:
    return plain(payload.decode("utf-8", errors="replace"))
