"""Small statistics."""

import math
from collections.abc import Sequence
from statistics import median


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 22, 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, right / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


def percent(part: float, whole: float) -> str:
    """ "97.5%", or "-" of nothing."""
    return f"{part / whole:.1%}" if whole else "-"


def median_or_nan(values: Sequence[float]) -> float:
    """The median; nan of nothing."""
    return median(values) if values else math.nan


def edits(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]
