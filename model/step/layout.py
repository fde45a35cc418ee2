"""From a prompt to the positions that a Step-Audio model reads, each with its cache key.

Step-Audio's chat format: ``<|BOT|>role\\n … <|EOT|>``, sound as ``<audio_start> patches <audio_end>`` groups,
one per segment. A patch is keyed by the whole segment's sound and its place in it, because the encoder looks
both ways: a segment that grows is read anew, a closed one never, and two recordings of one length share
nothing. Special ids come from here alone; nothing a user types can make one.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from pipeline.calls import written
from pipeline.errors import BugError
from pipeline.listening.notes import CARRIED
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import Audio, Called, Heard, Human, OpenNote, Part, Prompt, Reply, System, Text, ToolSpec

from .frontend import HOP, positions, reconciled
from .tokens import StepTokenizer


@dataclass(frozen=True, slots=True)
class Words:
    """Positions that hold token ids."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def contents(self) -> Iterator[Hashable]:
        yield from self.ids


@dataclass(frozen=True, slots=True)
class Patches:
    """The positions of one segment of sound."""

    audio: Audio

    @property
    def digest(self) -> tuple[bytes, int]:
        """Of the sound as it is read, with the silence that reconciles its length."""
        return self.audio.digests()[-1], reconciled(len(self.audio.pcm))

    def __len__(self) -> int:
        return positions(reconciled(len(self.audio.pcm)))

    def contents(self) -> Iterator[Hashable]:
        digest = self.digest
        for place in range(len(self)):
            yield (digest, place)


Run: TypeAlias = Words | Patches


@dataclass(frozen=True, slots=True)
class Layout:
    """Runs of positions in order."""

    runs: tuple[Run, ...]
    shared: int
    "Positions of the system prompt, which all sessions may share."

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs)

    def keys(self, session: str) -> list[Hashable]:
        """One key per position. The first after the system prompt is salted, and so all that follow."""
        keys = [key for run in self.runs for key in run.contents()]
        if len(keys) > self.shared:
            keys[self.shared] = (session, keys[self.shared])
        return keys


@dataclass(frozen=True, slots=True)
class StepRenderer:
    """Knows a model's tokenizer and what it was trained to write."""

    tokenizer: StepTokenizer
    thinks: bool
    "It opens its turns with a thought; one that does not is shown no thought."
    calls: bool
    "It knows tools; of one that does not, calls and results are left out, as its own template does."
    segment: float
    "Seconds of the longest segment."

    def layout(self, prompt: Prompt) -> Layout:
        """Positions of a prompt. A last human turn without a reply after it is open: its end is not yet
        written, and its last segment, which may still grow, is left out.

        Raises BugError for parts in an order that no conversation has, or that this kind of brain is never
        asked for.
        """
        parts = list(prompt)
        shared: list[int] = []
        if parts and isinstance(system := parts[0], System):
            del parts[0]
            shared = self._system(system)
        runs: list[Run] = [Words(tuple(shared))]
        for at, part in enumerate(parts):
            runs += self._part(part, last=at == len(parts) - 1)
        return Layout(_joined(runs), len(shared))

    def _part(self, part: Part, *, last: bool) -> list[Run]:
        match part:
            case System():
                raise BugError("a prompt has at most one system part, and it comes first")
            case Human():
                return self._human(part, closed=not last)
            case OpenNote():
                raise BugError("this brain takes no notes inside sound (facts().thinks_while_listening)")
            case Called():
                return [Words(tuple(self._called(part)))]
            case Heard():
                return [Words(tuple(self._turn("assistant", part.text)))]
            case Reply():
                if not last:
                    raise BugError("an open reply is the last part of a prompt; finished ones are Heard")
                head = [self.tokenizer.bot, *self.tokenizer.encode("assistant\n")]
                return [Words((*head, *self._reply(part)))]
            case _:
                assert_never(part)

    def _turn(self, role: str, text: str) -> list[int]:
        encode = self.tokenizer.encode
        return [self.tokenizer.bot, *encode(f"{role}\n"), *encode(text), self.tokenizer.eot]

    def _system(self, part: System) -> list[int]:
        ids = self._turn("system", part.text)
        if part.tools and self.calls:
            ids += self._turn("tool_json_schemas", schemas(part.tools))
        return ids

    def _called(self, step: Called) -> list[int]:
        """The calls at the end of an assistant turn, each result in a turn of its own."""
        if not self.calls:
            return self._turn("assistant", step.said) if step.said else []
        tokenizer = self.tokenizer
        ids = [tokenizer.bot, *tokenizer.encode("assistant\n"), *tokenizer.encode(step.said)]
        for call in step.calls:
            ids += tokenizer.encode_calls(written(call))
        ids.append(tokenizer.eot)
        for result in step.results:
            ids += self._turn("function_output", f"{result.name}\n{result.content}")
        return ids

    def _human(self, turn: Human, *, closed: bool) -> list[Run]:
        """Notes come after the sound: inside it there is no place for them."""
        tokenizer = self.tokenizer
        runs: list[Run] = [Words((tokenizer.bot, *tokenizer.encode("human\n")))]
        for at, part in enumerate(turn.parts):
            if isinstance(part, Text):
                runs.append(Words(tuple(tokenizer.encode(part.text))))
                continue
            groups = split(part, self.segment)
            grows = not closed and at == len(turn.parts) - 1
            for group in groups[: len(groups) - grows]:
                runs += [Words((tokenizer.audio_start,)), Patches(group), Words((tokenizer.audio_end,))]
        if not closed:
            return runs
        if notes := "".join(note.text for note in turn.notes).strip():
            runs.append(Words(tuple(tokenizer.encode(CARRIED.format(notes=notes)))))
        return [*runs, Words((tokenizer.eot,))]

    def _reply(self, reply: Reply) -> list[int]:
        """Each stretch is encoded by itself, so that borders between thought and answer never move. No
        thought is one stretch, as it was in training."""
        encode = self.tokenizer.encode
        if not self.thinks:
            return encode(reply.said)
        thoughts = reply.thoughts or ""
        if reply.thinking:
            return [*encode("<think>\n"), *encode(thoughts)]
        if not thoughts:
            return [*encode("<think>\n\n</think>\n"), *encode(reply.said)]
        border = "</think>\n" if thoughts.endswith("\n") else "\n</think>\n"
        return [*encode("<think>\n"), *encode(thoughts), *encode(border), *encode(reply.said)]


def schemas(tools: tuple[ToolSpec, ...]) -> str:
    """Tools as Step-Audio 2 reads them: a JSON list of functions (its released examples)."""
    listed = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in tools
    ]
    return json.dumps(listed, ensure_ascii=False)


def split(audio: Audio, seconds: float) -> list[Audio]:
    """A stretch of sound as segments of at most so long; none when it is empty.

    They are cut where no silence need be added to reconcile their length, so nothing comes between them.
    """
    most = int(seconds * CAPTURE_RATE) // HOP * HOP
    while reconciled(most) != most:
        most -= HOP
    if len(audio.pcm) <= most:
        return [audio] if len(audio.pcm) else []
    return [Audio(audio.pcm[at : at + most]) for at in range(0, len(audio.pcm), most)]


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """The same positions with neighbouring words as one run, and no empty ones."""
    joined: list[Run] = []
    for run in runs:
        if isinstance(run, Words) and joined and isinstance(joined[-1], Words):
            joined[-1] = Words(joined[-1].ids + run.ids)
        elif len(run):
            joined.append(run)
    return tuple(joined)
