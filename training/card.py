"""Writes the card (README.md) of a bundle from card.md: what it is, how it was made, what was measured.

Nothing that it writes is written by hand: families, voices, stages and figures come from code, config and
evaluation. What is learnt later is added by hand, as "Since"; the next card begins without.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .evaluate import Report
from .skills import registry
from .voices import GROUPS, LICENCES, TEST_ACCENT, TEST_VARIANTS

_TEMPLATE = Path(__file__).with_name("card.md")
_LOWEST = 5
NOT_MEASURED = "Not measured in this evaluation."


def families() -> str:
    """A table with one held-out question of each family and the reply that is wanted."""
    lines = ["| family | for example | reply |", "|---|---|---|"]
    for name in registry.FAMILIES:
        rng = random.Random(f"card {name}")
        past, question = registry.conversation(rng, name, test=True)
        measured = registry.imagined(question, rng)
        reply = registry.reply(question, measured, registry.spoken(past))
        before = "".join(f"({turn.reply}) " for turn in past[-1:]) if registry.before(question) else ""
        said = " ".join(registry.heard(question)) if question.skill != "unclear" else " ".join(question.words)
        reply = reply.replace("\n", " ").replace("<", "&lt;")
        lines.append(f"| {name} | {before}{said} | {reply or 'nothing'} |")
    return "\n".join(lines)


def groups(training: dict[str, Any]) -> str:
    """The groups of voices that the run had, how much each spoke, and the share at which it was drawn."""
    spoken: dict[str, int] = training.get("utterances", {})
    lines = [
        "| voices | engine | licence of engine and voices | utterances | share of draws |",
        "|---|---|---|---|---|",
    ]
    had = {name: GROUPS[name] for name in spoken if name in GROUPS}
    total = sum(group.share for group in had.values())
    lines += [
        f"| {name} | {g.engine} | {LICENCES[g.engine]} | {spoken[name]} | {g.share / total:.0%} |"
        for name, g in had.items()
    ]
    missing = [name for name, group in GROUPS.items() if group.share and name not in spoken]
    return "\n".join(
        [*lines, *([f"\nNot installed where it was trained: {', '.join(missing)}."] if missing else [])]
    )


def in_all(training: dict[str, Any], what: str) -> float:
    """Minutes or samples of a run and of those whose weights or ear it went on from."""
    earlier = (training[name] for name in ("before", "ear") if name in training)
    return float(training.get(what, 0)) + sum(in_all(run, what) for run in earlier)


def begun(training: dict[str, Any]) -> str:
    """What the run went on from, as a sentence; empty where it began with nothing."""
    found = [
        f"{told} of a bundle of seed {training[name].get('seed', '?')}, "
        f"{in_all(training[name], 'minutes'):.0f} minutes"
        for name, told in (("before", "all weights"), ("ear", "the ear"))
        if name in training
    ]
    told = f"The run went on from {' and from '.join(found)} (`--start`, `--ear`)." if found else ""
    sentences = " ".join(filter(None, (told, averaged(training))))
    return f"{sentences}\n" if sentences else ""


def averaged(training: dict[str, Any]) -> str:
    """Of which other bundles the weights are a mean with those of the run, as a sentence; else empty."""
    others = [
        f"{one['share']:.0%} of those of seed {one['seed']}{', themselves a mean' if one['mean'] else ''}"
        for one in training.get("average", ())
    ]
    return f"The weights are a mean of its own and {', '.join(others)} (`--average`)." if others else ""


def command(training: dict[str, Any]) -> str:
    """What makes the same weights again, from those that the run went on from."""
    budget: dict[str, float] = training.get("stage_budget", {})
    parts = [
        "python -m training run",
        f"--size {training.get('size', 'small')} --seed {training.get('seed', '?')}",
        f"--minutes {training.get('budget', training.get('minutes', 0)):g}",
        f"--scale {training.get('scale', 1.0):g}",
        *((f"--rate {training['rate']:g}",) if "rate" in training else ()),
        *(("--budget " + " ".join(f"{name}={one:g}" for name, one in budget.items()),) if budget else ()),
        *(f"--{option} BUNDLE" for name, option in (("before", "start"), ("ear", "ear")) if name in training),
    ]
    if others := training.get("average"):
        parts.append("--average " + " ".join(f"BUNDLE={one['share']:g}" for one in others))
    steps = training.get("steps")
    if "before" in training and isinstance(steps, dict):
        parts.append(f"--stages speech {' '.join(steps)} export")
    return " ".join(parts)


def stages(training: dict[str, Any]) -> str:
    """Of the run that made the weights."""
    minutes = training.get("stage_minutes", {})
    lines = ["| stage | steps | minutes |", "|---|---|---|"]
    found = training.get("steps", {})
    for name, steps in found.items() if isinstance(found, dict) else ():
        lines.append(f"| {name} | {steps} | {minutes.get(name, 0.0):.1f} |")
    return "\n".join(lines)


def lowest(report: Report) -> str:
    """The families of the main set that are answered right least often."""
    found: dict[str, list[bool]] = {}
    for o in report.outcomes.get("unseen", ()):
        found.setdefault(o.case.kind, []).append(o.right_with_refusal(report.threshold))
    shares = sorted((sum(right) / len(right), kind) for kind, right in found.items())
    return ", ".join(f"{kind} {share:.1%}" for share, kind in shares[:_LOWEST]) or "none"


def write(bundle: Path, report: Report, *, people: Sequence[str] = (), wrong: Sequence[str] = ()) -> None:
    """README.md from config.json and an evaluation. `people`, `wrong`: lines of those reports."""
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    training = config["training"]
    first = report.lines[0] if report.lines else "Seed 1;"
    people_kept = ", ".join(name for name, group in GROUPS.items() if group.test)
    text = _TEMPLATE.read_text(encoding="utf-8").format(
        millions=(bundle / "model.safetensors").stat().st_size / 2e6,
        minutes=in_all(training, "minutes"),
        samples=f"{in_all(training, 'samples'):,.0f}".replace(",", " "),
        begun=begun(training),
        seed=training.get("seed", "?"),
        command=command(training),
        history=config.get("history_turns", 0),
        share="" if report.share == 1.0 else f" --share {report.share:g}",
        families=families(),
        groups=groups(training),
        tests=f"espeak's {', '.join(TEST_VARIANTS)} and the accent {TEST_ACCENT}; {people_kept}",
        stages=stages(training),
        test_seed=first.split(";")[0].removeprefix("Seed "),
        figures="\n".join(report.lines),
        people="\n".join(people) or NOT_MEASURED,
        wrong="\n".join(wrong) or NOT_MEASURED,
        lowest=lowest(report),
    )
    (bundle / "README.md").write_text(text, encoding="utf-8")
