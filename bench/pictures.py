"""Charts as one SVG for a page and one PNG for a folder, drawn by matplotlib.

Colours in the SVG become CSS variables, so that one drawing serves a dark page and a light one. Without
matplotlib there are no charts, and the caller says so: figures never depend on it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .explain_parts import Parts
from .pictures_labels import HALO, Box, bar, halo, name_points
from .summary import Rate

PAPER, INK, FAINT, GRID, RULE = "#fbfaf7", "#22252b", "#7b7f87", "#e6e3dc", "#b3261e"
SERIES = (
    "#c2571a", "#2f6fb3", "#2b8a4b", "#6f5a9c", "#a87d10", "#c2407f", "#248f8f", "#8c6d46",
)  # fmt: skip
NAMED = {
    PAPER: "var(--paper)", INK: "var(--ink)", FAINT: "var(--faint)", GRID: "var(--grid)", RULE: "var(--rule)",
    HALO: "var(--card)",
    **{colour: f"var(--c{place})" for place, colour in enumerate(SERIES)},
}  # fmt: skip
HUMAN = 0.2
"""Seconds between turns of people, mean over ten languages (Stivers et al. 2009: about 208 ms)."""
NEEDS = "pip install 'hocket[bench]'"
_SIZE = (5.2, 3.5)
_MANY = len(SERIES)
"""Curves that a legend may stand beside within the axes."""
_LINES = ("-", (0, (6, 1.2, 1.2, 1.2)))
"""Of the first curves, and of those that have a colour again."""
_PARTED = (
    ("detector", 7), ("endpoint", 1), ("writing", 2), ("voice", 3), ("ready, waits for the decision", 4),
    ("queue and head", 0),
)  # fmt: skip
_MARKERS = "osD^v"
Draw = Callable[[Any, Any], None]
"""Draws into a figure and its axes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that was drawn."""

    name: str
    "Of the PNG, without its ending."
    title: str
    told: str
    "What it shows, in words, for who cannot see it."
    svg: str
    wide: bool = False
    "It wants the whole width of a page."


@dataclass(frozen=True, slots=True)
class Dot:
    """A system in the plane of yield and selectivity."""

    name: str
    yields: float
    selective: float
    yields_by: tuple[float, float] | None = None
    selective_by: tuple[float, float] | None = None
    headline: bool = False


@dataclass(frozen=True, slots=True)
class Operating:
    """One threshold of an end-of-turn detector."""

    threshold: float
    cut: Rate
    "Labelled pauses in which it was reached."
    wait: float
    "Median seconds from the labelled end until it was reached; what never reached it counts as the longest."


def drawable() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def waiting(
    groups: Mapping[str, Sequence[float]], title: str, folder: Path,
    content: Mapping[str, Sequence[float]] | None = None, *, name: str = "voice-to-voice",
) -> Picture:  # fmt: skip
    """Distribution functions of voice-to-voice per scenario, seconds, and the human gap.

    ``content``: the same to the first answer-bearing word, drawn dashed.
    """
    words, many = content or {}, len(groups) > _MANY

    def draw(figure: Any, axes: Any) -> None:
        every = [*groups.values(), *words.values()]
        longest, least = max(map(max, every)), min(0.0, *map(min, every))
        axes.axvline(HUMAN, color=RULE, linewidth=1.2, linestyle=(0, (4, 3)), label="people: 200 ms")
        for place, (group, values) in enumerate(groups.items()):
            colour, line = SERIES[place % _MANY], _LINES[min(place // _MANY, 1)]
            axes.ecdf(values, label=f"{group} (n {len(values)})", color=colour, linewidth=1.8, linestyle=line)
            if group in words:
                axes.ecdf(words[group], color=colour, linewidth=1.2, linestyle=(0, (2, 2)))
        if words:
            dashed = {"color": FAINT, "linewidth": 1.2, "linestyle": (0, (2, 2))}
            axes.plot([], [], label="to the first answer word", **dashed)
        axes.set(xlim=(least - 0.02, longest * 1.05 + 0.02), ylim=(0, 1.02))
        axes.set_xlabel("seconds from the labelled end of speech")
        axes.set_ylabel("share of replies")
        if many:
            figure.set_size_inches(1.7 * _SIZE[0], 1.15 * _SIZE[1])
            figure.legend(loc="outside right upper")
        else:
            axes.legend(loc="best")

    told = "; ".join(f"{group}: {len(values)} replies" for group, values in groups.items())
    return replace(_picture(name, title, told, draw, folder), wide=many)


def yielding(
    dots: Sequence[Dot], context: Sequence[Dot], folder: Path, *, name: str = "yield-selectivity"
) -> Picture:
    """Giving way to interruptions against keeping on under what is none."""

    def draw(figure: Any, axes: Any) -> None:
        for place, dot in enumerate(context):
            label = None if place else "other systems, τ-voice: different stimuli"
            axes.scatter(dot.selective, dot.yields, s=26, facecolors="none", edgecolors=FAINT, label=label)
        for dot, colour, marker in zip(dots, cycle(SERIES), cycle(_MARKERS)):
            across, up = _around(dot.selective, dot.selective_by), _around(dot.yields, dot.yields_by)
            size = 10 if dot.headline else 5
            axes.errorbar(dot.selective, dot.yields, up, across, fmt="*" if dot.headline else marker,
                          color=INK if dot.headline else colour, markersize=size, label=dot.name,
                          zorder=4 if dot.headline else 3)  # fmt: skip
        axes.set(xlim=(-0.03, 1.05), ylim=(0.2, 1.05))
        axes.set_xlabel("selectivity: share of sounds that were to be ignored and were")
        axes.set_ylabel("yield: interruptions given way to within 2 s")
        legend = axes.legend(loc="lower left")
        figure.draw_without_rendering()  # lays out, so that names can be kept off what is there
        told = legend.get_window_extent()
        name_points(axes, [(dot.name, dot.selective, dot.yields) for dot in context],
                    [(told.x0, told.y0, told.x1, told.y1), *_bars(axes, dots)], FAINT)  # fmt: skip

    told = "; ".join(f"{dot.name}: yield {dot.yields:.2f}, selectivity {dot.selective:.2f}" for dot in dots)
    return _picture(name, "Yield against selectivity", told, draw, folder)


def _bars(axes: Any, dots: Sequence[Dot]) -> list[Box]:
    """What markers and error bars cover, in pixels."""
    at = axes.transData.transform
    found = []
    for dot in dots:
        spot = at((dot.selective, dot.yields))
        across = dot.selective_by or (dot.selective, dot.selective)
        up = dot.yields_by or (dot.yields, dot.yields)
        level = bar(at((across[0], dot.yields)), at((across[1], dot.yields)), 4.0)
        upright = bar(at((dot.selective, up[0])), at((dot.selective, up[1])), 4.0)
        found += [level, upright, bar(spot, spot, 8.0)]
    return found


def operating(
    curve: Sequence[Operating], own: Operating | None, folder: Path, *, name: str = "end-of-turn"
) -> Picture:
    """False cut-offs at pauses against the wait after true ends, one point per threshold."""

    def draw(figure: Any, axes: Any) -> None:
        waits, shares = [one.wait for one in curve], [one.cut.share for one in curve]
        low = [one.cut.interval.low for one in curve]
        high = [one.cut.interval.high for one in curve]
        axes.fill_between(waits, low, high, color=SERIES[1], alpha=0.15, linewidth=0, label="95 %")
        axes.plot(waits, shares, "o-", color=SERIES[1], markersize=3.5, label="scores alone, replayed")
        for one in _sparse(curve, own):
            axes.annotate(f"{one.threshold:g}", (one.wait, one.cut.share), (4, 5),
                          textcoords="offset points", color=FAINT, path_effects=halo())  # fmt: skip
        if own is not None:
            up = _around(own.cut.share, (own.cut.interval.low, own.cut.interval.high))
            axes.errorbar(own.wait, own.cut.share, up, fmt="s", color=SERIES[0], label="the session itself")
        furthest = max([*waits, *([own.wait] if own is not None else [])])
        axes.set(xlim=(0.0, 1.12 * furthest + 0.01), ylim=(-0.02, 1.1))
        axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.set_xlabel("median seconds from the labelled end to the decision")
        axes.set_ylabel("pauses taken for an end")
        axes.legend(loc="upper right")

    told = "; ".join(f"threshold {one.threshold:g}: {one.cut.hits} of {one.cut.n} pauses cut, "
                     f"{1000 * one.wait:.0f} ms" for one in curve)  # fmt: skip
    return _picture(name, "End of turn: false cut-offs against waiting", told, draw, folder)


def _sparse(curve: Sequence[Operating], own: Operating | None) -> list[Operating]:
    """Points far enough apart for a label each."""
    waits = [one.wait for one in (*curve, *([own] if own else []))]
    across = max(waits) - min(waits) or 1.0
    found: list[Operating] = []
    for one in curve:
        if all(abs(one.wait - other.wait) > 0.12 * across or abs(one.cut.share - other.cut.share) > 0.06
               for other in found):  # fmt: skip
            found.append(one)
    return found


def waterfall(parts: Sequence[Parts], folder: Path, *, name: str = "waterfall") -> Picture:
    """Each reply on its own row: above, how its turn was ended; below, how its words and sound came."""

    def draw(figure: Any, axes: Any) -> None:
        figure.set_size_inches(2 * _SIZE[0], 1.2 + 0.25 * len(parts))
        for row, one in enumerate(parts):
            ready = max(one.sound, one.decided)
            spans = (
                (0.0, one.detected, row - 0.17), (one.detected, one.decided, row - 0.17),
                (one.began, one.words, row + 0.17), (one.words, one.sound, row + 0.17),
                (one.sound, ready, row + 0.17), (ready, one.total, row + 0.17),
            )  # fmt: skip
            for (start, end, y), (label, colour) in zip(spans, _PARTED, strict=True):
                axes.barh(y, end - start, 0.3, start, color=SERIES[colour], label=None if row else label)
            axes.plot([one.total] * 2, [row - 0.36, row + 0.36], color=INK, linewidth=1.6)
        axes.axvline(0.0, color=FAINT, linewidth=1)
        names = [f"{one.conversation} · {one.turn}" for one in parts]
        axes.set_yticks(range(len(parts)), names)
        axes.set_ylim(len(parts) - 0.4, -0.6)
        axes.set_xlabel("seconds from the labelled end; upright: first audible sample")
        figure.legend(loc="outside upper center", ncols=len(_PARTED))

    told = "; ".join(f"{one.conversation} turn {one.turn}: {1000 * one.total:.0f} ms" for one in parts)
    return replace(_picture(name, "Where each reply's time went", told, draw, folder), wide=True)


def _around(middle: float, by: tuple[float, float] | None) -> list[list[float]] | None:
    """Lengths of an error bar down and up."""
    return None if by is None else [[max(0.0, middle - by[0])], [max(0.0, by[1] - middle)]]


def _picture(name: str, title: str, told: str, draw: Draw, folder: Path) -> Picture:
    """Draw once, save as PNG, return as SVG. Raises UserError where it cannot be written."""
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: no window, no state that outlives the figure

    with matplotlib.rc_context(_style(name)):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.subplots()
        draw(figure, axes)
        try:
            figure.savefig(folder / f"{name}.png", dpi=160, metadata={"Software": None})
        except OSError as error:
            said = f"cannot write the picture {folder / name}.png: {error.strerror}; choose another folder"
            raise UserError(said) from None
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name, title, told, themed(drawn.getvalue()))


def themed(svg: str) -> str:
    """An SVG file's element alone, with our colours as CSS variables."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", element, count=1)
    element = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", element, count=1)
    for colour, variable in NAMED.items():
        element = element.replace(colour, variable)
    return element.strip()


def _style(salt: str) -> Any:
    """A mapping of matplotlib's settings, whose names it types one by one."""
    return {
        "svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif", "font.size": 9,
        "figure.facecolor": PAPER, "axes.facecolor": "none", "axes.edgecolor": FAINT,
        "axes.labelcolor": INK, "text.color": INK, "xtick.color": FAINT, "ytick.color": FAINT,
        "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.grid": True, "grid.color": GRID,
        "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
        "legend.frameon": False, "legend.fontsize": 7.5, "lines.solid_capstyle": "round",
        "errorbar.capsize": 2.5,
    }  # fmt: skip
