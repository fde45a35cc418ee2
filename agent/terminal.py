"""Puts a screen on a console: one finished block per turn, and the live lanes below.

It decides nothing and is never waited for. What a model wrote is cleaned where it becomes a line, and once
more here where it comes as a sentence, so that it cannot steer the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from agent.block import LABEL
from agent.screen import Screen
from agent.story import clean
from pipeline.errors import HocketError
from pipeline.records import Window
from pipeline.trace import Entry


class Terminal:
    """Puts a screen on a console; plain lines where the console is no terminal."""

    def __init__(self, console: Console, screen: Screen) -> None:
        self._console = console
        self._screen = screen
        self._live = (
            Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        )
        self._shown = ""

    def __enter__(self) -> Terminal:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        if self._live is not None:
            self._live.stop()

    def tell(self, text: str, style: str = "") -> None:
        """A line of our own above the lanes."""
        self._print(Text("  " + clean(text), style), 2)

    def see(self, entry: Entry) -> None:
        """For ``trace.subscribe``."""
        self._screen.see(entry)
        self._flush()

    def hear(self, window: Window) -> None:
        """For the session's ``observe``: redraws about ten times a second, and only what changed."""
        if not self._screen.hear(window) or self._live is None:
            return
        lanes = self._screen.lanes()
        shown = "\n".join(lane.plain for lane in lanes)
        if shown != self._shown:
            self._shown = shown
            self._live.update(Group(*lanes), refresh=True)

    def _flush(self) -> None:
        for line in self._screen.lines():
            self._print(line, LABEL)

    def _print(self, line: Text, label: int) -> None:
        for piece in self._folded(line, label):
            self._console.print(piece, highlight=False, soft_wrap=True)

    def _folded(self, line: Text, label: int) -> Iterable[Text]:
        """A line that is too wide for a terminal goes on under its own text, ``label`` columns in."""
        width = self._console.width
        if self._live is None or len(line.plain) <= width or width < 3 * label:
            return (line,)
        first, text = line.divide([label])
        pieces = text.wrap(self._console, width - label - 1)
        return [(Text(" " * label) if number else first) + piece for number, piece in enumerate(pieces)]


def complaint(error: HocketError) -> str:
    """An error as one printable sentence."""
    return f"hocket: {clean(str(error))}"
