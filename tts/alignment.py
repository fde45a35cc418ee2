"""Which words of a reply reached the ear, told from the voice's word times and the position of playback.

Pure: it must never look at a clock, a device or a sample's value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.ports import PLAYOUT_RATE, WordTime

TOLERANCE = PLAYOUT_RATE // 50
"""Playout samples by which a word may still be unfinished and count as heard: 20 ms, one block of a sink."""
PACE = 15.0
"""Characters per second that are assumed of a voice that tells no word times, until its phrase is whole."""

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """One word, with the punctuation that clings to it, on the timeline of its reply."""

    start: int
    "First character in the phrase's text."
    end: int
    "One past its last character."
    begins: int
    "Playout sample of the reply."
    ends: int


@dataclass(frozen=True)
class Spoken:
    """One phrase and what is known about its sound so far."""

    number: int
    text: str
    start: int
    "Playout sample of the reply at which its sound begins."
    samples: int = 0
    "Playout samples that exist."
    words: tuple[WordTime, ...] = ()
    done: bool = False
    "True when no more sound will come."

    @property
    def end(self) -> int:
        return self.start + self.samples

    @cached_property
    def placed(self) -> tuple[PlacedWord, ...]:
        """All words in order; where the voice told no times, in proportion to their characters."""
        return _place(self)


def heard(phrases: Sequence[Spoken], position: int) -> str:
    """The text that ``position`` playout samples of a reply have carried to the ear, original spacing kept.

    A word was heard when its end lies at most TOLERANCE samples past the position. The result is always a
    prefix of ``whole(phrases)``: a word that was not heard ends it.
    """
    texts: list[str] = []
    for spoken in phrases:
        upto = 0
        complete = True
        for word in spoken.placed:
            if position <= spoken.start or word.ends > position + TOLERANCE:
                complete = False
                break
            upto = word.end
        texts.append(spoken.text if complete else spoken.text[:upto])
        if not complete:
            break
    return _join(texts)


def whole(phrases: Sequence[Spoken]) -> str:
    """The text of all phrases."""
    return _join([spoken.text for spoken in phrases])


def border(phrases: Sequence[Spoken], position: int) -> int:
    """The last begin or end of a word, or of a phrase, that is not after ``position``."""
    best = 0
    for spoken in phrases:
        if spoken.start > position:
            break
        best = spoken.start
        for word in spoken.placed:
            best = max(best, *(edge for edge in (word.begins, word.ends, best) if edge <= position))
    return best


def phrase_at(phrases: Sequence[Spoken], position: int) -> Spoken | None:
    """The phrase whose sound was played last when ``position`` samples were played."""
    found = phrases[0] if phrases else None
    for spoken in phrases:
        if spoken.samples and spoken.start < position:
            found = spoken
    return found


def cut(spoken: Spoken) -> Spoken:
    """A phrase whose voice failed: its text ends with the last word that has all of its sound."""
    kept = [word for word in spoken.placed if word.ends <= spoken.end and spoken.samples]
    upto = kept[-1].end if kept else 0
    words = tuple(word for word in spoken.words if word.end <= upto)
    return Spoken(spoken.number, spoken.text[:upto], spoken.start, spoken.samples, words, done=True)


def _join(texts: Sequence[str]) -> str:
    """Put phrases together; one space where neither side brings its own."""
    result = ""
    for text in texts:
        if result and text and not (result[-1].isspace() or text[0].isspace()):
            result += " "
        result += text
    return result


def _place(spoken: Spoken) -> tuple[PlacedWord, ...]:
    spans = [match.span() for match in _WORD.finditer(spoken.text)]
    known = [_known(spoken, start, end) for start, end in spans]
    placed: list[PlacedWord] = []
    at = 0
    for index, (start, end) in enumerate(spans):
        times = known[index] or (at, _estimate(spoken, spans, known, index, at))
        begins, ends = max(at, times[0]), max(at, *times)
        if spoken.done:
            begins, ends = min(begins, spoken.samples), min(ends, spoken.samples)
        placed.append(PlacedWord(start, end, spoken.start + begins, spoken.start + ends))
        at = ends
    return tuple(placed)


def _known(spoken: Spoken, start: int, end: int) -> tuple[int, int] | None:
    """What the voice told about the characters of one word; it may have told several times."""
    told = [word for word in spoken.words if start <= word.start < end or word.start < start < word.end]
    if not told:
        return None
    begins = min(word.begins for word in told)
    ends = max(word.ends for word in told)
    return round(begins * PLAYOUT_RATE), round(ends * PLAYOUT_RATE)


def _estimate(
    spoken: Spoken, spans: list[tuple[int, int]], known: list[tuple[int, int] | None], index: int, at: int
) -> int:
    """Where this word ends: its share, by characters, of the time up to the next word whose time is known."""
    follow = next((other for other in range(index, len(spans)) if known[other] is not None), len(spans))
    left = sum(end - start + 1 for start, end in spans[index:follow])
    times = known[follow] if follow < len(spans) else None
    if times is not None:
        until = times[0]
    elif spoken.done:
        until = spoken.samples
    else:
        until = max(spoken.samples, at + round(left / PACE * PLAYOUT_RATE))
    share = (spans[index][1] - spans[index][0] + 1) / left
    return at + round(max(0, until - at) * share)
