"""What thinking is worth: accuracy over a thought's budget, and against a brain that never learned to think.

A thought that does not fit its budget is dropped, and the answer given without one.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from .outcomes import Outcome
from .scores import percent, wilson
from .sets import Case

Play: TypeAlias = Callable[[Sequence[Case], str], list[Outcome]]
"Answers cases with a thought that is given."
BUDGETS = (0, 8, 16, 24, 32, 48, 64, 96, 160)
"Tokens of thought."


def curve(thought: Sequence[Outcome], direct: Sequence[Outcome]) -> list[tuple[int, int]]:
    """Right answers at every budget of `BUDGETS`."""
    return [
        (b, sum(t.right if 0 < t.thought_ids <= b else d.right for t, d in zip(thought, direct, strict=True)))
        for b in BUDGETS
    ]


def falls(points: Sequence[tuple[int, int]], n: int) -> bool:
    """Whether accuracy falls anywhere by more than half a point."""
    counts = [right for _, right in points]
    return any(b < a - 0.005 * n for a, b in itertools.pairwise(counts))


def report(
    families: Mapping[str, Sequence[Outcome]],
    play: Play,
    note: Callable[[str], None],
    *,
    control: Play | None = None,
) -> None:
    """Tells one row per family. `families`: what whole thoughts gave; `play`: answers cases with a given one.

    `control`: as `play`, of a brain of equal compute that only ever answered directly.
    """
    heads = " | ".join(f"{b} tokens" if b else "none" for b in BUDGETS)
    note(f"| family | n | {heads} | whole thought [95 %] | no thought, trained for it [95 %] |")
    note("|---" * (len(BUDGETS) + 4) + "|")
    for name, thought in families.items():
        cases = [one.case for one in thought]
        direct = play(cases, "")
        n, points = len(cases), curve(thought, direct)
        cells = [percent(right, n) for _, right in points]
        cells.append(_share(sum(o.right for o in thought), n))
        if control is None:
            cells.append("not trained")
        else:
            cells.append(_share(sum(o.right for o in control(cases, "")), n))
        note("| " + " | ".join([name, str(n), *cells]) + " |")
        if falls(points, n):
            note(f"| {name} | | falls somewhere by more than half a point |" + " |" * (len(BUDGETS) + 1))


def _share(right: int, n: int) -> str:
    low, high = wilson(right, n)
    return f"{percent(right, n)} [{percent(low, 1)}, {percent(high, 1)}]"
