"""Moonshine as an ear (Jeffries et al. 2024, arXiv 2410.15608): English, 27 million weights.

Two graphs for onnxruntime, read as they are published: an encoder over raw sound, and a decoder that takes
its own keys and values back. Beside writing down what was said it weighs sentences: how likely each is, given
the sound. Words are a function of the sound alone. Not thread-safe; it belongs in a process of its own.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.ears.fetch import FILES, HOW
from model.orthography import sentences
from model.sampling import log_softmax
from pipeline.errors import CheckpointError, ModelError
from pipeline.ports import CAPTURE_RATE, EarFacts, Transcript
from pipeline.prompt import Audio

NAME = "moonshine"
UNSURE = -1.6
"""Mean log-probability of a transcript's tokens below which it is none: music, noise, a bark."""
FAR = 10.0
"""Nats below its own transcript at which all lines weigh the same."""

_BEGIN, _END = 1, 2
_RATE = 6.5
"""Most tokens per second of sound; more is a circle that it runs in (arXiv 2410.15608, section 3.2)."""
_SHORTEST = round(0.1 * CAPTURE_RATE)
_KEPT = 16
"""Sounds whose encoding and transcript are remembered."""
_MARK = "▁"
"""A space, in the tokenizer's pieces."""

_Floats = NDArray[np.float32]


