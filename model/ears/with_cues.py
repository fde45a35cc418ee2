"""A recogniser that also measures how something was said: one service, so that both live in one process."""

from __future__ import annotations

from collections.abc import Sequence

from model.prosody import measured
from pipeline.ports import EarFacts, Pcm, Recogniser, SpokenWord, Transcript
from pipeline.prompt import Audio
from pipeline.weighing import WeighingRecogniser


class WithCues:
    """ports.Recogniser, and ``told`` beside."""

    def __init__(self, ear: Recogniser) -> None:
        self._ear = ear

    def facts(self) -> EarFacts:
        return self._ear.facts()

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """See ``ports.Recogniser``."""
        return self._ear.transcribe(audio, final)

    def told(self, pcm: Pcm, words: Sequence[SpokenWord]) -> str:
        """How it was said, as one bracket; see ``model.prosody.told``."""
        return measured(pcm, words)

    def close(self) -> None:
        self._ear.close()


class WithWeights(WithCues):
    """One that weighs lines, too (``pipeline.weighing.Weigher``)."""

    def __init__(self, ear: WeighingRecogniser) -> None:
        super().__init__(ear)
        self._weigher = ear

    def weigh(self, audio: Audio, lines: Sequence[str]) -> list[float | None]:
        """See ``pipeline.weighing.Weigher``."""
        return self._weigher.weigh(audio, lines)


def moonshine(folder: str, threads: int) -> WithWeights:
    """For a ``Factory``: a folder with a Moonshine model. Raises CheckpointError."""
    from .moonshine import MoonshineEar

    return WithWeights(MoonshineEar(folder, threads))


def pocketsphinx() -> WithCues:
    """For a ``Factory``. Raises ModelError where the package is missing."""
    from .pocketsphinx_ear import PocketSphinxEar

    return WithCues(PocketSphinxEar())


def whisper(folder: str, language: str, threads: int) -> WithCues:
    """For a ``Factory``: a folder with a model of Whisper's kind. Raises CheckpointError, ModelError."""
    from model.whisper import WhisperOptions, load_whisper

    return WithCues(load_whisper(folder, WhisperOptions(language=language, threads=threads)))
