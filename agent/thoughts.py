"""What is thought beside whose voice: follows a trace and keeps each open turn's thoughts. Decides nothing.

A detector tells late when speech began and ended; what was written meanwhile is put right when it does. So a
count here goes by sample positions, as far as the runtime knows them, and not by when it learnt of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from agent.streams import LISTENING, TELL, Beside, Kept, Streams, Written
from pipeline.events import (
    EndOfTurnScored,
    Hold,
    Hush,
    Listened,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    Resume,
    SpeechPaused,
    SpeechStarted,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.reading import HEARD, UNCLEAR
from pipeline.trace import Entry

_MOST = 4
"""Turns that are kept until they are over."""


@dataclass(frozen=True, slots=True)
class Told:
    """The thoughts that a turn's answer rests on."""

    heard: str
    "What the brain made of the user's words, its notes included; empty where it says nothing of the kind."
    lines: tuple[tuple[Beside, str], ...]
    "Its other lines in order, each with who was heard while most of it was written."
    tokens: int
    beside: int
    "Of these, written while the user or the agent was heard."


class Origin:
    """Where capture sample 0 lies on a trace's clock: the earliest that any position allows."""

    def __init__(self) -> None:
        self.at: float | None = None

    def see(self, entry: Entry) -> None:
        """Positions are told after they were captured, never before."""
        match entry.item:
            case SpeechStarted(at) | SpeechPaused(at) | EndOfTurnScored(at, _, "sound"):
                position = at
            case Listened(span):
                position = span.end
            case _:
                return
        latest = entry.at - position / CAPTURE_RATE
        self.at = latest if self.at is None else min(self.at, latest)

    def when(self, sample: int) -> float:
        """Seconds on the trace's clock; sample 0 lies at 0 until something is known."""
        return (self.at or 0.0) + sample / CAPTURE_RATE


class Thoughts:
    """Follows one trace."""

    def __init__(self) -> None:
        self._origin = Origin()
        self._user = False
        self._agent = False
        self._held = False
        self._turns: dict[int, Streams] = {}

    @property
    def beside(self) -> Beside:
        """Who is heard now."""
        if self._agent:
            return Beside.AGENT
        return Beside.USER if self._user else Beside.NOBODY

    def see(self, entry: Entry) -> None:
        """Take note of one trace entry."""
        self._origin.see(entry)
        self._floor(entry)
        if isinstance(entry.item, TELL):
            self._of(entry.item.turn).see(entry.item, entry.at, self.beside)

    def told(self, turn: int) -> Told:
        """The thoughts behind this turn's answer, as they stand."""
        mine = self._turns.get(turn, Streams())
        own, kept = mine.own(), mine.standing()
        heard, lines = _read(_lines(own, Beside.NOBODY))
        notes = [_noted(each) for each in kept]
        before = _joined(words for words, _ in notes)
        if before and heard is not None and heard.startswith(before):
            kept = []  # the draft has said anew what the notes say: it was not given them
        else:
            heard = _joined((before, heard))
            lines = [line for _, placed in notes for line in placed] + lines
        tokens = [*own, *(each for note in kept for each in note.tokens)]
        beside = sum(each.beside is not Beside.NOBODY for each in tokens)
        return Told(heard or "", tuple(lines), len(tokens), beside)

    def newest(self, turn: int) -> str:
        """The thought that is being written, or was written last, of a turn."""
        return "".join(each.text for each in self._turns.get(turn, Streams()).newest)

    def forget(self, turn: int) -> None:
        """This turn, and all before it, are over."""
        self._turns = {number: mine for number, mine in self._turns.items() if number > turn}

    def _of(self, turn: int) -> Streams:
        while len(self._turns) > _MOST:
            del self._turns[min(self._turns)]
        return self._turns.setdefault(turn, Streams())

    def _floor(self, entry: Entry) -> None:
        match entry.item:
            case SpeechStarted(at):
                self._user = True
                self._put_right(self._origin.when(at), Beside.NOBODY, Beside.USER)
            case SpeechPaused(at):
                self._user = False
                self._put_right(self._origin.when(at), Beside.USER, Beside.NOBODY)
            case PlaybackStarted():
                self._agent, self._held = True, False
            case Hold():
                self._agent, self._held = False, True
            case Resume():
                self._agent, self._held = True, False
            case PlaybackReached():
                self._agent = not self._held
            case PlaybackStarved() | PlaybackEnded() | Hush() | Remember():
                self._agent = False
            case _:
                pass

    def _put_right(self, since: float, was: Beside, now: Beside) -> None:
        for mine in self._turns.values():
            for written in mine.all():
                for each in written:  # not in time: it may go on with what an earlier one had written
                    if each.at >= since and each.beside is was:
                        each.beside = now


def _lines(written: list[Written], otherwise: Beside) -> list[tuple[Beside, str]]:
    """A thought's lines, each with who was heard while most of its tokens were written."""
    text = "".join(each.text for each in written)
    return _placed([line for line in text.split("\n") if line.strip()], written, otherwise)


def _placed(lines: list[str], written: list[Written], otherwise: Beside) -> list[tuple[Beside, str]]:
    """Each line with who was heard beside it, as the tokens tell that it is made of."""
    text, spans, found, upto = "", list[tuple[int, int, Beside]](), list[tuple[Beside, str]](), 0
    for each in written:
        spans.append((len(text), len(text) + len(each.text), each.beside))
        text += each.text
    for line in lines:
        begins = text.find(line, upto)
        if begins < 0:
            found.append((otherwise, line))
            continue
        upto = begins + len(line)
        votes = Counter(beside for start, end, beside in spans if start < upto and end > begins)
        found.append((votes.most_common(1)[0][0] if votes else otherwise, line))
    return found


def _noted(kept: Kept) -> tuple[str | None, list[tuple[Beside, str]]]:
    """A note's heard words and its other lines."""
    otherwise = Beside.USER if kept.noted.draft == LISTENING else Beside.NOBODY
    lines = [line for line in kept.noted.text.split("\n") if line.strip()]
    return _read(_placed(lines, kept.tokens, otherwise))


def _read(lines: list[tuple[Beside, str]]) -> tuple[str | None, list[tuple[Beside, str]]]:
    """The heard words apart from the other lines; None where there is no heard line."""
    heard = [line[len(HEARD) :].strip() for _, line in lines if line.startswith(HEARD)]
    rest = [(beside, line) for beside, line in lines if not line.startswith(HEARD)]
    return (" ".join(heard) if heard else None), rest


def _joined(words: Iterable[str | None]) -> str:
    """What was heard piece by piece; an unclear piece hides no other one."""
    pieces = [piece for piece in words if piece]
    return " ".join(piece for piece in pieces if piece != UNCLEAR) or "".join(pieces[:1])
