"""The port of dialects: how one kind of server is asked, and how its answer reads. One small pure file each.

A dialect turns a prompt into one request and each event of the answer into a ``Bit``. It opens no connection,
knows no clock and remembers nothing: what a server can do is found by probing and comes in as ``Able``.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from pipeline.ports import Limits
from pipeline.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Able:
    """What a server and its model can do: probed, or told in the settings."""

    hears: bool = False
    "It takes sound; else every prompt must be text."
    continues: bool = False
    "It goes on from the beginning of its own message."
    thinks: bool = False
    "It writes thoughts before its answer."
    tools: str = "no"
    "``native``, ``text`` or ``no``."
    logprobs: bool = False
    "It tells how likely its tokens were."
    caches: bool = False
    "It keeps what it has read, so that reading a prompt ahead pays."
    context: int | None = None
    "Positions of its context, where it tells them."
    thoughts: str = ""
    """How thoughts come: ``apart`` (the server tells them apart), ``mixed`` (likewise, but what continues a
    message is called thought too), ``marked`` (its text opens and closes them), ``open`` (its text begins
    inside one and closes it); empty: not known."""


@dataclass(frozen=True, slots=True)
class How:
    """What a request needs beside its prompt."""

    model: str
    able: Able = field(default_factory=Able)
    session: str = ""
    "Sent where the server keeps sessions apart by it."
    segment: float = 0.0
    "Seconds of sound per closed segment, so that a server which caches need not read it again; 0: one."
    temperature: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    "The user's own fields, put into every request body."


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: POST ``body`` as JSON to ``path`` under the base URL."""

    path: str
    body: Mapping[str, Any]
    begun: str = ""
    """The beginning of the answer that the request holds for the server to go on from, as ``opening`` writes
    it; empty: the server begins it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server says a request took."""

    read: int = 0
    cached: int = 0
    "Of those read, how many it had kept."
    written: int = 0


@dataclass(frozen=True, slots=True)
class CallBit:
    """A part of a tool call, as it streams."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    "To be joined with those before."


@dataclass(frozen=True, slots=True)
class Bit:
    """One event of an answer."""

    thought: str = ""
    "Where the server tells thoughts apart; markers of its own text stay in ``text``."
    text: str = ""
    calls: tuple[CallBit, ...] = ()
    tokens: int = 1
    "How many tokens it stands for, as far as is known."
    logprob: float | None = None
    "Mean over them."
    finish: str = ""
    "Why the answer ends here: ``stop``, ``length``, ``calls``; empty: it goes on."
    usage: Usage | None = None


_MOST = 10**9
"""Tokens of one request that a count may claim; a server that tells more has told nothing."""


def checked(bit: Bit) -> Bit:
    """The bit as whatever comes after may trust it: counts are counts, and a likelihood is a number.

    Raises TypeError for words that are no text.
    """
    words = [bit.thought, bit.text, *(text for call in bit.calls for text in (call.id, call.name))]
    words += [call.arguments for call in bit.calls]
    if not all(isinstance(each, str) for each in words):
        raise TypeError("words that are no text")
    if not all(isinstance(call.index, int) for call in bit.calls):
        raise TypeError("a call whose place is no number")
    if bit.logprob is not None and not math.isfinite(bit.logprob):
        bit = replace(bit, logprob=None)
    if bit.usage is not None:
        told = bit.usage
        bit = replace(bit, usage=Usage(_count(told.read), _count(told.cached), _count(told.written)))
    return bit


def _count(told: Any) -> int:
    return int(told) if isinstance(told, int | float) and 0 <= told <= _MOST else 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that a server offers."""

    name: str
    note: str = ""
    "Size or family, where the server tells it."


def nameable(name: str) -> bool:
    """A model's name that can be shown to a person."""
    return 0 < len(name) <= 256 and name.isprintable()


class Dialect(Protocol):
    """One kind of server.

    One may also have ``believed: Able``: what its documentation says such a server can do. It counts where
    nothing was asked, and where the answers left it open. And ``segment: float``: seconds of sound per closed
    segment that suit such servers, whatever the settings say.
    """

    @property
    def name(self) -> str: ...

    @property
    def framing(self) -> str:
        """``sse`` (events, ended by ``[DONE]`` or by the connection) or ``lines`` (a JSON value per line)."""
        ...

    @property
    def models(self) -> str:
        """Path of a GET that lists models; it is the health check too."""
        ...

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        """The models in that answer. Raises PeerError where it is none."""
        ...

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        """The request that continues this prompt. Raises ModelError where ``how.able`` cannot take it."""
        ...

    def bit(self, event: Any) -> Bit | None:
        """What one decoded event says; None where it says nothing. Raises PeerError for an error event."""
        ...


Fetch: TypeAlias = Callable[[str, Mapping[str, Any] | None], Awaitable[Any]]
"""Asks a server for JSON: POST of the body to a path under the base URL, GET where there is none.
Raises PeerError for any answer but a good one."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says of itself and a model before anything is generated; None: it must be tried."""

    hears: bool | None = None
    continues: bool | None = None
    thinks: bool | None = None
    tools: str | None = None
    logprobs: bool | None = None
    caches: bool | None = None
    context: int | None = None


@runtime_checkable
class Learner(Protocol):
    """A dialect that must read something of its server before it can ask well: a template, a marker."""

    async def learn(self, fetch: Fetch, model: str) -> tuple[Dialect, Told]:
        """The dialect to use from now on, and what needs no probing. Never raises for a missing answer: what
        could not be read stays unknown."""
        ...
