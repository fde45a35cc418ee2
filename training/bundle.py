"""Writes the bundle: rounded weights, graphs without weights, tokenizer, config.

And reads weights back, to go on training from them.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from model.card import Joint, Lags, Mel
from model.frontend import LAGS, MELS
from model.networks import Talker
from model.shapes import CUES, Dims

from . import cue_graph, graphs
from .audio import POSITION, RATE, Floats
from .language import SYSTEM, Language
from .skills.tools import NAMES

_LEFT_OUT = ("ctc.", "word_scale")
"Only training uses these; they lie in a file of their own."
WEIGHTS, MORE = "model.safetensors", "training.safetensors"
"What the runtime loads, and what training goes on from beside it."
GRAPH_WEIGHTS = {
    "encoder": ("encoder.", "adaptor.", "cue_heads.", "sound_heads.", "embedding_rms"),
    "decoder": ("model.",),
    "cue": ("cue_embedding.", "embedding_rms"),
}
"Beginnings of the names of each graph's weights; a loader must give a graph its own weights and no others."


def weights_of(talker: Talker) -> dict[str, Floats]:
    """Weights under their bundle names (Hugging Face's for the decoder), rounded through float16."""
    return {
        name.removeprefix("decoder."): _rounded(value)
        for name, value in talker.state_dict().items()
        if not name.startswith(_LEFT_OUT)
    }


def _rounded(value: torch.Tensor) -> Floats:
    return value.float().numpy().astype(np.float16).astype(np.float32)


WEIGHT = 0.3
"Of what the ear alone tells of words, in a heard line; chosen on other questions than the test's."
STEM = "encoder.conv1.weight"


def read_into(talker: Talker, folder: Path) -> None:
    """Takes all weights of a bundle of the same shape and language, to go on training from.

    Channels that the front end has got since begin with no weight: what is heard is the same.
    ValueError for another shape or language, FileNotFoundError for a bundle without what only training uses.
    """
    tokens = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as own:
        Language().tokenizer.save(path := Path(own) / "tokenizer.json")
        if tokens != json.loads(path.read_text(encoding="utf-8")):
            raise ValueError(f"{folder} speaks another language than this recipe; train from nothing instead")
    try:
        found = load_file(folder / WEIGHTS) | load_file(folder / MORE)
    except SafetensorError as problem:
        raise ValueError(f"{folder}: {problem}") from problem
    state = talker.state_dict()
    _widen(found)
    for name in state:
        source = found.get(name.removeprefix("decoder."))
        if source is None or source.shape != tuple(state[name].shape):
            told = "missing" if source is None else f"{source.shape}, not {tuple(state[name].shape)}"
            raise ValueError(f"{folder} holds another network: {name} is {told}")
        state[name] = torch.from_numpy(source.astype(np.float32))
    talker.load_state_dict(state)


def _widen(found: dict[str, NDArray[np.float16]]) -> None:
    """The first weights, over the front end's channels, in place: over mel bands alone, as they were once,
    they get none for the lags."""
    source = found.get(STEM)
    if source is not None and source.ndim == 3 and source.shape[1] == MELS:
        found[STEM] = np.pad(source, ((0, 0), (0, LAGS), (0, 0)))


HISTORY = 3
"Earlier turns that the runtime gives: as many as it was trained with."
EAR = ("encoder.", "adaptor.", "cue_heads.")


def read_ear(talker: Talker, folder: Path) -> None:
    """Takes what hears from a bundle of the same shape, whatever its language and its other cues.

    ValueError for another shape.
    """
    found, state = load_file(folder / WEIGHTS), talker.state_dict()
    _widen(found)
    for name in (name for name in state if name.startswith(EAR)):
        if name not in found or found[name].shape != tuple(state[name].shape):
            raise ValueError(f"{folder} has another ear than this size of brain: {name}")
        state[name] = torch.from_numpy(found[name].astype(np.float32))
    talker.load_state_dict(state)


def round_weights(talker: Talker) -> None:
    """Makes the torch model equal to what the bundle holds."""
    for value in talker.state_dict().values():
        value.copy_(value.half().float())


def config_of(
    dims: Dims,
    training: dict[str, Any],
    refusal: dict[str, float],
    *,
    listens: bool,
    cues: Sequence[str] = CUES,
    joint: Joint | None = None,
) -> dict[str, Any]:
    """config.json; `listens`: the last stage was trained, which thinks and speaks on a part."""
    return {
        "model_type": "hocket_tiny",
        "front_end": "causal",
        "language": "en",
        "licence": "Apache-2.0",
        "system_prompt": SYSTEM,
        "instructions": "ignored",
        "history_turns": HISTORY,
        "tools": list(NAMES),
        "thinks_while_listening": "interleaved" if listens else "no",
        "holds": listens,
        "max_context": 2048,
        "max_segment_seconds": 25,
        "sample_rate": RATE,
        "samples_per_position": POSITION,
        "mel": asdict(Mel()),
        "lags": asdict(Lags()),
        **({} if joint is None else {"joint": asdict(joint)}),
        "dims": asdict(dims),
        "cues": list(cues),
        "graph_weights": {graph: list(starts) for graph, starts in GRAPH_WEIGHTS.items()},
        "refusal": refusal,
        "training": training,
    }


def write(
    talker: Talker,
    folder: Path,
    *,
    training: dict[str, Any],
    refusal: dict[str, float],
    listens: bool = False,
) -> None:
    """All files but the card; replaces what is there. `listens`: see `config_of`."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, dims = weights_of(talker), talker.dims
    shapes = graphs.shapes_of(weights)
    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    (folder / WEIGHTS).write_bytes(save(halves))
    more = {
        n: _rounded(v).astype(np.float16) for n, v in talker.state_dict().items() if n.startswith(_LEFT_OUT)
    }
    (folder / MORE).write_bytes(save(more))
    for name, model in {
        "encoder": graphs.encoder(dims, shapes),
        "decoder": graphs.decoder(dims, shapes),
        "cue": cue_graph.cue(shapes),
    }.items():
        onnx.save(model, folder / f"{name}.onnx")
    Language().tokenizer.save(folder / "tokenizer.json")
    joint = Joint(round(talker.word_scale.exp().item(), 3), WEIGHT)
    content = config_of(dims, training, refusal, listens=listens, cues=talker.cues, joint=joint)
    (folder / "config.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def set_refusal(folder: Path, refusal: dict[str, float]) -> None:
    """Replaces the refusal thresholds in config.json."""
    path = folder / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["refusal"] = refusal
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
