"""Two pictures of the thinking figures: accuracy against waiting, and how waiting is distributed.

Drawn with Pillow, as the timeline is; nothing in them was not measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .stats import percentile, wilson
from .think_report import Answers

SIZE = (960, 560)
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 240, 56, 64
_PAPER, _INK, _FAINT, _GRID = "#fbfaf7", "#22252b", "#7b7f87", "#e6e3dc"
COLOURS = (
    "#c2571a", "#2f6fb3", "#2b8a4b", "#6f5a9c", "#d9a420", "#c22f2f", "#3aa6a6", "#8c6d46", "#b85c8e",
    "#5b6770", "#94a83d", "#22252b", "#e08a76", "#7d8f3a", "#4a4f9a",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """One scale."""

    title: str
    low: float
    high: float
    step: float

    def share(self, value: float) -> float:
        """Where between low (0) and high (1)."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


class Plot:
    """A frame with two axes and a legend at its right."""

    def __init__(self, title: str, x: Axis, y: Axis) -> None:
        from PIL import Image, ImageDraw, ImageFont

        self._x, self._y, self._entries = x, y, 0
        self._image: Any = Image.new("RGB", SIZE, _PAPER)
        self._pen: Any = ImageDraw.Draw(self._image)
        self._font: Any = ImageFont.load_default(13)
        self._pen.text((_LEFT, 14), title, fill=_INK, font=ImageFont.load_default(18))
        self._frame()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point; what lies outside the axes is drawn on their edge."""
        across, down = SIZE[0] - _LEFT - _RIGHT, SIZE[1] - _TOP - _BOTTOM
        return _LEFT + across * self._x.share(x), _TOP + down * (1 - self._y.share(y))

    def name(self, text: str, colour: str) -> None:
        """One more line of the legend."""
        left, top = SIZE[0] - _RIGHT + 20, _TOP + 22 * self._entries
        self._pen.rectangle((left, top + 3, left + 10, top + 13), fill=colour)
        self._pen.text((left + 18, top), text, fill=_INK, font=self._font)
        self._entries += 1

    def point(self, x: float, y: float, low: float, high: float, colour: str) -> None:
        """A dot with an interval in y."""
        (at, middle), (_, bottom), (_, top) = self.at(x, y), self.at(x, low), self.at(x, high)
        self._pen.line((at, bottom, at, top), fill=colour, width=2)
        self._pen.ellipse((at - 5, middle - 5, at + 5, middle + 5), fill=colour)

    def steps(self, values: Sequence[float], colour: str) -> None:
        """The distribution function of some values."""
        ordered, points = sorted(values), [self.at(self._x.low, 0.0)]
        for place, value in enumerate(ordered):
            points += [self.at(value, place / len(ordered)), self.at(value, (place + 1) / len(ordered))]
        self._pen.line(points, fill=colour, width=2)

    def save(self, path: Path) -> None:
        """Write it as PNG. Raises UserError where it cannot be written."""
        try:
            self._image.save(path, format="PNG", optimize=True)
        except OSError as error:
            raise UserError(
                f"cannot write the picture {path}: {error.strerror}; choose another folder"
            ) from None

    def _frame(self) -> None:
        for value in _ticks(self._x):
            (x, top), (_, bottom) = self.at(value, self._y.high), self.at(value, self._y.low)
            self._pen.line((x, top, x, bottom), fill=_GRID)
            self._pen.text((x - 10, bottom + 6), f"{value:g}", fill=_FAINT, font=self._font)
        for value in _ticks(self._y):
            (left, y), (right, _) = self.at(self._x.low, value), self.at(self._x.high, value)
            self._pen.line((left, y, right, y), fill=_GRID)
            self._pen.text((left - 40, y - 8), f"{value:g}", fill=_FAINT, font=self._font)
        self._pen.text((_LEFT, SIZE[1] - 32), self._x.title, fill=_INK, font=self._font)
        self._pen.text((12, _TOP - 20), self._y.title, fill=_INK, font=self._font)


def accuracy_plot(found: Answers, pace: float, path: Path) -> bool:
    """Right answers against the wait for the first answer-bearing word; False where nothing was answered."""
    dots = []
    for (arm, at), ways in found.items():
        waits = [one.first_answer for one in ways.values() if one and one.first_answer is not None]
        if at == pace and waits:
            right = sum(one is not None and one.right for one in ways.values())
            dots.append((arm, percentile(waits, 0.5), right, len(ways)))
    if not dots:
        return False
    longest = max(2.0, *(wait for _, wait, _, _ in dots))
    told = f"paced to {1000 * pace:g} ms per token" if pace else "unpaced"
    plot = Plot(
        f"Right answers against waiting, {told}",
        Axis("median seconds from question to first answer-bearing word", 0, longest * 1.1, _step(longest)),
        Axis("right, %", 0, 100, 20),
    )  # fmt: skip
    for (arm, wait, right, count), colour in zip(dots, cycle(COLOURS), strict=False):
        interval = wilson(right, count)
        plot.point(wait, 100 * right / count, 100 * interval.low, 100 * interval.high, colour)
        plot.name(f"{arm} (n {count})", colour)
    plot.save(path)
    return True


def waiting_plot(arms: Mapping[str, Sequence[float]], told: str, path: Path) -> bool:
    """How voice-to-voice is distributed in each arm; False where there is none."""
    filled = {arm: values for arm, values in arms.items() if values}
    if not filled:
        return False
    longest = max(percentile(values, 0.98) for values in filled.values())
    plot = Plot(
        f"Voice to voice, {told}",
        Axis("seconds from the question's end to the first audible sample", 0, longest, _step(longest)),
        Axis("share of replies", 0, 1, 0.2),
    )  # fmt: skip
    for (arm, values), colour in zip(filled.items(), cycle(COLOURS), strict=False):
        plot.steps(values, colour)
        plot.name(f"{arm} (n {len(values)})", colour)
    plot.save(path)
    return True


def _ticks(axis: Axis) -> list[float]:
    count = int((axis.high - axis.low) / axis.step + 1e-9)
    return [round(axis.low + place * axis.step, 6) for place in range(count + 1)]


def _step(longest: float) -> float:
    return next((step for step in (0.1, 0.2, 0.5, 1.0, 2.0) if longest / step <= 10), 5.0)
