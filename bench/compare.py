"""Two runs over the same stimuli, paired turn by turn; each figure's difference with a 95 % interval.

Refuses runs whose difference would mean nothing: other stimuli, another clock, a scripted brain beside a real
one. The settings that may differ (endpoint, brain, agent's voice, switches) are what one compares, and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.errors import UserError

from .claim import HELD_ON, held_on
from .compare_figures import EXPLAINED, FIGURES, WHOLE
from .compare_stats import Cell, Statistic, difference, paired
from .compare_turns import Aligned, align
from .report import Read, read_folder, settings_of
from .score import TurnScore
from .socket_turns import BY_HAND
from .think_run import CLAIM

SAME = ("suite", "seed", "clock")
"""Settings that must be equal."""
SAME_PARTS = ("user", "kind", "pace")
"""Parts of the target that must be equal where both runs name them: the user's voice makes the stimuli."""


Pair: TypeAlias = tuple[Read, Read, Aligned]
"""One conversation in both runs, and which of its turns are the same."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one scenario in both runs."""

    scenario: str
    name: str
    unit: str
    "``ms`` or ``%``."
    cell: Cell


@dataclass(frozen=True, slots=True)
class Compared:
    """All that came of it."""

    first: str
    second: str
    differs: tuple[tuple[str, str, str], ...]
    "Settings that are not the same: name, first, second."
    figures: tuple[Figure, ...]
    unpaired: tuple[str, ...]
    "What only one of the runs has, in words."
    pairs: int
    clock: str


def compare_folders(first: Path, second: Path) -> Compared:
    """Compare two folders. Raises UserError where they hold nothing or must not be compared."""
    for folder in (first, second):
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}; name one that hocket bench run wrote (--out)")
    thinking = [(folder / CLAIM).exists() for folder in (first, second)]
    if any(thinking):
        from .compare_think import compare_thinking

        if not all(thinking):
            raise UserError(f"only one of {first} and {second} holds answers of hocket bench think; "
                            "compare like with like")  # fmt: skip
        return compare_thinking(first, second)
    settings = settings_of(first), settings_of(second)
    comparable(*settings, (str(first), str(second)))
    return _runs(first, second, settings)


def comparable(first: Mapping[str, Any], second: Mapping[str, Any], names: tuple[str, str]) -> None:
    """Raises UserError that names every setting that must be equal and is not."""
    for settings, name in ((first, names[0]), (second, names[1])):
        if not settings:
            raise UserError(f"{name} does not say how it was made (no run.json), so it cannot be compared; "
                            "name a folder that hocket bench run wrote")  # fmt: skip
    apart = [(name, first.get(name), second.get(name)) for name in SAME
             if first.get(name) != second.get(name)]  # fmt: skip
    ours, theirs = first.get("target", {}), second.get("target", {})
    apart += [(name, ours[name], theirs[name]) for name in SAME_PARTS
              if name in ours and name in theirs and ours[name] != theirs[name]]  # fmt: skip
    hands = [str(target.get("endpoint", "")).startswith(BY_HAND) for target in (ours, theirs)]
    if hands[0] is not hands[1]:
        found = (target.get("endpoint", "found by the agent") for target in (ours, theirs))
        apart.append(("endpoint", *found))
    if apart:
        told = "; ".join(
            f"{name} is {one} in the first and {other} in the second" for name, one, other in apart
        )
        raise UserError(
            f"{names[0]} and {names[1]} are not comparable: {told}; "
            "hold both with the same suite, seed, user's voice, clock, kind of brain and way of ending turns"
        )


