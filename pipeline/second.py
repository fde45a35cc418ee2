"""A second ear beside a brain that hears: two opinions about the words, weighed against each other.

The brain says which lines it may have heard and how likely each is; the ear, a recogniser that learned from
many people, how likely the same lines are for it. The likeliest of both together opens the thought, and the
brain goes on from there with what it hears itself: only words are ever taken from the ear.

It is a ``Compute`` like the brain that it wraps, and a function of its prompt. Thoughts while the user still
speaks are the brain's own; they only predict the later one. Where the ear fails, the brain goes on alone, and
the thought says so.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from .channel import ClosedError
from .errors import HocketError
from .ports import BrainFacts, Compute, EarFacts, Piece, Recogniser
from .prompt import Audio, Called, Human, Prompt, Reply
from .reading import HEARD, UNCLEAR, plain

WIDTH = 8
"""Lines that the brain is asked for."""
WEIGHT = 1.5
"""Of the ear's log-probabilities beside the brain's."""
FLOOR = -12.0
"""Least log-probability of one word that counts for a line: a brain is too sure of what it never heard."""
CLEARER = 5.0
"""Weight of how clearly a line is better than the others, beside how well the ear bears it out at all."""
SURE = -1.5
"""How sure both must be of a line together; below, the brain asks again. Chosen on questions in voices that
never trained (rms, bdl): there four lines of a hundred pass and are wrong (docs/training.md, "People")."""
PATIENCE = 2.0
"""Seconds that the ear gets for one opinion; then the brain goes on alone."""
KEPT = 16
"""Opinions that are remembered."""
MARK = "(second ear: "
"""Begins a line of the thought that says what was taken from the ear; no brain ever reads it."""


@dataclass(frozen=True, slots=True)
class HeardLine:
    """One line that may have been said."""

    words: str
    logprobs: tuple[float, ...]
    "Of each word, and of the line's end."


class Readers(Protocol):
    """What an engine can do besides that a second ear helps. Synchronous, like ``ports.Engine``."""

    def readings(self, prompt: Prompt, width: int, session: str = "") -> list[HeardLine]:
        """The likeliest heard lines of the newest turn, likeliest first."""
        ...

    def compared(self, prompt: Prompt, transcript: str, session: str = "") -> list[HeardLine]:
        """What a transcript can be in the brain's words; none where it cannot say them."""
        ...


class Weigher(Protocol):
    """What a Recogniser must be able to do besides."""

    def weigh(self, audio: Audio, lines: Sequence[str]) -> list[float | None]:
        """Log-probability of each line given the sound; None where it holds nothing to weigh."""
        ...


class WeighingRecogniser(Recogniser, Weigher, Protocol):
    """Both."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What both ears together make of a turn."""

    line: HeardLine
    own: str
    "What the brain would have written alone."
    certainty: float
    "Higher is surer; below ``SURE`` it is better to ask again."


def weighed(lines: Sequence[HeardLine], weights: Sequence[float | None]) -> Opinion:
    """The best of the lines, of which the first is the brain's own; ``weights``: the ear's.

    A line of sounds alone, which the ear cannot weigh, weighs as little as the worst of the others.
    """
    own = np.array([sum(max(each, FLOOR) for each in line.logprobs) for line in lines])
    least = min((weight for weight in weights if weight is not None), default=0.0)
    ear = np.array([least if weight is None else weight for weight in weights])
    both = own + WEIGHT * ear
    best = int(both.argmax())
    clear = float(both[best] - np.logaddexp.reduce(both))
    borne_out = float(ear[best]) / len(lines[best].logprobs)
    return Opinion(lines[best], lines[0].words, CLEARER * clear + borne_out)


class _EarLost(Exception):
    """Why the ear is asked no more."""


