"""Agents that play to the figures, faced with the scene that has everything, and where each is caught."""

from __future__ import annotations

from collections.abc import Mapping

from .adversaries import ADVERSARIES, Adversary, Mannered, honest
from .rates import Distribution, Rate
from .score import Score, score
from .summary import Summary
from .validate_scene import held, scene

HONEST = Adversary("(an honest agent)", lambda script: Mannered(script, honest), "nothing")
"""Answers what wants an answer and stops for barge-ins only: what all figures are good for."""


def against(adversary: Adversary) -> Score:
    """An adversary's score in the scene that has everything."""
    return score(*held(scene(), adversary.make, adversary.name))


def adversary_table(faced: Mapping[str, Summary]) -> list[str]:
    """Lines of what the scorer makes of agents that play to it; few events each, so counts and no rates."""
    lines = [
        "adversaries (virtual time; ms where nothing else is said)",
        f"{'agent':<20}{'voice':>7}{'body':>7}{'missed':>8}{'took':>7}{'cut in':>8}{'overlap s':>11}"
        f"{'yields':>8}{'ignores':>9}{'again':>7}{'extra':>7}{'penalty s':>11}",
    ]
    for name, one in faced.items():
        panel = one.overlaps
        ignored = [found.ignored for found in panel.kinds.values()]
        again = [found.held for found in panel.kinds.values()]
        lost = "-" if panel.penalty is None else f"{panel.penalty.seconds:.2f}"
        lines.append(
            f"{name:<20}{_ms(one.voice_to_voice):>7}{_ms(one.to_body):>7}{_of(one.missed):>8}"
            f"{_of(one.took_floor):>7}{_of(one.cut_ins):>8}{one.overlap:>11.1f}{_of(panel.barge_ins):>8}"
            f"{_of(*ignored):>9}{_of(*again):>7}{one.doubles + one.unprompted:>7}{lost:>11}"
        )
    caught = {one.name: one.caught for one in (*ADVERSARIES, HONEST)}
    return [*lines, *(f"  {name}: caught by {caught[name]}" for name in faced if name in caught)]


def _ms(found: Distribution | None) -> str:
    return "-" if found is None else f"{1000 * found.p50:.0f}"


def _of(*found: Rate) -> str:
    """Counts of these rates together."""
    count = sum(one.n for one in found)
    return f"{sum(one.hits for one in found)}/{count}" if count else "-"
