"""One turn's life as a picture: who sounds, what is thought and written beside it, what was decided and why.

Draws what a recording and its trace say. Decisions are numbered; their reasons stand below, in the words that
the trace has. It must never show another turn's writing as this one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from agent.paper import (
    AGENT,
    COLOURS,
    FADED,
    FAINT,
    GRID,
    INK,
    LANES,
    LINE,
    NAMES,
    USER,
    WRITTEN,
    Paper,
    loudness,
)
from agent.story import GOES_ON, Decision, Lane, Mark, Story, Stretch, clean, line_up, tell
from agent.thoughts import Origin
from agent.timeline import Tracks
from pipeline.errors import UserError
from pipeline.events import PhraseDrafted, PlaybackEnded, Remember, SpeechStarted, StartDraft, Think
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Contradiction, Noted, Speculated, Thought
from pipeline.trace import Entry

WIDTH = 1500
_LEFT, _RIGHT, _TOP = 110, 20, 78
_WAVE, _BAR, _GAP, _ITEM = 62, 13, 10, 21
"""Heights in pixels: a voice, a bar of writing, what is between two lanes, a reason."""
_ROWS = {Lane.LISTENING: 5, Lane.FORMULATION: 7, Lane.ARTICULATION: 4}
"""Lines of text under each lane of writing; what finds no room there is left to the trace."""
_BEFORE, _AFTER = 0.4, 0.4
"""Seconds shown around the turn."""
_SAME = 0.03
"""Decisions so close together, for one reason, get one number."""


@dataclass(frozen=True, slots=True)
class Life:
    """One turn, in seconds of its recording."""

    turn: int
    begins: float
    ends: float
    story: Story

    def told(self) -> list[str]:
        """The same in sentences, in time from the user's first sound."""
        zero, story = self.begins + _BEFORE, self.story
        told = [
            (mark.at, f"{names}{f': {mark.why}' if mark.why else ''}")
            for mark, names in _numbered(story.marks)
        ]
        for each in story.stretches:
            text = clean(each.text) if each.lane is Lane.ARTICULATION else line_up(each.text)
            ends = "" if each.ends == each.begins else f" (until {each.ends - zero:.2f} s)"
            told.append((each.begins, f"{WRITTEN[each.lane]}{ends}: {text}"))
        told += [(words.at, f"heard from here on: {words.text}") for words in story.words]
        return [f"{at - zero:6.2f} s  {text}" for at, text in sorted(told)]


def life(entries: Sequence[Entry], turn: int) -> Life:
    """Of this turn, from its first speech to the end of its reply. Raises UserError where it is not there."""
    origin, drafts = Origin(), set[int]()
    for entry in entries:
        origin.see(entry)
        if isinstance(entry.item, StartDraft) and entry.item.turn == turn:
            drafts.add(entry.item.draft)
    offset = -origin.when(0)
    opened = [e.at for e in entries if isinstance(e.item, Think) and e.item.turn == turn]
    ended = [e.at for e in entries if isinstance(e.item, Remember | PlaybackEnded) and e.item.turn == turn]
    if not opened or not ended:
        raise UserError(f"the trace has no whole spoken turn {turn}; name one that was spoken and answered")
    first = [e for e in entries if isinstance(e.item, SpeechStarted) and e.at <= opened[0]][-1:]
    begins, ends = (first[0].at if first else opened[0]), max(ended)
    story = tell([e for e in entries if begins <= e.at <= ends and _of(e, turn, drafts)], offset=offset)
    onset = begins + offset
    if first and isinstance(first[0].item, SpeechStarted):
        onset = first[0].item.at / CAPTURE_RATE  # the detector told it later
    return Life(turn, onset - _BEFORE, ends + offset + _AFTER, story)


def draw_life(path: Path, tracks: Tracks, of: Life, *, title: str) -> None:
    """Write the picture as PNG. Raises UserError where the file cannot be written."""
    _Closeup(tracks, of, title).render().save(path)


def _of(entry: Entry, turn: int, drafts: set[int]) -> bool:
    """False for what belongs to another turn."""
    item = entry.item
    if isinstance(item, Thought | PhraseDrafted | Noted | Contradiction | Speculated):
        return item.turn == turn and (getattr(item, "draft", 0) in drafts | {0})
    return getattr(item, "turn", turn) == turn


