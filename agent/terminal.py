"""What a person sees while talking: one finished block per turn, and two live lanes below.

It reads the trace and draws; it decides nothing and is never waited for. Every text that a model wrote passes
``clean`` first, so that it cannot steer the terminal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from agent.receipt import ANSWER, Receipt
from agent.story import clean, line_up
from pipeline.errors import HocketError
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    PlaybackStarted,
    Remember,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    Turn,
)
from pipeline.ports import BrainFacts, EdgeReport, Measured, Said, Thought, Window
from pipeline.trace import Entry

LANE = 56
"""Most columns of a lane; one is about a tenth of a second."""
_WINDOWS = 3
"""Detector windows (32 ms) per column."""
_BARS = " ▁▂▃▄▅▆▇█"
_QUIET, _LOUD = -60.0, -12.0
"""Levels in dBFS of an empty and of a full bar."""
_ECHO = {
    "cancelled": "echo cancelled",
    "none": "no echo possible",
    "open": "no echo cancellation: wait until I have finished",
}


def headline(brain: BrainFacts, voice: str, edge: EdgeReport) -> str:
    """One line: which brain, what it hears, whether it thinks meanwhile, which voice, echo."""
    thinking = {"yes": "yes", "notes": "notes", "no": "not yet"}[brain.thinks_while_listening]
    parts = (
        brain.name,
        f"hears {brain.hears}",
        f"thinks while listening: {thinking}",
        f"voice {voice}",
        _ECHO.get(edge.echo, edge.echo),
    )
    return clean(" · ".join(parts))


def summary(receipt: Receipt, recorded: str) -> str:
    """The receipt in one or two sentences; ``recorded`` says what was kept and where."""
    turns = f"{receipt.turns} turn{'' if receipt.turns == 1 else 's'}"
    cut = f", {receipt.interrupted} of my replies interrupted" if receipt.interrupted else ""
    median = receipt.median_latency
    wait = "ms from the end of your speech, as I heard it, to my first sound"
    speed = "" if median is None else f", median {median * 1000:.0f} {wait}"
    return f"{turns}{cut}{speed}. {recorded}"


class Screen:
    """What is to be shown: finished lines, and the live lanes as they stand."""

    def __init__(self, played: Callable[[], float] = lambda: _QUIET, *, width: int = 80) -> None:
        """``played`` gives the level of the agent's sound now, in dBFS; ``width``: the terminal's columns."""
        self._lane = max(8, min(LANE, width - 12))
        self._played = played
        self._user: deque[str] = deque(" " * self._lane, maxlen=self._lane)
        self._agent: deque[str] = deque(" " * self._lane, maxlen=self._lane)
        self._windows: list[float] = []
        self._thoughts: dict[Draft, str] = {}
        self._drafts: dict[Turn, Draft] = {}
        self._latency: dict[Turn, float] = {}
        self._over: Turn | None = None
        self._heard = ""
        self._state = "listening"
        self._lines: list[Text] = []

    def see(self, entry: Entry) -> None:
        """Take note of one trace entry."""
        match entry.item:
            case SpeechStarted():
                self._state = "you speak"
            case SpeechPaused():
                self._state = "pause"
            case StartDraft(_, draft):
                self._thoughts[draft] = ""
            case Thought(_, draft, text):
                self._thoughts[Draft(draft)] = self._thoughts.get(Draft(draft), "") + text
                self._state = "thinking"
            case DropDraft(_, draft):
                self._thoughts.pop(draft, None)
            case CommitDraft(turn, draft):
                self._drafts[turn] = draft
            case PlaybackStarted():
                self._state = "I speak"
            case Remember(turn):
                self._over, self._heard, self._state = turn, "", "listening"
            case Measured(turn, name, seconds) if name == ANSWER:
                self._latency[Turn(turn)] = seconds
            case Said(turn, text, whole) if whole or turn == self._over:  # else: what was heard so far
                self._block(Turn(turn), text, whole)
            case Said(_, text, _):
                self._heard = clean(text)
            case StageFailed(stage, error):
                self._lines.append(Text(f"  {stage}: {clean(error)}", "red"))
            case _:
                pass

    def hear(self, window: Window) -> bool:
        """Take note of one detector window; True when a new column of the lanes is due."""
        self._windows.append(window.level)
        if len(self._windows) < _WINDOWS:
            return False
        self._user.append(_bar(max(self._windows)))
        self._agent.append(_bar(self._played()))
        self._windows.clear()
        return True

    def lines(self) -> list[Text]:
        """Finished lines since the last call."""
        done, self._lines = self._lines, []
        return done

    def lanes(self) -> list[Text]:
        """The live part: both voices, and what is going on."""
        thought = line_up(list(self._thoughts.values())[-1]) if self._thoughts else ""
        below = "  " + thought[-self._lane + 10 :] if self._state == "thinking" else ""
        heard = "  " + self._heard[-self._lane + 10 :] if self._state == "I speak" else ""
        return [
            Text.assemble(("  you    ", "cyan"), ("".join(self._user), "cyan")),
            Text.assemble(("  hocket ", "yellow"), ("".join(self._agent), "yellow")),
            Text.assemble(("         ", ""), (self._state, "bold"), (below, "dim"), heard),
        ]

    def _block(self, turn: Turn, text: str, whole: bool) -> None:
        """A turn is over: what was understood, thought and heard."""
        draft = self._drafts.pop(turn, None)
        lines = [line for line in self._thoughts.pop(draft, "").split("\n") if line.strip()] if draft else []
        heard = [line.removeprefix("heard:") for line in lines if line.startswith("heard:")]
        if heard:
            self._lines.append(Text.assemble(("  you    ", "cyan"), clean(heard[0])))
        if rest := [line for line in lines if not line.startswith("heard:")]:
            self._lines.append(Text("  thinks " + line_up("\n".join(rest)), "dim"))
        seconds = self._latency.pop(turn, None)
        after = "" if seconds is None else f"   {seconds * 1000:.0f} ms"
        cut = "" if whole else "  ‖ interrupted"
        if text or cut:
            said = Text.assemble(("  hocket ", "yellow"), clean(text), (cut, "red"), (after, "dim"))
            self._lines.append(said)


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
        self._console.print(Text("  " + clean(text), style), highlight=False, soft_wrap=True)

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
            self._console.print(line, highlight=False, soft_wrap=True)


def complaint(error: HocketError) -> str:
    """An error as one printable sentence."""
    return f"hocket: {clean(str(error))}"


def _bar(level: float) -> str:
    full = (min(max(level, _QUIET), _LOUD) - _QUIET) / (_LOUD - _QUIET)
    return _BARS[round(full * (len(_BARS) - 1))]
