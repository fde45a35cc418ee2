"""From scenes to what the heads learn from: the ear's features once per scene, and many moments in each."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.checkpoint import load
from model.judge import SPAN, Track, Window, burst_window, ending_window
from model.onnx_runtime import OnnxNetwork
from training.audio import POSITION, Floats, Pcm
from training.player import features

from .scene import Burst, Scene

NEAR_END = 2400
"Samples: from here to the end of a whole turn, sound counts as finished; 150 ms."


class Listener:
    """The encoder of a bundle."""

    def __init__(self, bundle: Path, *, heads: bool = True) -> None:
        """`heads` False: without its heads, which may belong to an older encoder. Raises CheckpointError."""
        self.bundle = load(bundle, heads=heads)
        self._network = OnnxNetwork(self.bundle)

    def track(self, pcm: Pcm) -> Track:
        """All positions of a sound that begins a segment."""
        audio, cues, _ = self._network.hear(features(pcm), self._network.begin())
        return Track.of(audio, cues)


@dataclass(frozen=True, slots=True)
class Moments:
    """Windows of many tracks with their labels."""

    table: NDArray[np.float16]
    "(positions, features); row 0 is zero."
    rows: NDArray[np.int32]
    "(n, SPAN): the rows of each window, 0 where it is shorter."
    scalars: Floats
    labels: Floats
    "(n, labels)"
    weights: Floats

    def __len__(self) -> int:
        return len(self.rows)


class Gathered:
    """Moments in the making. `newest`: windows end at their last row, else they begin at their first."""

    def __init__(self, newest: bool) -> None:
        self._newest = newest
        self._tables, self._count = list[NDArray[np.float16]](), 1
        self._rows, self._scalars = list[NDArray[np.int32]](), list[Floats]()
        self._labels = list[tuple[float, ...]]()
        self._weights = list[float]()

    def add_track(self, track: Track) -> int:
        """The row of its first position."""
        self._tables.append(track.features.astype(np.float16))
        first, self._count = self._count, self._count + len(track.features)
        return first

    def add(self, first: int, window: Window, labels: tuple[float, ...], weight: float) -> None:
        rows = np.zeros(SPAN, np.int32)
        found = np.arange(first + window.start, first + window.stop)[-SPAN:]
        rows[SPAN - len(found) if self._newest else 0 :][: len(found)] = found
        self._rows.append(rows)
        self._scalars.append(window.scalars)
        self._labels.append(labels)
        self._weights.append(weight)

    def done(self) -> Moments:
        zero = np.zeros((1, self._tables[0].shape[1]), np.float16)
        return Moments(
            np.concatenate([zero, *self._tables]),
            np.stack(self._rows),
            np.stack(self._scalars),
            np.array(self._labels, np.float32),
            np.array(self._weights, np.float32),
        )


def ending_moments(scenes: Iterable[Scene], track: Callable[[Pcm], Track], rng: random.Random) -> Moments:
    """In every pause four moments, in every stretch of speech four, two of them just before its end.

    Labels: finished; words of the brain's language. Finished and unfinished pauses weigh the same in sum,
    speech weighs half as much.
    """
    gathered, sums = Gathered(newest=True), {True: 0, False: 0}
    picked = list[tuple[int, Window, tuple[float, float], float, bool]]()
    for scene in scenes:
        heard = track(scene.pcm)
        first, before, known = gathered.add_track(heard), 0, float(scene.skill != "open")
        for pause in scene.pauses:
            borders = -(-pause.begins // POSITION), pause.ends // POSITION
            inside = list(range(borders[0], min(borders[1], borders[0] + 13) + 1))
            talking = list(range(before + 3, borders[0]))
            moments = [(c, True) for c in rng.sample(inside, min(4, len(inside)))]
            moments += [(c, False) for c in {*talking[-2:], *rng.sample(talking, min(2, len(talking)))}]
            for count, silent in moments:
                window = ending_window(heard.upto(count))
                if window is not None:
                    near = silent or pause.begins - count * POSITION <= NEAR_END
                    finished = float(pause.piece.whole and near)
                    weight = 0.5 if pause.piece.likely else 1.0
                    sums[bool(finished)] += silent
                    picked.append((first, window, (finished, known), weight, silent))
            before = borders[1]
    balance = {finished: len(picked) / 2 / max(1, count) for finished, count in sums.items()}
    for first, window, labels, weight, silent in picked:
        gathered.add(first, window, labels, weight * (balance[bool(labels[0])] if silent else 0.5))
    return gathered.done()


def burst_moments(bursts: Iterable[Burst], track: Callable[[Pcm], Track], rng: random.Random) -> Moments:
    """Five moments from 100 ms of each burst to 0.4 s after it, the onset roughly known. Label: the kind."""
    gathered = Gathered(newest=False)
    for burst in bursts:
        heard = track(burst.pcm)
        first = gathered.add_track(heard)
        counts = list(range(-(-(burst.onset + 1600) // POSITION), len(burst.pcm) // POSITION + 1))
        for count in rng.sample(counts, min(5, len(counts))):
            onset = (burst.onset + round(rng.gauss(0, 800))) // POSITION
            gathered.add(first, burst_window(heard.upto(count), onset), (float(burst.kind),), 1.0)
    return gathered.done()
