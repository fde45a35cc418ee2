"""The closed language of the practice brain: its pieces, and how a conversation becomes ids."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from model.numerals import HUNDRED, ONES, TENS
from model.tokenizer import AUDIO_END, AUDIO_PATCH, AUDIO_START, BOT, EOT, Tokenizer

from .skills import registry
from .skills.question import Measured, Past, Question
from .skills.registry import family_of, heard, texts
from .targets import thought

SYSTEM = "practice"
ROLES = ("system", "human", "assistant", "function_output")
_MARKS = ("<", "</", "think", ">", "\n", "heard:")
_SIGNS = ("+", "-", "*", "=", ":", ": ", ",", ", ", ".", "?", "!", " ")
UNITS = (" hz: ", " syllables: ", " db: ", " khz: ", ": ")
"What stands between a cited value and its label."
_WORD = re.compile(r"(^|, | )([^\s.,!?:]+)")

Called: TypeAlias = tuple[str, str, str]
"A call as it is written, the tool's name, what came of it."
Earlier: TypeAlias = tuple[int | Sequence[int], str] | tuple[int | Sequence[int], str, Called | None]
"One earlier turn: places of its sound, or the ids there; the reply; the tool that was called before it."


def reply_pieces(text: str) -> list[str]:
    """Its words: bare at the beginning and after a comma (", " is a piece), else with their space."""
    return [word if before in ("", ", ") else " " + word for before, word in _WORD.findall(text)]


@cache
def pieces() -> tuple[str, ...]:
    """All pieces in a fixed order (their place is their id)."""
    spoken, replies, marks = texts()
    numbers = (*ONES, *TENS, HUNDRED)
    found = [*"0123456789", *_SIGNS, *_MARKS, *ROLES, SYSTEM, *marks]
    found += [" " + word for word in numbers]
    found += [" " + word for text in spoken for word in text.split()]
    found += [word for number in numbers for word in (number, number.capitalize())]
    found += [piece for text in replies for piece in reply_pieces(text)]
    return tuple(dict.fromkeys(found))


class Language:
    """Ids of prompts and targets in the bundled model's format."""

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        """`tokenizer`: of a bundle, which may know other pieces; None: this recipe's own."""
        self.tokenizer = tokenizer or Tokenizer(pieces())
        encode = self.tokenizer.encode
        self._ask = [BOT, *encode("human\n"), AUDIO_START]
        self._turn = [AUDIO_END, EOT, BOT, *encode("assistant\n")]
        self.think = encode("<think>\n")
        "What opens a thought, in a turn or in a reply."
        known = set(self.tokenizer.pieces)
        self._units = {self.tokenizer.piece(unit) for unit in UNITS if unit in known}
        self.audio_offset = len(self.opening())
        "Ids before the audio of a conversation's first turn where no tools are offered."

    def words(self, question: Question, said: Sequence[str] | None = None) -> list[int]:
        """One id per word (or sound), as they stand in the heard line; for word CTC.

        `said`: what the clip holds, in its order, where that is known.
        """
        return [self.tokenizer.piece(" " + word) for word in said or heard(question)]

    def opening(self, history: Sequence[Earlier] | None = None, tools: Sequence[str] = ()) -> list[int]:
        """Ids before the audio of the newest turn. `tools`: names of those that are offered."""
        encode = self.tokenizer.encode
        ids = [BOT, *encode("system\n"), *encode(" ".join([SYSTEM, *tools])), EOT]
        for turn in history or []:
            audio = [AUDIO_PATCH] * turn[0] if isinstance(turn[0], int) else turn[0]
            ids += [*self._ask, *audio, AUDIO_END, EOT]
            if len(turn) > 2 and turn[2] is not None:
                ids += self.called(turn[2])
            ids += [BOT, *encode("assistant\n"), *encode(turn[1]), EOT]
        return [*ids, *self._ask]

    def called(self, called: Called) -> list[int]:
        """Ids of a call and of its result, as the runtime writes them."""
        encode, (call, name, result) = self.tokenizer.encode, called
        ids = [BOT, *encode("assistant\n"), *encode(call), EOT]
        return [*ids, BOT, *encode("function_output\n"), *encode(f"{name}\n{result}"), EOT]

    def prompt(
        self, audio: Sequence[int], history: Sequence[Earlier] | None = None, tools: Sequence[str] = ()
    ) -> list[int]:
        """Ids up to "<think>\\n"; `audio`: the ids at the audio places (placeholders)."""
        return [*self.opening(history, tools), *audio, *self._turn, *self.think]

    def target(
        self,
        question: Question,
        measured: Measured = registry.NOTHING,
        past: Past = (),
        said: Sequence[str] | None = None,
    ) -> tuple[list[int], int]:
        """Ids after the prompt, ended by EOT, and how many of them are the heard line (with its newline)."""
        lines = thought(question, measured, past, said)
        first = self.tokenizer.encode(lines[: lines.index("\n") + 1])
        rest = self.tokenizer.encode(lines[lines.index("\n") + 1 :] + "</think>\n")
        return [*first, *rest, *self.reply(question, measured, past), EOT], len(first)

    def reply(self, question: Question, measured: Measured = registry.NOTHING, past: Past = ()) -> list[int]:
        """Ids of the reply; what is said before a finished thought is a stretch of its own."""
        text, sure = registry.reply(question, measured, past), registry.held(question, past)
        return [*self.tokenizer.encode(sure), *self.tokenizer.encode(text[len(sure) :])]

    def cue_value_length(self, ids: Sequence[int]) -> int:
        """How many ids of a cue line come before its label."""
        return next(i for i, token in enumerate(ids) if token in self._units) + 1

    def blind(self, question: Question, ids: Sequence[int]) -> int:
        """How many of the ids after the heard line cite what sound alone can tell."""
        return self.cue_value_length(ids) if family_of(question) else 0