class _Closeup:
    """One image being drawn."""

    def __init__(self, tracks: Tracks, of: Life, title: str) -> None:
        self._tracks, self._life, self._title = tracks, of, title
        self._zero = of.begins + _BEFORE
        self._scale = (WIDTH - _LEFT - _RIGHT) / (of.ends - of.begins)
        self._reasons = _numbered(of.story.marks)
        self._tops = dict[Lane, int]()
        y = _TOP + 24 + _WAVE + _GAP
        for lane in Lane:
            self._tops[lane] = y
            y += _BAR + _ROWS[lane] * LINE + _GAP
        self._agent = y
        self._axis = y + _WAVE + 2 * LINE
        self._list = self._axis + 30
        self._paper = Paper(WIDTH, self._list + 20 + _ITEM * max(1, -(-len(self._reasons) // 2)) + 12)

    def render(self) -> Paper:
        paper = self._paper
        paper.text(_LEFT, 10, self._title, INK, large=True)
        goes_on = any(GOES_ON in each.text for each in self._life.story.stretches)
        paper.text(_LEFT, 36, _REMARK + (_GOES_ON if goes_on else ""), FAINT)
        self._grid()
        self._discs()
        self._wave("user", _TOP + 24, USER)
        for lane in Lane:
            self._written(lane)
        self._wave("agent", self._agent, AGENT)
        for words in self._life.story.words:
            for number, text in enumerate(paper.fold(words.text, WIDTH - _RIGHT - self._x(words.at))[:2]):
                paper.framed(self._x(words.at), self._agent + _WAVE + number * LINE, text, INK)
        self._list_reasons()
        return paper

    def _grid(self) -> None:
        paper = self._paper
        for second in range(int(self._life.ends - self._zero) + 1):
            x = self._x(self._zero + second)
            paper.line(x, _TOP, x, self._axis, GRID)
            paper.text(x + 2, self._axis, f"{second} s", FAINT)

    def _discs(self) -> None:
        right = [0.0, 0.0]
        for number, (decision, _) in enumerate(self._reasons, 1):
            x, colour = self._x(decision.at), COLOURS[decision.mark]
            row = 0 if right[0] <= x - 10 or right[0] <= right[1] else 1
            place = max(x, right[row] + 10)
            right[row] = place + 10
            self._paper.line(x, _TOP + 8, x, self._agent + _WAVE, colour)
            self._paper.disc(place, _TOP - 8 + 20 * row, str(number), colour)

    def _wave(self, name: str, top: int, colour: str) -> None:
        of, tracks = self._life, self._tracks
        pcm = tracks.user if name == "user" else tracks.agent
        begins = max(0, int(of.begins * tracks.rate))
        piece, step = pcm[begins : int(of.ends * tracks.rate)], max(1, round(tracks.rate / self._scale))
        self._paper.text(12, top + _WAVE // 2 - 10, name, colour, large=True)
        left = round(self._x(begins / tracks.rate))
        self._paper.wave(left, top + _WAVE // 2, _WAVE, piece, step, loudness(pcm), colour)

    def _written(self, lane: Lane) -> None:
        """Bars where something is written, and the text below, from where it begins."""
        paper, top, colour = self._paper, self._tops[lane], LANES[lane]
        for number, text in enumerate(paper.fold(_LABELS[lane], _LEFT - 24)):
            paper.text(12, top + number * LINE, text, colour)
        filled = [0.0] * _ROWS[lane]
        for stretches in _by_draft([each for each in self._life.story.stretches if each.lane is lane]):
            for each in stretches:
                shade = FADED if each.faint else colour
                paper.box(self._x(each.begins), top, self._x(each.ends) + 2, top + _BAR, shade)
            shade = FAINT if stretches[0].faint else colour
            at = self._x(stretches[0].begins)
            lines = [clean(line) for line in "".join(s.text for s in stretches).split("\n") if line.strip()]
            for line in lines:
                row = next((r for r, end in enumerate(filled) if end <= at), filled.index(min(filled)))
                x = max(at, filled[row])
                if x + paper.length(line) > WIDTH - 8 and x > at:
                    continue
                filled[row] = paper.framed(x, top + _BAR + 2 + row * LINE, line, shade) + 12

    def _list_reasons(self) -> None:
        column, half = (WIDTH - _LEFT) / 2, -(-len(self._reasons) // 2)
        for number, (decision, names) in enumerate(self._reasons, 1):
            x = _LEFT + (number > half) * column
            y = self._list + ((number - 1) % max(half, 1)) * _ITEM
            self._paper.disc(x - 14, y + 9, str(number), COLOURS[decision.mark])
            at = f"{decision.at - self._zero:5.2f} s  {names}"
            text = f"{at}: {decision.why}" if decision.why else at
            self._paper.text(x, y, self._paper.fold(text, column - 36)[0], INK)

    def _x(self, seconds: float) -> float:
        return _LEFT + (seconds - self._life.begins) * self._scale


_REMARK = "Time counts from the user's first sound. Discs are decisions, with their reasons below."
_GOES_ON = f" “{GOES_ON}”: what an earlier thought wrote still stands, and this one goes on from there."
_LABELS = WRITTEN | {
    Lane.LISTENING: "thoughts while listening",
    Lane.FORMULATION: "formulation (thoughts of drafts)",
    Lane.ARTICULATION: "articulation (phrases)",
}


def _by_draft(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Stretches of one draft's thought as one text; every thought of listening, and every phrase, apart."""
    found = list[list[Stretch]]()
    for _, each in groupby(sorted(stretches, key=lambda s: (s.draft, s.begins)), key=lambda s: s.draft):
        mine = list(each)
        found += [mine] if mine[0].lane is Lane.FORMULATION else [[stretch] for stretch in mine]
    return sorted(found, key=lambda mine: mine[0].begins)


def _numbered(marks: Sequence[Decision]) -> list[tuple[Decision, str]]:
    """Decisions in time; those of one moment and one reason as one, named together."""
    found = list[tuple[Decision, list[str]]]()
    for mark in sorted(marks, key=lambda mark: mark.at):
        if found and mark.mark is not Mark.NOTE:
            last, names = found[-1]
            if mark.at - last.at <= _SAME and mark.why == last.why and last.mark is not Mark.NOTE:
                found[-1] = (mark if mark.mark is not Mark.DROP else last, [*names, NAMES[mark.mark]])
                continue
        found.append((mark, [NAMES[mark.mark]]))
    return [(mark, ", ".join(dict.fromkeys(names))) for mark, names in found]
