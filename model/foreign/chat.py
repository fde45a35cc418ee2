"""From a prompt, which is a value, to the positions of a ChatML model that hears, each with its cache key.

``<|im_start|>role\\n … <|im_end|>\\n``, sound as ``<|audio_bos|>`` positions ``<|audio_eos|>``. Special ids
come from here alone; nothing a user types can make one. Pure: knows no weights. These models write no
thoughts, so a reply's thoughts are not rendered; notes go after the sound, as text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from pipeline.calls import described, written
from pipeline.errors import BugError, ConfigError, ModelError
from pipeline.listening.notes import CARRIED
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import Audio, Called, Heard, Human, OpenNote, Part, Prompt, Reply, System

from .tokens import FolderTokenizer

LONGEST = 30.0
"""Seconds of sound that these encoders take at once."""
PER_POSITION = 2
"""Audio positions of these models (40 ms) per position of ours (80 ms)."""
PLAIN = "You are a helpful assistant."
"""What their templates say where a conversation has no instructions."""

Key: TypeAlias = int | bytes | tuple[str, int | bytes]
"""A token id, or a digest of sound and place in it; the first after the system text holds the session."""


@dataclass(frozen=True, slots=True)
class Form:
    """Where the templates of two model families differ."""

    before: str = ""
    "Text before a segment of sound; ``{number}`` counts them through the conversation."
    after: str = ""
    "Text after it."


@dataclass(frozen=True, slots=True)
class Words:
    """Positions that hold token ids."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def contents(self) -> Iterator[int | bytes]:
        yield from self.ids


@dataclass(frozen=True, slots=True)
class Sound:
    """The positions of one segment. Each depends on all of it: these encoders look both ways."""

    audio: Audio

    def __len__(self) -> int:
        return self.audio.positions * PER_POSITION

    def contents(self) -> Iterator[int | bytes]:
        digest = self.audio.digests()[-1]
        yield from (digest + at.to_bytes(2, "big") for at in range(len(self)))


Run: TypeAlias = Words | Sound


@dataclass(frozen=True, slots=True)
class Layout:
    """Runs of positions in order."""

    runs: tuple[Run, ...]
    shared: int
    "Positions of the system text, which all sessions may share."

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def keys(self, session: str) -> list[Key]:
        """One per position: what its content, and so its cached state, depends on beside those before."""
        contents = [key for run in self.runs for key in run.contents()]
        keys: list[Key] = list(contents)
        if len(keys) > self.shared:
            keys[self.shared] = (session, contents[self.shared])
        return keys


_Piece: TypeAlias = str | int | Audio | None
"""Text, a special id, sound, or None: a border that no token may cross."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Renders prompts for one model."""

    tokenizer: FolderTokenizer
    form: Form
    segment: float = 25.0
    "Seconds of sound after which a segment is closed and another begins."

    def __post_init__(self) -> None:
        if not 1 <= self.segment <= LONGEST:
            raise ConfigError(f"a segment of sound lasts 1 to {LONGEST:g} s, got {self.segment}")

    def layout(self, prompt: Prompt) -> Layout:
        """Positions of a prompt. A last human turn without a reply after it is open: its end is not yet
        written, and a last segment of sound that may still grow is left out, for it would be read anew.

        Raises BugError for parts in an order that no conversation has.
        """
        parts, shared = list(prompt), self._turn("system", PLAIN)
        if parts and isinstance(system := parts[0], System):
            del parts[0]
            told = [text for text in (system.text, described(system.tools)) if text]
            shared = self._turn("system", "\n\n".join(told) or PLAIN)
        runs, number = self._runs(shared), 0
        first = sum(len(run) for run in runs)
        for at, part in enumerate(parts):
            pieces, number = self._part(part, number, last=at + 1 == len(parts))
            runs += self._runs(pieces)
        return Layout(_joined(runs), first)

    def _part(self, part: Part, number: int, *, last: bool) -> tuple[list[_Piece], int]:
        match part:
            case System():
                raise BugError("a prompt has at most one system part, and it comes first")
            case Human():
                return self._human(part, number, closed=not last)
            case OpenNote():
                raise ModelError("this brain takes no notes within a turn; ask it for replies alone")
            case Called():
                return self._called(part), number
            case Heard():
                return self._turn("assistant", part.text), number
            case Reply():
                if not last:
                    raise BugError("an open reply is the last part of a prompt; finished ones are Heard")
                return [*self._opened("assistant"), None, part.said], number
            case _:
                assert_never(part)

    def _opened(self, role: str) -> list[_Piece]:
        return [self.tokenizer.special("<|im_start|>"), f"{role}\n"]

    def _closing(self) -> list[_Piece]:
        return [self.tokenizer.special("<|im_end|>"), "\n", None]

    def _turn(self, role: str, text: str) -> list[_Piece]:
        return [*self._opened(role), text, *self._closing()]

    def _human(self, turn: Human, number: int, *, closed: bool) -> tuple[list[_Piece], int]:
        pieces = self._opened("user")
        for at, part in enumerate(turn.parts):
            if not isinstance(part, Audio):
                pieces.append(part.text)
                continue
            groups = self._split(part)
            if groups and at == len(turn.parts) - 1 and not closed and self._grows(groups[-1]):
                del groups[-1]
            for group in groups:
                number += 1
                pieces += self._heard(group, number)
        if turn.notes:
            text = "".join(note.text for note in turn.notes).strip()
            pieces.append(CARRIED.format(notes=text))
        return ([*pieces, *self._closing()] if closed else pieces), number

    def _heard(self, group: Audio, number: int) -> list[_Piece]:
        special = self.tokenizer.special
        before, after = self.form.before.format(number=number), self.form.after
        return [before, special("<|audio_bos|>"), group, special("<|audio_eos|>"), after]

    def _called(self, step: Called) -> list[_Piece]:
        """As the described form has it: calls in the agent's own turn, results in one of the user's side."""
        calls = "".join(written(call) for call in step.calls)
        results = "\n".join(
            f"<tool_response>{result.name}\n{result.content}</tool_response>" for result in step.results
        )
        return [*self._turn("assistant", step.said + calls), *self._turn("user", results)]

    def _split(self, audio: Audio) -> list[Audio]:
        size = int(self.segment * CAPTURE_RATE)
        if len(audio.pcm) <= size:
            return [audio] if len(audio.pcm) else []
        return [Audio(audio.pcm[at : at + size]) for at in range(0, len(audio.pcm), size)]

    def _grows(self, group: Audio) -> bool:
        return len(group.pcm) < int(self.segment * CAPTURE_RATE)

    def _runs(self, pieces: list[_Piece]) -> list[Run]:
        """Neighbouring texts are encoded as one, as the model was taught; borders stay where they are."""
        runs, text = list[Run](), ""
        for piece in [*pieces, None]:
            if isinstance(piece, str):
                text += piece
                continue
            if text:
                runs.append(Words(tuple(self.tokenizer.encode(text))))
                text = ""
            if isinstance(piece, int):
                runs.append(Words((piece,)))
            elif piece is not None:
                runs.append(Sound(piece))
        return runs


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """The same positions with neighbouring words as one run."""
    joined: list[Run] = []
    for run in runs:
        if isinstance(run, Words) and joined and isinstance(joined[-1], Words):
            joined[-1] = Words(joined[-1].ids + run.ids)
        else:
            joined.append(run)
    return tuple(joined)
