"""Reads an answer's bytes as events: server-sent events, or a JSON value per line. Knows no connection.

However the bytes are cut, the events are the same. It never takes an answer that was cut off for a whole one:
half an event at the end is none.
"""

from __future__ import annotations

import json
import reprlib
from typing import Any

from pipeline.errors import PeerError

LONGEST = 1 << 20
"""Bytes of one event; more is no token of an answer."""
DONE = "[DONE]"
"""Ends a stream of OpenAI's kind."""


def parsed(data: bytes | str) -> Any:
    """A server's JSON. Raises ValueError for what is none, or is nested more deeply than anybody means."""
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def glimpse(value: Any) -> str:
    """What a value of any size and depth looks like, for messages: a few words of it."""
    return reprlib.repr(value)[:120]


class EventReader:
    """Bytes in, decoded JSON values out."""

    def __init__(self, framing: str) -> None:
        """``framing``: ``sse`` or ``lines``."""
        self._sse = framing == "sse"
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self.done = False
        "The server has said that nothing follows."

    def feed(self, chunk: bytes) -> list[Any]:
        """The events that are complete with these bytes. Raises PeerError for what is neither."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST:
            raise PeerError(f"the server sent an event of more than {LONGEST} bytes")
        events = []
        for line in lines:
            text = line.removesuffix(b"\r")
            complete = self._sse_line(text) if self._sse else (text.strip() or None)
            if complete is not None and not self.done:
                events.extend(self._decoded(complete))
        return events

    def finish(self) -> list[Any]:
        """What is complete now that the connection has ended: a last line needs no line end."""
        last, self._rest = self._rest.strip(), b""
        if self._sse or not last or self.done:
            return []
        try:
            return self._decoded(last)
        except PeerError:
            return []  # half a line: the server went away in the middle of it

    def _sse_line(self, line: bytes) -> bytes | None:
        """An event's data, where this line completes one (https://html.spec.whatwg.org, 9.2.6)."""
        if not line:
            data, self._data, self._size = b"\n".join(self._data), [], 0
            return data or None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1
            if self._size > LONGEST:
                raise PeerError(f"the server sent an event of more than {LONGEST} bytes")
        return None  # comments, which keep a connection alive, and fields that say nothing here

    def _decoded(self, data: bytes) -> list[Any]:
        if data.strip() == DONE.encode():
            self.done = True
            return []
        try:
            return [parsed(data)]
        except ValueError as error:
            shown = data[:80].decode("utf-8", "replace")
            raise PeerError(f"the server sent what is no JSON: {shown!r}") from error
