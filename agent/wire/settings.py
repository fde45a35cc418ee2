"""A call's session object: what its client asked for, over what this server's own settings say. Pure.

What is shown is what counts: the voice that speaks, the brain that answers, every default filled in. What a
client may ask for and this server does not do is named in ``notes``; it must never be shown as if it were so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from msgspec import UNSET

from agent.config import Config
from agent.launch import Parts
from agent.turn import TurnConfig
from pipeline.ports import BrainFacts
from pipeline.vad import HysteresisConfig

from .refusal import invalid
from .requests import session_of
from .schema import (
    Audio,
    Extensions,
    FunctionTool,
    Input,
    NamedFunction,
    NoiseReduction,
    Output,
    Pcm,
    SemanticVad,
    ServerVad,
    Session,
    SoundFormat,
    Transcription,
    TurnDetection,
)

_SILENCE, _PREFIX, _THRESHOLD = 500, 300, 0.5
"""Server VAD, where the client does not say: milliseconds, milliseconds, a score."""
_EAGERNESS = {"low": 8.0, "medium": 4.0, "high": 2.0}
"""Seconds of silence that are waited at most, where what was said sounds unfinished."""


@dataclass(frozen=True, slots=True)
class About:
    """What a call's session is built on: told in the session object, and not the client's to change."""

    brain: BrainFacts
    voice: str
    transcripts: str | None
    "Who writes down what the user said: ``brain``, an ear's name, or None for nobody."
    carrier: str = "websocket"

    @classmethod
    def of(cls, built: Parts, config: Config, carrier: str = "websocket") -> About:
        """What these parts are."""
        heard = "brain" if built.ear is None else config.ear.name
        return cls(built.facts, built.voice.name, heard, carrier)


@dataclass(frozen=True, slots=True)
class Settings:
    """What counts for one call, from here on."""

    about: About
    asked: Session = field(default_factory=Session)
    "All that the client has asked for so far."

    def merged(self, update: Session) -> Settings:
        """These, with what an update asks for. Raises WireError where it asks for what cannot be."""
        modalities = update.output_modalities
        if modalities and len(set(modalities)) > 1:
            raise invalid(
                "session.output_modalities", 'Replies are spoken, ["audio"], or written, ["text"]: not both.'
            )
        names = [tool.name for tool in update.tools or ()]
        if len(set(names)) < len(names):
            raise invalid("session.tools", "Two tools have the same name.")
        old, new = _under(self.asked.audio), _under(update.audio)
        audio = Audio(_over(_side(old.input, Input), _side(new.input, Input)),
                      _over(_side(old.output, Output), _side(new.output, Output)))  # fmt: skip
        return replace(self, asked=msgspec.structs.replace(_over(self.asked, update), audio=audio))

    # --- what counts ------------------------------------------------------------------------------------

    @property
    def input(self) -> SoundFormat:
        """The form of appended sound."""
        form: SoundFormat = _or(self._in.format, Pcm())
        return form

    @property
    def output(self) -> SoundFormat:
        """The form of sent sound."""
        form: SoundFormat = _or(self._out.format, Pcm())
        return form

    @property
    def detection(self) -> TurnDetection | None:
        """How turns end; None: the client says so."""
        told = self._in.turn_detection
        return SemanticVad() if told is UNSET else told

    @property
    def answers(self) -> bool:
        """A turn that is over is answered without being asked."""
        told = self.detection
        return told is not None and told.create_response is not False

    @property
    def text(self) -> bool:
        """Replies are written."""
        return bool(_or(self.asked.output_modalities, ["audio"]) == ["text"])

    @property
    def extended(self) -> bool:
        """The client wants the events that are ours alone."""
        told: Extensions | None = _or(self.asked.hocket, None)
        return told is not None and told.events is True

    @property
    def transcribes(self) -> bool:
        """The client wants the user's words."""
        return _or(self._in.transcription, None) is not None

    @property
    def instructions(self) -> str | None:
        """The client's own; None: it gave none."""
        told: str | None = _or(self.asked.instructions, None)
        return told

    @property
    def tools(self) -> tuple[FunctionTool, ...]:
        """Those that the client runs."""
        return tuple(_or(self.asked.tools, []))

    @property
    def calls(self) -> bool:
        """Tools may be called at all."""
        return bool(_or(self.asked.tool_choice, "auto") != "none")

    @property
    def most_tokens(self) -> int | None:
        """Of one generation, thought and words; None: as many as the server's settings allow."""
        told = self.asked.max_output_tokens
        return told if isinstance(told, int) else None

    def turn(self, base: TurnConfig) -> TurnConfig:
        """The policy's settings, over the server's own."""
        told = self.detection
        if told is None:
            return replace(base, answers=self.answers)
        config = replace(base, answers=self.answers, barge_in=told.interrupt_response is not False)
        if isinstance(told, SemanticVad):
            most = _EAGERNESS.get(told.eagerness or "auto")
            return config if most is None else replace(config, endpoint_unsure=most)
        silence = (told.silence_duration_ms or _SILENCE) / 1000
        prefix = _PREFIX if told.prefix_padding_ms is None else told.prefix_padding_ms
        return replace(
            config, endpoint=silence, endpoint_sure=silence, endpoint_unsure=silence, adapt=False,
            pre_roll=prefix / 1000, nudge_after=(told.idle_timeout_ms or 0) / 1000 or base.nudge_after,
        )  # fmt: skip

    def hearing(self, base: HysteresisConfig) -> HysteresisConfig:
        """Whose scores count as speech, over the server's own settings."""
        told = self.detection
        if not isinstance(told, ServerVad) or told.threshold is None or told.threshold == base.start:
            return base
        start = told.threshold
        stop = min(base.stop, 0.7 * start)
        return replace(
            base, start=start, sure=max(start, min(1.0, start + 0.25)), stop=stop, rise=min(base.rise, stop)
        )

    # --- what is shown ----------------------------------------------------------------------------------

    def notes(self) -> list[str]:
        """What was asked for and is not done, a sentence each."""
        found, choice, speed = [], _or(self.asked.tool_choice, "auto"), _or(self._out.speed, None)
        if isinstance(choice, NamedFunction) or choice == "required":
            found.append("no brain here can be made to call a tool: tool_choice counts as auto")
        if _or(self.asked.reasoning, None) is not None:
            found.append("how long the brain thinks is the server's setting: reasoning is not changed")
        if speed not in (None, 1.0):
            found.append("the voice speaks at its own speed")
        if self.transcribes and self.about.transcripts is None:
            found.append("nobody here writes down what the user says: set an ear for captions")
        return found

    def shown(self, call_id: str) -> dict[str, Any]:
        """The session object, whole. Valid as openai's ``RealtimeSessionCreateRequest``."""
        choice, asked, form = _or(self.asked.tool_choice, "auto"), self.asked, msgspec.to_builtins
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": call_id,
            "model": self.about.brain.name,
            "output_modalities": ["text"] if self.text else ["audio"],
            "instructions": self.instructions or "",
            "audio": {"input": self._shown_input(), "output": {
                "format": form(self.output), "voice": self.about.voice, "speed": 1.0,
            }},
            "tools": [_tool(tool) for tool in self.tools],
            "tool_choice": "none" if choice == "none" else "auto",
            "parallel_tool_calls": True,
            "max_output_tokens": "inf" if self.most_tokens is None else self.most_tokens,
            "truncation": "auto",
            "tracing": form(_or(asked.tracing, None)),
            "include": None,
            "prompt": None,
        }  # fmt: skip

    def _shown_input(self) -> dict[str, Any]:
        noise: NoiseReduction | None = _or(self._in.noise_reduction, None)
        wanted: Transcription | None = _or(self._in.transcription, None)
        words = None
        if wanted is not None:
            words = {"model": self.about.transcripts or wanted.model or ""}
        return {
            "format": msgspec.to_builtins(self.input),
            "transcription": words,
            "noise_reduction": msgspec.to_builtins(noise) if noise and noise.type else None,
            "turn_detection": _detection(self.detection),
        }

    @property
    def _in(self) -> Input:
        side: Input = _side(_under(self.asked.audio).input, Input)
        return side

    @property
    def _out(self) -> Output:
        side: Output = _side(_under(self.asked.audio).output, Output)
        return side