class MoonshineEar:
    """ports.Recogniser over a folder with ``FILES``, which also weighs (``pipeline.weighing.Weigher``)."""

    def __init__(self, folder: str | Path, threads: int = 1) -> None:
        """Loads the model. Raises CheckpointError where the folder lacks a file or one is broken."""
        import onnxruntime

        where = Path(folder).expanduser()
        for name in FILES:
            if not (where / name).is_file():
                raise CheckpointError(f"{where} is no Moonshine model: it lacks {name}; {HOW}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._encoder: Any = onnxruntime.InferenceSession(str(where / FILES[0]), options)
            self._decoder: Any = onnxruntime.InferenceSession(str(where / FILES[1]), options)
            self._pieces, self._ids, self._merges = _vocabulary(where / FILES[2])
            past = [each for each in self._decoder.get_inputs() if each.name.startswith("past_key_values.")]
            self._past = [each.name for each in past]
            _, heads, _, size = past[0].shape
            self._empty = np.zeros((0, heads, 1, size), np.float32)
        except Exception as error:  # onnxruntime's own, and whatever a broken file makes of json and shapes
            raise CheckpointError(
                f"{where} holds no Moonshine model that can be read ({error}); remove it, then {HOW}"
            ) from error
        self._words = dict[str, tuple[int, ...]]()
        self._encoded: OrderedDict[bytes, _Floats] = OrderedDict()
        self._known: OrderedDict[bytes, tuple[str, float, float]] = OrderedDict()

    def facts(self) -> EarFacts:
        return EarFacts(NAME, False, "It knows English only.")

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """See ``ports.Recogniser``: no times of words. Empty where it is not sure of anything."""
        key = self._key(audio)
        if key is None:
            return Transcript("")
        text, mean, _ = self._heard(audio, key)
        return Transcript(text if mean >= UNSURE else "")

    def weigh(self, audio: Audio, lines: Sequence[str]) -> list[float | None]:
        """Log-probability of each line given the sound, in the likeliest of the ways to write it.

        None for a line without a word. What is far from its own transcript is as far as anything else: of
        lines that it believes none of, it cannot tell which is the better one. Raises ModelError.
        """
        key = self._key(audio)
        if key is None:
            return [None] * len(lines)
        text, _, total = self._heard(audio, key)
        digits = any(each.isdecimal() for each in text)
        ways = [sentences(line, digits=digits) for line in lines]
        encoded = [self._encode(each) for way in ways for each in way]
        weights = iter(self._weights(self._sound(audio, key), encoded) if encoded else ())
        return [max((max(next(weights), total - FAR) for _ in way), default=None) for way in ways]

    def close(self) -> None:
        """Lets go of the model."""
        self._encoder = self._decoder = None

    def _key(self, audio: Audio) -> bytes | None:
        """Its digest; None where the sound is too short to hold a word."""
        if self._encoder is None:
            raise ModelError("the ear is closed; make another one")
        if len(audio.pcm) < _SHORTEST:
            return None
        if not np.isfinite(audio.pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        return audio.digests()[-1]

    def _sound(self, audio: Audio, key: bytes) -> _Floats:
        """The encoder's states, shape (1, t, width)."""
        if key not in self._encoded:
            (name,) = (each.name for each in self._encoder.get_inputs())
            _keep(self._encoded, key, self._encoder.run(None, {name: audio.pcm[None]})[0])
        return self._encoded[key]

    def _run(self, ids: NDArray[np.int64], sound: _Floats, past: dict[str, _Floats], *, cached: bool) -> Any:
        feed = {"input_ids": ids, "encoder_hidden_states": sound, **past}
        return self._decoder.run(None, feed | {"use_cache_branch": np.array([cached])})

    def _heard(self, audio: Audio, key: bytes) -> tuple[str, float, float]:
        """As ``_written``, from memory where it was written before."""
        if key not in self._known:
            _keep(self._known, key, self._written(self._sound(audio, key), audio.seconds))
        return self._known[key]

    def _written(self, sound: _Floats, seconds: float) -> tuple[str, float, float]:
        """Greedy text, the mean log-probability of its tokens, and their sum.

        It may not begin with the end: of half of short utterances in the voice of a telephone it would write
        nothing, and gets four of five of them right when it has to.
        """
        past = dict.fromkeys(self._past, self._empty)
        ids, scores = [_BEGIN], list[float]()
        for step in range(2 + round(seconds * _RATE)):
            logits, *present = self._run(np.array([ids[-1:]]), sound, past, cached=step > 0)
            likely = log_softmax(logits[0, -1:])[0]
            if step == 0:
                likely[_END] = -np.inf
            ids.append(int(likely.argmax()))
            scores.append(float(likely[ids[-1]]))
            if ids[-1] == _END:
                break
            for name, value in zip(self._past, present, strict=True):
                if step == 0 or ".decoder." in name:  # the sound's own are computed once
                    past[name] = value
        return self._decode(ids[1:]), float(np.mean(scores)), float(np.sum(scores))

    def _weights(self, sound: _Floats, texts: Sequence[Sequence[int]]) -> Iterator[float]:
        """All texts in one reading, each padded with ends that do not count."""
        rows = [[_BEGIN, *ids, _END] for ids in texts]
        longest = max(map(len, rows))
        padded = np.array([row + [_END] * (longest - len(row)) for row in rows], np.int64)
        sounds = np.repeat(sound, len(rows), axis=0)
        likely = log_softmax(
            self._run(padded[:, :-1], sounds, dict.fromkeys(self._past, self._empty), cached=False)[0]
        )
        told = np.take_along_axis(likely, padded[:, 1:, None], axis=2)[:, :, 0]
        for row, scores in zip(rows, told, strict=True):
            yield float(scores[: len(row) - 1].sum())

    def _encode(self, text: str) -> list[int]:
        """Ids of plain words, merged as it was taught (byte pair encoding, Sennrich et al. 2016)."""
        return [each for word in text.split() for each in self._encode_word(word)]

    def _encode_word(self, word: str) -> tuple[int, ...]:
        if word not in self._words:
            pieces = [_MARK, *word]
            while True:
                ranks = [self._merges.get(pair, len(self._merges)) for pair in pairwise(pieces)]
                best = min(ranks, default=len(self._merges))
                if best == len(self._merges):
                    break
                at = ranks.index(best)
                pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
            self._words[word] = tuple(self._ids[piece] for piece in pieces if piece in self._ids)
        return self._words[word]

    def _decode(self, ids: Sequence[int]) -> str:
        text = "".join(self._pieces.get(each, "") for each in ids)
        return " ".join(text.replace(_MARK, " ").split())


def _vocabulary(path: Path) -> tuple[dict[int, str], dict[str, int], dict[tuple[str, str], int]]:
    """Pieces by id, ids by piece, and which two are merged before which; without pieces that are no text."""
    content = json.loads(path.read_text(encoding="utf-8"))
    special = {each["id"] for each in content["added_tokens"]}
    pieces = {
        number: piece
        for piece, number in content["model"]["vocab"].items()
        if number not in special and not (piece.startswith("<0x") and piece.endswith(">"))
    }
    pairs = [each.split(" ") if isinstance(each, str) else each for each in content["model"]["merges"]]
    merges = {(one, other): rank for rank, (one, other) in enumerate(pairs)}
    return pieces, {piece: number for number, piece in pieces.items()}, merges


def _keep(memory: OrderedDict[bytes, Any], key: bytes, value: Any) -> None:
    memory[key] = value
    while len(memory) > _KEPT:
        memory.popitem(last=False)
