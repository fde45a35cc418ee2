"""A text brain that hears through a recogniser: sound becomes words, and how they were said, on the way in.

It is a ``Compute`` like the brain that it wraps, and a function of its prompt like any engine: the same sound
is read as the same words. The sound itself stays in the conversation, so that another brain can take over.

A reply to speech begins with a line of its own, ``heard: what was understood``, as a brain with ears writes
one: the screen shows it, and where nothing was understood, the line says ``unclear`` and the brain is not
asked at all. A language model that is given an empty turn makes one up.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import completeness
from .channel import ClosedError
from .errors import BugError, HocketError, ModelError
from .listening.notes import ASKED, Notes
from .listening.strategy import CLOSED
from .ports import BrainFacts, Compute, EarFacts, Limits, Pcm, Piece, SpokenWord, Transcript
from .prompt import Audio, Called, Human, Part, Prompt, Reply, Text
from .reading import HEARD, INCOMPLETE, UNCLEAR, UNDECIDED, plain

Cues = Callable[[Pcm, Sequence[SpokenWord]], str]
"""How a sound was said, as text; empty where there is nothing to tell."""

NOTHING = "(speech that could not be understood)"
"""Stands in the history for a turn of which the recogniser made nothing."""
AGAIN = "Sorry, I did not catch that. Please say it again."
"""The reply to such a turn, unless the decoder has a better one."""
PATIENCE = 7.0
"""Seconds that an ear gets for one stretch: less than the session has for a brain (8 s), which is told to
hang otherwise."""
KEPT = 256
"""Readings of finished sounds that are remembered; one that is asked for again later is read again."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was made of one stretch of sound."""

    words: str
    logprob: float
    "Mean over its words, as sure as the recogniser says it is; 0 where it does not say."
    said: str
    "As the brain is told: the words, and after them how they were said."


