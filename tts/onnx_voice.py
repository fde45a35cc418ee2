"""A neural voice on ONNX Runtime: phonemes in, one phrase's sound out, in a thread of its own.

What a family of models wants as input is its own file's business (``Speaker``); here is how any of them is
loaded, run and stopped without holding up the loop. Nothing in a model's file is ever executed but its graph.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import VoiceError
from pipeline.ports import Pcm, VoiceChunk

from .phonemes import Phonemiser

LONGEST = 1000
"""Characters per phrase."""


class Speaker(Protocol):
    """What a family of models needs."""

    @property
    def name(self) -> str: ...

    @property
    def rate(self) -> int: ...

    @property
    def language(self) -> str:
        """espeak-ng's name of it."""
        ...

    def feeds(self, phonemes: str) -> Mapping[str, NDArray[Any]] | None:
        """The graph's inputs; None where the model knows none of these phonemes."""
        ...


class Graph:
    """An ONNX file, loaded."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Raises VoiceError for a file that is absent or no graph."""
        import onnxruntime

        if not path.is_file():
            raise VoiceError(f"there is no voice {path}; give the path of its .onnx file")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # failures come back as exceptions
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no root
            raise VoiceError(f"{path} is not a voice that can be loaded ({error})") from error
        self.path = path
        self.inputs: dict[str, str] = {each.name: each.type for each in self._session.get_inputs()}
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    def stopper(self) -> Any:
        """What ``run`` takes, and what stops it from another thread by ``terminate = True``."""
        import onnxruntime

        return onnxruntime.RunOptions()

    def run(self, feeds: Mapping[str, NDArray[Any]], stopper: Any) -> Pcm:
        """The first output as sound, shape (samples,). Raises VoiceError."""
        try:
            made = np.asarray(self._session.run(None, dict(feeds), stopper)[0], np.float32).reshape(-1)
        except Exception as error:  # its exceptions share no root
            raise VoiceError(f"{self.path.name} failed while speaking: {error}") from error
        if not np.isfinite(made).all():
            raise VoiceError(f"{self.path.name} made no sound of a phrase, but values that are not numbers")
        return np.clip(made, -1.0, 1.0)


class OnnxVoice:
    """ports.Voice. A phrase is one run of the graph; it tells no word times."""

    def __init__(self, graph: Graph, speaker: Speaker, phonemiser: Phonemiser | None = None) -> None:
        """Raises VoiceError where espeak-ng, which tells the phonemes, is not installed."""
        self.name, self.rate = speaker.name, speaker.rate
        self._graph, self._speaker = graph, speaker
        self._phonemiser = phonemiser or Phonemiser(speaker.language)
        self._thread = ThreadPoolExecutor(1, "voice")

    async def prepare(self) -> None:
        """Start espeak-ng's process, which the first phrase would wait for. Raises VoiceError."""
        await self._phonemiser.prepare()

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """One chunk; closing stops the graph between two of its operations. Raises VoiceError."""
        if len(text) > LONGEST:
            raise VoiceError(f"a phrase of {len(text)} characters is too long; at most {LONGEST}")
        feeds = self._speaker.feeds(await self._phonemiser.tell(text)) if text.strip() else None
        if feeds is None:
            return
        stopper = self._graph.stopper()
        loop = asyncio.get_running_loop()
        try:
            yield VoiceChunk(await loop.run_in_executor(self._thread, self._graph.run, feeds, stopper))
        finally:
            stopper.terminate = True

    async def close(self) -> None:
        """End the thread, once its phrase has stopped, and espeak-ng's process."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self._phonemiser.close()


def described(path: Path, what: str) -> dict[str, Any]:
    """The JSON object in a file beside a model. Raises VoiceError."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise VoiceError(f"{path} is missing; {what}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise VoiceError(f"{path} cannot be read as JSON ({error}); {what}") from None
    if not isinstance(content, dict):
        raise VoiceError(f"{path} holds no JSON object; {what}")
    return content
