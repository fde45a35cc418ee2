"""p50 and p95 against the number of sessions, with intervals and the knee. Drawn as all of our charts are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .load_knee import P95, knee
from .load_score import LevelFigures
from .pictures import FAINT, INK, RULE, SERIES, Picture, _picture
from .stats import Interval

NAME = "load"


def draw_load(levels: Sequence[LevelFigures], folder: Path) -> Picture | None:
    """The chart, saved as ``load.png``; None without a level that has replies."""
    held = [one for one in levels if one.waits is not None]
    if not held:
        return None
    bent = knee(levels)

    def draw(figure: Any, axes: Any) -> None:
        counts = [one.level.sessions for one in held]
        _limit(axes)
        _curves(axes, held)
        if bent.sessions is not None:
            _mark(axes, bent.sessions, left=bent.sessions > counts[0])
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.minorticks_off()
        axes.set_xlim(counts[0] / 1.25, counts[-1] * 1.25)
        axes.set_ylim(0, max(1.2 * P95, axes.get_ylim()[1]))
        axes.set_xlabel("sessions at a time, open loop")
        axes.set_ylabel("voice to voice, s")
        figure.legend(loc="outside upper center", ncols=3)

    said = "; ".join(
        f"{one.level.sessions} sessions: p50 {_of(one, 0.5)[0]:.2f} s, p95 {_of(one, 0.95)[0]:.2f} s"
        for one in held
    )
    return _picture(NAME, "Voice to voice under load", f"{said}; {bent.told}", draw, folder)


def _limit(axes: Any) -> None:
    axes.axhline(P95, color=RULE, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.annotate(f"{P95:g} s at p95", (0.01, P95), (0, 3), color=RULE, fontsize=7.5,
                  xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip


def _curves(axes: Any, held: Sequence[LevelFigures]) -> None:
    counts = [one.level.sessions for one in held]
    for name, share, colour in (("p95", 0.95, SERIES[0]), ("p50", 0.5, SERIES[1])):
        told = [_of(one, share) for one in held]
        down = [max(value - span.low, 0.0) if span else 0.0 for value, span in told]
        up = [max(span.high - value, 0.0) if span else 0.0 for value, span in told]
        values = [value for value, _ in told]
        axes.errorbar(counts, values, [down, up], fmt="o-", color=colour, markersize=4, label=name)
    blind = [one for one in held if not one.level.pace.good]
    if blind:
        axes.scatter(
            [one.level.sessions for one in blind], [_of(one, 0.95)[0] for one in blind], s=90,
            facecolors="none", edgecolors=FAINT, label="not valid: generator too slow",
        )  # fmt: skip


def _mark(axes: Any, sessions: int, *, left: bool) -> None:
    """The knee; its name stands where there is room."""
    axes.axvline(sessions, color=INK, linewidth=1)
    axes.annotate(f"knee: {sessions}", (sessions, 0.02), (-4 if left else 4, 0), color=INK,
                  xycoords=("data", "axes fraction"), textcoords="offset points",
                  horizontalalignment="right" if left else "left")  # fmt: skip


def _of(one: LevelFigures, share: float) -> tuple[float, Interval | None]:
    assert one.waits is not None
    found = one.waits
    return (found.p50, found.p50_interval) if share == 0.5 else (found.p95, found.p95_interval)
