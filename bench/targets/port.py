"""What a protocol file gives to the harness: a line to an agent, and what comes back over it.

A new protocol is one file with a class of this shape. It translates and nothing else: when sound is sent,
when it is played and what a listener hears of it is decided by ``socket_hold`` alike for all of them.

How to add one (``moshi.py`` is the shortest): write ``Line``, with a wire handed in so that a test can speak
to it through ``socket_wire.pair`` in virtual time; let ``receive`` make a ``Told`` of every message, a NOTE
of those that mean nothing here; raise PeerError for garbage, never skip it. An agent that sends items (what
it has, as fast as it can, and says when one ends) gives ``item``; one that sends a track (as much as time has
passed, silence too) gives ``stamp``. Then name its scheme in ``target_command.SCHEMES``, with what its
packets and codec add in ``buffers``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from pipeline.ports import Pcm


class Act(StrEnum):
    """What a message means for the harness."""

    NOTE = "note"
    "Nothing but an entry in the log."
    SOUND = "sound"
    "Some of the agent's voice."
    SOUND_END = "sound end"
    "All sound of this item has been sent."
    USER_BEGAN = "user began"
    "The agent heard the user begin: a client stops playing what is not played yet."
    ERROR = "error"
    "The agent complains and goes on."


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One message of the agent."""

    name: str
    "As its protocol calls it."
    act: Act = Act.NOTE
    item: str = ""
    "Which utterance a sound belongs to."
    pcm: Pcm | None = None
    "At PLAYOUT_RATE."
    facts: dict[str, Any] = field(default_factory=dict)
    "What is worth a line in the log; small, never sound."
    stamp: int | None = None
    "Of a track: where the sound's first sample lies on the agent's own clock, at PLAYOUT_RATE. None: items."
    arrived: float | None = None
    "When it came, on the loop's clock; None: when ``receive`` gave it."


class Line(Protocol):
    """One conversation with an agent. For one loop; ``send`` and ``receive`` run beside each other."""

    rate: int
    "Samples per second that ``send`` wants."

    async def open(self) -> dict[str, str]:
        """Dial and agree on the sound; returns what the agent says of itself. Raises PeerError, UserError."""
        ...

    async def send(self, pcm: Pcm) -> None:
        """The next sound of the user, shape (samples,). Raises PeerError."""
        ...

    async def receive(self) -> Told:
        """The agent's next message. Raises PeerError when it is garbage or the line is gone."""
        ...

    async def truncate(self, item: str, heard: float) -> None:
        """Tell the agent that no more than ``heard`` seconds of an utterance were heard. Raises PeerError."""
        ...

    async def close(self) -> None:
        """Hang up. Never raises."""
        ...


@runtime_checkable
class ByHand(Protocol):
    """A line whose user says when a turn begins and ends, as with a button: for agents that do not detect it.

    What such an agent is measured at leaves out endpointing, and every report must say so.
    """

    by_hand: bool
    "False: the agent detects turns itself and the button is never used."

    async def begin_turn(self) -> None:
        """The user begins: what the agent is still saying is no longer wanted. Raises PeerError."""
        ...

    async def end_turn(self) -> None:
        """The user has finished and wants a reply; all sound was sent. Raises PeerError."""
        ...
