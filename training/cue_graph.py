"""The graph from all cues of a segment to what its ``<audio_end>`` is told: `model.cue_networks`, B = 1."""

import math
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto

from model.cue_summary import BLIP, BUMPS, DENSEST, EARLIER, FULL, GAP, LEAST, MOST, NEWEST, SHORT, STRAY
from model.shapes import CUE_SETS, CUES, SOUNDS

from .graph import Graph

Shapes = dict[str, Sequence[int]]


class _Sums:
    """Short names for what the summary is made of."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def op(self, kind: str, *inputs: str | float, **attributes: object) -> str:
        """Numbers among the inputs become constants."""
        named = [self.graph.constant(x) if isinstance(x, float) else x for x in inputs]
        return self.graph.op(kind, *named, **attributes)

    def total(self, x: str) -> str:
        """[1, F] -> [1]."""
        return self.graph.op("ReduceSum", x, self.graph.constant([1]), keepdims=0)

    def over(self, x: str, least: float) -> str:
        """1.0 where x is above, else 0.0."""
        return self.op("Cast", self.op("Greater", x, least), to=TensorProto.FLOAT)

    def ratio(self, x: str, y: str, least: float) -> str:
        return self.op("Div", x, self.op("Max", y, least))

    def padded(self, x: str, before: int, after: int, value: float = 0.0) -> str:
        """Along F."""
        return self.op("Pad", x, self.graph.constant([0, before, 0, after]), self.graph.constant(value))

    def pooled(self, x: str, size: int, kind: str = "MaxPool") -> str:
        """[1, F] -> [1, F - size + 1]."""
        axis = self.graph.constant([1])
        return self.op("Squeeze", self.op(kind, self.op("Unsqueeze", x, axis), kernel_shape=[size]), axis)

    def without(self, x: str) -> str:
        return self.op("Sub", 1.0, x)

    def closed(self, speech: str) -> str:
        near = self.without(
            self.pooled(self.without(self.pooled(self.padded(speech, GAP - 1, GAP - 1), GAP)), GAP)
        )
        odd = self.padded(self.without(near), BLIP - 1, BLIP - 1, 1.0)
        return self.pooled(self.without(self.pooled(odd, BLIP)), BLIP)

    def begun(self, x: str) -> str:
        before = self.graph.slice(self.padded(x, 1, 0), 0, -1, 1)
        return self.total(self.op("Mul", x, self.without(before)))

    def median(self, values: str, known: str) -> str:
        """`known` [1, F] of 0 and 1 -> [1]."""
        graph = self.graph
        keys = self.op("Where", self.op("Cast", known, to=TensorProto.BOOL), values, 1e3)
        ordered, _ = graph.many("TopK", [keys, graph.length(keys, 1)], 2, axis=1, largest=0, sorted=1)
        count = self.total(known)
        middle = self.op("Cast", self.op("Floor", self.op("Mul", self.op("Sub", count, 1.0), 0.5)), to=7)
        place = self.op("Max", middle, graph.constant([0]))
        found = self.op("Squeeze", self.op("Gather", ordered, place, axis=1), graph.constant([0]))
        return self.op("Mul", found, self.over(count, 0.0))

    def slope(self, pitch: str, voiced: str, middle: str) -> str:
        near = self.op("Less", self.op("Abs", self.op("Sub", pitch, middle)), STRAY)
        kept = self.op("Mul", voiced, self.op("Cast", near, to=TensorProto.FLOAT))
        left = self.op("CumSum", kept, self.graph.constant(np.array(1, np.int64)), exclusive=1, reverse=1)

        def mean(first: int, last: int) -> str:
            some = self.op("Mul", self.over(left, first - 0.5), self.without(self.over(left, last - 0.5)))
            some = self.op("Mul", some, kept)
            return self.ratio(self.total(self.op("Mul", pitch, some)), self.total(some), 1.0)

        change = self.op("Sub", mean(0, NEWEST), mean(NEWEST, NEWEST + EARLIER))
        known = self.over(self.total(kept), LEAST - 0.5)
        return self.op("Mul", self.op("Mul", change, 12.0), known)


def cue(shapes: Shapes) -> onnx.ModelProto:
    """All cues of a segment [1, F, C] -> their summary and the vector [1, width] for <audio_end>."""
    graph = Graph("cue", shapes)
    full = "sound_heads.up.weight" in shapes
    count = len(CUE_SETS[full])
    given = graph.input("cues", [1, "frames", count])
    channels = [
        graph.op("Squeeze", part, graph.constant([2]))
        for part in graph.many("Split", [given], count, axis=2, num_outputs=count)
    ]
    parts = _voice(_Sums(graph), channels, full=full)
    summary = graph.op(
        "Concat", *[graph.op("Unsqueeze", part, graph.constant([1])) for part in parts], axis=1
    )
    read = _read(graph, summary) if full else summary
    vector = graph.linear(graph.op("Gelu", graph.linear(read, "cue_embedding.up")), "cue_embedding.down")
    graph.output(summary, "summary", [1, len(FULL if full else SHORT)])
    graph.output(graph.rms_norm(vector, graph.weight("embedding_rms"), 1e-5), "vector", [1, "width"])
    return graph.model()


def _voice(sums: _Sums, channels: list[str], *, full: bool) -> list[str]:
    """The parts of the summary, each [1]."""
    op, total = sums.op, sums.total
    pitch, voiced, level, density, speech = channels[: len(CUES)]
    w, s = op("Mul", voiced, sums.over(voiced, 0.5)), op("Mul", speech, sums.over(speech, 0.1))
    w_sum, s_sum = total(w), total(s)
    mean = sums.ratio(total(op("Mul", pitch, w)), w_sum, 0.5)
    square = sums.ratio(total(op("Mul", op("Mul", pitch, pitch), w)), w_sum, 0.5)
    variance = op("Max", op("Sub", square, op("Mul", mean, mean)), 0.0)
    spread = op("Sqrt", op("Add", variance, 1e-4))
    power = total(op("Mul", op("Exp", op("Mul", level, 1.5 * math.log(10))), s))
    power = op("Log", op("Max", sums.ratio(power, s_sum, 0.5), 1e-4))
    power = op("Mul", power, 1 / (1.5 * math.log(10)))
    count, seconds = total(density), op("Mul", s_sum, 1 / 25)
    parts = [op("Mul", mean, 2.0), op("Mul", spread, 2.0), sums.ratio(w_sum, s_sum, 1.0), power]
    parts += [sums.ratio(total(op("Mul", level, s)), s_sum, 0.5)]
    parts += [op("Mul", sums.ratio(count, seconds, 0.3), 0.25), op("Mul", count, 1 / 8)]
    parts += [op("Mul", seconds, 0.5), op("Mul", w_sum, 1 / 25)]
    return [*parts, *_around(sums, channels, s, power, count)] if full else parts


def _around(sums: _Sums, channels: list[str], s: str, power: str, count: str) -> list[str]:
    """What only the full summary has."""
    op, total, graph = sums.op, sums.total, sums.graph
    pitch, voiced = channels[0], sums.over(channels[1], 0.5)
    noise, band, second, *events = channels[-len(SOUNDS) :]
    speech = sums.closed(sums.over(channels[4], 0.5))
    middle = sums.median(pitch, voiced)
    pace = op("Mul", sums.ratio(count, op("Mul", total(speech), 1 / 25), 0.3), 0.25)
    frame = graph.span(graph.constant([0]), graph.length(s, 1))
    late = sums.over(op("Cast", frame, to=TensorProto.FLOAT), 3.5)
    quiet = op("Mul", sums.without(op("Mul", s, 0.9)), late)
    quiet = op("Add", quiet, 1e-3)
    floor = sums.ratio(total(op("Mul", noise, quiet)), total(quiet), 1e-3)
    dense = sums.pooled(sums.padded(second, DENSEST - 1, 0), DENSEST, "AveragePool")
    peak = graph.op("ReduceMax", dense, graph.constant([1]), keepdims=0)
    pauses = op("Max", op("Sub", sums.begun(speech), 1.0), 0.0)
    parts = [op("Mul", middle, 2.0), pace, op("Mul", sums.slope(pitch, voiced, middle), 0.25), pauses]
    parts += [floor, op("Sub", power, floor), sums.ratio(total(op("Mul", band, s)), total(s), 0.5)]
    parts += [op("Mul", total(second), 1 / 25), peak]
    return parts + [sums.begun(sums.over(event, 0.5)) for event in events]


def _read(graph: Graph, summary: str) -> str:
    """The summary with its bumps."""
    places, centres, widths = zip(*BUMPS, strict=True)
    away = graph.op("Gather", summary, graph.constant(list(places)), axis=1)
    away = graph.op("Sub", away, graph.constant(np.array(centres, np.float32)))
    away = graph.op("Div", away, graph.constant(np.array(widths, np.float32)))
    bumps = graph.op("Exp", graph.op("Neg", graph.op("Mul", away, away)))
    summary = graph.op("Clip", summary, graph.constant(-MOST), graph.constant(MOST))
    return graph.op("Concat", summary, bumps, axis=1)
