"""Any server of the OpenAI Realtime protocol over WebSocket.

Asked by the names of its general availability; answers are understood by those of its beta too. Sound is
PCM16 at 24 kHz both ways, base64 in JSON text frames. Where turns end is the server's decision, by its own
default or by the kind asked for, or the user's, by a button; what it says of it goes into the report.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import numpy as np

from bench.socket_wire import PATIENCE, Dial, Wire, checked, plain
from pipeline.errors import PeerError
from pipeline.ports import PLAYOUT_RATE, Pcm

from .port import Act, Told

PATH = "/v1/realtime"
"""Where servers listen, for an address without a path."""
MANUAL = "none"
"""No turn detection: the user says when a turn is over."""
TURN_DETECTION = ("server_vad", "semantic_vad", MANUAL)
_FACTS = (
    "item_id", "response_id", "event_id", "audio_start_ms", "audio_end_ms", "transcript", "text", "name",
)  # fmt: skip
_SOUND = ("response.output_audio.delta", "response.audio.delta")
_SOUND_END = ("response.output_audio.done", "response.audio.done")
_FORMAT = {"type": "audio/pcm", "rate": PLAYOUT_RATE}


@dataclass(frozen=True, slots=True)
class RealtimeConfig:
    """What is asked of the server."""

    instructions: str = ""
    voice: str = ""
    turn_detection: str = ""
    "One of TURN_DETECTION; empty: the server's own default."
    patience: float = PATIENCE
    "Seconds to wait for the session to be agreed on."

    @property
    def by_hand(self) -> bool:
        """Whether the user ends the turns."""
        return self.turn_detection == MANUAL

    def session(self, *, formats: bool = True) -> dict[str, Any]:
        """The ``session`` of a session.update; a track needs no formats."""
        heard: dict[str, Any] = {"format": _FORMAT} if formats else {}
        if self.turn_detection:
            heard["turn_detection"] = None if self.by_hand else {"type": self.turn_detection}
        spoken: dict[str, Any] = {"format": _FORMAT} if formats else {}
        if self.voice:
            spoken["voice"] = self.voice
        found: dict[str, Any] = {"type": "realtime", "output_modalities": ["audio"]}
        if heard or spoken:
            found["audio"] = {"input": heard, "output": spoken}
        return found | ({"instructions": self.instructions} if self.instructions else {})


class Conversing:
    """What both carriers of this protocol have in common: agreeing on a session, and the user's button."""

    def __init__(self, config: RealtimeConfig) -> None:
        self._config = config
        self.by_hand = config.by_hand
        self._answering = False

    async def agree(self, *, formats: bool) -> dict[str, str]:
        """Wait for session.created, send session.update, wait for session.updated. Raises PeerError."""
        created = await self._expect("session.created", "after it was dialled")
        await self._put({"type": "session.update", "session": self._config.session(formats=formats)})
        updated = await self._expect("session.updated", "when asked for this session with session.update")
        if formats:
            check_format(updated)
        return about(created) | about(updated)

    async def begin_turn(self) -> None:
        """Forget the silence heard so far, and stop an answer that is being made."""
        if self._answering:
            await self._put({"type": "response.cancel"})
        await self._put({"type": "input_audio_buffer.clear"})

    async def end_turn(self) -> None:
        """What was heard is a turn; answer it."""
        await self._put({"type": "input_audio_buffer.commit"})
        await self._put({"type": "response.create"})

    async def _put(self, event: dict[str, Any]) -> None:
        raise NotImplementedError

    async def _next(self) -> dict[str, Any]:
        raise NotImplementedError

    def _noticed(self, event: dict[str, Any]) -> Told:
        if event["type"] in ("response.created", "response.done"):
            self._answering = event["type"] == "response.created"
        return translated(event)

    async def _expect(self, kind: str, when: str) -> dict[str, Any]:
        """The next event of a kind. An error event before it is the server's answer to the call."""
        try:
            async with asyncio.timeout(self._config.patience):
                while True:
                    event = await self._next()
                    if event["type"] == "error":
                        raise PeerError(f"the server refused the session: {complaint(event)}")
                    if event["type"] == kind:
                        return event
        except TimeoutError:
            raise PeerError(
                f"the server accepted the connection and sent no {kind} "
                f"within {self._config.patience:g} s {when}; it may not speak the OpenAI Realtime protocol"
            ) from None


