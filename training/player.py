"""Answers with an exported bundle, one utterance at a time, on the product's own loader and onnxruntime leaf.

What evaluation measures. Deliberately plain: nothing is cached, drafted or interrupted.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.checkpoint import load
from model.frontend import log_mel, silence
from model.onnx_runtime import OnnxNetwork
from model.tokenizer import AUDIO_END, AUDIO_PATCH, EOT

from .audio import POSITION, Floats, Pcm
from .language import Language


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
        """Raises CheckpointError for a broken bundle, ValueError for one of another recipe."""
        bundle = load(folder)
        self.refusal = float(bundle.card.refusal.get("heard_logprob", -np.inf))
        self.tokenizer, self._language = bundle.tokenizer, Language()
        self.network = OnnxNetwork(bundle)
        if self.tokenizer.pieces != self._language.tokenizer.pieces:
            raise ValueError(f"{folder}: its tokenizer is not the one of this recipe")

    def hear(self, pcm: Pcm) -> Heard:
        """A whole segment (padded to whole positions)."""
        mel = features(pcm)
        audio, cues, _ = self.network.hear(mel, self.network.begin())
        return Heard(audio, self.network.feel(cues), cues)

    def _embed(self, ids: list[int], segments: list[Heard]) -> Floats:
        embeds: Floats = self.network.embed(ids).copy()
        embeds[np.array(ids) == AUDIO_PATCH] = np.concatenate([s.audio for s in segments])
        ends = [i for i, token in enumerate(ids) if token == AUDIO_END]
        for place, segment in zip(ends, segments, strict=True):
            embeds[place] += segment.vector
        return embeds

    def answer(self, now: Heard, history: list[tuple[Heard, str]] | None = None, limit: int = 140) -> Answer:
        """Greedy decoding after the prompt."""
        history = history or []
        turns = [(len(h.audio), said) for h, said in history]
        ids = self._language.prompt([AUDIO_PATCH] * len(now.audio), turns)
        embeds, past = self._embed(ids, [*(h for h, _ in history), now]), self.network.empty()
        newline, out, scores, in_heard = self.tokenizer.piece("\n"), list[int](), list[float](), True
        while len(out) < limit:
            logits, past = self.network.read(embeds, past)
            last = logits[-1].astype(np.float64)
            token = int(last.argmax())
            if in_heard:
                scores.append(float(last[token] - last.max() - np.log(np.exp(last - last.max()).sum())))
                in_heard = token != newline
            if token == EOT:
                break
            out.append(token)
            embeds = self.network.embed([token])
        return Answer(self.tokenizer.decode(out), float(np.mean(scores)) if scores else -9.0)


def features(pcm: Pcm) -> Floats:
    """Log-mel [8 k, 80] of a segment, padded with zeros to k whole positions."""
    return log_mel(np.pad(pcm, (0, -len(pcm) % POSITION)), silence())[0]
