"""The ids of one turn in every way of thinking: wholly, in part, not at all, with and without notes."""

import random
from dataclasses import dataclass

from model.tokenizer import AUDIO_END, AUDIO_PATCH, AUDIO_START, BOT, EOT

from .language import Language
from .notes import Noted, Script
from .targets import held
from .tasks import CUE_SKILLS, Question
from .text import Row

HEARD_WEIGHT, CUE_WEIGHT = 2.0, 6.0
"Loss weights of heard words, and of what follows them for cue questions (few tokens, easily ignored)."
RESULT_WEIGHT = 3.0
"Of the result, where it was not thought out before."
MODES = {"think": 0.68, "part": 0.2, "direct": 0.12}


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn to learn from."""

    question: Question
    cue: float | None
    audio: tuple[int, ...]
    "Ids at the audio places: <audio_patch>, or words of pseudo-audio."
    script: Script
    mode: str
    "think: all of it. part: the thought stops at a line and the reply holds. direct: an empty thought."
    history: tuple[tuple[int, str], ...] = ()
    "Audio places and reply of earlier turns."


def draw_mode(script: Script, rng: random.Random, modes: dict[str, float]) -> str:
    """A thought of one line has no part."""
    mode = rng.choices(list(modes), list(modes.values()))[0]
    return "think" if mode == "part" and len(script.lines) < 2 else mode


class Writer:
    """Collects ids with their loss weights."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.weights: list[float] = []

    def add(self, ids: list[int], weight: float = 0.0) -> None:
        self.ids += ids
        self.weights += [weight] * len(ids)


def turn_row(
    language: Language, turn: Turn, rng: random.Random, *, heard_weight: float = HEARD_WEIGHT
) -> Row:
    """`rng` says where a part of a thought stops."""
    encode, out = language.tokenizer.encode, Writer()
    out.add(language.opening(list(turn.history)))
    first = len(out.ids)
    done = 0
    for note in turn.script.notes:
        out.add(list(turn.audio[done : note.after]))
        done = note.after
        _note(out, language, note, heard_weight)
    out.add(list(turn.audio[done:]))
    places = (first, len(out.ids)) if not turn.script.notes else (0, 0)
    out.add([AUDIO_END, EOT, BOT, *encode("assistant\n"), *language.think])
    after = CUE_WEIGHT if turn.question.skill in CUE_SKILLS else 1.0
    lines = [line + "\n" for line in turn.script.lines]
    if turn.mode == "direct":
        out.add(encode("\n</think>\n"))
        _direct_reply(out, language, turn, after)
        return Row(out.ids, out.weights, places)
    if turn.mode == "part":
        lines = lines[: rng.randint(1, len(lines) - 1)]
    out.add(encode(lines[0]), heard_weight)
    out.add(encode("".join(lines[1:])), after)
    if turn.mode == "part":
        out.add(encode("</think>\n"))
        out.add([*encode(held(turn.question)), EOT], 1.0)
    else:
        out.add([*encode("</think>\n"), *language.reply(turn.question, turn.cue), EOT], after)
    return Row(out.ids, out.weights, places)


def _direct_reply(out: Writer, language: Language, turn: Turn, weight: float) -> None:
    """Its result is the hard part of it."""
    ids = [*language.reply(turn.question, turn.cue), EOT]
    known = 0
    if turn.question.numbers:
        equals = language.tokenizer.piece(" is")
        known = len(ids) - ids[::-1].index(equals)
    out.add(ids[:known], weight)
    out.add(ids[known:], RESULT_WEIGHT if known else weight)


def _note(out: Writer, language: Language, note: Noted, heard_weight: float) -> None:
    encode = language.tokenizer.encode
    line = note.text.index("\n") + 1
    out.add(language.think)
    out.add(encode(note.text[:line]), heard_weight)
    out.add(encode(note.text[line:]), 1.0 if note.learned == len(note.text) else 0.0)
    out.add(encode("</think>"), 1.0 if note.closed else 0.0)


__all__ = ["AUDIO_PATCH", "AUDIO_START", "MODES", "Turn", "Writer", "draw_mode", "turn_row"]
