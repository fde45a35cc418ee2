"""How a load test reaches its agents: many sessions in this process, or many calls to a server.

A carrier makes calls ready one by one, each without a sound yet, so that how long a handshake takes shifts
nobody's questions. It decides nothing about what is said or measured.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from agent.turn import TurnConfig
from pipeline.errors import BugError
from pipeline.ports import Compute, Pcm, Voice

from .edge import Clock
from .item import Item
from .script import Script
from .session_run import Held, Target, hold, opened
from .socket_hold import EVENTS, hold_over
from .socket_run import SocketTarget
from .targets.port import Line, Told


class Call(Protocol):
    """One session that is ready to begin."""

    target: Target
    "With the names of whoever answers, for the labels."

    async def hold(self, item: Item, script: Script, folder: Path) -> Held:
        """Until the script is over; a session that breaks off says why in ``Held.error``."""
        ...


class Carrier(Protocol):
    """A way to the agents under test. For one level."""

    names: dict[str, str]
    alone: bool
    "Whether the agents run in a process other than this one."

    async def begin(self) -> None:
        """Load what all sessions share. Raises HocketError."""
        ...

    async def ready(self, item: Item) -> Call:
        """Make one session ready. Raises PeerError where it is refused."""
        ...

    async def end(self) -> None:
        """Let go of what ``begin`` loaded."""
        ...


class Inproc:
    """Sessions of this runtime on this loop, around one brain and one voice that they share.

    The brain does one job at a time in the order of asking; a stream takes one step per turn, so sessions
    that think at once take turns token by token. Its caches are shared too.
    """

    alone = False

    def __init__(self, target: Target, clock: Clock, turn: TurnConfig) -> None:
        self.names = target.names
        self._target, self._clock, self._turn = target, clock, turn
        self._brain: Compute | None = None
        self._voice: Voice | None = None

    async def begin(self) -> None:
        """A brain of this level's own, so that no level finds warm what another heard."""
        self._brain = self._target.brain()
        self._voice = self._target.voice()
        await self._brain.call("facts")

    async def ready(self, item: Item) -> Call:
        """A session needs nothing beforehand."""
        if self._brain is None or self._voice is None:
            raise BugError("a carrier begins before its sessions")
        return _Session(self._target, self._brain, self._voice, self._clock, self._turn)

    async def end(self) -> None:
        for part in (self._voice, self._brain):
            if part is not None:
                await part.close()


class _Session:
    """One session in process."""

    def __init__(self, target: Target, brain: Compute, voice: Voice, clock: Clock, turn: TurnConfig) -> None:
        self.target = target
        self._brain, self._voice, self._clock, self._turn = brain, voice, clock, turn

    async def hold(self, item: Item, script: Script, folder: Path) -> Held:
        return await hold(
            item, script, self.target, self._brain, self._voice,
            clock=self._clock, turn=self._turn, trace=opened(folder),
        )  # fmt: skip


class OverSocket:
    """Calls to a server, all from this loop."""

    alone = True

    def __init__(self, target: SocketTarget) -> None:
        self.names = target.names
        self._target = target

    async def begin(self) -> None:
        """Nothing is shared."""

    async def ready(self, item: Item) -> Call:
        """Dial and agree on the sound."""
        line = self._target.dial()
        try:
            about = await line.open()
        except BaseException:
            await line.close()
            raise
        return _Dialled(line, about, self._target)

    async def end(self) -> None:
        """Every call hangs up by itself."""


class _Dialled:
    """A line that is open; implements ``targets.port.Line`` for ``hold_over``, which opens it again."""

    def __init__(self, line: Line, about: dict[str, str], target: SocketTarget) -> None:
        names = target.names | {f"server {key}": told for key, told in about.items()}
        self.target = replace(target.as_target(), names=names)
        self.rate = line.rate
        self._line, self._about, self._jitter = line, about, target.jitter

    async def hold(self, item: Item, script: Script, folder: Path) -> Held:
        held, _ = await hold_over(item, script, self, events=folder / EVENTS, jitter=self._jitter)
        return held

    async def open(self) -> dict[str, str]:
        return self._about

    async def send(self, pcm: Pcm) -> None:
        await self._line.send(pcm)

    async def receive(self) -> Told:
        return await self._line.receive()

    async def truncate(self, item: str, heard: float) -> None:
        await self._line.truncate(item, heard)

    async def close(self) -> None:
        await self._line.close()
