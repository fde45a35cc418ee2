"""What a trace tells a person: who thought and said what, when, and what was decided. Pure; draws nothing.

Times are seconds on the trace's own clock. Positions of the user's speech lie on the capture timeline and are
not used here: a story and a recording are laid over each other by one offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from pipeline.events import CommitDraft, DropDraft, Hold, Hush, PlaybackStarted, Remember, StartDraft
from pipeline.ports import Said, Thought
from pipeline.trace import Entry


class Mark(Enum):
    """A decision worth a sign."""

    DRAFT = "draft"
    COMMIT = "commit"
    DROP = "drop"
    HOLD = "hold"
    HUSH = "hush"


@dataclass(frozen=True, slots=True)
class Words:
    """A text at a moment."""

    at: float
    text: str
    faint: bool = False
    "True for what came to nothing: thoughts of dropped drafts."


@dataclass(slots=True)
class Story:
    """A conversation as marks and texts."""

    marks: list[tuple[float, Mark]] = field(default_factory=list)
    thoughts: list[Words] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def clean(text: str) -> str:
    """Printable text only: what a model or a user wrote must not steer a terminal or a picture.

    Control characters, escape sequences' introducers, and marks that reorder or hide text become spaces.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def tell(entries: Iterable[Entry], *, offset: float = 0.0) -> Story:
    """The story of a trace; ``offset`` is what to add to its times."""
    story = Story()
    thoughts: dict[int, Words] = {}
    speaking: dict[int, float] = {}
    over: int | None = None
    for entry in entries:
        at = entry.at + offset
        match entry.item:
            case StartDraft():
                story.marks.append((at, Mark.DRAFT))
            case CommitDraft():
                story.marks.append((at, Mark.COMMIT))
            case DropDraft(_, draft):
                story.marks.append((at, Mark.DROP))
                if draft in thoughts:
                    old = thoughts[draft]
                    thoughts[draft] = Words(old.at, old.text, faint=True)
            case Hold():
                story.marks.append((at, Mark.HOLD))
            case Hush():
                story.marks.append((at, Mark.HUSH))
            case Thought(_, draft, text):
                old = thoughts.get(draft, Words(at, ""))
                thoughts[draft] = Words(old.at, old.text + text)
            case PlaybackStarted(turn):
                speaking.setdefault(turn, at)
            case Remember(turn):
                over = turn
            case Said(turn, text, whole) if whole or turn == over:  # else: what was heard so far
                if text:
                    story.words.append(Words(speaking.get(turn, at), clean(text) + ("" if whole else " …")))
            case _:
                pass
    story.thoughts = [Words(w.at, line_up(w.text), w.faint) for w in thoughts.values() if w.text.strip()]
    return story


def line_up(thought: str) -> str:
    """A thought's lines as one, cleaned."""
    return " · ".join(clean(line) for line in thought.split("\n") if line.strip())
