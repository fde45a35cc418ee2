"""What pictures of a conversation are drawn on: voices as waves, writing as bars, texts that find room.

Pixels and colours; it knows nothing of turns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agent.story import Lane, Mark
from pipeline.errors import UserError
from pipeline.ports import Pcm

PAPER, INK, FAINT, GRID = "#fbfaf7", "#22252b", "#7b7f87", "#e6e3dc"
USER, AGENT, THOUGHT = "#2f6fb3", "#c2571a", "#6f5a9c"
LANES = {Lane.LISTENING: "#2f8f8a", Lane.FORMULATION: THOUGHT, Lane.ARTICULATION: "#b06a9a"}
FADED = "#d5d1c8"
COLOURS = {
    Mark.DRAFT: "#a9a4bd",
    Mark.DROP: "#b9b4aa",
    Mark.NOTE: "#2f8f8a",
    Mark.COMMIT: "#2b8a4b",
    Mark.DECLINE: "#7b7f87",
    Mark.DUCK: "#e3c98a",
    Mark.HOLD: "#d9a420",
    Mark.RESUME: "#86b049",
    Mark.HUSH: "#c22f2f",
}
NAMES = {
    Mark.DRAFT: "draft begins",
    Mark.DROP: "draft dropped",
    Mark.NOTE: "thought noted",
    Mark.COMMIT: "commit: the turn is over",
    Mark.DECLINE: "nothing to answer",
    Mark.DUCK: "voice lowered",
    Mark.HOLD: "voice held",
    Mark.RESUME: "voice goes on",
    Mark.HUSH: "interrupted",
}
WRITTEN = {
    Lane.LISTENING: "thought while you speak",
    Lane.FORMULATION: "thought of a draft",
    Lane.ARTICULATION: "phrase ready to be spoken",
}
LINE = 17
"""Height of a line of text."""


class Paper:
    """One image. Coordinates in pixels from the upper left."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self.width, self.height = width, height
        self._image: Any = Image.new("RGB", (width, height), PAPER)
        self._pen: Any = ImageDraw.Draw(self._image)
        self._font: Any = ImageFont.load_default(13)
        self._large: Any = ImageFont.load_default(18)

    def text(self, x: float, y: float, text: str, colour: str, *, large: bool = False) -> None:
        self._pen.text((x, y), text, fill=colour, font=self._large if large else self._font)

    def length(self, text: str) -> float:
        """Pixels that a small text is wide."""
        length: float = self._pen.textlength(text, font=self._font)
        return length

    def framed(self, x: float, y: float, text: str, colour: str) -> float:
        """A text with paper behind it, kept inside the image; its right end."""
        width = self.length(text)
        x = max(0, min(x, self.width - 8 - width))
        self._pen.rectangle((x - 1, y + 1, x + width + 1, y + LINE - 1), fill=PAPER)
        self.text(x, y, text, colour)
        return x + width

    def box(self, x: float, y: float, right: float, bottom: float, colour: str) -> None:
        self._pen.rectangle((x, y, max(right, x + 1), bottom), fill=colour)

    def line(self, x: float, y: float, right: float, bottom: float, colour: str, *, width: int = 1) -> None:
        self._pen.line((x, y, right, bottom), fill=colour, width=width)

    def flag(self, x: float, y: float, colour: str) -> None:
        """A small triangle that points down to (x, y)."""
        self._pen.polygon(((x - 5, y - 7), (x + 5, y - 7), (x, y)), fill=colour)

    def disc(self, x: float, y: float, text: str, colour: str) -> None:
        """A short text in a coloured disc around (x, y)."""
        self._pen.ellipse((x - 9, y - 9, x + 9, y + 9), fill=colour)
        self.text(x - self.length(text) / 2, y - 8, text, PAPER)

    def wave(
        self, left: int, middle: int, height: int, pcm: Pcm, step: int, loudest: float, colour: str
    ) -> None:
        """A voice: one column per ``step`` samples, as high as its share of ``loudest``."""
        columns = len(pcm) // step
        self.line(left, middle, left + columns, middle, colour)
        if not columns:
            return
        blocks = pcm[: columns * step].reshape(columns, step)
        half, loudest = height / 2 - 2, max(loudest, 1e-3)
        for x, (low, high) in enumerate(zip(blocks.min(1) / loudest, blocks.max(1) / loudest, strict=True)):
            self.line(left + x, middle - high * half, left + x, middle - low * half, colour)

    def fold(self, text: str, width: float) -> list[str]:
        """A text in lines of at most this width, broken at spaces."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.length(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def save(self, path: Path) -> None:
        """As PNG. Raises UserError where it cannot be written."""
        try:
            self._image.save(path, format="PNG", optimize=True)
        except OSError as error:
            raise UserError(
                f"cannot write the picture {path}: {error.strerror}; choose another folder"
            ) from None


def loudness(pcm: Pcm) -> float:
    """The largest amplitude."""
    return float(np.abs(pcm).max(initial=0.0))
