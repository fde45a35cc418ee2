"""The one leaf that imports onnxruntime: a bundle's graphs as a Network, one thread, on a named device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.errors import CheckpointError, ModelError

from .card import GRAPHS
from .checkpoint import Bundle
from .graphs import Floats, HearState

CPU = "CPUExecutionProvider"


class OnnxNetwork:
    """Plays a ``hocket_tiny`` bundle. The graphs hold no weights; they are lent them, as float32, at load."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        provider: str = CPU,
        threads: int = 1,
        whole: Mapping[str, bytes] | None = None,
    ) -> None:
        """``whole``: graphs with weights of their own, by name, in place of the bundle's.

        Raises CheckpointError when graphs and weights do not fit, ModelError without the provider.
        """
        self._dims = bundle.card.dims
        self._table = bundle.weights["model.embed_tokens.weight"]
        self._encoder, self._cue, self._decoder = (
            _Graph(bundle, name, provider, threads, (whole or {}).get(name)) for name in GRAPHS
        )

    def begin(self) -> HearState:
        d = self._dims
        past = (d.encoder_layers, 2, 1, d.encoder_heads, 0, d.width // d.encoder_heads)
        return HearState(
            conv1=_zeros(1, d.channels, 1),
            conv2=_zeros(1, d.width, 1),
            mix0=_zeros(1, d.width, 4),
            mix1=_zeros(1, d.width, 4),
            past=_zeros(*past),
        )

    def hear(self, features: Floats, state: HearState) -> tuple[Floats, Floats, HearState]:
        feeds = {"features": features[None], "start": np.array([state.past.shape[4]], np.int64)}
        feeds |= {
            "conv1": state.conv1,
            "conv2": state.conv2,
            "mix0": state.mix0,
            "mix1": state.mix1,
            "past": state.past,
        }
        audio, cues, conv1, conv2, mix0, mix1, past = self._encoder.run(feeds, _HEARD)
        return audio[0], cues[0], HearState(conv1, conv2, mix0, mix1, past)

    def feel(self, cues: Floats) -> Floats:
        vector: Floats = self._cue.run({"cues": cues[None]}, ("vector",))[0][0]
        return vector

    def embed(self, tokens: Sequence[int]) -> Floats:
        return self._table[np.asarray(tokens, np.int64)]

    def empty(self) -> Floats:
        d = self._dims
        return _zeros(d.decoder_layers, 2, d.decoder_kv_heads, 0, d.width // d.decoder_heads)

    def read(self, embeds: Floats, past: Floats) -> tuple[Floats, Floats]:
        feeds = {
            "embeds": embeds[None],
            "past": past[:, :, None],
            "start": np.array([past.shape[3]], np.int64),
        }
        logits, present = self._decoder.run(feeds, ("logits", "present"))
        return logits[0], present[:, :, 0]


_HEARD = ("audio", "cues", "conv1_out", "conv2_out", "mix0_out", "mix1_out", "present")


class _Graph:
    """One ONNX graph with its weights, ready to run."""

    def __init__(self, bundle: Bundle, name: str, provider: str, threads: int, whole: bytes | None) -> None:
        import onnxruntime

        self._name = f"{name}.onnx"
        names = [] if whole else list(bundle.card.shapes(name))
        # The session reads this memory as long as it lives.
        self._lent = [onnxruntime.OrtValue.ortvalue_from_numpy(bundle.weights[name]) for name in names]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # failures come back as exceptions
        if names:
            options.add_external_initializers(names, self._lent)
        if provider not in onnxruntime.get_available_providers():
            have = ", ".join(onnxruntime.get_available_providers())
            raise ModelError(
                f"onnxruntime has no {provider} here (it has {have}); install onnxruntime-gpu or use {CPU}"
            )
        try:
            self._session = onnxruntime.InferenceSession(
                whole or bundle.graphs[name], options, providers=[provider]
            )
        except Exception as error:  # its exceptions share no root
            raise CheckpointError(
                f"{self._name} does not run with these weights ({error}); use files of one training run"
            ) from error
        if self._session.get_providers()[0] != provider:
            raise ModelError(
                f"onnxruntime fell back to {self._session.get_providers()[0]}; {provider} does not start here"
            )

    def run(self, feeds: Mapping[str, Any], outputs: Sequence[str]) -> list[Any]:
        try:
            return self._session.run(list(outputs), dict(feeds))  # type: ignore[no-any-return]
        except Exception as error:  # its exceptions share no root
            raise ModelError(f"{self._name} failed while running: {error}") from error


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)