class Cascade:
    """ports.Compute over a brain and an ear, both of which it owns: ``close`` closes them."""

    def __init__(
        self, brain: Compute, ear: Compute, cues: Cues | Compute | None = None, *, english: bool = True
    ) -> None:
        """``ear``: a Recogniser's methods. ``cues``: a function, or who has a method ``told(pcm, words)``;
        None: the brain is told words alone. ``english`` False: last words tell nothing of what will come."""
        self._brain = brain
        self._ear = ear
        self._cues = cues
        self._english = english
        self._facts: tuple[BrainFacts, EarFacts] | None = None
        self._known: OrderedDict[tuple[bytes, ...], _Heard] = OrderedDict()
        self._reading = asyncio.Lock()
        self._warm: Prompt | None = None

    @property
    def alive(self) -> bool:
        """False once either of the two is gone."""
        return all(getattr(part, "alive", True) for part in (self._brain, self._ear))

    async def call(self, method: str, *args: Any) -> Any:
        """``facts`` and ``prefill``; whatever else the brain can do that needs no sound."""
        if method == "facts":
            brain, ear = await self._both()
            return _facts(brain, ear)
        if method == "judge":
            raise BugError("a brain that reads judges no sound: its facts say so")
        if method == "prefill":
            return await self._prefill(*args)
        return await self._brain.call(method, *args)

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Any]:
        """``generate``: what was heard, and then what the brain makes of it."""
        if method != "generate":
            raise BugError(f"a brain streams nothing by the name of {method!r}")
        prompt, limits, *rest = args
        brain, _ = await self._both()
        turn = await self._turn(prompt)
        if turn.unclear:
            for piece in _asked_again(prompt, limits):
                yield piece
            return
        limits, confirmed = _predicted(limits, turn.head)
        if turn.head:
            yield Piece(_token(turn.head), turn.head, turn.logprob, confirmed=confirmed)
        told = Prompt((*turn.parts, _without_head(prompt.parts[-1], turn.line, brain)))
        pieces = self._brain.stream("generate", told, limits, *rest)
        async with aclosing(pieces) as items:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in items:
                yield piece

    async def close(self) -> None:
        """Close the ear, then the brain."""
        try:
            await self._ear.close()
        finally:
            await self._brain.close()

    # --- what the brain is given -------------------------------------------------------------------------

    async def _prefill(self, prompt: Prompt, *rest: Any) -> int:
        """Read ahead what is known; of an open turn, what an ear that streams tells at once."""
        _, ear = await self._both()
        parts = list(prompt.parts)
        newest = parts[-1] if parts else None
        if isinstance(newest, Human) and _sounds(newest):
            parts[-1:] = [await self._so_far(newest)] if ear.streams else []
        told = Prompt(tuple([await self._part(part) for part in parts]))
        if told == self._warm or not told.parts:
            return 0
        self._warm = told
        positions: int = await self._brain.call("prefill", told, *rest)
        return positions

    async def _so_far(self, user: Human) -> Human:
        """An open turn's words as far as they are certain enough to be read: no cues, no last word."""
        words = list[str]()
        for part in user.parts:
            if isinstance(part, Audio):
                grows = part is user.parts[-1]
                found = await self._transcript(part, not grows)
                words += plain(found.text).split()
        ahead = " ".join(words[:-1])
        return Human((Text(ahead),) if ahead else ())

    async def _turn(self, prompt: Prompt) -> _Turn:
        """A prompt as a reader gets it, and what stands at the head of its reply."""
        parts = prompt.parts[:-1]
        at = max((i for i, part in enumerate(parts) if isinstance(part, Human)), default=None)
        told = tuple([await self._part(part) for part in parts])
        newest = parts[at] if at is not None else None
        if not isinstance(newest, Human) or not _sounds(newest):
            return _Turn(told)
        heard = [await self._heard(sound) for sound in _stretches(newest) if not isinstance(sound, Text)]
        words = " ".join(one.words for one in heard if one.words)
        asked = Text(ASKED) in newest.parts
        if not words and (asked or not _typed(newest)):
            return _Turn(told, unclear=True)
        if asked or not words:  # what was typed beside it is answered
            return _Turn(told)
        line = _line(words, going_on=self._english and completeness.going_on(words))
        open_reply = prompt.parts[-1]
        begins = isinstance(open_reply, Reply) and open_reply.thinking and not open_reply.thoughts
        begins = begins and not any(isinstance(part, Called) for part in parts[-1:])  # it was said before
        sure = sum(one.logprob for one in heard) / len(heard)
        return _Turn(told, line if begins else "", line, sure)

    async def _part(self, part: Part) -> Part:
        if not isinstance(part, Human):
            return part
        texts = list[str]()
        for sound in _stretches(part):
            said = sound.text if isinstance(sound, Text) else (await self._heard(sound)).said
            texts.append(said if not texts or said.startswith("\n") else f" {said}")
        read = Human((Text("".join(texts)),) if texts else ())
        return Notes().carry(read, part.notes)

    # --- what was heard ----------------------------------------------------------------------------------

    async def _heard(self, sound: tuple[Audio, ...]) -> _Heard:
        """A stretch of sound as words, from memory where it was heard before."""
        key = tuple(part.digests()[-1] for part in sound)
        if key not in self._known:
            async with self._reading:  # two drafts of one turn ask for the same words
                if key not in self._known:
                    self._known[key] = await self._listen(sound)
        self._known.move_to_end(key)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return self._known[key]

    async def _listen(self, sound: tuple[Audio, ...]) -> _Heard:
        words, texts, before = list[SpokenWord](), list[str](), 0.0
        for part in sound:
            found = await self._transcript(part, True)
            texts.append(plain(found.text))
            words += [
                replace(w, text=plain(w.text), begins=w.begins + before, ends=w.ends + before)
                for w in found.words
            ]
            before += part.seconds
        text = " ".join(filter(None, texts))
        if not text:
            return _Heard("", 0.0, NOTHING)
        cues = await self._told(np.concatenate([part.pcm for part in sound]), tuple(words))
        return _Heard(text, _sureness(words), f"{text} {cues}" if cues else text)

    async def _transcript(self, sound: Audio, final: bool) -> Transcript:
        """Ask the ear. Where it hangs or is gone, the brain must not be taken for who failed."""
        try:
            async with asyncio.timeout(PATIENCE):
                found: Transcript = await self._ear.call("transcribe", sound, final)
        except TimeoutError:
            why = (
                f"the ear gave no words for {PATIENCE:g} s; it hangs or is too slow here: choose another one"
            )
            raise ModelError(why) from None
        except HocketError as error:
            if isinstance(error, ClosedError) or getattr(self._ear, "alive", True):
                raise
            raise ModelError(f"the ear is gone ({error}); start again, or choose another one") from error
        return found

    async def _told(self, pcm: Pcm, words: tuple[SpokenWord, ...]) -> str:
        if self._cues is None:
            return ""
        if callable(self._cues):
            return self._cues(pcm, words)
        told: str = await self._cues.call("told", pcm, words)
        return told

    async def _both(self) -> tuple[BrainFacts, EarFacts]:
        if self._facts is None:
            self._facts = await self._brain.call("facts"), await self._ear.call("facts")
        return self._facts


