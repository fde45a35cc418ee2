"""Wrong answers: what went wrong first in all of them, and ten with pictures of their sound."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.frontend import MELS

from .audio import RATE, Floats
from .outcomes import Outcome
from .player import features
from .rollouts import sums_hold
from .scores import percent

COUNT = 10
_SPACE = (7.0, 2.4)
"Inches."


def choose(outcomes: dict[str, list[Outcome]], threshold: float, seed: int) -> list[tuple[str, Outcome]]:
    """Ten that were answered wrongly, then refused ones; no skill twice before the others had their turn, and
    among these the set that came least."""
    rng, left = random.Random(seed), list[tuple[str, Outcome]]()
    for name, found in outcomes.items():
        left += [(name, o) for o in found if not o.right]
    rng.shuffle(left)
    skills, sets = Counter[str](), Counter[str]()
    chosen: list[tuple[str, Outcome]] = []
    while left and len(chosen) < COUNT:
        turns = [(o.refused(threshold), skills[o.case.kind], sets[name]) for name, o in left]
        name, o = left.pop(turns.index(min(turns)))
        skills[o.case.kind] += 1
        sets[name] += 1
        chosen.append((name, o))
    return chosen


CAUSES = {
    "endless": "the thought never ended",
    "misheard": "misheard",
    "mismeasured": "cites what the sound does not bear out",
    "reckoned": "heard rightly, a sum in the thought is not true",
    "thought": "heard rightly, thought otherwise than it should",
    "said": "heard and thought rightly, said wrongly",
}
"The first thing that went wrong."


def cause(outcome: Outcome) -> str:
    """Of a wrong answer, a name in `CAUSES`."""
    answer, case = outcome.answer, outcome.case
    if not answer.finished:
        return "endless"
    if answer.heard.split() != case.words:
        return "misheard"
    if case.verdict(answer.steps).false:
        return "mismeasured"
    if not sums_hold(answer.steps):
        return "reckoned"
    return "thought" if answer.lines != case.lines else "said"


def why(outcome: Outcome) -> str:
    """The first thing that went wrong, in one sentence."""
    found, answer, case = cause(outcome), outcome.answer, outcome.case
    if found == "misheard":
        heard, words = answer.heard.split(), case.words
        pairs = zip(words, heard, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(words), len(heard)))
        said = words[place] if place < len(words) else "nothing more"
        took = heard[place] if place < len(heard) else "nothing more"
        return f'Misheard: "{said}" as "{took}" (word {place + 1}).'
    if found == "mismeasured":
        false = case.verdict(answer.steps).false
        return (
            f"Mismeasured: it cites {false[0].family} {false[0].value:g}, which the sound does not bear out."
        )
    return f"{CAUSES[found].capitalize()}."


def causes(outcomes: dict[str, list[Outcome]]) -> list[str]:
    """Of each set, what share of all its cases went wrong first where: a table."""
    lines = [f"| set | n | wrong | {' | '.join(CAUSES.values())} |", "|---" * (3 + len(CAUSES)) + "|"]
    for name, found in outcomes.items():
        counts = Counter(cause(o) for o in found if not o.right)
        shares = [percent(counts[one], len(found)) for one in CAUSES]
        told = [name, str(len(found)), percent(counts.total(), len(found)), *shares]
        lines.append(f"| {' | '.join(told)} |")
    return lines


def draw(mel: Floats, outcome: Outcome, path: Path) -> None:
    """Picture of the mel bands that the brain got, as it got them; PNG. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SPACE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(
        mel.T, origin="lower", aspect="auto", cmap="magma", extent=(0, len(mel) / 100, 0, mel.shape[1])
    )
    for end in outcome.case.clip.ends:
        axes.axvline(end / RATE, color="white", linewidth=0.6, alpha=0.6)
    axes.set_xlabel("seconds (lines: ends of words)")
    axes.set_ylabel("mel band")
    axes.set_title(
        f"said: {' '.join(outcome.case.words)}\nheard: {outcome.answer.heard}", fontsize=8, loc="left"
    )
    figure.savefig(path, dpi=100)


def report(chosen: Sequence[tuple[str, Outcome]], folder: Path, threshold: float) -> list[str]:
    """Writes the pictures to `folder` (emptied of older ones) and gives the lines for the card."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("wrong-*.png"):
        old.unlink()
    lines = []
    for number, (name, o) in enumerate(chosen, 1):
        path = folder / f"wrong-{number:02d}.png"
        draw(np.asarray(features(o.case.noisy))[:, :MELS], o, path)
        fate = "refused" if o.refused(threshold) else "answered"
        thought = " / ".join(o.answer.steps) or "-"
        lines += [
            f"{number}. `{name}`, {o.case.kind}, voice {o.case.voice}, {fate} "
            f"(heard line {o.answer.heard_logprob:.3f}). {why(o)}",
            f"   * said: {' '.join(o.case.words)}; wanted: {o.case.reply or 'no answer'}",
            f"   * heard: {o.answer.heard}; thought: {thought}; said: {o.answer.reply or 'nothing'}",
            f"   * ![log-mel of the clip]({folder.name}/{path.name})",
        ]
    return lines
