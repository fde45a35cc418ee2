"""Processor time and memory of a process and all it started, read from /proc. Elsewhere than on Linux: none.

A meter of the machine, for explanation: no score follows from it, and simulations never read it.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.clock import now
from pipeline.errors import UserError

EVERY = 0.5
"""Seconds between looks at the memory."""
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Spent:
    """One look at a tree of processes."""

    cpu: float
    "Seconds of processor time so far, of all threads, user and system."
    rss: int
    "Bytes resident; pages shared between processes count for each."


@dataclass(frozen=True, slots=True)
class Usage:
    """A tree of processes while a level lasted."""

    seconds: float
    cpu: float
    "Seconds of processor time in that."
    before: int
    "Bytes resident before the first session was made ready."
    most: int
    "The largest of the looks since."

    @property
    def cores(self) -> float:
        """Mean number of cores that were busy."""
        return self.cpu / self.seconds if self.seconds else 0.0


def spent(pid: int) -> Spent | None:
    """The process and its descendants; None where there is no such process or no /proc."""
    parents: dict[int, int] = {}
    costs: dict[int, Spent] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            _, _, rest = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")
            fields = rest.split()
            pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it ended while we looked
        one = int(folder.name)
        parents[one] = int(fields[1])
        ticks = sum(int(field) for field in fields[11:15])  # own and waited-for children's, user and system
        costs[one] = Spent(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))
    if pid not in costs:
        return None
    tree = [one for one in costs if _below(one, pid, parents)]
    return Spent(sum(costs[one].cpu for one in tree), sum(costs[one].rss for one in tree))


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


def check_pid(pid: int | None) -> None:
    """Raises UserError where there is no such process here."""
    if pid is not None and spent(pid) is None:
        raise UserError(
            f"there is no process {pid} on this machine; --server-pid is the number of a server that runs "
            "here (leave it out for one elsewhere)"
        )


def settle() -> None:
    """Give back what earlier work left behind, so that memory which grows from here on is new."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):  # only glibc keeps freed memory, and can let go of it
        ctypes.CDLL(None).malloc_trim(0)


class Meter:
    """Watches one tree: memory from its making on, processor time from ``start``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._base = self._first = self._last = spent(pid)
        self._most = self._base.rss if self._base else 0
        self._began = now()

    def start(self) -> None:
        """Processor time counts from now on."""
        self._began = now()
        self._first = spent(self._pid)

    async def run(self) -> None:
        """Look every now and then, for ever."""
        while True:
            await asyncio.sleep(EVERY)
            self.look()

    def look(self) -> None:
        """Look now."""
        found = spent(self._pid)
        if found is not None:
            self._last, self._most = found, max(self._most, found.rss)

    def usage(self) -> Usage | None:
        """Since ``start``; None where nothing could be read."""
        self.look()
        if self._base is None or self._first is None or self._last is None:
            return None
        return Usage(now() - self._began, self._last.cpu - self._first.cpu, self._base.rss, self._most)