class Realtime(Conversing):
    """A line to such a server; implements ``targets.port.Line`` and ``ByHand``."""

    rate = PLAYOUT_RATE

    def __init__(self, dial: Dial, config: RealtimeConfig | None = None) -> None:
        super().__init__(config or RealtimeConfig())
        self._dial = dial
        self._wire: Wire | None = None

    async def open(self) -> dict[str, str]:
        """Dial and agree on PCM at 24 kHz."""
        self._wire = await self._dial()
        return await self.agree(formats=True)

    async def send(self, pcm: Pcm) -> None:
        """Append sound to the server's input buffer."""
        await self._put({"type": "input_audio_buffer.append", "audio": encoded(pcm)})

    async def receive(self) -> Told:
        """The next event, unknown ones included: they are logged and mean nothing."""
        return self._noticed(await self._next())

    async def truncate(self, item: str, heard: float) -> None:
        """Whole milliseconds, rounded down: more than was sent would be an error."""
        await self._put(
            {"type": "conversation.item.truncate", "item_id": item, "content_index": 0,
             "audio_end_ms": int(1000 * heard)}
        )  # fmt: skip

    async def close(self) -> None:
        if self._wire is not None:
            await self._wire.close()

    def _open_wire(self) -> Wire:
        if self._wire is None:
            raise PeerError("this line was not opened")
        return self._wire

    async def _put(self, event: dict[str, Any]) -> None:
        await self._open_wire().send(json.dumps(event))

    async def _next(self) -> dict[str, Any]:
        return parsed(await self._open_wire().receive())


def address(url: str, model: str = "") -> str:
    """The address to dial: the usual path where none is named, and the model in its query. UserError."""
    return with_model(checked(url, PATH), model)


def with_model(url: str, model: str) -> str:
    """The same address with the model in its query."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query) + ([("model", model)] if model else [])
    return urlunsplit(parts._replace(query=urlencode(query)))


def encoded(pcm: Pcm) -> str:
    """Sound as base64 of little-endian 16-bit samples."""
    return base64.b64encode((np.clip(pcm, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()).decode()


def decoded(text: object) -> Pcm:
    """The reverse. Raises PeerError for anything else."""
    if not isinstance(text, str):
        raise PeerError(f"the server sent garbage: audio that is {type(text).__name__}, not base64 text")
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one
        raise PeerError(f"the server sent garbage: audio that is no base64 ({error})") from None
    if len(found) % 2:
        raise PeerError(f"the server sent garbage: {len(found)} bytes are no whole number of 16-bit samples")
    return (np.frombuffer(found, "<i2") / 32768.0).astype(np.float32)


def parsed(message: str | bytes) -> dict[str, Any]:
    """An event from a message. Raises PeerError for anything but a JSON object with a type."""
    if isinstance(message, bytes):
        raise PeerError(f"the server sent garbage: a binary frame ({len(message)} bytes); events are text")
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        raise PeerError(f"the server sent garbage: {message[:40]!r} is no JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise PeerError(f"the server sent garbage: {message[:40]!r} is no event: an object with a type")
    return found


def translated(event: dict[str, Any]) -> Told:
    """What an event means for the harness. Raises PeerError for sound that is none."""
    kind, item = event["type"], str(event.get("item_id") or "")
    facts = {name: event[name] for name in _FACTS if isinstance(event.get(name), (str, int, float))}
    if kind in _SOUND:
        return Told(kind, Act.SOUND, item, decoded(event.get("delta")), facts)
    if kind in _SOUND_END:
        return Told(kind, Act.SOUND_END, item, None, facts)
    if kind == "input_audio_buffer.speech_started":
        return Told(kind, Act.USER_BEGAN, item, None, facts)
    if kind == "error":
        return Told(kind, Act.ERROR, item, None, {"message": complaint(event)})
    if isinstance(event.get("delta"), str) and "transcript" in kind:
        facts["delta"] = event["delta"]
    response = event.get("response")
    if isinstance(response, dict):
        facts |= {name: response[name] for name in ("id", "status") if isinstance(response.get(name), str)}
    return Told(kind, Act.NOTE, item, None, facts)


def complaint(event: dict[str, Any]) -> str:
    """An error event in one line."""
    told = event.get("error")
    if not isinstance(told, dict):
        return "an error without a word"
    return plain(
        str(told.get("message") or told.get("code") or told.get("type") or "an error without a word")
    )


def check_format(event: dict[str, Any]) -> None:
    """That the session's sound is what was asked for, where it says so at all. Raises PeerError."""
    session = event.get("session")
    for side in ("input", "output"):
        found = _under(session, "audio", side, "format")
        told = found if found is not None else _under(session, f"{side}_audio_format")
        kind = told.get("type") if isinstance(told, dict) else told
        rate = told.get("rate", PLAYOUT_RATE) if isinstance(told, dict) else PLAYOUT_RATE
        if told is not None and (kind not in ("audio/pcm", "pcm16") or rate != PLAYOUT_RATE):
            raise PeerError(
                f"the server's {side} is {plain(json.dumps(told))}; asked for was audio/pcm at 24000 Hz, "
                "and sound in any other would be measured at the wrong speed"
            )


def _under(found: Any, *names: str) -> Any:
    """What lies under these names, one in the other; None where one is missing."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def about(event: dict[str, Any]) -> dict[str, str]:
    """What a session event says of the server: its model, voice and how it decides that a turn is over."""
    session = event.get("session")
    found = {
        "model": _under(session, "model"),
        "turn_detection": _under(session, "audio", "input", "turn_detection")
        or _under(session, "turn_detection"),
        "voice": _under(session, "audio", "output", "voice") or _under(session, "voice"),
    }
    return {
        name: plain(value if isinstance(value, str) else json.dumps(value, sort_keys=True))
        for name, value in found.items() if value
    }  # fmt: skip
