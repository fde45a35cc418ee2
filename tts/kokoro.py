"""Kokoro's voices from local files: one ``.onnx``, one file of styles, and the vocabulary of its phonemes.

A style is one row per number of phonemes; the graph wants the row of this phrase's. The vocabulary stands in
``config.json`` beside the graph, or in the graph itself. No real one could be listened to where this was
written: it is checked on graphs of the same interface.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import VoiceError

from .onnx_voice import Graph, OnnxVoice, described

RATE = 24_000
MOST = 510
"""Phonemes of one run; a longer phrase is cut there."""
EMBEDDED = "kokoro_config"
_VOCABULARY = "put the model's config.json, which holds its vocabulary, beside its .onnx file"
_TOKENS = ("input_ids", "tokens")
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
_LANGUAGES = {"a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "p": "pt-br"}
"""The first letter of a voice's name says its language; those whose phonemes are espeak-ng's."""


@dataclass(frozen=True, slots=True)
class KokoroSpeaker:
    """One style of the model; what ``onnx_voice.Speaker`` asks for."""

    name: str
    language: str
    vocabulary: Mapping[str, int]
    style: NDArray[np.float32]
    "Shape (rows, 1, size): row n - 1 for n phonemes."
    inputs: Mapping[str, str]
    "Of the graph: name and ONNX type."
    rate: int = RATE

    def feeds(self, phonemes: str) -> Mapping[str, NDArray[Any]] | None:
        """Ids between two zeros, the style's row, the usual speed."""
        ids = [self.vocabulary[each] for each in phonemes if each in self.vocabulary][:MOST]
        if not ids:
            return None
        tokens = next(name for name in _TOKENS if name in self.inputs)
        row = self.style[min(len(ids), len(self.style)) - 1]
        values = {tokens: [[0, *ids, 0]], "style": row.reshape(1, -1), "speed": [1]}
        return {name: np.asarray(value, _TYPES[self.inputs[name]]) for name, value in values.items()}


def kokoro_voice(path: Path, style: str = "") -> OnnxVoice:
    """``path``: the .onnx file, or the folder that holds one. ``style``: a voice's name; empty: the first.

    Raises VoiceError.
    """
    path = _only(path, "*.onnx", "give the .onnx file itself") if path.is_dir() else path
    graph = Graph(path)
    known = [name for name, kind in graph.inputs.items() if kind in _TYPES]
    wanted = any(name in known for name in _TOKENS) and {"style", "speed"} <= set(known)
    if not wanted or len(known) < len(graph.inputs):
        told = ", ".join(f"{name} {kind}" for name, kind in graph.inputs.items())
        raise VoiceError(f"{path} is no Kokoro voice: it takes {told or 'nothing'}")
    name, rows = _style(path, style)
    language = _LANGUAGES.get(name[:1])
    if language is None:
        raise VoiceError(
            f"the phonemes of {name!r} are not espeak-ng's; take a voice whose name begins with one of "
            f"{', '.join(_LANGUAGES)}"
        )
    return OnnxVoice(graph, KokoroSpeaker(f"kokoro:{name}", language, _vocabulary(graph), rows, graph.inputs))


def _vocabulary(graph: Graph) -> dict[str, int]:
    embedded, beside = graph.metadata.get(EMBEDDED), graph.path.with_name("config.json")
    try:
        config = json.loads(embedded) if embedded else described(beside, _VOCABULARY)
        return {str(name): int(number) for name, number in config["vocab"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise VoiceError(f"{graph.path} comes without a vocabulary ({error!r}); {_VOCABULARY}") from None


def _style(path: Path, wanted: str) -> tuple[str, NDArray[np.float32]]:
    """Name and rows of a style, from ``voices*.bin`` (a NumPy archive) or ``voices/NAME.bin`` (float32)."""
    folder = path.with_name("voices")
    if folder.is_dir():
        found = {each.stem: each for each in sorted(folder.glob("*.bin"))}
        name = _named(wanted, list(found), folder)
        rows = np.fromfile(found[name], "<f4")
        if not len(rows) or len(rows) % 256:
            raise VoiceError(f"{found[name]} is no style of Kokoro's: not a multiple of 256 numbers")
        return name, rows.reshape(-1, 1, 256)
    archive = _only(path.parent, "voices*.bin", "the styles are missing: put them beside the model")
    try:
        if not is_zipfile(archive):
            raise ValueError("it is no NumPy archive")
        with np.load(archive, allow_pickle=False) as styles:
            name = _named(wanted, sorted(styles.files), archive)
            table = np.asarray(styles[name], np.float32)
    except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise VoiceError(f"{archive} cannot be read as Kokoro's styles ({error}); get it again") from None
    if table.ndim != 3 or table.shape[1] != 1 or not len(table):
        raise VoiceError(f"{archive} holds {name} of shape {table.shape}; a style has (phonemes, 1, size)")
    return name, table


def _named(wanted: str, names: list[str], where: Path) -> str:
    if wanted in names:
        return wanted
    if wanted or not names:
        raise VoiceError(f"{where} has no voice {wanted!r}; it has {', '.join(names[:20]) or 'none'}")
    return names[0]


def _only(folder: Path, pattern: str, otherwise: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise VoiceError(f"{folder} holds {len(found)} files {pattern}, and one is needed; {otherwise}")
    return found[0]
