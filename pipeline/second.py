"""A second ear beside a brain that hears: the words of both are weighed, and the best line opens the thought.

The brain goes on from there with what it hears itself: only words are ever taken from the ear. It is a
``Compute`` like the brain that it wraps, and a function of its prompt. Thoughts while the user still speaks
are the brain's own; they only predict the later one. Where the ear fails, the brain goes on alone, and the
thought says so.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from .channel import ClosedError
from .errors import HocketError
from .ports import BrainFacts, Compute, EarFacts, Piece
from .prompt import Audio, Human, OpenNote, Part, Prompt, Reply, System, Text
from .reading import HEARD, plain
from .weighing import SURE, WIDTH, HeardLine, Opinion, agreed, hopeful, merged, weighed

PATIENCE = 2.0
"""Seconds that the ear gets for one answer; then the brain goes on alone."""
FAILURES = 3
"""In a row, after which the ear is asked no more."""
KEPT = 16
"""Opinions that are remembered."""
MARK = "(second ear: "
"""Begins a line of the thought that says what was taken from the ear; no brain ever reads it."""
DOUBT = 1.0
"""By how much what must not be done unasked is below the brain's own bound."""


class _Silent(Exception):
    """Why the ear said nothing."""


class SecondEar:
    """ports.Compute over a brain that hears and an ear, both of which it owns: ``close`` closes them."""

    def __init__(self, brain: Compute, ear: Compute) -> None:
        """``brain``: with the methods of ``weighing.Readers``; ``ear``: of a ``WeighingRecogniser``."""
        self._brain, self._ear = brain, ear
        self._facts: BrainFacts | None = None
        self._known: OrderedDict[Prompt, Opinion] = OrderedDict()
        self._asking = asyncio.Lock()
        self._failures = 0
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
        prompt, limits = _unmarked(prompt), replace(limits, predicted=_clean(limits.predicted))
        sound, note = _begun(prompt), ""
        if sound is not None and not limits.early:
            try:
                opinion = await self._opinion(prompt, sound, *rest)
            except _Silent as silent:
                note = f"{MARK}{silent})\n"
            else:
                line, taken = f"{HEARD} {opinion.line.words}\n", opinion.taken()
                head = f"{line}{MARK}{taken})\n" if taken else line
                right = limits.predicted.startswith(line)
                sure = await self._sureness(opinion, prompt)
                yield Piece(zlib.crc32(head.encode()), head, sure, confirmed=right)
                prompt = Prompt((*prompt.parts[:-1], Reply(line)))
                limits = replace(limits, predicted=limits.predicted[len(line) :] if right else "")
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

    async def _opinion(self, prompt: Prompt, sound: Audio, *rest: Any) -> Opinion:
        """From memory where it was formed before. Raises _Silent."""
        async with self._asking:
            if prompt not in self._known:
                if self._lost:
                    raise _Silent(f"gone, {self._lost}")
                self._known[prompt] = await self._formed(prompt, sound, *rest)
            self._known.move_to_end(prompt)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return self._known[prompt]

    async def _formed(self, prompt: Prompt, sound: Audio, *rest: Any) -> Opinion:
        reading = self._brain.call("readings", prompt, WIDTH, *rest)
        both = await asyncio.gather(reading, self._asked("transcribe", sound, True), return_exceptions=True)
        found = list[Any]()
        for each in both:  # only now: neither is left behind
            if isinstance(each, BaseException):
                raise each
            found.append(each)
        own: list[HeardLine] = found[0]
        others = await self._brain.call("compared", prompt, found[1].text, *rest)
        if not own:
            raise _Silent("nothing to weigh")
        opinion = agreed(own, others)
        if opinion is None:
            lines = hopeful(merged(own, others))
            opinion = weighed(lines, await self._asked("weigh", sound, [line.words for line in lines]))
        self._failures = 0
        return opinion

    async def _asked(self, method: str, *args: Any) -> Any:
        """Ask the ear. Raises _Silent, with why."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ear.call(method, *args)
        except TimeoutError:
            self._failed(why := f"no answer for {PATIENCE:g} s")
            raise _Silent(why) from None
        except HocketError as error:
            if isinstance(error, ClosedError):
                raise
            self._failed(why := plain(str(error)))
            raise _Silent(why) from error

    def _failed(self, why: str) -> None:
        self._failures += 1
        if self._failures == FAILURES or not getattr(self._ear, "alive", True):
            self._lost = why

    async def _sureness(self, opinion: Opinion, prompt: Prompt) -> float:
        """A log-probability that stands to the brain's own threshold as the certainty stands to ``SURE``.

        An order to a tool that the brain would have heard otherwise is asked again: once the tool has run,
        the brain tells of it by what it hears anew, itself.
        """
        threshold = (await self._both()).heard_logprob or 0.0
        first = prompt.parts[0]
        tools = {tool.name for tool in first.tools} if isinstance(first, System) else set[str]()
        if opinion.taken() and tools & set(opinion.line.words.split()):
            return threshold - DOUBT
        return min(0.0, threshold + (opinion.certainty - SURE))

    async def _both(self) -> BrainFacts:
        if self._facts is None:
            brain: BrainFacts = await self._brain.call("facts")
            try:
                ear: EarFacts = await self._ear.call("facts")
                note = f"What it hears is weighed against what {ear.name} makes of the same sound."
            except HocketError as error:
                self._lost = plain(str(error))
                note = f"It hears without a second ear: {self._lost}"
            self._facts = replace(brain, note=" ".join(filter(None, (brain.note, note))))
        return self._facts


def _begun(prompt: Prompt) -> Audio | None:
    """The sound of the newest turn, where its first thought is about to begin and nothing was noted."""
    *parts, reply = prompt.parts
    newest = parts[-1] if parts else None
    if not isinstance(reply, Reply) or not reply.thinking or reply.thoughts:
        return None
    if not isinstance(newest, Human) or newest.notes:
        return None
    if len(newest.parts) != 1 or not isinstance(newest.parts[0], Audio):
        return None  # typed words beside it, or a turn that is longer than the ear is good at
    return newest.parts[0]


def _unmarked(argument: Any) -> Any:
    """A prompt without the lines that were put into thoughts here; anything else as it is."""
    return Prompt(tuple(map(_cleaned, argument.parts))) if isinstance(argument, Prompt) else argument


def _cleaned(part: Part) -> Part:
    if isinstance(part, Reply) and part.thoughts:
        return replace(part, thoughts=_clean(part.thoughts))
    if isinstance(part, OpenNote):
        return replace(part, text=_clean(part.text))
    if isinstance(part, Human):
        parts = tuple(Text(_clean(each.text)) if isinstance(each, Text) else each for each in part.parts)
        notes = tuple(replace(note, text=_clean(note.text)) for note in part.notes)
        return Human(parts, notes)
    return part


def _clean(text: str) -> str:
    if MARK not in text:
        return text
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(MARK))
