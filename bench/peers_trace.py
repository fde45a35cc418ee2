"""When the stages of one reply came, and whether a committed draft had heard everything: from the trace.

It explains a latency and never scores one. Times are relative to the question's true end.
"""

from __future__ import annotations

from typing import Any

from pipeline.events import (
    CommitDraft,
    Draft,
    Hold,
    Hush,
    PhraseDrafted,
    PlaybackStarted,
    Resume,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Measured
from pipeline.trace import Entry

from .peers_timeline import Timeline

EARLY = 0.5
"""Seconds before the question's end from which its stages are looked for."""

_FOLLOWING: dict[type[Any], str] = {
    PhraseDrafted: "first phrase", CommitDraft: "commit", PlaybackStarted: "sounds",
}  # fmt: skip


class Milestones:
    """Reads entries as they are recorded."""

    def __init__(self, line: Timeline) -> None:
        self._line = line
        self._stages: dict[str, int] = {}
        self._over: dict[str, int] = {}
        self._spans: dict[Draft, Span] = {}
        self._onset = self._pause = 0
        self._talking = self._closed = False
        self.unlistened = 0
        "Drafts committed while the detector knew of speech that they had not heard."
        self.failures: list[str] = []

    def see(self, entry: Entry, at: float) -> None:
        """An entry and its moment, in seconds of the timeline."""
        item = entry.item
        self._closed = self._closed or isinstance(item, SessionClosed)
        if self._closed:
            return  # what the closing brings is no behaviour
        self._check(item)
        since = at - self._line.end
        if since >= -EARLY and at < self._line.barge:
            self._stage(item, round(1000 * since))
        elif at >= self._line.barge and isinstance(item, SpeechStarted | Hold | Hush | Resume):
            self._over.setdefault(type(item).__name__, round(1000 * (at - self._line.barge)))

    def told(self) -> dict[str, Any]:
        """All of it, as plain values in milliseconds."""
        over = {f"over {name}": value for name, value in self._over.items()}
        return {
            "stages": self._stages | over, "unlistened": self.unlistened, "failures": self.failures,
        }  # fmt: skip

    def _stage(self, item: Any, at: int) -> None:
        """The last pause and the last draft before the reply, and the first of what follows them."""
        if "sounds" in self._stages:
            return
        if isinstance(item, SpeechPaused):
            end = round(self._line.end * CAPTURE_RATE)
            self._stages |= {"paused at": round((item.at - end) / 16), "paused told": at}
        elif isinstance(item, StartDraft):
            for later in ("first phrase", "first sound made", "commit"):
                self._stages.pop(later, None)
            self._stages["draft"] = at
        elif isinstance(item, Measured) and item.name == "phrase to first sound":
            self._stages.setdefault("first sound made", at)
        elif (name := _FOLLOWING.get(type(item))) is not None:
            self._stages.setdefault(name, at)

    def _check(self, item: Any) -> None:
        """Independent of the decoder's own check: what had been told of the user's speech at each commit."""
        match item:
            case SpeechStarted():
                self._talking, self._onset = True, item.at
            case SpeechPaused():
                self._talking, self._pause = False, item.at
            case StartDraft():
                self._spans[item.draft] = item.listened
            case CommitDraft():
                span = self._spans.get(item.draft)
                whole = span is not None and span.start <= self._onset and self._pause <= span.end
                self.unlistened += self._talking or not whole
            case StageFailed():
                self.failures.append(f"{item.stage}: {item.error}")
            case _:
                pass
