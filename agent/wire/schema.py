"""The words of the protocol as types: items, tools, formats and the session object, with their ranges.

Fields that are not named here are ignored, so that newer clients work. Nothing here decides what a field
brings about, and nothing comes out that was not checked. Names and ranges: OpenAI's Realtime API, GA.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

MOST_TOOLS = 128
LONGEST_INSTRUCTIONS = 32_000
"""Characters."""

Identity: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
Short: TypeAlias = Annotated[str, Meta(max_length=512)]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Words: TypeAlias = Annotated[str, Meta(max_length=LONGEST_INSTRUCTIONS)]
Long: TypeAlias = Annotated[str, Meta(max_length=200_000)]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400_000)]
"""Whole ones, by the protocol; some clients send what their clock says."""
Part: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]
Metadata: TypeAlias = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
Modalities: TypeAlias = Annotated[list[Literal["text", "audio"]], Meta(min_length=1, max_length=2)]
Tokens: TypeAlias = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]

# --- sound -----------------------------------------------------------------------------------------------


class Pcm(Struct, frozen=True, tag="audio/pcm"):
    """16-bit samples, little-endian, mono."""

    rate: Literal[24000] = 24000


class MuLaw(Struct, frozen=True, tag="audio/pcmu"):
    """G.711 µ-law at 8 kHz."""


class ALaw(Struct, frozen=True, tag="audio/pcma"):
    """G.711 A-law at 8 kHz."""


SoundFormat: TypeAlias = Pcm | MuLaw | ALaw

# --- how turns end ---------------------------------------------------------------------------------------


class ServerVad(Struct, frozen=True, tag="server_vad"):
    """A turn ends after a fixed silence."""

    threshold: Part | None = None
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=5000)] | None = None
    silence_duration_ms: Annotated[int, Meta(ge=20, le=10_000)] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30_000)] | None = None


class SemanticVad(Struct, frozen=True, tag="semantic_vad"):
    """A turn ends when what was said sounds finished."""

    eagerness: Literal["auto", "low", "medium", "high"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


TurnDetection: TypeAlias = ServerVad | SemanticVad

# --- the session -----------------------------------------------------------------------------------------


class Transcription(Struct, frozen=True):
    """That the client wants the user's words; which ear hears them is the server's own."""

    model: Short | None = None
    language: Short | None = None
    prompt: Long | None = None


class NoiseReduction(Struct, frozen=True):
    """Accepted; a browser or a telephone has its own."""

    type: Literal["near_field", "far_field"] | None = None


class VoiceRef(Struct, frozen=True):
    """A voice by its identity."""

    id: Identity


class Input(Struct, frozen=True):
    """What is heard."""

    format: SoundFormat | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class Output(Struct, frozen=True):
    """What is spoken."""

    format: SoundFormat | UnsetType | None = UNSET
    voice: Short | VoiceRef | UnsetType | None = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType | None = UNSET


class Audio(Struct, frozen=True):
    """Both directions."""

    input: Input | UnsetType | None = UNSET
    output: Output | UnsetType | None = UNSET


class FunctionTool(Struct, frozen=True, tag="function"):
    """A function that the client runs."""

    name: Name
    description: Annotated[str, Meta(max_length=16_000)] | None = None
    parameters: dict[str, Any] | None = None


class NamedFunction(Struct, frozen=True, tag="function"):
    """A choice of one tool."""

    name: Name


class Reasoning(Struct, frozen=True):
    """Accepted; how long a brain thinks is the server's own setting."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None


class RetentionRatio(Struct, frozen=True, tag="retention_ratio"):
    """Accepted; how much history a brain gets is its own."""

    retention_ratio: Part
    token_limits: dict[str, Any] | None = None


class Tracing(Struct, frozen=True):
    """Accepted; nothing is sent to anybody."""

    workflow_name: Long | None = None
    group_id: Long | None = None
    metadata: dict[str, Any] | None = None


class Extensions(Struct, frozen=True):
    """What a client asks of this server beside the protocol."""

    events: bool | UnsetType = UNSET


Tools: TypeAlias = Annotated[list[FunctionTool], Meta(max_length=MOST_TOOLS)]
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedFunction
Truncation: TypeAlias = Literal["auto", "disabled"] | RetentionRatio


class Session(Struct, frozen=True, tag="realtime"):
    """Any part of a session object, as a client sends it."""

    model: Short | UnsetType | None = UNSET
    output_modalities: Modalities | UnsetType | None = UNSET
    instructions: Words | UnsetType | None = UNSET
    audio: Audio | UnsetType | None = UNSET
    tools: Tools | UnsetType | None = UNSET
    tool_choice: ToolChoice | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    max_output_tokens: Tokens | UnsetType | None = UNSET
    truncation: Truncation | UnsetType | None = UNSET
    tracing: Literal["auto"] | Tracing | UnsetType | None = UNSET
    include: Annotated[list[Short], Meta(max_length=16)] | UnsetType | None = UNSET
    prompt: UnsetType | None = UNSET
    hocket: Extensions | UnsetType | None = UNSET


# --- items -----------------------------------------------------------------------------------------------


class InputText(Struct, frozen=True, tag="input_text"):
    """Words that were typed."""

    text: Long


class InputAudio(Struct, frozen=True, tag="input_audio"):
    """Sound in the session's input format."""

    audio: Any = None
    "Base64 text, or bytes; which is looked at where it is decoded. None: only its words are known any more."
    transcript: Long | None = None


class OutputText(Struct, frozen=True, tag="output_text"):
    """What an assistant wrote."""

    text: Long


class OutputAudio(Struct, frozen=True, tag="output_audio"):
    """What an assistant said; of sound that the server did not make only the words count."""

    transcript: Long | None = None


Content: TypeAlias = InputText | InputAudio | OutputText | OutputAudio
Contents: TypeAlias = Annotated[list[Content], Meta(min_length=1, max_length=64)]


class Message(Struct, frozen=True, tag="message"):
    """Something said or written."""

    role: Literal["user", "assistant", "system"]
    content: Contents
    id: Identity | None = None


class FunctionCall(Struct, frozen=True, tag="function_call"):
    """A call that was made."""

    name: Name
    arguments: Long
    call_id: Identity | None = None
    id: Identity | None = None


class FunctionCallOutput(Struct, frozen=True, tag="function_call_output"):
    """What came of it."""

    call_id: Identity
    output: Long
    id: Identity | None = None


class ItemReference(Struct, frozen=True, tag="item_reference"):
    """An item of the conversation, by its id. Only in a response's ``input``."""

    id: Identity


Item: TypeAlias = Message | FunctionCall | FunctionCallOutput

# --- a response ------------------------------------------------------------------------------------------


class ResponseOutput(Struct, frozen=True):
    """How this response sounds: as the session does."""

    format: SoundFormat | None = None
    voice: Short | VoiceRef | None = None


class ResponseAudio(Struct, frozen=True):
    """The sound of a response."""

    output: ResponseOutput | None = None


class Response(Struct, frozen=True):
    """What one response shall be like."""

    output_modalities: Modalities | None = None
    instructions: Words | None = None
    audio: ResponseAudio | None = None
    tools: Tools | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: Tokens | None = None
    conversation: Literal["auto", "none"] | None = None
    metadata: Metadata | None = None
    prompt: None = None
    input: Annotated[list[Item | ItemReference], Meta(max_length=256)] | None = None