class SecondEar:
    """ports.Compute over a brain that hears and an ear, both of which it owns: ``close`` closes them."""

    def __init__(self, brain: Compute, ear: Compute) -> None:
        """``brain``: with the methods of ``Readers``; ``ear``: of a Recogniser and a ``Weigher``."""
        self._brain, self._ear = brain, ear
        self._facts: BrainFacts | None = None
        self._known: OrderedDict[Prompt, Opinion] = OrderedDict()
        self._asking = asyncio.Lock()
        self._lost = ""

    @property
    def alive(self) -> bool:
        """False once the brain is gone; without the ear it goes on."""
        return getattr(self._brain, "alive", True)

    async def call(self, method: str, *args: Any) -> Any:
        """As the brain does, and ``facts`` of both."""
        if method == "facts":
            return await self._both()
        return await self._brain.call(method, *map(_unmarked, args))

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """``generate``: what both heard, and then what the brain makes of it."""
        prompt, limits, *rest = args
        sound = _begun(prompt)
        asked = sound is not None and not limits.early
        opinion = await self._opinion(prompt, sound, *rest) if asked else None
        prompt, note = _unmarked(prompt), ""
        if opinion is not None:
            line = f"{HEARD} {opinion.line.words}\n"
            head = line + _taken(opinion)
            rests, confirmed = _predicted(limits.predicted, line, head)
            sure = await self._sureness(opinion)
            yield Piece(zlib.crc32(head.encode()), head, sure, confirmed=confirmed)
            prompt = Prompt((*prompt.parts[:-1], replace(prompt.parts[-1], thoughts=line)))
            limits = replace(limits, predicted=rests)
        elif asked:
            note = f"{MARK}gone, {self._lost})\n"
        pieces = self._brain.stream(method, prompt, limits, *rest)
        async with aclosing(pieces) as items:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in items:
                yield piece
                if note and piece.text.endswith("\n") and not piece.last:  # its own heard line stands first
                    yield Piece(zlib.crc32(note.encode()), note, 0.0)
                    note = ""

    async def close(self) -> None:
        """Close the ear, then the brain."""
        try:
            await self._ear.close()
        finally:
            await self._brain.close()

    async def _opinion(self, prompt: Prompt, sound: Audio | None, *rest: Any) -> Opinion | None:
        """From memory where it was formed before; None where the ear is gone or says nothing in time."""
        async with self._asking:
            if prompt not in self._known and not self._lost:
                try:
                    self._known[prompt] = await self._formed(prompt, sound, *rest)
                except _EarLost as lost:
                    self._lost = str(lost)
            if self._lost:
                return None
            self._known.move_to_end(prompt)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return self._known[prompt]

    async def _formed(self, prompt: Prompt, sound: Audio | None, *rest: Any) -> Opinion:
        reading = self._brain.call("readings", prompt, WIDTH, *rest)
        both = await asyncio.gather(reading, self._asked("transcribe", sound, True))
        lines: list[HeardLine] = list(both[0])
        for line in await self._brain.call("compared", prompt, both[1].text, *rest):
            if all(line.words != other.words for other in lines):
                lines.append(line)
        return weighed(lines, await self._asked("weigh", sound, [line.words for line in lines]))

    async def _asked(self, method: str, *args: Any) -> Any:
        """Ask the ear. Raises _EarLost, with why."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ear.call(method, *args)
        except TimeoutError:
            raise _EarLost(f"it gave no answer for {PATIENCE:g} s") from None
        except HocketError as error:
            if isinstance(error, ClosedError):
                raise
            raise _EarLost(plain(str(error))) from error

    async def _sureness(self, opinion: Opinion) -> float:
        """A log-probability that stands to the brain's own threshold as the certainty stands to ``SURE``."""
        threshold = (await self._both()).heard_logprob or 0.0
        return min(0.0, threshold + (opinion.certainty - SURE))

    async def _both(self) -> BrainFacts:
        if self._facts is None:
            brain: BrainFacts = await self._brain.call("facts")
            ear: EarFacts = await self._ear.call("facts")
            note = f"What it hears is weighed against what {ear.name} makes of the same sound."
            self._facts = replace(brain, note=" ".join(filter(None, (brain.note, note))))
        return self._facts


def _begun(prompt: Prompt) -> Audio | None:
    """The sound of the newest turn, where its first thought is about to begin and nothing was noted."""
    *parts, reply = prompt.parts
    if not isinstance(reply, Reply) or not reply.thinking or reply.thoughts or not parts:
        return None
    newest = parts[-1]
    if isinstance(newest, Called) or not isinstance(newest, Human) or newest.notes:
        return None
    if len(newest.parts) != 1 or not isinstance(newest.parts[0], Audio):
        return None  # typed words beside it, or a turn that is longer than the ear is good at
    return newest.parts[0]


def _taken(opinion: Opinion) -> str:
    """A line that says which words are the ear's; empty where none is."""
    if opinion.line.words == opinion.own:
        return ""
    own = set(opinion.own.split())
    told = dict.fromkeys(word for word in opinion.line.words.split() if word not in own)
    if opinion.own.startswith(UNCLEAR) or not told:
        return f"{MARK}all of it)\n"
    return f"{MARK}{', '.join(told)})\n"


def _unmarked(part: Any) -> Any:
    """A prompt without the lines that were put into its open thought here."""
    if not isinstance(part, Prompt) or not part.parts or not isinstance(part.parts[-1], Reply):
        return part
    reply = part.parts[-1]
    if MARK not in (reply.thoughts or ""):
        return part
    lines = (reply.thoughts or "").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith(MARK))
    return Prompt((*part.parts[:-1], replace(reply, thoughts=kept)))


def _predicted(predicted: str, line: str, head: str) -> tuple[str, bool]:
    """What of a prediction is left for the brain after the head, and whether it had the head right."""
    for begin in (head, line):
        if begin and predicted.startswith(begin):
            return predicted[len(begin) :], True
    return "", False
