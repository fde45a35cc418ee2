"""Which ear a session has: from settings to a ``Compute``. Nothing is loaded in this process."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from model.ears.fetch import HOW, fetched
from pipeline.cascade import Cascade
from pipeline.compute import Factory, ProcessCompute
from pipeline.errors import ConfigError
from pipeline.ports import Compute

EARS = (
    "off, auto, moonshine, moonshine:DIR, pocketsphinx, whisper:DIR, or the URL of a server with "
    "/v1/audio/transcriptions"
)
"""What a name may be, for messages."""


MOONSHINE = "moonshine"


@dataclass(frozen=True, slots=True)
class EarConfig:
    """Who turns the user's speech into text, for brains that only read and for captions."""

    name: str = "off"
    """``off``, ``auto`` (moonshine where it was fetched, else pocketsphinx), ``moonshine`` or the folder of
    one (``moonshine:DIR``), ``pocketsphinx``, ``whisper:DIR``, a URL with ``/v1/audio/transcriptions``
    (``http://127.0.0.1:8000/v1#MODEL``), or ``openai:whisper-1``."""
    cues: bool = True
    "A brain that only reads is told how it was said: pitch, pace, level, pauses."
    captions: bool = False
    "The user's words are shown and logged beside a brain that hears sound itself, where an ear is named."
    language: str = ""
    "Of whisper models and servers; empty: they find out. Only English is known not to be finished yet."
    times: bool = False
    "Ask servers for times of words, so that pauses can be placed; not all can."
    threads: int = 1
    "Processor threads of a whisper or moonshine model."

    @property
    def weighs(self) -> bool:
        """An ear that the practice brain can weigh its own hearing against (``pipeline.second``)."""
        return self.name.partition(":")[0] == MOONSHINE

    @property
    def english(self) -> bool:
        """False where another language was named: *an* ends a German sentence, and goes on in English."""
        return not self.language or self.language.lower().startswith("en")

    def __post_init__(self) -> None:
        kind, _, rest = self.name.partition(":")
        if kind == "whisper" and not rest:
            raise ValueError("ear whisper needs a folder: whisper:DIR")
        if not rest and self.name not in ("off", "auto", "pocketsphinx", MOONSHINE):
            raise ValueError(f"there is no ear {self.name!r}; choose {EARS}")
        if not 1 <= self.threads <= 64:
            raise ValueError(f"threads must be 1 to 64, got {self.threads}")


def make_ear(config: EarConfig) -> Compute | None:
    """The ear of this name, with the methods of a Recogniser and ``told``; None: it is off.

    A local one computes in a process of its own: pocketsphinx keeps the interpreter's lock while it searches.
    Raises ConfigError, with what to do.
    """
    kind, _, rest = config.name.partition(":")
    if config.name == "off":
        return None
    if config.weighs or (config.name == "auto" and fetched()):
        where = moonshine_folder(config.name)
        return ProcessCompute(Factory("model.ears.with_cues:moonshine", (str(where), config.threads)))
    if kind in ("auto", "pocketsphinx"):
        if importlib.util.find_spec("pocketsphinx") is None:
            raise ConfigError(
                "the pocketsphinx ear is not installed; install it with: pip install 'hocket[ears]',"
                f" or choose another: {EARS}"
            )
        return ProcessCompute(Factory("model.ears.with_cues:pocketsphinx"))
    if kind == "whisper":
        folder = Path(rest).expanduser()
        if not folder.is_dir():
            raise ConfigError(f"there is no folder {folder} with a whisper model; download one and name it")
        return ProcessCompute(
            Factory("model.ears.with_cues:whisper", (str(folder), config.language, config.threads))
        )
    from model.http.presets import parse_server
    from model.http.transcriptions import Transcriptions, TranscriptionsConfig

    settings = TranscriptionsConfig(language=config.language, words=config.times)
    return Transcriptions(parse_server(config.name), settings)


def moonshine_folder(name: str) -> Path:
    """Of ``moonshine:DIR``, else the one that was fetched. Raises ConfigError where there is none."""
    _, _, rest = name.partition(":")
    where = Path(rest).expanduser() if rest else fetched()
    if where is None:
        raise ConfigError(f"the moonshine ear was not fetched: {HOW}, or choose another: {EARS}")
    if not where.is_dir():
        raise ConfigError(f"there is no folder {where} with a Moonshine model; {HOW}")
    return where


def hearing(brain: Compute, ear: Compute, config: EarConfig) -> Cascade:
    """A brain that only reads, with this ear; it owns both from here on."""
    return Cascade(brain, ear, ear if config.cues else None, english=config.english)
