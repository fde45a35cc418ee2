"""Ten wrong answers with pictures of their sound: what was said, heard, thought, and where it went wrong."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .audio import RATE, Floats
from .outcomes import Outcome
from .player import features
from .rollouts import sums_hold

COUNT = 10
_SPACE = (7.0, 2.4)
"Inches."


def choose(outcomes: dict[str, list[Outcome]], threshold: float, seed: int) -> list[tuple[str, Outcome]]:
    """Ten that were answered wrongly, from as many sets and skills as there are; then refused ones."""
    rng, kinds = random.Random(seed), dict[tuple[str, str, bool], list[tuple[str, Outcome]]]()
    for name, found in outcomes.items():
        for o in found:
            if not o.right:
                key = (name, o.case.kind, o.refused(threshold))
                kinds.setdefault(key, []).append((name, o))
    piles = [
        rng.sample(kinds[key], len(kinds[key])) for key in sorted(kinds, key=lambda k: (k[2], k[1], k[0]))
    ]
    chosen: list[tuple[str, Outcome]] = []
    while len(chosen) < COUNT and any(piles):
        chosen += [pile.pop() for pile in piles if pile]
    return chosen[:COUNT]


def why(outcome: Outcome) -> str:
    """The first thing that went wrong, in one sentence."""
    answer, case = outcome.answer, outcome.case
    if not answer.finished:
        return "The thought never ended."
    heard, words = answer.heard.split(), case.words
    if heard != words:
        pairs = zip(words, heard, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(words), len(heard)))
        said = words[place] if place < len(words) else "nothing more"
        took = heard[place] if place < len(heard) else "nothing more"
        return f'Misheard: "{said}" as "{took}" (word {place + 1}).'
    false = case.verdict(answer.steps).false
    if false:
        return (
            f"Mismeasured: it cites {false[0].family} {false[0].value:g}, which the sound does not bear out."
        )
    if not sums_hold(answer.steps):
        return "Heard rightly, reckoned wrongly: a sum in the thought is not true."
    if answer.lines[1:] != case.lines[1:]:
        return "Heard rightly, thought otherwise than it should."
    return "Heard and thought rightly, said wrongly."


def draw(mel: Floats, outcome: Outcome, path: Path) -> None:
    """Log-mel picture of what the brain got, as it got it; PNG. Needs matplotlib."""
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
        draw(np.asarray(features(o.case.noisy)), o, path)
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
