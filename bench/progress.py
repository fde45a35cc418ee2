"""How far a run is: a bar for a person at a terminal, a line per conversation for a file.

It shows what it is told and decides nothing: stopping, resuming and figures are the run's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from .counted import are, counted

Tell = Callable[[str], None]


class Progress(Protocol):
    """Told by a run where it is. Entered before the first conversation, left after the last or at Ctrl-C."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, total: int, already: int) -> None:
        """So many conversations in all, so many of them done by an earlier run."""
        ...

    def hold(self, name: str) -> None:
        """This one begins."""
        ...

    def held(self, line: str, *, failed: bool = False) -> None:
        """It is over; what is to be said of it."""
        ...


class Lines:
    """One line per finished conversation, numbered among those of this run."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._place, self._total = 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left open."""

    def begin(self, total: int, already: int) -> None:
        """Say what an earlier run did, if anything."""
        self._place, self._total = 0, total - already
        if already:
            self._tell(f"{already} of {counted(total, 'conversation')} {are(total)} done already")

    def hold(self, name: str) -> None:
        """Nothing is said until it is over."""

    def held(self, line: str, *, failed: bool = False) -> None:
        """Say it."""
        self._place += 1
        self._tell(f"[{self._place}/{self._total}] {line}")


class Bar:
    """A bar with the time that is left; only failures leave a line.

    It is drawn when it is told something and by nobody else: no thread of its own may run beside a simulation
    or disturb a measurement of time.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream)
        self._bar = RichProgress(
            BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False), console=self._console, auto_refresh=False,
        )  # fmt: skip
        self._task = self._bar.add_task("")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()

    def begin(self, total: int, already: int) -> None:
        """Start from what an earlier run did."""
        self._bar.update(self._task, total=total, completed=already)
        self._bar.refresh()

    def hold(self, name: str) -> None:
        """Show which one."""
        self._bar.update(self._task, description=name)
        self._bar.refresh()

    def held(self, line: str, *, failed: bool = False) -> None:
        """One further."""
        if failed:
            self._console.print(line, markup=False, highlight=False)
        self._bar.advance(self._task)
        self._bar.refresh()


def progress_for(stream: TextIO, tell: Tell) -> Progress:
    """A bar where the stream is a terminal, lines through ``tell`` elsewhere."""
    return Bar(stream) if stream.isatty() else Lines(tell)
