"""Two folders of ``hocket bench think`` compared: same questions, same arm and pace, paired by question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .claim import HELD_ON
from .compare import Compared, Figure
from .compare_stats import Statistic, difference, mean, paired, quantile
from .think_edge import PATIENCE
from .think_report import Answers, answers
from .think_run import CLAIM, rows
from .think_score import Answered

SAME = ("seed", "detector", "voice in virtual time")


def _sound(one: Answered | None) -> float:
    return PATIENCE if one is None or one.first_sound is None else one.first_sound


def _answer(one: Answered | None) -> float:
    return PATIENCE if one is None or one.first_answer is None else one.first_answer


FIGURES: tuple[tuple[str, str, Callable[[Answered | None], float], Statistic], ...] = (
    ("right", "%", lambda one: float(one is not None and one.right), mean),
    ("voice to voice p50", "ms", _sound, quantile(0.5)),
    ("voice to voice p90", "ms", _sound, quantile(0.9)),
    ("first answer word p50", "ms", _answer, quantile(0.5)),
    ("refused", "%", lambda one: float(one is not None and one.refused), mean),
    ("failed or silent", "%", lambda one: float(one is None or one.silent), mean),
    ("longest gap p95", "ms", lambda one: 0.0 if one is None else one.gap, quantile(0.95)),
)
"""A session that failed counts as wrong, and as the longest wait that was allowed."""


def compare_thinking(first: Path, second: Path) -> Compared:
    """Raises UserError where seed, detector or voice differ, or no question was asked in both."""
    claims = _claim(first), _claim(second)
    apart = [name for name in SAME if claims[0].get(name) != claims[1].get(name)]
    if apart:
        pairs = ((name, claims[0].get(name), claims[1].get(name)) for name in apart)
        told = "; ".join(f"{name} is {one} in the first and {two} in the second" for name, one, two in pairs)
        raise UserError(f"{first} and {second} are not comparable: {told}; ask both the same questions")
    ours, theirs = answers(list(rows(first))), answers(list(rows(second)))
    arms = sorted(ours.keys() & theirs.keys())
    figures = [one for arm in arms for one in _figures(arm, ours, theirs)]
    if not figures:
        raise UserError(f"{first} and {second} have no answered question in common, in no arm and pace")
    unpaired = [line for arm in sorted(ours.keys() | theirs.keys()) if (line := _alone(arm, ours, theirs))]
    differs = tuple((name, str(claims[0].get(name)), str(claims[1].get(name)))
                    for name in sorted((claims[0].keys() | claims[1].keys()) - {HELD_ON})
                    if claims[0].get(name) != claims[1].get(name))  # fmt: skip
    count = sum(len(ours[arm].keys() & theirs[arm].keys()) for arm in arms)
    return Compared(str(first), str(second), differs, tuple(figures), tuple(unpaired), count, "virtual")


def _figures(arm: tuple[str, float], ours: Answers, theirs: Answers) -> list[Figure]:
    mine, other = ours[arm], theirs[arm]
    both = sorted(mine.keys() & other.keys())
    if not both:
        return []
    found = []
    for name, unit, pick, statistic in FIGURES:
        groups, _ = paired((item, [pick(mine[item])], [pick(other[item])]) for item in both)
        found.append(Figure(_told(arm), name, unit, difference(groups, statistic)))
    return found


def _alone(arm: tuple[str, float], ours: Answers, theirs: Answers) -> str:
    only = ours.get(arm, {}).keys() ^ theirs.get(arm, {}).keys()
    return f"{_told(arm)}: {len(only)} questions in only one of the two" if only else ""


def _told(arm: tuple[str, float]) -> str:
    return f"{arm[0]}, {f'{1000 * arm[1]:g} ms per token' if arm[1] else 'unpaced'}"


def _claim(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / CLAIM).read_text(encoding="utf-8"))
    return found
