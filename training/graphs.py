"""Two of the graphs of the bundle (`cue_graph` has the third), node for node as `model.networks` (B = 1)."""

import math
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto

from model.shapes import CUES, SOUNDS, Dims

from .graph import Graph

Shapes = dict[str, Sequence[int]]


def _mask(graph: Graph, start: str, count: str, block: int) -> str:
    """[count, start + count], 0 where a key's block is not after the query's, else minus infinity."""
    size = graph.constant([block])
    keys = graph.op("Div", graph.span(graph.constant([0]), graph.op("Add", start, count)), size)
    queries = graph.op("Unsqueeze", graph.op("Div", graph.span(start, count), size), graph.constant([1]))
    allowed = graph.op("LessOrEqual", graph.op("Unsqueeze", keys, graph.constant([0])), queries)
    return graph.op("Where", allowed, graph.constant(0.0), graph.constant(-math.inf))


def _stem(graph: Graph, features: str, channels: int, states: list[str]) -> str:
    """Convolutions from 100 to 25 Hz; adds the outputs of the new states."""
    m = graph.op("Transpose", features, perm=[0, 2, 1])
    x = graph.op("Concat", states[0], m, axis=2)
    y = graph.op(
        "Gelu",
        graph.op(
            "Conv", x, graph.weight("encoder.conv1.weight"), graph.weight("encoder.conv1.bias"), strides=[2]
        ),
    )
    z = graph.op("Concat", states[1], y, axis=2)
    z = graph.op(
        "Gelu",
        graph.op(
            "Conv", z, graph.weight("encoder.conv2.weight"), graph.weight("encoder.conv2.bias"), strides=[2]
        ),
    )
    z = graph.op("Transpose", z, perm=[0, 2, 1])
    end = 2**62
    graph.output(graph.slice(m, -1, end, 2), "conv1_out", [1, channels, 1])
    graph.output(graph.slice(y, -1, end, 2), "conv2_out", [1, "width", 1])
    for i in range(2):
        u = graph.op("Transpose", graph.layer_norm(z, f"encoder.mix_norm.{i}"), perm=[0, 2, 1])
        u = graph.op("Concat", states[2 + i], u, axis=2)
        graph.output(graph.slice(u, -4, end, 2), f"mix{i}_out", [1, "width", 4])
        u = graph.op(
            "Gelu",
            graph.op(
                "Conv", u, graph.weight(f"encoder.mix.{i}.weight"), graph.weight(f"encoder.mix.{i}.bias")
            ),
        )
        z = graph.op("Add", z, graph.op("Transpose", u, perm=[0, 2, 1]))
    return z


def encoder(dims: Dims, shapes: Shapes) -> onnx.ModelProto:
    """Features and states -> audio positions, cues, new states."""
    graph, width, heads = Graph("encoder", shapes), dims.width, dims.encoder_heads
    size = width // heads
    features = graph.input("features", [1, "feature_frames", dims.channels])
    state_shapes = {
        "conv1": [1, dims.channels, 1],
        "conv2": [1, width, 1],
        "mix0": [1, width, 4],
        "mix1": [1, width, 4],
    }
    states = [graph.input(name, shape) for name, shape in state_shapes.items()]
    past = graph.input("past", [dims.encoder_layers, 2, 1, heads, "past_frames", size])
    start = graph.input("start", [1], TensorProto.INT64)
    z = early = _stem(graph, features, dims.channels, states)
    count = graph.length(z, 1)
    turn, mask = graph.rotary(start, count, size, dims.rope_theta), _mask(graph, start, count, 2)
    presents = []
    for i, layer_past in enumerate(graph.unstack(past, dims.encoder_layers)):
        name = f"encoder.layers.{i}"
        qkv = graph.linear(graph.layer_norm(z, f"{name}.norm1"), f"{name}.qkv")
        qkv = graph.op(
            "Transpose",
            graph.op("Reshape", qkv, graph.constant([1, -1, 3, heads, size])),
            perm=[2, 0, 3, 1, 4],
        )
        q, k, v = graph.unstack(qkv, 3)
        old_k, old_v = graph.unstack(layer_past, 2)
        k = graph.op("Concat", old_k, graph.rotate(k, turn), axis=2)
        v = graph.op("Concat", old_v, v, axis=2)
        presents.append(graph.stack([k, v]))
        y = graph.op("Transpose", graph.attend(graph.rotate(q, turn), k, v, mask, size), perm=[0, 2, 1, 3])
        z = graph.op(
            "Add", z, graph.linear(graph.op("Reshape", y, graph.constant([1, -1, width])), f"{name}.out")
        )
        up = graph.op("Gelu", graph.linear(graph.layer_norm(z, f"{name}.norm2"), f"{name}.up"))
        z = graph.op("Add", z, graph.linear(up, f"{name}.down"))
    frames = graph.layer_norm(z, "encoder.norm")
    cues, fed = _cues(graph, frames, early)
    pairs = graph.op(
        "Reshape", graph.op("Concat", frames, fed, axis=2), graph.constant([1, -1, 2 * (width + len(CUES))])
    )
    audio = graph.linear(graph.op("Gelu", graph.linear(pairs, "adaptor.up")), "adaptor.down")
    scale = graph.op("Mul", graph.weight("adaptor.gain"), graph.weight("embedding_rms"))
    graph.output(graph.rms_norm(audio, scale, 1e-5), "audio", [1, "positions", width])
    graph.output(cues, "cues", [1, "frames", "cues"])
    graph.output(graph.stack(presents), "present", [dims.encoder_layers, 2, 1, heads, "all_frames", size])
    return graph.model()


