"""Small statistics."""

import math
from collections.abc import Sequence
from statistics import median

from scipy.stats import t as student


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 22, 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, right / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


def clustered(right: Sequence[tuple[str, bool]]) -> tuple[float, float]:
    """95 % interval of a share whose items come from few speakers: (speaker, right) each.

    The share is a ratio of sums over speakers; its variance is that between speakers, with Student's t of one
    fewer degrees of freedom than there are speakers (Cochran, Sampling Techniques, 1977, ch. 9). One speaker
    tells nothing of others: 0 to 1. Never narrower than `wilson`'s.
    """
    total, n = sum(fine for _, fine in right), len(right)
    low, high = wilson(total, n)
    sums: dict[str, list[int]] = {}
    for speaker, fine in right:
        sums.setdefault(speaker, [0, 0])
        sums[speaker][0] += fine
        sums[speaker][1] += 1
    k, share = len(sums), total / max(1, n)
    if k < 2:
        return 0.0, 1.0
    spread = sum((found - share * count) ** 2 for found, count in sums.values())
    half = float(student.ppf(0.975, k - 1)) * math.sqrt(k / (k - 1) * spread) / n
    return max(0.0, min(low, share - half)), min(1.0, max(high, share + half))


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
