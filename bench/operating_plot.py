"""The operating curve as a picture: pauses cut off against the wait that is allowed, with 95 % bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .operating import Points
from .pictures import INK, SERIES
from .think_plot import drawn


def operating_plot(head: Points, silence: Points, shipped: tuple[float, float], path: Path) -> None:
    """Draw both detectors and the shipped policy. Raises UserError where it cannot be written."""

    def draw(both: Any) -> None:
        axes = both[0]
        for found, colour in ((silence, SERIES[1]), (head, SERIES[0])):
            waits = [1000 * wait for wait, _ in found.band]
            shares = [100 * known.value for _, known in found.band]
            axes.plot(waits, shares, color=colour, linewidth=2.2, label=found.name)
            if all(known.interval for _, known in found.band):
                low = [100 * known.interval.low for _, known in found.band if known.interval]
                high = [100 * known.interval.high for _, known in found.band if known.interval]
                axes.fill_between(waits, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot([1000 * shipped[0]], [100 * shipped[1]], "s", color=INK, markersize=7, label="as shipped")
        axes.set(xlim=(1000 * head.band[0][0], 1000 * head.band[-1][0]), ylim=(0, 102))
        axes.set_xlabel("mean wait allowed after a true end, ms")
        axes.set_ylabel("pauses taken for the end, %")
        axes.legend(loc="upper right")

    drawn(f"When is a pause the end? {head.pauses} pauses, {head.ends} ends, 95 %", draw, path)
