"""A conversation as a picture: both voices over time, what was thought, drafted, decided and said.

Draws what a recording and its trace say, and nothing that was not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
    THOUGHT,
    USER,
    WRITTEN,
    Paper,
    loudness,
)
from agent.story import Decision, Lane, Mark, Story, Words
from pipeline.ports import Pcm

ROW = 15.0
"""Seconds per row of the picture."""
_SCALE = 100
"""Pixels per second."""
_LEFT, _RIGHT, _TOP = 84, 24, 84
_LANE, _AXIS, _STRIP = 52, 20, 11
"""Heights in pixels: a voice's lane, the axis, a lane of writing."""
_LINES = 3
"""Lines of text under each voice; a text that finds no room is left out of the picture, not of the trace."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """The two voices of a recording, equally long."""

    user: Pcm
    agent: Pcm
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.user) / self.rate


def draw(path: Path, tracks: Tracks, story: Story, *, title: str) -> None:
    """Write the picture as PNG. Raises UserError where the file cannot be written."""
    _Picture(tracks, story, title).render().save(path)


class _Picture:
    """One image being drawn."""

    def __init__(self, tracks: Tracks, story: Story, title: str) -> None:
        self._tracks, self._story, self._title = tracks, story, title
        self._rows = max(1, int(np.ceil(tracks.seconds / ROW)))
        self._height = 2 * (_LANE + _LINES * LINE) + len(Lane) * _STRIP + _AXIS + 26
        self._paper = Paper(_LEFT + int(ROW * _SCALE) + _RIGHT, _TOP + self._rows * self._height)

    def render(self) -> Paper:
        self._paper.text(_LEFT, 10, self._title, INK, large=True)
        legend(self._paper, _LEFT, 38, [(COLOURS[mark], NAMES[mark]) for mark in Mark])
        legend(
            self._paper,
            _LEFT,
            56,
            [(LANES[lane], WRITTEN[lane]) for lane in Lane],
            "thoughts are never spoken",
        )
        for row in range(self._rows):
            self._row(row)
        return self._paper

    def _row(self, row: int) -> None:
        begins, top = row * ROW, _TOP + row * self._height
        strips = top + _LANE + _LINES * LINE + 4
        agent = strips + len(Lane) * _STRIP
        self._grid(row, top, agent + _LANE)
        self._lane("user", self._tracks.user, begins, top, USER)
        self._written(begins, strips)
        self._lane("agent", self._tracks.agent, begins, agent, AGENT)
        for mark in self._story.marks:
            if begins <= mark.at < begins + ROW:
                self._mark(mark, begins, top, agent)
        self._texts(self._story.thoughts, begins, top + _LANE + 2, THOUGHT)
        self._texts(self._story.words, begins, agent + _LANE + 2, INK)

    def _grid(self, row: int, top: int, bottom: int) -> None:
        for second in range(int(ROW) + 1):
            x = self._x(second)
            self._paper.line(x, top, x, bottom, GRID)
            if second < ROW:
                at = int(row * ROW) + second
                self._paper.text(x + 2, bottom + _LINES * LINE + 4, f"{at // 60}:{at % 60:02d}", FAINT)

    def _lane(self, name: str, pcm: Pcm, begins: float, top: int, colour: str) -> None:
        middle, rate = top + _LANE // 2, self._tracks.rate
        self._paper.text(12, middle - 8, name, colour, large=True)
        piece = pcm[int(begins * rate) : int((begins + ROW) * rate)]
        self._paper.wave(_LEFT, middle, _LANE, piece, rate // _SCALE, loudness(pcm), colour)

    def _written(self, begins: float, top: int) -> None:
        """Bars of writing: thoughts while listening, thoughts of drafts, phrases."""
        for stretch in self._story.stretches:
            at, ends = max(stretch.begins, begins), min(stretch.ends, begins + ROW)
            if at > ends or stretch.begins >= begins + ROW:
                continue
            y = top + list(Lane).index(stretch.lane) * _STRIP
            colour = FADED if stretch.faint else LANES[stretch.lane]
            self._paper.box(self._x(at - begins), y, self._x(ends - begins) + 1, y + _STRIP - 4, colour)

    def _texts(self, texts: Sequence[Words], begins: float, top: int, colour: str) -> None:
        """Each text on the first line that has room for it."""
        filled = [0.0] * _LINES
        for words in texts:
            if not begins <= words.at < begins + ROW:
                continue
            width = self._paper.length(words.text)
            x = min(self._x(words.at - begins), self._paper.width - _RIGHT - width)
            line = next((i for i, end in enumerate(filled) if end <= x), None)
            if line is None:
                continue
            filled[line] = x + width + 14
            self._paper.framed(x, top + line * LINE, words.text, FAINT if words.faint else colour)

    def _mark(self, mark: Decision, begins: float, top: int, agent: int) -> None:
        x, colour = self._x(mark.at - begins), COLOURS[mark.mark]
        if mark.mark in (Mark.DUCK, Mark.HOLD, Mark.RESUME, Mark.HUSH):
            self._paper.line(x, agent, x, agent + _LANE, colour, width=3)
        elif mark.mark is Mark.NOTE:
            self._paper.flag(x, top + _LANE + _LINES * LINE + 4, colour)
        else:
            bottom = agent + _LANE if mark.mark is Mark.COMMIT else top + _LANE
            self._paper.line(x, top, x, bottom, colour, width=2)
            self._paper.flag(x, top, colour)

    def _x(self, seconds: float) -> float:
        return _LEFT + seconds * _SCALE


def legend(paper: Paper, x: float, y: float, signs: Sequence[tuple[str, str]], remark: str = "") -> None:
    """Colours and what they mean, in one line."""
    for colour, name in signs:
        paper.box(x, y + 3, x + 10, y + 13, colour)
        paper.text(x + 16, y, name, FAINT)
        x += 34 + int(paper.length(name))
    paper.text(x, y, remark, THOUGHT)
