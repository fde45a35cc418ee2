"""Every figure of docs/end-of-turn.md, by one command: ``python -m training heads --figures``."""

import itertools
import multiprocessing
from collections.abc import Callable
from pathlib import Path

from training.audio import Pcm

from . import people, reading
from .figures import BURST_MOMENTS, MOMENTS, NOD, Bench
from .scene import KINDS, Air

QUIET, ROUGH = Air(rough=False, speed=False), Air()
SETS = (
    ("espeak", QUIET, "held-out espeak voices, quiet"),
    ("espeak", ROUGH, "held-out espeak voices, rooms and noise"),
    ("rms", QUIET, "flite rms, quiet"),
)

READ = 320
"Turns over which the head is compared with the draft's own reading."


def _plus() -> Pcm:
    from training.speech import Flite, Style  # only in this spawned worker: the module can load espeak-ng

    return Flite().say("plus", "slt", Style())


def tell_all(
    bundle: Path, speech: Path, seed: int, *, tell: Callable[[str], None], recordings: Path | None
) -> None:
    """Tells tables and sentences in Markdown; people only with `recordings`. ValueError without heads."""
    bench, sentences = Bench(bundle, speech, seed), list[str]()
    tell("| set | ends + pauses | " + " | ".join(f"{ms} ms" for ms in MOMENTS) + " |")
    tell("|---|---|" + "---|" * len(MOMENTS))
    for group, air, title in SETS:
        rows, said = bench.endings(group, air, title)
        sentences += said
        for row in rows:
            tell(row)
    scenes = list(itertools.islice(bench.scenes("espeak", QUIET), READ))
    sentences += [f"* 200 ms after speech, {said}" for said in reading.compare(reading.ask(bundle, scenes))]
    for sentence in ("", *sentences, f"* {bench.milliseconds()}", ""):
        tell(sentence)
    tell("| set | ms | " + " | ".join(KINDS) + f" | backchannel from {NOD} |\n|---|---|" + "---|" * 4)
    for group, air, title in SETS:
        for row in bench.kinds(group, air, title):
            tell(row)
    if recordings is None:
        return
    with multiprocessing.get_context("spawn").Pool(1) as worker:
        plus = worker.apply(_plus)
    tell("\n| source | " + " | ".join(f"{ms} ms" for ms in BURST_MOMENTS) + " |")
    tell("|---|" + "---|" * len(BURST_MOMENTS))
    people.measure(bench.listener, bench.heads, recordings, plus, seed, tell)
