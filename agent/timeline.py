"""A conversation as a picture: both voices over time, what was thought, drafted and committed.

Draws what a recording and its trace say, and nothing that was not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.story import Mark, Story, Words
from pipeline.errors import UserError
from pipeline.ports import Pcm

ROW = 15.0
"""Seconds per row of the picture."""
_SCALE = 100
"""Pixels per second."""
_LEFT, _RIGHT, _TOP = 84, 24, 64
_LANE, _TEXT, _AXIS = 52, 17, 20
"""Heights in pixels: a voice's lane, one line of text, the axis."""
_LINES = 3
"""Lines of text under each voice; a text that finds no room is left out of the picture, not of the trace."""

_PAPER, _INK, _FAINT, _GRID = "#fbfaf7", "#22252b", "#7b7f87", "#e6e3dc"
_USER, _AGENT, _THOUGHT = "#2f6fb3", "#c2571a", "#6f5a9c"
_COLOURS = {
    Mark.DRAFT: "#a9a4bd",
    Mark.COMMIT: "#2b8a4b",
    Mark.DROP: "#b9b4aa",
    Mark.HOLD: "#d9a420",
    Mark.HUSH: "#c22f2f",
}
_NAMES = {
    Mark.DRAFT: "draft begins",
    Mark.COMMIT: "commit: the turn is over",
    Mark.DROP: "draft dropped",
    Mark.HOLD: "voice held",
    Mark.HUSH: "interrupted",
}


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
    picture = _Picture(tracks, story, title)
    image = picture.render()
    try:
        image.save(path, format="PNG", optimize=True)
    except OSError as error:
        raise UserError(f"cannot write the picture {path}: {error.strerror}; choose another folder") from None


class _Picture:
    """One image being drawn."""

    def __init__(self, tracks: Tracks, story: Story, title: str) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self._tracks, self._story, self._title = tracks, story, title
        self._rows = max(1, int(np.ceil(tracks.seconds / ROW)))
        self._height = 2 * (_LANE + _LINES * _TEXT) + _AXIS + 26
        size = (_LEFT + int(ROW * _SCALE) + _RIGHT, _TOP + self._rows * self._height)
        self._image: Any = Image.new("RGB", size, _PAPER)
        self._pen: Any = ImageDraw.Draw(self._image)
        self._font: Any = ImageFont.load_default(13)
        self._large: Any = ImageFont.load_default(18)

    def render(self) -> Any:
        self._pen.text((_LEFT, 10), self._title, fill=_INK, font=self._large)
        self._legend()
        for row in range(self._rows):
            self._row(row)
        return self._image

    def _legend(self) -> None:
        at = _LEFT
        for mark, name in _NAMES.items():
            self._pen.rectangle((at, 42, at + 10, 52), fill=_COLOURS[mark])
            self._pen.text((at + 16, 39), name, fill=_FAINT, font=self._font)
            at += 34 + int(self._pen.textlength(name, font=self._font))
        self._pen.text((at, 39), "thoughts are never spoken", fill=_THOUGHT, font=self._font)

    def _row(self, row: int) -> None:
        begins, top = row * ROW, _TOP + row * self._height
        agent = top + _LANE + _LINES * _TEXT + 4
        self._grid(row, top, agent + _LANE)
        self._lane("user", self._tracks.user, begins, top, _USER)
        self._lane("agent", self._tracks.agent, begins, agent, _AGENT)
        for at, mark in self._story.marks:
            if begins <= at < begins + ROW:
                self._mark(self._x(at - begins), mark, top, agent)
        self._texts(self._story.thoughts, begins, top + _LANE + 2, _THOUGHT)
        self._texts(self._story.words, begins, agent + _LANE + 2, _INK)

    def _grid(self, row: int, top: int, bottom: int) -> None:
        for second in range(int(ROW) + 1):
            x = self._x(second)
            self._pen.line((x, top, x, bottom), fill=_GRID)
            if second < ROW:
                at = int(row * ROW) + second
                y = bottom + _LINES * _TEXT + 4
                self._pen.text((x + 2, y), f"{at // 60}:{at % 60:02d}", fill=_FAINT, font=self._font)

    def _lane(self, name: str, pcm: Pcm, begins: float, top: int, colour: str) -> None:
        middle = top + _LANE // 2
        self._pen.text((12, middle - 8), name, fill=colour, font=self._large)
        rate = self._tracks.rate
        piece = pcm[int(begins * rate) : int((begins + ROW) * rate)]
        step = rate // _SCALE
        columns = len(piece) // step
        self._pen.line((_LEFT, middle, _LEFT + columns, middle), fill=colour)
        if not columns:
            return
        blocks = piece[: columns * step].reshape(columns, step)
        loudest = max(float(np.abs(pcm).max(initial=0.0)), 1e-3)
        for x, (low, high) in enumerate(zip(blocks.min(1) / loudest, blocks.max(1) / loudest, strict=True)):
            half = _LANE / 2 - 2
            self._pen.line((_LEFT + x, middle - high * half, _LEFT + x, middle - low * half), fill=colour)

    def _texts(self, texts: Sequence[Words], begins: float, top: int, colour: str) -> None:
        """Each text on the first line that has room for it."""
        filled = [0.0] * _LINES
        for words in texts:
            if not begins <= words.at < begins + ROW:
                continue
            width = self._pen.textlength(words.text, font=self._font)
            x = min(self._x(words.at - begins), self._image.width - _RIGHT - width)
            line = next((i for i, end in enumerate(filled) if end <= x), None)
            if line is None:
                continue
            filled[line] = x + width + 14
            shade, y = _FAINT if words.faint else colour, top + line * _TEXT
            self._pen.rectangle((x - 1, y + 1, x + width + 1, y + _TEXT - 1), fill=_PAPER)
            self._pen.text((x, y), words.text, fill=shade, font=self._font)

    def _mark(self, x: float, mark: Mark, top: int, agent: int) -> None:
        colour = _COLOURS[mark]
        if mark in (Mark.HOLD, Mark.HUSH):
            self._pen.line((x, agent, x, agent + _LANE), fill=colour, width=3)
            return
        bottom = agent + _LANE if mark is Mark.COMMIT else top + _LANE
        self._pen.line((x, top, x, bottom), fill=colour, width=2)
        self._pen.polygon(((x - 5, top - 7), (x + 5, top - 7), (x, top)), fill=colour)

    def _x(self, seconds: float) -> float:
        return _LEFT + seconds * _SCALE
