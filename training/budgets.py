"""What thinking is worth: accuracy over a thought's budget, and against a brain that never learned to think.

A thought that does not fit its budget is dropped, and the answer given without one.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from .batch_player import BatchPlayer
from .outcomes import Outcome, outcomes_of, tasks_of
from .scores import percent, wilson
from .sets import Case

BUDGETS = (0, 8, 16, 24, 32, 48, 64, 96, 160)
"Tokens of thought."


def thought_and_not(player: BatchPlayer, cases: Sequence[Case]) -> tuple[list[Outcome], list[Outcome]]:
    """The same cases with the whole thought, and with an empty one."""
    tasks = tasks_of(cases, player)
    bare = [replace(task, thought="") for task in tasks]
    return outcomes_of(cases, player.write(tasks)), outcomes_of(cases, player.write(bare))


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
    player: BatchPlayer,
    families: Mapping[str, Sequence[Case]],
    note: Callable[[str], None],
    *,
    control: BatchPlayer | None = None,
) -> None:
    """Tells one row per family; `control`: a brain of equal compute that only ever answered directly."""
    heads = " | ".join(f"{b} tokens" if b else "none" for b in BUDGETS)
    note(f"| family | n | {heads} | whole thought [95 %] | no thought, trained for it [95 %] |")
    note("|---" * (len(BUDGETS) + 4) + "|")
    for name, cases in families.items():
        thought, direct = thought_and_not(player, cases)
        n, points = len(cases), curve(thought, direct)
        cells = [percent(right, n) for _, right in points]
        cells.append(_share(sum(o.right for o in thought), n))
        if control is None:
            cells.append("not trained")
        else:
            cells.append(_share(sum(o.right for o in thought_and_not(control, cases)[1]), n))
        note("| " + " | ".join([name, str(n), *cells]) + " |")
        if falls(points, n):
            note(f"| {name} | | falls somewhere by more than half a point |" + " |" * (len(BUDGETS) + 1))


def _share(right: int, n: int) -> str:
    low, high = wilson(right, n)
    return f"{percent(right, n)} [{percent(low, 1)}, {percent(high, 1)}]"
