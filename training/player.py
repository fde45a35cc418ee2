"""Plays an exported bundle in onnxruntime, one utterance at a time: what evaluation measures.

Deliberately plain; the product has its own engine.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from model.tokenizer import AUDIO_END, AUDIO_PATCH, EOT, Tokenizer

from .audio import POSITION, Floats, Pcm
from .bundle import GRAPH_WEIGHTS, read_weights
from .language import Language
from .spectrum import log_mel

States = dict[str, Floats | np.ndarray[tuple[int, ...], np.dtype[np.int64]]]


def session(folder: Path, name: str, weights: dict[str, Floats]) -> ort.InferenceSession:
    """One graph with its weights, on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    values = {
        key: ort.OrtValue.ortvalue_from_numpy(value)
        for key, value in weights.items()
        if key.startswith(GRAPH_WEIGHTS[name])
    }
    options.add_external_initializers(list(values), list(values.values()))
    return ort.InferenceSession(str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote after "<think>\\n"."""

    text: str
    heard_logprob: float
    "Mean log-probability of the tokens of the heard line, its newline included."

    @property
    def lines(self) -> list[str]:
        """Of the thought."""
        return self.text.split("</think>")[0].strip("\n").split("\n")

    @property
    def heard(self) -> str:
        return self.lines[0].removeprefix("heard: ")

    @property
    def reply(self) -> str:
        """Empty if the thought never ended."""
        return self.text.split("</think>\n")[1] if "</think>\n" in self.text else ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An encoded segment."""

    audio: Floats
    "[k, width]"
    vector: Floats
    "[width], for <audio_end>"
    cues: Floats
    "[2 k, 5]"


class Player:
    """Greedy answers of a bundle."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.load(folder / "tokenizer.json")
        weights = read_weights(folder)
        self._table = weights["model.embed_tokens.weight"]
        self._encoder, self._decoder, self._cue = (
            session(folder, name, weights) for name in ("encoder", "decoder", "cue")
        )
        self._language = Language()
        self._dims = self.config["dims"]
        if self.tokenizer.pieces != self._language.tokenizer.pieces:
            raise ValueError(f"{folder}: its tokenizer is not the one of this recipe")

    def empty(self) -> States:
        """The encoder's state at the start of a segment."""
        d = self._dims
        width, heads = d["width"], d["encoder_heads"]
        shapes = {
            "conv1": (1, d["mel"], 1),
            "conv2": (1, width, 1),
            "mix0": (1, width, 4),
            "mix1": (1, width, 4),
        }
        state: States = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        past = np.zeros((d["encoder_layers"], 2, 1, heads, 0, width // heads), np.float32)
        return state | {"past": past, "start": np.zeros(1, np.int64)}

    def encode(self, mel: Floats, state: States) -> tuple[Floats, Floats, States]:
        """mel [8 k, 80] -> audio [k, width], cues [2 k, 5], next state."""
        names = ["audio", "cues", "conv1_out", "conv2_out", "mix0_out", "mix1_out", "present"]
        audio, cues, *after = self._encoder.run(names, {"mel": mel[None], **state})
        following = dict(zip(("conv1", "conv2", "mix0", "mix1", "past"), after, strict=True))
        return audio[0], cues[0], following | {"start": np.array([after[-1].shape[4]], np.int64)}

    def hear(self, pcm: Pcm) -> Heard:
        """A whole segment (padded to whole positions)."""
        pcm = np.pad(pcm, (0, -len(pcm) % POSITION))
        audio, cues, _ = self.encode(log_mel(pcm), self.empty())
        return Heard(audio, self._cue.run(["vector"], {"cues": cues[None]})[0][0], cues)

    def _embed(self, ids: list[int], segments: list[Heard]) -> Floats:
        embeds: Floats = self._table[np.array(ids)].copy()
        embeds[np.array(ids) == AUDIO_PATCH] = np.concatenate([s.audio for s in segments])
        ends = [i for i, token in enumerate(ids) if token == AUDIO_END]
        for place, segment in zip(ends, segments, strict=True):
            embeds[place] += segment.vector
        return embeds

    def answer(self, now: Heard, history: list[tuple[Heard, str]] | None = None, limit: int = 140) -> Answer:
        """Greedy decoding after the prompt."""
        history = history or []
        ids = self._language.prompt(
            [AUDIO_PATCH] * len(now.audio), [(len(h.audio), said) for h, said in history]
        )
        embeds = self._embed(ids, [*(h for h, _ in history), now])
        d = self._dims
        past = np.zeros(
            (d["decoder_layers"], 2, 1, d["decoder_kv_heads"], 0, d["width"] // d["decoder_heads"]),
            np.float32,
        )
        newline, out, scores, in_heard = self.tokenizer.piece("\n"), list[int](), list[float](), True
        while len(out) < limit:
            start = np.array([past.shape[4]], np.int64)
            logits, past = self._decoder.run(
                ["logits", "present"], {"embeds": embeds[None], "past": past, "start": start}
            )
            last = logits[0, -1].astype(np.float64)
            token = int(last.argmax())
            if in_heard:
                scores.append(float(last[token] - last.max() - np.log(np.exp(last - last.max()).sum())))
                in_heard = token != newline
            if token == EOT:
                break
            out.append(token)
            embeds = self._table[[token]]
        return Answer(self.tokenizer.decode(out), float(np.mean(scores)) if scores else -9.0)
