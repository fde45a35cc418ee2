"""Where names stand in a chart: beside their points, off each other, off what is drawn, inside the axes.

Chooses places only; the same points get the same places. What cannot be kept free is covered as little as
may be, and a halo in the page's own colour keeps the words readable there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Box = tuple[float, float, float, float]
"""Left, bottom, right, top; pixels of the drawing."""
HALO = "#fbfaf8"
"""Under words; almost the paper's colour, so that a page can give it that of the card they stand on."""
_SIZE = 6.5
_GAP = 4.0
"""Points between a point and its name."""
_UPS = (0.9, -0.9, 0.0, 2.0, -2.0, 3.1, -3.1)
"""Heights of a name's middle above its point, in its own heights."""

_FAR = 0.08
"""A name that stands one height off its point is as bad as one of which this share is covered."""


def halo(width: float = 2.4) -> list[Any]:
    """Matplotlib's effects for words over lines."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=HALO)]


def name_points(
    axes: Any, points: Sequence[tuple[str, float, float]], taken: Sequence[Box], colour: str
) -> None:  # fmt: skip
    """Write names beside points, given in data units. ``taken``: what else is drawn, in pixels."""
    figure = axes.figure
    scale = figure.dpi / 72
    inside = axes.get_window_extent()
    frame = (inside.x0, inside.y0, inside.x1, inside.y1)
    spots = [tuple(axes.transData.transform((across, up))) for _, across, up in points]
    busy = [*taken, *(_around(x, y, 4 * scale) for x, y in spots)]
    for (name, _, _), (x, y) in zip(points, spots, strict=True):
        drawn = axes.annotate(
            name, (x, y), xycoords="figure pixels", fontsize=_SIZE, path_effects=halo(),
            verticalalignment="center",
        )  # fmt: skip
        told = drawn.get_window_extent()
        box = place((x, y), (told.width + 2 * scale, told.height + scale), busy, frame, _GAP * scale)
        drawn.remove()
        shift = ((box[0] - x) / scale, ((box[1] + box[3]) / 2 - y) / scale)
        near = axes.transData.inverted().transform((x, y))
        axes.annotate(
            name, near, shift, textcoords="offset points", color=colour, fontsize=_SIZE, path_effects=halo(),
            verticalalignment="center", zorder=5,
        )  # fmt: skip
        busy.append(box)


def place(
    at: tuple[float, float], size: tuple[float, float], busy: Sequence[Box], frame: Box, gap: float
) -> Box:  # fmt: skip
    """The nearest place of a name beside a point that covers least of what is busy and stays in the frame."""
    x, y = at
    wide, tall = size
    found: list[tuple[float, int, Box]] = []
    for up in _UPS:
        middle = y + up * tall
        for left in (x + gap, x - gap - wide, x - wide / 2):
            if left == x - wide / 2 and not up:
                continue
            box = (left, middle - tall / 2, left + wide, middle + tall / 2)
            lost = wide * tall - _shared(box, frame)
            covered = sum(_shared(box, other) for other in busy)
            far = _FAR * abs(up) * wide * tall
            found.append((round(10 * lost + covered + far, 1), len(found), box))
    return min(found)[2]


def bar(one: tuple[float, float], two: tuple[float, float], thick: float) -> Box:
    """The box of a line between two places, upright or level."""
    (x, y), (u, v) = one, two
    return min(x, u) - thick, min(y, v) - thick, max(x, u) + thick, max(y, v) + thick


def _around(x: float, y: float, half: float) -> Box:
    return x - half, y - half, x + half, y + half


def _shared(one: Box, two: Box) -> float:
    across = min(one[2], two[2]) - max(one[0], two[0])
    up = min(one[3], two[3]) - max(one[1], two[1])
    return max(across, 0.0) * max(up, 0.0)