def _runs(first: Path, second: Path, settings: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Compared:
    missed: list[str] = []
    ours, theirs = (_named(read_folder(folder, missed=missed), folder) for folder in (first, second))
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise UserError(
            f"{first} and {second} have no conversation in common; run the same scenarios in both"
        )
    aligned = {name: _same(ours[name], theirs[name]) for name in both}
    unpaired = [
        *(f"not read: {what}" for what in missed),
        *_alone(ours, theirs, first),
        *_alone(theirs, ours, second),
    ]
    scenes: dict[str, list[str]] = {}
    for name in both:
        unpaired += [f"{name}: {turn} only in {folder}"
                     for turns, folder in ((aligned[name].first, first), (aligned[name].second, second))
                     for turn in turns]  # fmt: skip
        scenes.setdefault(ours[name].labels.scenario, []).append(name)
    figures: list[Figure] = []
    count = 0
    for scenario in sorted(scenes):
        pairs = [(ours[name], theirs[name], aligned[name]) for name in scenes[scenario]]
        figures += _figures(scenario, pairs)
        count += sum(len(turns) for turns in map(_turns, pairs))
    differs = tuple(_differing(*settings))
    return Compared(str(first), str(second), differs, tuple(figures), tuple(unpaired), count,
                    str(settings[0].get("clock")))  # fmt: skip


def _turns(pair: Pair) -> list[tuple[TurnScore, TurnScore]]:
    """The turns that both runs have scored, beside each other."""
    mine, other = ({turn.number: turn for turn in one.score.turns} for one in pair[:2])
    return [(mine[one], other[two]) for one, two in pair[2].pairs if one in mine and two in other]


def _figures(scenario: str, pairs: Sequence[Pair]) -> list[Figure]:
    """Every figure that both runs have of this scenario."""
    turns = [(pair[0].labels.conversation, pair, one, two) for pair in pairs for one, two in _turns(pair)]
    found: list[Figure | None] = []
    for asked in FIGURES:
        values = [(name, asked.pick(one), asked.pick(two)) for name, _, one, two in turns]
        found.append(_figure(scenario, asked.name, asked.unit, asked.statistic, values))
    traced = [(name, pair[0].explained, one.number, pair[1].explained, two.number)
              for name, pair, one, two in turns]  # fmt: skip
    for told in EXPLAINED:
        values = [(name, told.pick(one, at), told.pick(two, there)) for name, one, at, two, there in traced]
        found.append(_figure(scenario, told.name, told.unit, told.statistic, values))
    for whole in WHOLE:
        values = [(one.labels.conversation, whole.pick(one.explained), whole.pick(two.explained))
                  for one, two, _ in pairs]  # fmt: skip
        found.append(_figure(scenario, whole.name, whole.unit, whole.statistic, values))
    return [one for one in found if one is not None]


def _figure(
    scenario: str, name: str, unit: str, statistic: Statistic,
    values: Sequence[tuple[str, Sequence[float], Sequence[float]]],
) -> Figure | None:  # fmt: skip
    groups, lonely = paired(values)
    return Figure(scenario, name, unit, difference(groups, statistic, lonely)) if groups else None


def _named(read: Sequence[Read], folder: Path) -> dict[str, Read]:
    if not read:
        raise UserError(
            f"{folder} holds no conversation; one is a folder with conversation.wav and labels.json"
        )
    return {one.labels.conversation: one for one in read}


def _alone(ours: Mapping[str, Read], theirs: Mapping[str, Read], folder: Path) -> list[str]:
    only = sorted(ours.keys() - theirs.keys())
    few = ", ".join(only[:3]) + (" …" if len(only) > 3 else "")
    return [f"{len(only)} conversations only in {folder} ({few})"] if only else []


def _same(first: Read, second: Read) -> Aligned:
    """Which turns are the same. Refuses one name for two stimuli, or for a brain and a script."""
    name = first.labels.conversation
    actors = [one.labels.about.get("actor", "") for one in (first, second)]
    if actors[0] != actors[1]:
        raise UserError(
            f"{name} was answered by {actors[0] or 'somebody'} in the first run and by "
            f"{actors[1] or 'somebody'} in the second; scripted and real are never compared"
        )
    return align(name, first.labels, second.labels)


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    flat = [_flat(settings) | {"held on": "; ".join(held_on(settings)) or "not told"}
            for settings in (first, second)]  # fmt: skip
    names = sorted(flat[0].keys() | flat[1].keys())
    pairs = [(name, flat[0].get(name, "not told"), flat[1].get(name, "not told")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _flat(settings: Mapping[str, Any]) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, value in settings.items():
        if name == HELD_ON:
            continue
        if isinstance(value, Mapping):
            told |= {f"{name} {key}": str(inner) for key, inner in value.items()}
        else:
            told[name] = "as shipped" if value is None else str(value)
    return told