def _cues(graph: Graph, frames: str, early: str) -> tuple[str, str]:
    """Activated cues, and the form in which they feed the adaptor."""
    raw = graph.many("Split", [graph.linear(frames, "cue_heads")], 5, axis=2, num_outputs=5)
    voiced, speech = graph.op("Sigmoid", raw[1]), graph.op("Sigmoid", raw[4])
    density = graph.op("Softplus", graph.op("Sub", raw[3], graph.constant(2.0)))
    cues = graph.op("Concat", raw[0], voiced, raw[2], density, speech, axis=2)
    pitch = graph.op("Mul", graph.op("Mul", raw[0], voiced), graph.constant(2.0))
    fed = graph.op(
        "Concat", pitch, voiced, raw[2], graph.op("Mul", density, graph.constant(4.0)), speech, axis=2
    )
    if graph.has("sound_heads.up.weight"):
        both = graph.op("Concat", frames, early, axis=2)
        raw_sounds = graph.linear(graph.op("Gelu", graph.linear(both, "sound_heads.up")), "sound_heads.down")
        noise, others = graph.slice(raw_sounds, 0, 1, 2), graph.slice(raw_sounds, 1, len(SOUNDS), 2)
        cues = graph.op("Concat", cues, noise, graph.op("Sigmoid", others), axis=2)
    return cues, fed


def decoder(dims: Dims, shapes: Shapes) -> onnx.ModelProto:
    """Embeddings and past -> logits, hidden states, present."""
    graph, width, heads, kv = Graph("decoder", shapes), dims.width, dims.decoder_heads, dims.decoder_kv_heads
    size, groups = width // heads, heads // kv
    x = graph.input("embeds", [1, "tokens", width])
    past = graph.input("past", [dims.decoder_layers, 2, 1, kv, "past_tokens", size])
    start = graph.input("start", [1], TensorProto.INT64)
    count = graph.length(x, 1)
    turn, mask = graph.rotary(start, count, size, dims.rope_theta), _mask(graph, start, count, 1)
    if groups > 1:
        mask = graph.op("Concat", *[mask] * groups, axis=0)
    presents = []
    for i, layer_past in enumerate(graph.unstack(past, dims.decoder_layers)):
        name = f"model.layers.{i}"
        y = graph.rms_norm(x, graph.weight(f"{name}.input_layernorm.weight"), dims.rms_eps)
        parts = []
        for part, number in (("q", heads), ("k", kv), ("v", kv)):
            z = graph.op(
                "Reshape",
                graph.linear(y, f"{name}.self_attn.{part}_proj"),
                graph.constant([1, -1, number, size]),
            )
            parts.append(graph.op("Transpose", z, perm=[0, 2, 1, 3]))
        old_k, old_v = graph.unstack(layer_past, 2)
        k = graph.op("Concat", old_k, graph.rotate(parts[1], turn), axis=2)
        v = graph.op("Concat", old_v, parts[2], axis=2)
        presents.append(graph.stack([k, v]))
        q = graph.op("Reshape", graph.rotate(parts[0], turn), graph.constant([1, kv, -1, size]))
        y = graph.op("Reshape", graph.attend(q, k, v, mask, size), graph.constant([1, heads, -1, size]))
        y = graph.op("Reshape", graph.op("Transpose", y, perm=[0, 2, 1, 3]), graph.constant([1, -1, width]))
        x = graph.op("Add", x, graph.linear(y, f"{name}.self_attn.o_proj"))
        y = graph.rms_norm(x, graph.weight(f"{name}.post_attention_layernorm.weight"), dims.rms_eps)
        gate = graph.linear(y, f"{name}.mlp.gate_proj")
        gate = graph.op("Mul", gate, graph.op("Sigmoid", gate))
        x = graph.op(
            "Add",
            x,
            graph.linear(
                graph.op("Mul", gate, graph.linear(y, f"{name}.mlp.up_proj")), f"{name}.mlp.down_proj"
            ),
        )
    hidden = graph.rms_norm(x, graph.weight("model.norm.weight"), dims.rms_eps)
    table = graph.op("Transpose", graph.weight("model.embed_tokens.weight"), perm=[1, 0])
    graph.output(graph.op("MatMul", hidden, table), "logits", [1, "tokens", dims.vocabulary])
    graph.output(hidden, "hidden", [1, "tokens", width])
    graph.output(graph.stack(presents), "present", [dims.decoder_layers, 2, 1, kv, "all_tokens", size])
    return graph.model()


def shapes_of(weights: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]) -> Shapes:
    """Shapes by weight name."""
    return {name: value.shape for name, value in weights.items()}
