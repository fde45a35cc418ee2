"""Piper's voices (VITS) from local files: ``VOICE.onnx`` and ``VOICE.onnx.json`` beside it.

Inputs, ids and scales as Piper's own files describe them; read are voices whose phonemes are espeak-ng's.
No real one could be listened to where this was written: it is checked on graphs of the same interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import VoiceError

from .onnx_voice import Graph, OnnxVoice, described

BEGIN, PAD, END = "^", "_", "$"
_GET = "get the voice again: both VOICE.onnx and VOICE.onnx.json, into one folder"
_NEEDED = {"input", "input_lengths", "scales"}


@dataclass(frozen=True, slots=True)
class PiperSpeaker:
    """One speaker of a voice; what ``onnx_voice.Speaker`` asks for."""

    name: str
    rate: int
    language: str
    ids: Mapping[str, tuple[int, ...]]
    "Ids of each phoneme, a character of decomposed IPA."
    scales: tuple[float, float, float]
    "Noise, length, noise of durations."
    speaker: int | None

    def feeds(self, phonemes: str) -> Mapping[str, NDArray[Any]] | None:
        """Begin, then each phoneme with a pad behind it, then end."""
        known = [self.ids[each] for each in phonemes if each in self.ids]
        if not known:
            return None
        pad = self.ids[PAD]
        ids = [*self.ids[BEGIN], *pad]
        for each in known:
            ids += [*each, *pad]
        ids += self.ids[END]
        feeds: dict[str, NDArray[Any]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(self.scales, np.float32),
        }
        if self.speaker is not None:
            feeds["sid"] = np.array([self.speaker], np.int64)
        return feeds


def piper_voice(path: Path, speaker: str = "") -> OnnxVoice:
    """``speaker``: its name or number where a voice has several; empty: the first. Raises VoiceError."""
    graph = Graph(path)
    if not set(graph.inputs) >= _NEEDED:
        raise VoiceError(
            f"{path} is no Piper voice: it takes {', '.join(sorted(graph.inputs)) or 'nothing'}, and Piper's "
            f"take {', '.join(sorted(_NEEDED))}"
        )
    config = path.with_name(path.name + ".json")
    return OnnxVoice(graph, _speaker(path, described(config, _GET), speaker, several="sid" in graph.inputs))


def _speaker(path: Path, config: dict[str, Any], wanted: str, *, several: bool) -> PiperSpeaker:
    kind = config.get("phoneme_type", "espeak")
    if kind != "espeak":
        raise VoiceError(f"{path} speaks phonemes of the kind {kind!r}; accepted are espeak-ng's")
    try:
        ids = {str(each): tuple(map(int, found)) for each, found in config["phoneme_id_map"].items()}
        usual = config.get("inference", {})
        scales = [float(usual.get(name, value)) for name, value in _SCALES]
        rate, language = int(config["audio"]["sample_rate"]), str(config["espeak"]["voice"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VoiceError(f"{path}.json does not describe a Piper voice ({error!r}); {_GET}") from None
    if not {BEGIN, PAD, END} <= set(ids) or not 8000 <= rate <= 48_000:
        raise VoiceError(f"{path}.json lacks a phoneme id or a sample rate that can be used; {_GET}")
    if not all(0 <= scale <= _LARGEST for scale in scales):
        raise VoiceError(f"{path}.json has a scale that is not within 0 and {_LARGEST:g}; {_GET}")
    if wanted and not several:
        raise VoiceError(f"{path} has one speaker alone: leave '#{wanted}' away")
    chosen = _chosen(config.get("speaker_id_map") or {}, wanted, path) if several else None
    name = f"piper:{path.stem}" + (f"#{wanted}" if wanted else "")
    return PiperSpeaker(name, rate, language, ids, (scales[0], scales[1], scales[2]), chosen)


_SCALES = (("noise_scale", 0.667), ("length_scale", 1.0), ("noise_w", 0.8))
"""Piper's own defaults, where a voice names none."""
_LARGEST = 10.0
"""Of a scale: one of durations multiplies the memory that a phrase takes."""


def _chosen(names: Any, wanted: str, path: Path) -> int:
    if not isinstance(names, dict) or not all(type(number) is int for number in names.values()):
        raise VoiceError(f"{path}.json does not say which speakers there are; {_GET}")
    if not wanted:
        return 0
    if wanted in names:
        return int(names[wanted])
    if wanted.isdecimal() and len(wanted) < 6 and (not names or int(wanted) in names.values()):
        return int(wanted)
    raise VoiceError(f"{path} has no speaker {wanted!r}; it has {', '.join(list(names)[:20]) or 'numbers'}")
