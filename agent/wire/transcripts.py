"""Words for what the user said: which items wait for them, and what the brain or an ear makes of them.

The brain's own account (its ``heard:`` lines) or a recogniser's, never both. Each item gets its words once,
or once the news that it gets none; it must never make up words.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from agent.thoughts import Thoughts
from agent.wire.items import Listed
from agent.wire.responses import event
from agent.wire.told import Event
from pipeline.captions import STAGE
from pipeline.events import DraftFinished, PhraseDrafted, StageFailed
from pipeline.reading import HEARD, UNCLEAR
from pipeline.records import Thought, Transcribed
from pipeline.trace import Entry, Item

BRAIN = "brain"
_NOBODY = "neither the brain nor an ear writes it down"
_SILENT = "the brain did not say what it heard"
_MOST = 16
"""Committed turns whose words may be awaited at one time."""


@dataclass(frozen=True, slots=True)
class Words:
    """What came of one item."""

    listed: Listed
    text: str | None
    "None: there are no words of it."
    code: str = ""
    why: str = ""

    def told(self, source: str | None, *, extended: bool) -> list[Event]:
        """The words as events: a delta and all of them, or that there are none."""
        kind = "conversation.item.input_audio_transcription"
        at: dict[str, object] = {"item_id": self.listed.id, "content_index": 0}
        if self.text is None:
            error = {"type": "transcription_error", "code": self.code, "message": self.why}
            return [event(f"{kind}.failed", **at, error=error)]
        if extended:
            at["source"] = source
        used = {"type": "duration", "seconds": self.listed.seconds}
        return [
            event(f"{kind}.delta", **at, delta=self.text),
            event(f"{kind}.completed", **at, transcript=self.text, usage=used),
        ]


@dataclass(slots=True)
class _Awaited:
    """The items that one reply answers, oldest first: one account is given of all of them."""

    turn: int
    draft: int
    items: list[Listed]
    spoken: bool = field(default=False)
    "The draft's words have begun: what it heard has been said."


class Transcripts:
    """One call's."""

    def __init__(self) -> None:
        self._thoughts = Thoughts()
        self._awaited: deque[_Awaited] = deque()

    def see(self, item: Item, at: float, source: str | None) -> list[Words]:
        """Take note of a trace item. ``source``: ``brain``, an ear's name, or None where there is neither."""
        self._thoughts.see(Entry(0, at, item))
        match item:
            case Transcribed(turn, text, True) if source != BRAIN:
                return self._told(self._next(turn), text)
            case StageFailed(stage, _) if stage == STAGE and source != BRAIN and self._awaited:
                return _failed(self._awaited.popleft(), "transcription_failed", "the ear failed")
            case Thought(turn, _, text) if source == BRAIN and "\n" in text:
                return self._read(turn)
            case PhraseDrafted(turn, draft) | DraftFinished(turn, draft) if source == BRAIN:
                for awaited in self._awaited:
                    awaited.spoken |= (awaited.turn, awaited.draft) == (turn, draft)
                return self._read(turn)
        return []

    def wait(self, turn: int, draft: int, items: list[Listed], source: str | None) -> list[Words]:
        """These items were answered, with this draft, which may have said by now what it heard."""
        heard = [each for each in items if each.mute]
        if not heard:
            return []
        awaited = _Awaited(turn, draft, heard)
        if source is None:
            return _failed(awaited, "transcription_unavailable", _NOBODY)
        events = self._dropped(turn) if source == BRAIN else []
        self._awaited.append(awaited)
        if len(self._awaited) > _MOST:
            events += _failed(self._awaited.popleft(), "transcription_failed", "no words came")
        return events + (self._read(turn) if source == BRAIN else [])

    def over(self, turn: int, source: str | None) -> list[Words]:
        """The turn is over: the brain will not say any more what it heard."""
        words = list[Words]()
        if source == BRAIN:
            heard, awaited = self._thoughts.told(turn).heard, self._find(turn)
            if awaited is not None:
                self._awaited.remove(awaited)
                silent = _failed(awaited, "transcription_failed", _SILENT)
                words = self._told(awaited, heard) if heard else silent
        self._thoughts.forget(turn)
        return words

    def written(self, thought: str, items: list[Listed]) -> list[Words]:
        """A reply that is written rests on this thought."""
        heard = [each for each in items if each.mute]
        lines = [line[len(HEARD) :].strip() for line in thought.splitlines() if line.startswith(HEARD)]
        if not heard:
            return []
        if not lines:
            return _failed(_Awaited(0, 0, heard), "transcription_failed", _SILENT)
        return self._told(_Awaited(0, 0, heard), " ".join(lines))

    def _read(self, turn: int) -> list[Words]:
        """What the brain has said that it heard, once that is whole."""
        awaited = self._find(turn)
        if awaited is None:
            return []
        newest = self._thoughts.newest(turn)
        if not awaited.spoken and not (newest.startswith(HEARD) and "\n" in newest):
            return []
        heard = self._thoughts.told(turn).heard
        if not heard:
            return []
        self._awaited.remove(awaited)
        return self._told(awaited, heard)

    def _told(self, awaited: _Awaited | None, text: str) -> list[Words]:
        if awaited is None:
            return []
        *earlier, last = awaited.items
        joined = f"its words are with {last.id}"
        words = [Words(each, None, "transcription_joined", joined) for each in earlier]
        if text.startswith(UNCLEAR) or not text.strip():
            return [*words, Words(last, None, "audio_unintelligible", "no words were understood")]
        return [*words, Words(last, text)]

    def _dropped(self, turn: int) -> list[Words]:
        """What of this turn was answered before, in vain: the brain gives one account of all of it."""
        earlier = self._find(turn)
        if earlier is None:
            return []
        self._awaited.remove(earlier)
        return _failed(earlier, "transcription_joined", "the user went on: its words are with the next item")

    def _find(self, turn: int) -> _Awaited | None:
        return next((each for each in self._awaited if each.turn == turn), None)

    def _next(self, turn: int) -> _Awaited | None:
        found = self._find(turn)
        if found is not None:
            self._awaited.remove(found)
        return found


def _failed(awaited: _Awaited, code: str, why: str) -> list[Words]:
    return [Words(listed, None, code, why) for listed in awaited.items]
