"""The closed language of the practice brain: its pieces, and how a conversation becomes ids."""

from model.tokenizer import AUDIO_END, AUDIO_PATCH, AUDIO_START, BOT, EOT, Tokenizer

from .numerals import ONES, TENS
from .targets import CUE_LABELS, CUE_REPLIES, PARTIAL, SORRY, held, reply, thought
from .tasks import CUE_TEMPLATES, SPOKEN_SIGN, SUM_OPENINGS, TALK_REPLY, Question

SYSTEM = "practice"
_MARKS = (
    "<",
    "</",
    "think",
    ">",
    "\n",
    "heard:",
    " unclear",
    "incomplete",
    "pitch ",
    " hz: ",
    "pace ",
    " syllables: ",
    "level ",
    " db: ",
)
_SIGNS = ("+", "-", "*", "=", ":", ": ", ",", ", ", ".", "?", "!", " ")


def _reply_pieces() -> list[str]:
    """The pieces of all fixed replies: first word bare, others with their space, marks apart."""
    pieces: list[str] = []
    for text in (*CUE_REPLIES.values(), *TALK_REPLY.values(), SORRY, PARTIAL):
        for mark in ".,!?":
            text = text.replace(mark, " " + mark)
        words = [w for w in text.split() if w not in ".,!?"]
        pieces += [words[0], *(" " + w for w in words[1:])]
    return pieces


def pieces() -> list[str]:
    """All pieces in a fixed order (their place is their id)."""
    words: list[str] = [*ONES, *TENS, "hundred", *SPOKEN_SIGN.values(), "is"]
    for phrase in (*SUM_OPENINGS, *(t for ways in CUE_TEMPLATES.values() for t in ways), *TALK_REPLY):
        words += phrase.split()
    found = [*"0123456789", *_SIGNS, *_MARKS, "system", "human", "assistant", SYSTEM]
    found += [label for pair in CUE_LABELS.values() for label in pair]
    found += [" " + word for word in words]
    found += [word.capitalize() for word in (*ONES, *TENS)]
    return list(dict.fromkeys(found + _reply_pieces()))


class Language:
    """Ids of prompts and targets in the bundled model's format."""

    def __init__(self) -> None:
        self.tokenizer = Tokenizer(pieces())
        encode = self.tokenizer.encode
        self._system = [BOT, *encode(f"system\n{SYSTEM}"), EOT]
        self._ask = [BOT, *encode("human\n"), AUDIO_START]
        self._turn = [AUDIO_END, EOT, BOT, *encode("assistant\n")]
        self.think = encode("<think>\n")
        "What opens a thought, in a turn or in a reply."
        self._units = {self.tokenizer.piece(unit) for unit in (" hz: ", " syllables: ", " db: ")}
        self.audio_offset = len(self._system) + len(self._ask)
        "Ids before the audio of a conversation's first turn."

    def words(self, question: Question) -> list[int]:
        """One id per word, as they stand in the heard line; for word CTC."""
        return [self.tokenizer.piece(" " + word) for word in question.words]

    def opening(self, history: list[tuple[int, str]] | None = None) -> list[int]:
        """Ids before the audio of the newest turn; `history`: (audio places, reply) of earlier turns."""
        ids = list(self._system)
        for places, said in history or []:
            ids += [*self._ask, *[AUDIO_PATCH] * places, *self._turn, *self.tokenizer.encode(said), EOT]
        return [*ids, *self._ask]

    def prompt(self, audio: list[int], history: list[tuple[int, str]] | None = None) -> list[int]:
        """Ids up to "<think>\\n"; `audio`: the ids at the audio places (placeholders)."""
        return [*self.opening(history), *audio, *self._turn, *self.think]

    def target(self, question: Question, cue: float | None = None) -> tuple[list[int], int]:
        """Ids after the prompt, ended by EOT, and how many of them are the heard line (with its newline)."""
        lines = thought(question, cue)
        first = self.tokenizer.encode(lines[: lines.index("\n") + 1])
        rest = self.tokenizer.encode(lines[lines.index("\n") + 1 :] + "</think>\n")
        return [*first, *rest, *self.reply(question, cue), EOT], len(first)

    def reply(self, question: Question, cue: float | None = None) -> list[int]:
        """Ids of the reply; what is said before a finished thought is a stretch of its own."""
        text, sure = reply(question, cue), held(question)
        return [*self.tokenizer.encode(sure), *self.tokenizer.encode(text[len(sure) :])]

    def cue_value_length(self, ids: list[int]) -> int:
        """How many ids of a cue line come before its label."""
        return next(i for i, token in enumerate(ids) if token in self._units) + 1
