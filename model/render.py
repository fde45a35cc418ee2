"""From a prompt, which is a value, to the positions that a language model reads, each with its cache key.

Format of Step-Audio-R1: ``<|BOT|>role\\n … <|EOT|>``, audio as ``<audio_start> patches <audio_end>``,
segments longer than 25 s as several groups in a row. Special ids come from here alone; nothing a user types
can make one. A key says everything that a position's content depends on: the id for text, a hash of the
sound up to its end for an audio position. The placeholder id is never a key, so two recordings of one
length never look alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from pipeline.calls import written
from pipeline.errors import BugError
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import (
    BLOCK,
    Audio,
    Called,
    Heard,
    Human,
    Note,
    OpenNote,
    Part,
    Prompt,
    Reply,
    System,
    Text,
)

from .tokenizer import AUDIO_START, BOT, EOT, Tokenizer

SEGMENT = 25 * CAPTURE_RATE
"""Samples of the longest audio group; longer segments are split."""

Content: TypeAlias = int | bytes
"""What one position holds: a token id, or a digest of sound."""
Key: TypeAlias = Content | tuple[str, Content]
"""The content, or with it a session's salt."""


@dataclass(frozen=True, slots=True)
class Words:
    """Positions that hold token ids."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def contents(self) -> Iterator[Content]:
        yield from self.ids


@dataclass(frozen=True, slots=True)
class Patches:
    """Positions ``start`` to ``stop`` of a segment's sound."""

    audio: Audio
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def contents(self) -> Iterator[Content]:
        yield from self.audio.digests()[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class SegmentEnd:
    """The ``<audio_end>`` of a segment: its embedding and so its key depend on the whole segment."""

    audio: Audio

    def __len__(self) -> int:
        return 1

    def contents(self) -> Iterator[Content]:
        yield b"end" + self.audio.digests()[-1]


Run: TypeAlias = Words | Patches | SegmentEnd


@dataclass(frozen=True, slots=True)
class Layout:
    """Runs of positions in order."""

    runs: tuple[Run, ...]
    shared: int
    "Positions of the system prompt, which all sessions may share."

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def keys(self, session: str) -> list[Key]:
        """One key per position. The first after the system prompt is salted, and so all that follow."""
        contents = [content for run in self.runs for content in run.contents()]
        keys: list[Key] = list(contents)
        if len(keys) > self.shared:
            keys[self.shared] = (session, contents[self.shared])
        return keys


@dataclass(frozen=True, slots=True)
class Renderer:
    """Knows a brain's tokenizer and whether it reads instructions."""

    tokenizer: Tokenizer
    fixed_system: str | None = None
    "The system text of a brain that ignores instructions; None: it reads the prompt's own."
    tools: tuple[str, ...] = ()
    "Those that such a brain was taught: named behind its system text where all of them are there."

    def layout(self, prompt: Prompt) -> Layout:
        """Positions of a prompt. A last human turn without a reply after it is open: its end is not yet
        written, and of its last segment only whole positions count, because that one may still grow.

        Raises BugError for parts in an order that no conversation has.
        """
        parts = list(prompt)
        text = self.fixed_system
        if parts and isinstance(system := parts[0], System):
            del parts[0]
            text = system.text if text is None else self._equipped(text, system)
        shared = [] if text is None else self._turn("system", text)
        runs: list[Run] = [Words(tuple(shared))]
        for at, part in enumerate(parts):
            following = parts[at + 1] if at + 1 < len(parts) else None
            runs += self._part(part, following)
        return Layout(_joined(runs), len(shared))

    def _equipped(self, text: str, system: System) -> str:
        there = {tool.name for tool in system.tools}
        return " ".join((text, *self.tools)) if there.issuperset(self.tools) else text

    def _part(self, part: Part, following: Part | None) -> list[Run]:
        match part:
            case System():
                raise BugError("a prompt has at most one system part, and it comes first")
            case Human():
                return self._human(part, closed=not (following is None or isinstance(following, OpenNote)))
            case OpenNote():
                if following is not None:
                    raise BugError("an open note is the last part of a prompt")
                return [Words(tuple(self._opened(part.text)))]
            case Called():
                return [Words(tuple(self._called(part)))]
            case Heard():
                return [Words(tuple(self._turn("assistant", part.text)))]
            case Reply():
                if following is not None:
                    raise BugError("an open reply is the last part of a prompt; finished ones are Heard")
                return [Words((BOT, *self.tokenizer.encode("assistant\n"), *self._reply(part)))]
            case _:
                assert_never(part)

    def _turn(self, role: str, text: str) -> list[int]:
        encode = self.tokenizer.encode
        return [BOT, *encode(f"{role}\n"), *encode(text), EOT]

    def _called(self, step: Called) -> list[int]:
        """Step-Audio 2's form: the call at the end of an assistant turn, each result in a turn of its own."""
        calls = "".join(written(call) for call in step.calls)
        ids = self._turn("assistant", step.said + calls)
        for result in step.results:
            ids += self._turn("function_output", f"{result.name}\n{result.content}")
        return ids

    def _human(self, turn: Human, *, closed: bool) -> list[Run]:
        """Notes stand in the sound where they were thought, those after its last position before its end."""
        runs: list[Run] = [Words((BOT, *self.tokenizer.encode("human\n")))]
        notes, heard = list(turn.notes), 0
        for at, part in enumerate(turn.parts):
            if isinstance(part, Text):
                runs.append(Words(tuple(self.tokenizer.encode(part.text))))
                continue
            groups = split(part)
            for number, group in enumerate(groups):
                last = at == len(turn.parts) - 1 and number == len(groups) - 1
                grows = last and not closed
                count = len(group.pcm) // BLOCK if grows else group.positions
                within = [note for note in notes if last or note.after <= heard + count]
                notes = notes[len(within) :]
                runs.append(Words((AUDIO_START,)))
                runs += self._interleaved(group, count, [(note.after - heard, note) for note in within])
                if not grows:
                    runs.append(SegmentEnd(group))
                heard += count
        return [*runs, Words((EOT,))] if closed else runs

    def _interleaved(self, group: Audio, count: int, notes: list[tuple[int, Note]]) -> list[Run]:
        runs: list[Run] = []
        done = 0
        for after, note in notes:
            upto = min(max(after, done), count)
            runs += [Patches(group, done, upto), Words(tuple(self._note(note)))]
            done = upto
        return [*runs, Patches(group, done, count)]

    def _note(self, note: Note) -> list[int]:
        return [*self._opened(note.text), *self.tokenizer.encode("</think>")]

    def _opened(self, thoughts: str) -> list[int]:
        """An open thought. Each stretch is encoded by itself, so that borders never move."""
        return [*self.tokenizer.encode("<think>\n"), *self.tokenizer.encode(thoughts)]

    def _reply(self, reply: Reply) -> list[int]:
        """Each stretch is encoded by itself, so that borders between thought and answer never move."""
        encode = self.tokenizer.encode
        if reply.thoughts is None:
            return encode(reply.said)
        opened = self._opened(reply.thoughts)
        if reply.thinking:
            return opened
        border = "</think>\n" if reply.thoughts.endswith("\n") else "\n</think>\n"
        return [*opened, *encode(border), *encode(reply.said)]


def split(audio: Audio) -> list[Audio]:
    """A segment as groups of at most 25 s; none when it is empty."""
    if len(audio.pcm) <= SEGMENT:
        return [audio] if len(audio.pcm) else []
    return [Audio(audio.pcm[at : at + SEGMENT]) for at in range(0, len(audio.pcm), SEGMENT)]


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """The same positions with neighbouring words as one run, and no empty ones."""
    joined: list[Run] = []
    for run in runs:
        if isinstance(run, Words) and joined and isinstance(joined[-1], Words):
            joined[-1] = Words(joined[-1].ids + run.ids)
        elif len(run):
            joined.append(run)
    return tuple(joined)
