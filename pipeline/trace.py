"""The one recorder: every fact, every order and what passes down the line, numbered and timed, as JSON.

``{"seq": 7, "t": 1.25, "kind": "SpeechPaused", "at": 16000}``; a field that bears one of the first three
names is written with an underscore after it. It must never keep a whole conversation in memory, change what
it records, or end a conversation because a disk is full.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import numpy as np

from . import events
from .clock import now
from .errors import UserError
from .events import Message
from .ports import Phrase
from .records import (
    Contradiction,
    Decided,
    Measured,
    Noted,
    Said,
    Speculated,
    Thought,
    ToolRan,
    Transcribed,
    Window,
)

Item: TypeAlias = (
    Message | Phrase | Thought | Window | Measured | Said | Decided | Noted | Speculated | Contradiction
    | Transcribed | ToolRan
)
"""Whatever can stand in a trace."""

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in typing.get_args(Item)}
_HINTS: dict[type[Any], dict[str, Any]] = {}
_UNFLUSHED = 64
"""Entries that a crash may cost at most."""
_TAIL = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a trace."""

    seq: int
    "Counted from 0 within the trace, without gaps."
    at: float
    "Seconds on the loop's clock since the first entry."
    item: Item


class Entries(list[Entry]):
    """What ``read`` found, and whether the file's last line was whole."""

    note: str = ""
    "One sentence for the user when something was left out."


class Trace:
    """Records into a file, or into none, and tells whoever subscribed. For one loop's thread."""

    def __init__(self, path: Path | None = None) -> None:
        self.tail: deque[Entry] = deque(maxlen=_TAIL)
        "The newest entries, for error reports; nothing older is kept."
        self.fault = ""
        "Why the file was given up while the conversation went on, if it was."
        self._file = None if path is None else _opened(path)
        self._listeners: list[Callable[[Entry], None]] = []
        self._queue: deque[Entry] = deque()
        self._origin: float | None = None
        self._count = 0
        self._unflushed = 0

    def record(self, item: Item) -> None:
        """Number an item, give it the time, write it and tell the subscribers, in the order of recording."""
        moment = now()
        if self._origin is None:
            self._origin = moment
        entry = Entry(self._count, moment - self._origin, item)
        self._count += 1
        self.tail.append(entry)
        self._write(entry)
        self._queue.append(entry)
        if len(self._queue) == 1:
            self._tell()

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call ``listener`` with every entry from now on; the returned function ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def close(self) -> None:
        """Write out what is buffered and close the file; entries recorded later reach subscribers only."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self.fault = f"the end of the trace could not be written: {error}"

    def _tell(self) -> None:
        """A listener may record something itself: it is told after everyone has heard the present entry."""
        try:
            while self._queue:
                for listener in tuple(self._listeners):
                    listener(self._queue[0])
                self._queue.popleft()
        finally:
            self._queue.clear()

    def _write(self, entry: Entry) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line(entry))
            self._unflushed += 1
            if self._unflushed >= _UNFLUSHED:
                self._file.flush()
                self._unflushed = 0
        except OSError as error:
            self.close()
            self.fault = f"the trace ends at entry {entry.seq}: {error}"


def line(entry: Entry) -> str:
    """An entry as one line of JSON with its line end. Floats keep every bit."""
    record = {"seq": entry.seq, "t": _plain(entry.at), "kind": type(entry.item).__name__}
    record.update({_aside(name): value for name, value in _plain(entry.item).items()})
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def read(path: Path) -> Entries:
    """All entries of a trace file, equal to those recorded; a last line that was cut off is noted, not read.

    Raises UserError when the file cannot be read or a line is not an entry, with the line's number.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UserError(f"cannot read the trace {path}: {error.strerror}; give one a session wrote") from None
    found = Entries()
    last = lines.pop()
    for number, text in enumerate(lines, 1):
        found.append(_entry(text, f"{path}, line {number}"))
    if last:
        found.note = f"the last line of {path} ({len(lines) + 1}) is cut off and was left out"
    return found


def _aside(name: str) -> str:
    return name + "_" if name in ("seq", "t", "kind") else name


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", buffering=1 << 16)
    except OSError as error:
        raise UserError(f"cannot write a trace to {path}: {error.strerror}; choose another folder") from None


def _plain(value: Any) -> Any:
    """A value as JSON knows it. NumPy scalars become numbers, infinity and NaN become words."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _entry(text: bytes, where: str) -> Entry:
    try:
        record = json.loads(text)
        seq, at, kind = record.pop("seq"), record.pop("t"), record.pop("kind")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{where} is not a trace entry ({error!r}); an entry has seq, t and kind") from None
    if kind not in _KINDS:
        raise UserError(f"{where} has the unknown kind {kind!r}; it was written by another version of Hocket")
    try:
        values = {name.removesuffix("_"): value for name, value in record.items()}
        return Entry(int(seq), float(at), _valued(values, _KINDS[kind]))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{where} is not a valid {kind}: {error!r}") from None


def _valued(value: Any, kind: Any) -> Any:
    """The inverse of ``_plain`` for a field of this type."""
    if isinstance(kind, typing.NewType):
        kind = kind.__supertype__
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if value is None else _valued(value, options[0])
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _HINTS.setdefault(kind, typing.get_type_hints(kind, vars(events)))
        extra = value.keys() - hints.keys()
        if extra:
            raise ValueError(f"unknown fields {sorted(extra)}")
        # what an older recording does not know yet has its default, or is missed below
        return kind(**{name: _valued(value[name], hint) for name, hint in hints.items() if name in value})
    if kind is float or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value
