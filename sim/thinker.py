"""A brain for sweeps: it thinks while it listens, holds its tongue on part of a thought, and adds words up.

A question is a few words of ``sim.words``, each worth its place in ``PLAIN``; the answer is their sum. All
that it says names how much sound it has heard, so that the words of one draft are told from any other's. It
believes its notes: whoever loses one, or mixes two turns, gets a wrong answer. It must never know anything
but its prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from zlib import crc32

import numpy as np

from pipeline.listening.notes import ASKED, CARRIED
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Audio, Human, OpenNote, Part, Prompt, Reply

from .words import LONG, PLAIN, heard

SURE = -0.05
"""Log-probability of every token: this brain never mishears."""
_NOTES_BEGIN, _NOTES_END = CARRIED.split("{notes}")
_HEARD = "heard:"


@dataclass(frozen=True, slots=True)
class Manner:
    """What sort of brain it is."""

    holds: bool = True
    "From part of a thought it says only what that part bears out; else it guesses."
    listens: str = "yes"
    "As in ``BrainFacts.thinks_while_listening``."
    confirms: bool = False
    "What was predicted of its text, and it would have written itself, comes confirmed."


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the brain saw it, and what it wrote."""

    kind: str
    """``note``, ``thought`` or ``words``. A thought as if the turn ended here is a thought: its prompt is no
    other than that of a reply."""
    mark: str
    "Of the sound it was about."
    words: tuple[str, ...]
    "Heard in that sound."
    notes: str
    "Lines that the prompt carried."
    prompt: Prompt
    predicted: str = ""
    "How its text was predicted to begin."
    at: float = 0.0
    "When it was asked."
    wrote: list[Piece] = field(default_factory=list)
    "As far as it came."

    @property
    def text(self) -> str:
        """All that it wrote."""
        return "".join(piece.text for piece in self.wrote)

    @property
    def confirmed(self) -> tuple[int, str]:
        """How many tokens of it were confirmed, and their text."""
        known = [piece.text for piece in self.wrote if piece.confirmed]
        return len(known), "".join(known)


class Thinker:
    """ports.Engine. Its time per token is whoever carries it's to declare."""

    def __init__(self, manner: Manner | None = None, clock: Callable[[], float] = lambda: 0.0) -> None:
        """``clock`` tells when something is asked; only the record holds that."""
        self.manner = manner or Manner()
        self._clock = clock
        self.asked: list[Asked] = []
        self.open = 0
        "Generations that have begun and neither ended nor were closed."

    def facts(self) -> BrainFacts:
        manner = self.manner
        return BrainFacts(
            "thinker", "audio", manner.listens, obeys_instructions=False, history_turns=1,
            heard_logprob=-1.0, holds=manner.holds, confirms=manner.confirms,
        )  # fmt: skip

    def prefill(self, prompt: Prompt) -> int:
        """Reading costs this brain nothing."""
        return 0

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """A note, a thought with or without its answer, or the next words of an answer.

        Its first tokens are confirmed as far as all of them are how the text was predicted to begin; like the
        engine's, never the one at which its room ends.
        """
        texts, wrote = self._texts(prompt, limits.predicted)
        self.open += 1
        try:
            written, agrees = "", self.manner.confirms
            for number in count():
                text = next(texts, None)
                written += text or ""
                room = number + 1 < limits.max_tokens
                agrees = agrees and text is not None and room and limits.predicted.startswith(written)
                last = text is None or not room or any(stop in written for stop in limits.stop)
                piece = Piece(crc32((text or "").encode()) % 50_000, text or "", SURE, last, agrees)
                wrote.append(piece)
                yield piece
                if last:
                    return
        finally:
            self.open -= 1

    def close(self) -> None:
        """Nothing to give back."""

    def _texts(self, prompt: Prompt, predicted: str) -> tuple[Iterator[str], list[Piece]]:
        """The tokens to come, and where to record what was written of them."""
        question = asked_in(prompt)
        tail = prompt.parts[-1]
        kind = "note" if isinstance(tail, OpenNote) or question.unfinished else "thought"
        kind = "words" if isinstance(tail, Reply) and not tail.thinking else kind
        asked = Asked(kind, question.mark, question.words, question.notes, prompt, predicted, self._clock())
        self.asked.append(asked)
        return self._continued(question, tail, kind), asked.wrote

    def _continued(self, question: Question, tail: Part, kind: str) -> Iterator[str]:
        known = Known.read(question.notes)
        if kind == "note":
            return iter([*known.thought(question.words, whole=False), "</", "think", ">"])
        assert isinstance(tail, Reply), "a prompt ends with an open note or an open reply"
        if kind == "words":
            known.add(tail.thoughts or "")
            return iter(_tokens(question.answer(known, holds=self.manner.holds), tail.said))
        if (tail.thoughts or "").endswith("(yes/no): "):
            known.add((tail.thoughts or "").rpartition("\n\n")[0])
            return iter(["no" if known.total is None else "yes"])
        lines = known.thought(question.words, whole=True)
        return iter([*lines, "</", "think", ">", "\n", *_tokens(question.answer(known, holds=False), "")])


