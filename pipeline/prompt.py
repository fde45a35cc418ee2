"""A prompt is an immutable value: parts in order, each comparable and hashable by content.

Engines are functions of it. Forking, rolling back and truncating are just other prompts. Notation follows the
Step-Audio-R1 chat format: ``<|BOT|>role\\n … <|EOT|>``, audio as ``<audio_start> patches <audio_end>``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from .ports import CAPTURE_RATE, Pcm

BLOCK = 1280
"""Capture samples per audio position of the language model: 80 ms at 16 kHz (12.5 Hz)."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that a brain may call, as it is told of it."""

    name: str
    description: str
    parameters: str
    "JSON schema of its arguments, an object, as canonical JSON text."


@dataclass(frozen=True, slots=True)
class System:
    """Instructions, once, at the start."""

    text: str
    tools: tuple[ToolSpec, ...] = ()
    "What the brain may call; empty: nothing."


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """One segment of the user's sound, mono float32 at 16 kHz, at most 25 s (Step-Audio's own limit)."""

    pcm: Pcm
    _digest: list[bytes] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.pcm.ndim != 1 or self.pcm.dtype != np.float32:
            raise ValueError(f"audio must be 1-d float32, got {self.pcm.ndim}-d {self.pcm.dtype}")
        self.pcm.setflags(write=False)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / CAPTURE_RATE

    @property
    def positions(self) -> int:
        """Audio positions of the language model, the last one padded with silence."""
        return -(-len(self.pcm) // BLOCK)

    def digests(self) -> tuple[bytes, ...]:
        """Per position, a hash of all of the segment's samples up to its end: what a cache may key on."""
        if not self._digest:
            built, chain = list[bytes](), hashlib.blake2b(digest_size=16)
            for start in range(0, len(self.pcm), BLOCK):
                block = np.zeros(BLOCK, np.float32)
                piece = self.pcm[start : start + BLOCK]
                block[: len(piece)] = piece
                chain.update(block.tobytes())
                built.append(chain.digest())
            self._digest[:] = built  # at once: another thread may be asking too
        return tuple(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Audio) and self.digests() == other.digests()

    def __hash__(self) -> int:
        return hash(self.digests()[-1:] or 0)


@dataclass(frozen=True, slots=True)
class Text:
    """Words the user typed, or a transcript."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the agent thought while it listened: carried from listening and from dropped drafts.

    ``text`` is made of whole lines, each ended by a newline.
    """

    text: str
    after: int
    "Positions (80 ms) of the turn's sound that it had taken in."


@dataclass(frozen=True, slots=True)
class Human:
    """One user turn: sound and text in the order they came, and the notes that were taken meanwhile.

    Notes are for brains trained to think between blocks of sound (SHANKS, arXiv 2510.06917): the sound stays
    one segment, and each note stands in it where it was thought. For other brains a listening strategy
    carries them as ``Text`` after the sound.
    """

    parts: tuple[Audio | Text, ...]
    notes: tuple[Note, ...] = ()
    "In the order of ``after``."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A brain's wish to run a tool."""

    id: str
    "Unique within a session."
    name: str
    arguments: str
    "JSON text as the brain wrote it; it may be wrong."


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back."""

    id: str
    "Of the call."
    name: str
    content: str
    failed: bool = False
    "``content`` says what went wrong."


@dataclass(frozen=True, slots=True)
class Called:
    """A step of the agent before its words: calls and their results, in the same order.

    ``said``: what it had said in this turn before it called, in the open turn all of it, in the history only
    the words that reached the ear.
    """

    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]
    said: str = ""

    def __post_init__(self) -> None:
        if [call.id for call in self.calls] != [result.id for result in self.results]:
            raise ValueError("every call of a finished step has its result, in the same order")


@dataclass(frozen=True, slots=True)
class Heard:
    """One finished reply in the history: only the words that reached the ear, thoughts removed."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The open assistant turn that the engine continues.

    ``thoughts`` None: no think block at all. ``thinking`` True leaves the block open (formulation), False
    closes it after the thoughts (articulation), and ``said`` is what the answer already contains.
    """

    thoughts: str | None = ""
    thinking: bool = True
    said: str = ""

    def __post_init__(self) -> None:
        if self.thinking and (self.said or self.thoughts is None):
            raise ValueError("an open thought has thoughts and no words said after it")


@dataclass(frozen=True, slots=True)
class OpenNote:
    """The note that the engine continues, after a user turn that is still being spoken."""

    text: str = ""


Part: TypeAlias = System | Human | Called | Heard | Reply | OpenNote


@dataclass(frozen=True, slots=True)
class Prompt:
    """An immutable sequence of parts."""

    parts: tuple[Part, ...]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def then(self, *parts: Part) -> Prompt:
        """This prompt followed by more parts."""
        return Prompt(self.parts + parts)
