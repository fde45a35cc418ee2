"""What multiplying in 8 bits would cost and save: one bundle both ways, on the same cases and this machine.

The bundle ships in float16 and is multiplied in float32. Weights in 8 bits are scaled for each channel, and
activations as they come (onnxruntime's dynamic quantisation).
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from onnx import numpy_helper

from model.benchmark import timed
from model.checkpoint import Bundle, load
from model.onnx_runtime import OnnxNetwork
from model.sampling import greedy

from .audio import Floats
from .outcomes import Outcome, answered
from .player import Player, features
from .scores import percent, wilson
from .sets import Case

CONTEXT = 300
"Positions before the token that is timed."
BLOCKS = 8
"Frames of 80 ms of sound."
ROUNDS = 200
HEADER = (
    "| weights | n | right, no refusal [95 %] | ms a token, p50 | ms for 80 ms of sound, p50 "
    "| megabytes |\n|---|---|---|---|---|---|"
)


def narrowed(bundle: Bundle) -> dict[str, bytes]:
    """Its graphs with their weights inside, in 8 bits where a product with them can be."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out = {}
    with tempfile.TemporaryDirectory(prefix="hocket-int8-") as folder:
        for name, graph in bundle.graphs.items():
            model = _filled(onnx.load_model_from_string(graph), bundle.weights)
            wide, narrow = Path(folder) / f"{name}.onnx", Path(folder) / f"{name}8.onnx"
            onnx.save(model, wide)
            quantize_dynamic(wide, narrow, per_channel=True, weight_type=QuantType.QInt8)
            out[name] = narrow.read_bytes()
    return out


def _filled(model: onnx.ModelProto, weights: Mapping[str, Floats]) -> onnx.ModelProto:
    """With its weights, and those that it only turns over lying the other way round."""
    graph = model.graph
    tensors = {
        t.name: weights[t.name] if t.name in weights else numpy_helper.to_array(t) for t in graph.initializer
    }
    kept = []
    for node in graph.node:
        if node.op_type == "Transpose" and node.input[0] in tensors:
            tensors[node.output[0]] = np.ascontiguousarray(tensors[node.input[0]].T)
        else:
            kept.append(node)
    wanted = {name for node in kept for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(
        numpy_helper.from_array(t, name) for name, t in tensors.items() if name in wanted
    )
    return model


def products(graph: bytes) -> int:
    """Matrix products that are done in 8 bits."""
    kinds = [node.op_type for node in onnx.load_model_from_string(graph).graph.node]
    return sum(kind in ("MatMulInteger", "DynamicQuantizeMatMul") for kind in kinds)


def _row(name: str, size: int, player: Player, cases: Sequence[Case]) -> str:
    network, rng = player.network, np.random.default_rng(0)
    ids = rng.integers(6, len(player.tokenizer), CONTEXT)
    _, past = network.read(network.embed(ids.tolist()), network.empty())
    token = timed(lambda: greedy(network.read(network.embed([7]), past)[0][-1]), ROUNDS)
    frames = features((0.05 * rng.standard_normal(1280 * 26)).astype(np.float32))
    _, _, state = network.hear(frames[: 25 * BLOCKS], network.begin())
    sound = timed(lambda: network.hear(frames[25 * BLOCKS :], state), ROUNDS)
    right = sum(Outcome(case, answered(player, case)).right for case in cases)
    low, high = wilson(right, len(cases))
    share = f"{percent(right, len(cases))} [{percent(low, 1)}, {percent(high, 1)}]"
    return (
        f"| {name} | {len(cases)} | {share} | {median(token):.2f} | {median(sound):.2f} | {size / 1e6:.1f} |"
    )


def report(folder: Path, cases: Sequence[Case], note: Callable[[str], None]) -> None:
    """Both ways in one table. Raises RuntimeError where nothing was narrowed."""
    bundle = load(folder)
    graphs = narrowed(bundle)
    if not all(products(graphs[name]) for name in ("encoder", "decoder")):
        raise RuntimeError("no matrix product of a graph could be done in 8 bits")
    table = bundle.weights["model.embed_tokens.weight"]
    note(HEADER)
    player = Player(folder)
    stored = 2 * sum(weight.size for weight in bundle.weights.values())
    note(_row("float16, multiplied in float32", stored, player, cases))
    player.network = OnnxNetwork(bundle, whole=graphs)
    stored = sum(map(len, graphs.values())) + 2 * table.size
    note(_row("8 bits", stored, player, cases))
