"""Times the bundled brain on this machine: ``python -m model.benchmark``. One thread, real time."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from pipeline.clock import monotonic
from pipeline.ports import CAPTURE_RATE, Limits, Pcm
from pipeline.prompt import BLOCK, Audio, Human, Prompt, Reply, System

from .checkpoint import Bundle, bundled, load
from .engine import OnnxEngine
from .onnx_runtime import OnnxNetwork
from .sampling import greedy

ROUNDS = 300
"""Measurements per line."""
SYSTEM = System("")


def timed(step: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each of some calls, the first few left out."""
    for _ in range(min(5, rounds - 1)):
        step()
    marks = [monotonic()]
    for _ in range(rounds):
        step()
        marks.append(monotonic())
    return [1e3 * (b - a) for a, b in itertools.pairwise(marks)]


def tokens(bundle: Bundle, context: int) -> list[float]:
    """One decode step, from token to token, with ``context`` positions before it."""
    network, rng = OnnxNetwork(bundle), np.random.default_rng(0)
    ids = rng.integers(6, bundle.card.dims.vocabulary, context)
    _, past = network.read(network.embed(ids.tolist()), network.empty())
    return timed(lambda: greedy(network.read(network.embed([7]), past)[0][-1]))


def listening(bundle: Bundle) -> list[float]:
    """80 ms of sound more into an open segment: hashing, front end, encoder, language model, caches."""
    pcm = noise(25.0)
    turns: Iterator[int] = iter(range(BLOCK, len(pcm) + 1, BLOCK))
    engine = OnnxEngine(bundle)

    def step() -> None:
        engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: next(turns)]),)))))

    return timed(step)


def first_token(bundle: Bundle) -> list[float]:
    """From a draft's start to its first token, its 3 s of sound taken in but for the last 80 ms."""
    engine, times = OnnxEngine(bundle), []
    for seed in range(ROUNDS):
        pcm = noise(3.0, seed)
        engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[:-BLOCK]),)))))
        begun = monotonic()
        next(engine.generate(Prompt((SYSTEM, Human((Audio(pcm),)), Reply())), Limits(4)))
        times.append(1e3 * (monotonic() - begun))
    return times


def noise(seconds: float, seed: int = 0) -> Pcm:
    """What the network hears does not change how long it takes."""
    wide = np.random.default_rng(seed).standard_normal(int(seconds * CAPTURE_RATE))
    return (0.05 * wide).astype(np.float32)


def line(name: str, times: list[float]) -> str:
    """One row of the report."""
    p50, p95 = np.percentile(times, [50, 95])
    return f"{name:<44} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms   n {len(times)}\n"


def main(folder: Path | None = None) -> None:
    """Print the report."""
    begun = monotonic()
    bundle = load(folder or bundled())
    OnnxEngine(bundle)
    sys.stdout.write(f"load: {1e3 * (monotonic() - begun):.0f} ms, weights {bundle.fingerprint}\n")
    sys.stdout.write(line("token at context 100", tokens(bundle, 100)))
    sys.stdout.write(line("token at context 300", tokens(bundle, 300)))
    sys.stdout.write(line("80 ms of sound, segment of 0 to 25 s", listening(bundle)))
    sys.stdout.write(line("draft start to first token", first_token(bundle)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
