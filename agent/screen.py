"""The live view of a conversation as it stands, and its finished lines: what is shown, not how.

It follows the trace; it decides nothing. Every text that a model wrote passes ``clean``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rich.text import Text

from agent.block import AGENT, NONE, SPEAKS, THINKS, USER, YOU, Facts, block, called
from agent.receipt import ANSWER
from agent.story import clean, line_up
from agent.streams import Beside
from agent.thoughts import Thoughts
from pipeline.events import (
    CommitDraft,
    DropDraft,
    Hold,
    Hush,
    PlaybackStarted,
    Remember,
    Resume,
    Say,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
)
from pipeline.records import (
    Contradiction,
    Decided,
    Measured,
    Said,
    Speculated,
    Thought,
    ToolRan,
    Transcribed,
    Window,
)
from pipeline.trace import Entry

LANE = 56
"""Most columns of a lane; one is about a tenth of a second."""
THOUGHT = "magenta"
LABELS = {
    Beside.USER: "thinking while you speak",
    Beside.AGENT: "thinking while I speak",
    Beside.NOBODY: "thinking",
}
"""What a thought happens beside, as the live line says it."""
_WINDOWS = 3
"""Detector windows (32 ms) per column."""
_STALE = 12
"""Columns after its last token for which a thought stays on the live line."""
_OPEN = 4
"""Turns of which facts are kept until they are over."""
_BARS = " ▁▂▃▄▅▆▇█"
_TOKENS = " ▂▃▃▄▄▅▅▆▆▇"
"""A column of the thought lane by its tokens."""
_QUIET, _LOUD = -60.0, -12.0
"""Levels in dBFS of an empty and of a full bar."""


class Screen:
    """What is to be shown: finished lines, and the live lanes as they stand."""

    def __init__(self, played: Callable[[], float] = lambda: _QUIET, *, width: int = 80) -> None:
        """``played`` gives the level of the agent's sound now, in dBFS; ``width``: the terminal's columns."""
        self._lane = max(8, min(LANE, width - 12))
        self._played = played
        self._lanes = [deque(" " * self._lane, maxlen=self._lane) for _ in range(3)]
        self._windows: list[float] = []
        self._thoughts = Thoughts()
        self._facts: dict[int, Facts] = {}
        self._fresh = 0
        self._since = _STALE
        self._thinking: tuple[int, Beside] | None = None
        self._silent: int | None = None
        self._over: int | None = None
        self._why = ""
        self._heard = ""
        self._words = ""
        "The user's, as a recogniser has them so far."
        self._state = "listening"
        self._lines: list[Text] = []

    def see(self, entry: Entry) -> None:
        """Take note of one trace entry."""
        self._thoughts.see(entry)
        self._live(entry)
        match entry.item:
            case Decided(why):
                self._why = why
            case CommitDraft(turn):
                self._silent = turn
            case DropDraft(turn) | Hush(turn) | PlaybackStarted(turn) | Say(turn):
                self._silent = None if turn == self._silent else self._silent
                if isinstance(entry.item, DropDraft) and turn in self._facts:
                    self._facts[turn].against = None  # of words that nobody will hear
            case Remember(turn):
                self._over = turn
                if turn == self._silent:
                    self._of(turn).declined = self._why
                    self._block(turn)
            case Measured(turn, name, seconds) if name == ANSWER:
                self._of(turn).latency = seconds
            case Speculated(turn) as ahead:
                self._of(turn).ahead = ahead
            case Contradiction(turn) as against:
                self._of(turn).against = against
            case Transcribed(turn, text, _):
                self._of(turn).transcript = text
            case ToolRan(turn) as ran:
                self._of(turn).tools.append(called(ran))
            case Said(turn, text, whole) if whole or turn == self._over:  # else: what was heard so far
                facts = self._of(turn)
                facts.said, facts.whole = text, whole
                self._block(turn)
            case StageFailed(stage, error):
                self._lines.append(Text(f"  {stage}: {clean(error)}", "red"))
            case _:
                pass

    def hear(self, window: Window) -> bool:
        """Take note of one detector window; True when a new column of the lanes is due."""
        self._windows.append(window.level)
        if len(self._windows) < _WINDOWS:
            return False
        user, agent, thought = self._lanes
        user.append(_bar(max(self._windows)))
        agent.append(_bar(self._played()))
        thought.append(_TOKENS[min(self._fresh, len(_TOKENS) - 1)])
        self._since = 0 if self._fresh else self._since + 1
        self._fresh = 0
        self._windows.clear()
        return True

    def lines(self) -> list[Text]:
        """Finished lines since the last call."""
        done, self._lines = self._lines, []
        return done

    def lanes(self) -> list[Text]:
        """The live part: both voices and the thought beside them, who speaks, and what is thought."""
        user, agent, thought = ("".join(lane) for lane in self._lanes)
        words = {"I speak": self._heard, "you speak": self._words}.get(self._state, "")
        heard = _tail(words, self._lane - len(self._state))
        return [
            Text.assemble((YOU, USER), (user, USER)),
            Text.assemble((SPEAKS, AGENT), (agent, AGENT)),
            Text.assemble((THINKS, THOUGHT), (thought, THOUGHT)),
            Text.assemble(NONE, (self._state, "bold"), heard),
            Text.assemble(NONE, (self._thought(), "dim")),
        ]

    def _live(self, entry: Entry) -> None:
        """What goes on now."""
        match entry.item:
            case SpeechStarted():
                self._state, self._words = "you speak", ""
            case SpeechPaused():
                self._state = "I speak" if self._thoughts.beside is Beside.AGENT else "pause"
            case PlaybackStarted() | Resume():
                self._state = "I speak"
            case Hold():
                self._state = "I wait"
            case Thought(turn, _, text, confirmed, again) if text:
                self._fresh += confirmed is None and not again  # else they had their columns before
                self._since = 0
                self._thinking = (turn, self._thoughts.beside)
            case Remember():
                self._heard, self._state, self._thinking = "", "listening", None
            case Said(_, text, False):
                self._heard = clean(text)
            case Transcribed(_, text, False):
                self._words = clean(text)
            case _:
                pass

    def _thought(self) -> str:
        """What is thought, beside whom; it stays a moment after its last token."""
        if self._thinking is None or self._since >= _STALE:
            return ""
        turn, beside = self._thinking
        text = line_up(self._thoughts.newest(turn))
        return LABELS[beside] + _tail(text, self._lane - len(LABELS[beside]))

    def _of(self, turn: int) -> Facts:
        while len(self._facts) > _OPEN:
            del self._facts[min(self._facts)]
        return self._facts.setdefault(turn, Facts())

    def _block(self, turn: int) -> None:
        """A turn is over."""
        self._lines += block(self._thoughts.told(turn), self._facts.pop(turn, Facts()))
        self._thoughts.forget(turn)
        if self._thinking is not None and self._thinking[0] <= turn:
            self._thinking = None


def _bar(level: float) -> str:
    full = (min(max(level, _QUIET), _LOUD) - _QUIET) / (_LOUD - _QUIET)
    return _BARS[round(full * (len(_BARS) - 1))]


def _tail(text: str, room: int) -> str:
    """The end of a text after two spaces, in at most this many columns."""
    return f"  {text[2 - room :]}" if room > 2 else ""