def preview(session: object, config: Config, built: Parts) -> dict[str, Any]:
    """The whole session object that these wishes would lead to. Raises WireError for a bad one."""
    settings = Settings(About.of(built, config)).merged(session_of(session or {}))
    return settings.shown("sess_preview")


def _detection(told: TurnDetection | None) -> dict[str, Any] | None:
    if told is None:
        return None
    answers, interrupts = told.create_response is not False, told.interrupt_response is not False
    both = {"create_response": answers, "interrupt_response": interrupts}
    if isinstance(told, SemanticVad):
        return {"type": "semantic_vad", "eagerness": told.eagerness or "auto", **both}
    prefix = _PREFIX if told.prefix_padding_ms is None else told.prefix_padding_ms
    return {
        "type": "server_vad",
        "threshold": _THRESHOLD if told.threshold is None else told.threshold,
        "prefix_padding_ms": prefix,
        "silence_duration_ms": told.silence_duration_ms or _SILENCE,
        "idle_timeout_ms": told.idle_timeout_ms,
        **both,
    }


def _tool(tool: FunctionTool) -> dict[str, Any]:
    return {
        "type": "function", "name": tool.name, "description": tool.description or "",
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }  # fmt: skip


def _or(value: Any, otherwise: Any) -> Any:
    """The value, unless it was not given, or given as null."""
    return otherwise if value is UNSET or value is None else value


def _under(audio: Any) -> Audio:
    return audio if isinstance(audio, Audio) else Audio()


def _side(side: Any, kind: Any) -> Any:
    return side if isinstance(side, kind) else kind()


_MEANT = ("turn_detection", "transcription", "noise_reduction", "tracing")
"""Fields for which null says something; for any other it says nothing."""


def _over(old: Any, new: Any) -> Any:
    """The old one with every field that the new one gives."""
    given = {name: getattr(new, name) for name in new.__struct_fields__}
    kept = {
        name: value for name, value in given.items()
        if value is not UNSET and (value is not None or name in _MEANT)
    }  # fmt: skip
    return msgspec.structs.replace(old, **kept)
