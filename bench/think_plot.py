"""Two pictures of the thinking figures: accuracy against waiting, and how waiting is distributed.

Drawn by matplotlib, as all charts of the harness are; made to be read at 700 pixels of width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .ablation import first_sound, first_word
from .pictures import FAINT, GRID, HUMAN, INK, PAPER, RULE, SERIES
from .stats import Interval, bootstrap, percentile
from .summary import FEW, rate
from .think_arms import plain
from .think_edge import PATIENCE
from .think_report import Answers
from .think_score import Answered

_SIZE, _DOTS = (7.0, 4.3), 160
"""Inches, and pixels per inch: 1120 by 688."""
COLOURS = {
    "everything": SERIES[0], "think-fully": SERIES[1], "no-think": SERIES[2],
    "all off": INK, "fixed endpoint": SERIES[3],
}  # fmt: skip
"""Of the arms that stand for something; the others are grey."""
_EARLIEST = -0.3
"""Seconds at which the picture of waiting begins at the earliest."""
_JOINED = ("no-think", "everything", "think-fully")
MARKS = ("s", "^", "D", "v", "P", "X", "p", "h", "<", ">")
Pick = Callable[[Answered | None], float | None]
_PANELS: tuple[tuple[Pick, str, dict[str, int]], ...] = (
    (first_sound, "seconds to the first sound",
     {"no-think": 1, "everything": 1, "think-fully": 0}),
    (first_word, "seconds to the first answering word",
     {"no-think": -1, "everything": -1, "think-fully": 0}),
)  # fmt: skip
"""What is waited for, and on which side of its dot each name stands."""


@dataclass(frozen=True, slots=True)
class Place:
    """One arm in the plane of accuracy and waiting."""

    arm: str
    wait: float
    "Median seconds."
    wait_by: Interval
    right: float
    "Percent."
    right_by: Interval
    count: int


def places(found: Answers, pace: float, pick: Pick) -> list[Place]:
    """Every arm with FEW questions or more; what never came was waited for PATIENCE."""
    all_of = []
    for (arm, at), ways in found.items():
        if at == pace and len(ways) >= FEW:
            waits = {item: [PATIENCE if (wait := pick(one)) is None else wait] for item, one in ways.items()}
            middle = _median([one for values in waits.values() for one in values])
            right = rate([one is not None and one.right for one in ways.values()])
            share = Interval(100 * right.interval.low, 100 * right.interval.high)
            by = bootstrap(waits, _median) or Interval(middle, middle)
            all_of.append(Place(arm, middle, by, 100 * right.share, share, right.n))
    return all_of


def accuracy_plot(found: Answers, pace: float, path: Path) -> bool:
    """Right answers against waiting, for any sound and for a word that answers, the main arms joined.

    False where too little was asked.
    """
    panels = [(places(found, pace, pick), told, sides) for pick, told, sides in _PANELS]
    if not panels[0][0]:
        return False

    def draw(both: Any) -> None:
        for axes, (told, label, sides) in zip(both, panels, strict=True):
            ways = {one.arm: one for one in told}
            line = [ways[arm] for arm in _JOINED if arm in ways]
            axes.plot([one.wait for one in line], [one.right for one in line], color=FAINT, linewidth=1.2,
                      linestyle=(0, (4, 3)), zorder=1)  # fmt: skip
            others = iter(MARKS)
            for one in told:
                _dot(axes, one, "o" if one.arm in _JOINED else next(others, "o"), sides)
            longest = max(one.wait_by.high for one in told)
            axes.set(xlim=(min(0.0, *(one.wait_by.low for one in told)), longest * 1.08), ylim=(0, 100))
            axes.set_xlabel(label)
        both[0].set_ylabel("right answers, %")
        if any(one.arm not in _JOINED for one in panels[0][0]):
            both[0].legend(loc="center", bbox_to_anchor=(0.5, 0.5), handletextpad=0.4, labelspacing=0.35,
                           title="with less than that", title_fontsize=9)  # fmt: skip

    counts = [one.count for one in panels[0][0]]
    asked = " to ".join(f"{count}" for count in sorted({min(counts), max(counts)}))
    drawn(f"Right, and how soon? {_paced(pace)}, n {asked}, medians, 95 %", draw, path, panels=2)
    return True


def _dot(axes: Any, one: Place, mark: str, sides: Mapping[str, int]) -> None:
    main = one.arm in _JOINED
    colour = COLOURS.get(one.arm, FAINT)
    across = [[one.wait - one.wait_by.low], [one.wait_by.high - one.wait]]
    up = [[one.right - one.right_by.low], [one.right_by.high - one.right]]
    axes.errorbar(
        one.wait, one.right, up, across, fmt=mark, color=colour, markersize=8 if main else 5,
        elinewidth=1.8 if main else 0.6, label=None if main else plain(one.arm), zorder=3 if main else 2,
    )  # fmt: skip
    if main:
        side = sides[one.arm]
        low = one.right < 50
        axes.annotate(
            plain(one.arm), (one.wait, one.right if low else one.right_by.low), (9 * side, 8 if low else -4),
            textcoords="offset points", color=colour, fontweight="bold",
            horizontalalignment=("center", "left", "right")[side],
            verticalalignment="bottom" if low else "top",
        )  # fmt: skip


def waiting_plot(arms: Mapping[str, Sequence[float | None]], told: str, path: Path) -> bool:
    """How voice to voice is distributed in each arm; None counts as a reply that never came.

    False where no arm has FEW questions.
    """
    filled = {arm: list(waits) for arm, waits in arms.items() if len(waits) >= FEW}
    came = [wait for waits in filled.values() for wait in waits if wait is not None]
    if not came:
        return False

    def draw(both: Any) -> None:
        axes = both[0]
        axes.axvline(HUMAN, color=RULE, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(
            "people: 200 ms", (HUMAN, 1.0), (-4, -2), textcoords="offset points", color=RULE, fontsize=8.5,
            rotation=90, horizontalalignment="right", verticalalignment="top",
        )  # fmt: skip
        for arm, waits in filled.items():
            steps = sorted(wait for wait in waits if wait is not None)
            shares = [place / len(waits) for place in range(len(steps) + 1)]
            main = arm in COLOURS
            over = 4 if arm == "everything" else 3
            axes.step(
                [min(0.0, *steps[:1]), *steps], shares, where="post", color=COLOURS.get(arm, FAINT),
                linewidth=2.2 if main else 1.0, zorder=over, label=f"{plain(arm)} (n {len(waits)})",
            )  # fmt: skip
        least = max(min(0.0, *came), _EARLIEST)  # one that cut in earlier lifts its curve's left end
        axes.set(xlim=(least, percentile(came, 0.995) * 1.05 + 0.05), ylim=(0, 1.02))
        axes.set_xlabel("seconds from the question's end to the first audible sample of the reply")
        axes.set_ylabel("share of questions answered by then")
        axes.legend(loc="best", borderaxespad=2.2)

    drawn(f"How long until it speaks? {told}", draw, path)
    return True


def _median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def _paced(pace: float) -> str:
    return f"{1000 * pace:g} ms per token" if pace else "Unpaced"


def drawn(title: str, draw: Callable[[Any], None], path: Path, panels: int = 1) -> None:
    """Draw and save. Raises UserError where it cannot be written."""
    import matplotlib
    from matplotlib.figure import Figure  # no pyplot: no window, no state that outlives the figure

    style: Any = {
        "font.size": 10.5,
        "figure.facecolor": PAPER, "axes.facecolor": "none", "axes.edgecolor": FAINT, "axes.labelcolor": INK,
        "text.color": INK, "xtick.color": FAINT, "ytick.color": FAINT, "xtick.labelcolor": INK,
        "ytick.labelcolor": INK, "axes.grid": True, "grid.color": GRID, "axes.axisbelow": True,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
        "legend.fontsize": 9, "errorbar.capsize": 2.5,
    }  # fmt: skip
    with matplotlib.rc_context(style):
        figure = Figure(figsize=_SIZE, layout="constrained")
        figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=12, fontweight="bold")
        draw(figure.subplots(1, panels, sharey=True, squeeze=False)[0])
        try:
            figure.savefig(path, dpi=_DOTS, metadata={"Software": None})
        except OSError as error:
            said = f"cannot write the picture {path}: {error.strerror}; choose another folder"
            raise UserError(said) from None
