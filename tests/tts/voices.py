"""Tiny neural voices with the interface of Piper's and Kokoro's: their sound is their input, written out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

PHONEMES = "_^$ abdefhijklmnoprstuvwzæðŋɑɔəɛɜɡɪɹʃʊʌʒˈˌːθ.,!?;:"


def _save(path: Path, inputs: list[onnx.ValueInfoProto], nodes: list[onnx.NodeProto]) -> None:
    out = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    divisor = helper.make_tensor("divisor", TensorProto.FLOAT, [], [1000.0])
    graph = helper.make_graph(nodes, "voice", inputs, [out], [divisor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def piper(folder: Path, *, speakers: bool = False, rate: int = 22_050) -> Path:
    """Sound: the ids, over 1000, times the length scale."""
    path = folder / "tiny.onnx"
    info = helper.make_tensor_value_info
    inputs = [
        info("input", TensorProto.INT64, [1, None]),
        info("input_lengths", TensorProto.INT64, [1]),
        info("scales", TensorProto.FLOAT, [3]),
    ]
    nodes = [
        helper.make_node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["ids", "divisor"], ["small"]),
        helper.make_node("ReduceMax", ["scales"], ["scale"], keepdims=0),
        helper.make_node("Mul", ["small", "scale"], ["sound"]),
    ]
    if speakers:
        inputs.append(info("sid", TensorProto.INT64, [1]))
        nodes += [
            helper.make_node("Cast", ["sid"], ["who"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["sound", "who"], ["output"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["sound"], ["output"]))
    _save(path, inputs, nodes)
    config = {
        "audio": {"sample_rate": rate},
        "espeak": {"voice": "en-us"},
        "phoneme_type": "espeak",
        "inference": {"noise_scale": 0.5, "length_scale": 1.0, "noise_w": 0.5},
        "phoneme_id_map": {each: [number] for number, each in enumerate(PHONEMES)},
        "speaker_id_map": {"anna": 0, "bert": 1} if speakers else {},
    }
    path.with_name("tiny.onnx.json").write_text(json.dumps(config))
    return path


def kokoro(folder: Path, tokens: str = "input_ids", speed: int = TensorProto.FLOAT) -> Path:
    """Sound: the ids, over 1000, plus the style's first number."""
    path = folder / "tiny.onnx"
    info = helper.make_tensor_value_info
    inputs = [
        info(tokens, TensorProto.INT64, [1, None]),
        info("style", TensorProto.FLOAT, [1, 256]),
        info("speed", speed, [1]),
    ]
    nodes = [
        helper.make_node("Cast", [tokens], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["ids", "divisor"], ["small"]),
        helper.make_node("ReduceMax", ["style"], ["first"], keepdims=0),
        helper.make_node("Add", ["small", "first"], ["together"]),
        helper.make_node("Cast", ["speed"], ["pace"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["together", "pace"], ["output"]),
    ]
    _save(path, inputs, nodes)
    rows = np.zeros((510, 1, 256), np.float32)
    rows[:, 0, 0] = np.arange(510) / 1000
    with open(folder / "voices-tiny.bin", "wb") as out:
        np.savez(out, af_anna=rows, bm_bert=rows + 0.1, zf_mei=rows)
    vocabulary = {each: number for number, each in enumerate(PHONEMES, 1)}
    (folder / "config.json").write_text(json.dumps({"vocab": vocabulary}))
    return path