@dataclass(slots=True)
class Known:
    """What the thoughts so far say."""

    words: list[str] = field(default_factory=list)
    worth: list[tuple[str, int]] = field(default_factory=list)
    total: int | None = None

    @classmethod
    def read(cls, text: str) -> Known:
        """Of these lines."""
        known = cls()
        known.add(text)
        return known

    def add(self, text: str) -> None:
        """Take more finished lines in."""
        for line in text.split("\n"):
            name, _, value = line.partition(" ")
            if name == _HEARD:
                self.words += value.split()
                self.total = None if value else self.total  # a sum of fewer words is none of these
            elif name == "sum":
                self.total = int(value)
            elif name in PLAIN:
                self.worth.append((name, int(value)))

    def thought(self, words: tuple[str, ...], *, whole: bool) -> Iterator[str]:
        """The tokens of what is still to be thought about these words, learned on the way."""
        new = words[len(self.words) :]
        yield _HEARD
        yield from (f" {word}" for word in new)
        yield "\n"
        self.words += new
        for word in [word for word in self.words if word in PLAIN][len(self.worth) :]:
            value = PLAIN.index(word) + 1
            yield from (word, f" {value}", "\n")
            self.worth.append((word, value))
        if whole and self.worth:
            self.total = sum(value for _, value in self.worth)
            yield from ("sum", f" {self.total}", "\n")


@dataclass(frozen=True, slots=True)
class Question:
    """The open turn of a prompt."""

    words: tuple[str, ...]
    mark: str
    notes: str
    unfinished: bool

    def answer(self, known: Known, *, holds: bool) -> list[str]:
        """The sentences that may be said when so much is known; the whole answer once all is."""
        named = [word for word in known.words if word in PLAIN]
        plain = [word for word in self.words if word in PLAIN]
        if not (named if holds else plain) or (holds and len(known.words) < len(self.words)):
            return []
        said = [f"Asked-{self.mark} {' '.join(named if holds else plain)}."]
        if LONG in self.words:
            worth = [value for _, value in known.worth]
            worth += [] if holds else [0] * (len(plain) - len(worth))
            said += [f"Then-{self.mark} {w} {v}." for w, v in zip(plain, worth, strict=False)]
        if known.total is not None or not holds:
            total = sum(value for _, value in known.worth) if known.total is None else known.total
            said.append(f"Sum-{self.mark} makes {total}.")
        return said


def asked_in(prompt: Prompt) -> Question:
    """What the last user turn of a prompt holds."""
    human = [part for part in prompt if isinstance(part, Human)][-1]
    words: tuple[str, ...] = ()
    notes, samples, unfinished = "".join(note.text for note in human.notes), 0, False
    for part in human.parts:
        if isinstance(part, Audio):
            words += _heard(part.pcm.tobytes())
            samples += len(part.pcm)
        elif part.text == ASKED:
            unfinished = True
        elif part.text.startswith(_NOTES_BEGIN):
            notes += part.text.removeprefix(_NOTES_BEGIN).removesuffix(_NOTES_END)
        else:
            words += tuple(part.text.split())
    return Question(words, mark_of(samples), notes, unfinished)


def mark_of(samples: int) -> str:
    """A short name for so much sound."""
    digits, name = "bcdfghjklmnpqrstvwxz", ""
    while samples:
        samples, digit = divmod(samples, len(digits))
        name = digits[digit] + name
    return name


@lru_cache(64)
def _heard(samples: bytes) -> tuple[str, ...]:
    return heard(np.frombuffer(samples, np.float32))


def _tokens(sentences: list[str], said: str) -> Iterator[str]:
    """The words that follow what was said already: whole sentences, as many as that holds, are behind."""
    for index, word in enumerate(" ".join(sentences[said.count(".") :]).split()):
        yield f" {word}" if index or said else word