@dataclass(frozen=True, slots=True)
class _Turn:
    """A prompt without its open reply, as the brain reads it."""

    parts: tuple[Part, ...]
    head: str = ""
    "To be written before the brain's own thought."
    line: str = ""
    "The same, whether or not it was written already."
    logprob: float = 0.0
    unclear: bool = False
    "The newest turn is speech of which nothing was understood."


def _facts(brain: BrainFacts, ear: EarFacts) -> BrainFacts:
    """What the two can do together. The heard line is a thought, also of a brain that writes none."""
    listens = "no" if brain.thinks_while_listening == "no" else "notes"
    notes = (f"It reads what {ear.name} hears.", ear.note, brain.note)
    return replace(
        brain,
        hears=f"text via {ear.name}",
        thinks_while_listening=listens,
        heard_logprob=None,
        judges=False,
        thinks=True,
        speaking=brain.speaking if brain.thinks else "think-fully",
        note=" ".join(filter(None, notes)),
    )


def _sounds(user: Human) -> bool:
    return any(isinstance(part, Audio) and len(part.pcm) for part in user.parts)


def _typed(user: Human) -> bool:
    return any(isinstance(part, Text) and not part.text.startswith("\n(") for part in user.parts)


def _stretches(user: Human) -> list[tuple[Audio, ...] | Text]:
    """Neighbouring segments of sound together: a long turn is cut anywhere."""
    found: list[tuple[Audio, ...] | Text] = []
    for part in user.parts:
        if isinstance(part, Text):
            found.append(part)
        elif not len(part.pcm):
            continue
        elif found and isinstance(found[-1], tuple):
            found[-1] = (*found[-1], part)
        else:
            found.append((part,))
    return found


def _line(words: str, *, going_on: bool) -> str:
    """What stands at the head of a reply to these words."""
    if words.startswith(UNCLEAR):  # somebody's own word, and not the sign for no words
        words = words[0].upper() + words[1:]
    more = INCOMPLETE if going_on else UNDECIDED
    return f"{HEARD} {words}\n{more}\n"


def _without_head(part: Part, line: str, brain: BrainFacts) -> Part:
    """The open reply without the line that was written here: the brain reads the words in the turn itself."""
    if not isinstance(part, Reply) or not line or not (part.thoughts or "").startswith(line):
        return part
    thoughts: str | None = (part.thoughts or "")[len(line) :]
    if not thoughts and not part.thinking and not brain.thinks:
        thoughts = None
    return replace(part, thoughts=thoughts)


def _predicted(limits: Limits, head: str) -> tuple[Limits, bool]:
    """Limits whose prediction is of the brain's own text, and whether it had the head right."""
    right = bool(head) and limits.predicted.startswith(head)
    rest = limits.predicted[len(head) :] if right or not head else ""
    return replace(limits, predicted=rest), right


def _asked_again(prompt: Prompt, limits: Limits) -> list[Piece]:
    """A reply to speech of which nothing was understood, in the canonical form."""
    reply = prompt.parts[-1]
    thought, answer = f"{HEARD} {UNCLEAR}\n{CLOSED}", f"\n{AGAIN}"
    if not isinstance(reply, Reply):
        return [Piece(_token(CLOSED), CLOSED, 0.0, last=True)]
    if not reply.thinking:
        rest = AGAIN.removeprefix(reply.said)
        return [Piece(_token(rest), rest, 0.0, last=True)]
    rest = thought.removeprefix(reply.thoughts or "")
    if CLOSED in limits.stop:
        return [Piece(_token(rest), rest, 0.0, last=True)]
    return [Piece(_token(rest), rest, 0.0), Piece(_token(answer), answer, 0.0, last=True)]


def _sureness(words: Sequence[SpokenWord]) -> float:
    known = [max(word.probability, 1e-6) for word in words if word.probability is not None]
    return float(np.mean(np.log(known))) if known else 0.0


def _token(text: str) -> int:
    return zlib.crc32(text.encode())
