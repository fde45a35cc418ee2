"""All settings of a session, joined once from each stage's own frozen config. TOML in, nothing else.

Unknown keys, wrong types and values out of range are refused with the key's full name. This file never reads
the environment and never guesses a file: who wants one names it.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from agent.line import SessionConfig
from agent.serve.config import ServeConfig
from agent.turn import TurnConfig
from model.ears.choose import EarConfig
from model.http.config import HttpConfig
from pipeline.decoder import DecoderConfig
from pipeline.encoder import EncoderConfig
from pipeline.errors import ConfigError
from pipeline.levels import LevelsConfig
from pipeline.mechanisms import Mechanisms
from pipeline.overlap import OverlapConfig
from pipeline.speculation import SpeculationConfig
from pipeline.thinking import ThinkingConfig
from pipeline.vad import HysteresisConfig
from tts.speaking import SpeakingConfig

T = TypeVar("T")

BUNDLED = "bundled"
"""Names the practice brain that comes with Hocket."""


class Where(StrEnum):
    """Where the brain computes."""

    INLINE = "inline"
    THREAD = "thread"
    PROCESS = "process"


class Echo(StrEnum):
    """What is done against the agent hearing its own voice."""

    CANCEL = "cancel"
    "Echo cancellation, where it is installed; else the session says so."
    HEADPHONES = "headphones"
    "The user wears headphones: nothing can come back."
    OFF = "off"
    "No cancellation: nobody can interrupt the agent while it speaks."


@dataclass(frozen=True, slots=True)
class PersonaConfig:
    """What the agent is told and what it says first."""

    instructions: str = ""
    "Told to brains that obey instructions; the bundled practice brain ignores them and says so."
    greeting: str = "I'm a practice brain. Ask me fourteen plus nine, then interrupt me."
    "Spoken when a live conversation begins; empty for none."
    guide: bool = True
    "The practice brain's first talk at a terminal proposes what to ask, step by step; false: never."


@dataclass(frozen=True, slots=True)
class BrainConfig:
    """Which brain, and where it computes."""

    model: str = BUNDLED
    "`bundled`, a folder, a hub id (`org/name@revision`), a server's URL or its preset (`ollama:qwen3:4b`)."
    where: Where = Where.THREAD
    "Of a brain that computes in this program; a served one computes where it is served."
    threads: int = 1
    "Processor threads of the brain."
    device: str = "auto"
    "Of released weights: `cpu`, `cuda`, `cuda:1`; `auto`: the first GPU, else the processor."
    dtype: str = "auto"
    "Of released weights: `bfloat16`, `float16`, `float32`, `int8`, `fp8`; `auto`: as they are stored."
    positions: int = 0
    "Of released weights: positions of context in memory; 0: as many as is usual for them."
    segment: float = 0.0
    "Of released weights: seconds of sound that the encoder hears at once; 0: as they were trained."
    pace: float = 0.0
    "Seconds per token at least, to show a larger brain's timing (0.02: some 33 billion parameters); 0: none."

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 64:
            raise ValueError(f"threads must be 1 to 64, got {self.threads}")
        if not 0 <= self.pace <= 1:
            raise ValueError(f"pace must be 0 to 1 second per token, got {self.pace}")
        if self.positions < 0 or self.segment < 0:
            raise ValueError("positions and segment are 0 or more")
        if not self.model.strip():
            raise ValueError(f"model must name a brain; {BUNDLED!r} is the one that comes with Hocket")


@dataclass(frozen=True, slots=True)
class ToolsConfig:
    """What the brain may call, beside the functions that a program gives its agent."""

    servers: tuple[str, ...] = ()
    "MCP servers: commands that are started, or URLs. A tool has effects unless its server says not."
    clock: str = "auto"
    "Of ``hocket talk``, a clock and a timer: ``on``, ``off``, ``auto``: where a brain loses no speed by it."

    def __post_init__(self) -> None:
        if self.clock not in ("auto", "on", "off"):
            raise ValueError(f"clock is auto, on or off, not {self.clock!r}")
        if not all(server.strip() for server in self.servers):
            raise ValueError("each server is a command or a URL, and one is empty")


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """Which voice speaks."""

    name: str = "auto"
    "`auto` takes the best installed; `hocket voices` lists the names."


@dataclass(frozen=True, slots=True)
class SoundConfig:
    """Microphone, loudspeaker and what is between them."""

    microphone: str = ""
    "Part of a device's name or its number; empty: the system's choice. `hocket devices` lists them."
    loudspeaker: str = ""
    "As above."
    echo: Echo = Echo.CANCEL
    detector: str = "silero"
    "`silero`, or the light `webrtc`."

    def __post_init__(self) -> None:
        if self.detector not in ("silero", "webrtc"):
            raise ValueError(f"detector must be silero or webrtc, got {self.detector!r}")


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """What is kept of a conversation. Nothing, unless a folder is named."""

    folder: Path | None = None
    "Gets conversation.wav (left the user, right the agent), .jsonl (the trace) and .png (a picture)."


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a session can be told: one field per section of the TOML file."""

    persona: PersonaConfig = field(default_factory=PersonaConfig)
    brain: BrainConfig = field(default_factory=BrainConfig)
    ear: EarConfig = field(default_factory=EarConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    voice: VoiceConfig = field(default_factory=VoiceConfig)
    sound: SoundConfig = field(default_factory=SoundConfig)
    turn: TurnConfig = field(default_factory=TurnConfig)
    hearing: HysteresisConfig = field(default_factory=HysteresisConfig)
    levels: LevelsConfig = field(default_factory=LevelsConfig)
    overlap: OverlapConfig = field(default_factory=OverlapConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    speaking: SpeakingConfig = field(default_factory=SpeakingConfig)
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    speculation: SpeculationConfig = field(default_factory=SpeculationConfig)
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    http: HttpConfig = field(default_factory=HttpConfig)
    record: RecordConfig = field(default_factory=RecordConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)

    def session(self) -> SessionConfig:
        """The part that the stages of a session get."""
        return SessionConfig(
            self.turn, self.hearing, self.levels, self.overlap, self.encoder, self.decoder, self.speaking,
            self.thinking, self.speculation, self.mechanisms,
        )  # fmt: skip


def load(path: Path) -> Config:
    """The settings in a TOML file over the defaults. Raises ConfigError; relative paths start at the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a text file ({_reason(error)})") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: not valid settings: lists or tables within each other too deep") from None
    try:
        config = parse(table, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return replace(
        config,
        brain=replace(config.brain, model=_from(path.parent, config.brain.model)),
        ear=replace(config.ear, name=_beside(path.parent, config.ear.name, "whisper", "moonshine")),
        voice=replace(config.voice, name=_beside(path.parent, config.voice.name, "piper", "kokoro")),
    )


def _from(folder: Path, model: str) -> str:
    """A brain's folder as seen from the settings file; any other name of a brain as it is."""
    try:
        there = folder / Path(model).expanduser()
        return str(there) if model.startswith((".", "~")) or there.is_dir() else model
    except (OSError, RuntimeError):  # no path at all: whoever makes the brain says so
        return model


def _beside(folder: Path, name: str, *kinds: str) -> str:
    """``KIND:PATH`` of an ear or a voice as seen from the settings file."""
    kind, _, path = name.partition(":")
    try:
        return f"{kind}:{folder / Path(path).expanduser()}" if kind in kinds and path else name
    except RuntimeError:  # nobody's home: whoever makes it says so
        return name


def parse(table: dict[str, Any], *, folder: Path = Path()) -> Config:
    """Settings from a table as TOML gives it. Raises ConfigError."""
    return _build(Config, table, "", folder)


def _build(kind: type[T], table: dict[str, Any], prefix: str, folder: Path) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # kind is one of our dataclasses
    for key in table:
        if key not in known:
            raise ConfigError(_unknown(prefix + key, key, known, section=not prefix))
    hints = get_type_hints(kind)
    values = {key: _value(hints[key], value, prefix + key, folder) for key, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"[{prefix.rstrip('.')}] {error}" if prefix else str(error)) from None


def _unknown(name: str, key: str, known: set[str], *, section: bool) -> str:
    what = "section" if section else "key"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known {what}s: {', '.join(sorted(known))}"
    return f"unknown {what} {name!r}; {hint}"


def _value(hint: Any, value: Any, name: str, folder: Path) -> Any:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for option in options:
        if get_origin(option) is Mapping and isinstance(value, dict):
            return _sendable(value, name)
        if is_dataclass(option) and isinstance(option, type):
            if not isinstance(value, dict):
                raise ConfigError(f"{name!r} is a section: write its keys under [{name}]")
            return _build(option, value, f"{name}.", folder)
        if isinstance(option, type) and issubclass(option, StrEnum):
            if value in [str(member) for member in option]:
                return option(value)
            raise ConfigError(f"{name} must be one of {', '.join(option)}, got {value!r}")
        if option is Path and isinstance(value, str):
            return folder / _home(value, name)
        if option is float and type(value) in (int, float) and math.isfinite(value):
            return float(value)
        if option in (bool, int, str) and type(value) is option:
            return value
        if get_origin(option) is tuple and isinstance(value, list):
            return tuple(_value(get_args(option)[0], item, name, folder) for item in value)
    raise ConfigError(f"{name} must be {' or '.join(_words(o) for o in options)}, got {value!r}")


def _sendable(value: dict[str, Any], name: str) -> dict[str, Any]:
    """A table that JSON can hold: TOML knows dates and infinities, which it cannot."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name} holds what cannot be sent as JSON ({error})") from None
    return value


def _home(text: str, name: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"{name} names a home that is not known: {text!r}") from None


def _words(option: Any) -> str:
    if get_origin(option) in (tuple, Mapping):
        return "a list" if get_origin(option) is tuple else "a table"
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a finite number",
        str: "a text",
        Path: "a path",
    }
    return names.get(option, "left out")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
