"""The head against the draft's own reading: does "incomplete" in the brain's thought tell as much?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.checkpoint import load
from model.judge import Heads
from pipeline.reading import Reader
from training.audio import POSITION, RATE, Pcm
from training.player import Player
from training.scores import percent, wilson

from .samples import Listener
from .scene import Scene

AFTER = 0.2
"Seconds after speech at which both are asked; sound up to the last whole position before."


@dataclass(frozen=True, slots=True)
class Both:
    """One silence and what both say: the probability that the turn is over."""

    whole: bool
    likely: bool
    head: float
    reading: float


def _sounds(scene: Scene) -> list[tuple[Pcm, bool, bool]]:
    return [
        (
            scene.pcm[: (pause.begins + int(AFTER * RATE)) // POSITION * POSITION],
            pause.piece.whole,
            pause.piece.likely,
        )
        for pause in scene.pauses
    ]


def ask(bundle: Path, scenes: list[Scene]) -> list[Both]:
    """All silences of turns in the brain's language. CheckpointError for a broken bundle."""
    player, listener, found = Player(bundle), Listener(bundle), list[Both]()
    weights = load(bundle).heads
    if weights is None:
        raise ValueError(f"{bundle} has no heads; train them first (python -m training heads)")
    heads = Heads(weights)
    for scene in scenes:
        for pcm, whole, likely in _sounds(scene) if scene.skill != "open" else ():
            reader = Reader()
            reader.feed(player.answer(player.hear(pcm)).text.split("</think>")[0], 0.0)
            told = reader.read().end_of_turn
            head = heads.judge(listener.track(pcm), 0).end_of_turn
            found.append(Both(whole, likely, head, 0.5 if told is None else told))
    return found


def compare(found: list[Both]) -> list[str]:
    """Figures in sentences, paired."""
    lines = []
    for title, chosen in (
        ("all", found),
        ("but for prefixes that would do", [b for b in found if not b.likely]),
    ):
        ends, pauses = [b for b in chosen if b.whole], [b for b in chosen if not b.whole]
        cells = []
        for name in ("head", "reading"):
            right = sum(getattr(b, name) > 0.5 for b in ends), sum(getattr(b, name) <= 0.5 for b in pauses)
            low, high = wilson(right[1], len(pauses))
            mean = np.mean([right[0] / len(ends), right[1] / len(pauses)])
            cells.append(
                f"{name} {percent(float(mean), 1)} (ends {percent(right[0], len(ends))}, pauses "
                f"{percent(right[1], len(pauses))} [{percent(low, 1)}, {percent(high, 1)}])"
            )
        lines.append(f"{title}, {len(ends)} ends and {len(pauses)} pauses: " + "; ".join(cells))
    return lines
