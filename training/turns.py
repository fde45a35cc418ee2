"""The ids of one turn in every way of thinking: wholly, in part, not at all, with and without notes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from model.tokenizer import AUDIO_END, AUDIO_PATCH, AUDIO_START, BOT, EOT

from .audio import Floats
from .language import Earlier, Language
from .notes import Noted, Script
from .pseudo_cues import summary
from .rows import Row
from .skills import follow, tools
from .skills.question import Measured, Past, Question
from .skills.registry import family_of, held

HEARD_WEIGHT, CUE_WEIGHT = 2.0, 6.0
"Loss weights of heard words, and of what follows them for cue questions (few tokens, easily ignored)."
RESULT_WEIGHT = 3.0
"Of the result, where it was not thought out before."
SYLLABLES = 1.4
"Of a word, in the mean."
MODES = {"think": 0.68, "part": 0.2, "direct": 0.12}


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn to learn from."""

    question: Question
    measured: Measured
    audio: tuple[int, ...]
    "Ids at the audio places: <audio_patch>, or words of pseudo-audio."
    script: Script
    mode: str
    "think: all of it. part: the thought stops at a line and the reply holds. direct: an empty thought."
    history: tuple[Earlier, ...] = ()
    "Audio places and reply of earlier turns."
    past: Past = ()
    "The same turns as questions with their replies: what a follow-up needs."
    tools: tuple[str, ...] = ()
    "Names of those that were offered."
    blind: bool = False
    "Text alone: what only sound can tell carries no loss."
    felt: tuple[Measured, ...] = ()
    "Text alone: what each earlier turn's sound would have measured."


def draw_mode(script: Script, rng: random.Random, modes: dict[str, float]) -> str:
    """A thought of one line has no part."""
    mode = rng.choices(list(modes), list(modes.values()))[0]
    return "think" if mode == "part" and len(script.lines) < 2 else mode


class Writer:
    """Collects ids with their loss weights."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.weights: list[float] = []

    def add(self, ids: Sequence[int], weight: float = 0.0) -> None:
        self.ids += ids
        self.weights += [weight] * len(ids)


def turn_row(
    language: Language,
    turn: Turn,
    rng: random.Random,
    *,
    heard_weight: float = HEARD_WEIGHT,
    feels: bool = False,
) -> Row:
    """`rng` says where a part of a thought stops. `feels`: of text alone, whether <audio_end> tells the cues,
    so that what cites them can be learned; else it carries no loss."""
    encode, out, question = language.tokenizer.encode, Writer(), turn.question
    out.add(language.opening(list(turn.history), turn.tools))
    first = len(out.ids)
    done = 0
    for note in turn.script.notes:
        out.add(turn.audio[done : note.after])
        done = note.after
        _note(out, language, note, heard_weight)
    out.add(turn.audio[done:])
    spans = _spans(language, out.ids) if turn.blind and not turn.script.notes else ()
    ends = _ends(out.ids, turn, first, rng) if turn.blind and feels else ()
    out.add([AUDIO_END, EOT])
    lines = [line + "\n" for line in turn.script.lines]
    if tools.stage(question) == "result":
        out.add(language.called(tools.called(question, rng)))
        lines = lines[1:]  # the heard line was written before the call
    out.add([BOT, *encode("assistant\n"), *language.think])
    after = CUE_WEIGHT if family_of(question) and not turn.blind else 1.0
    if turn.mode == "direct":
        out.add(encode("\n</think>\n"))
        _direct_reply(out, language, turn, after)
        return Row(out.ids, out.weights, spans, ends)
    if turn.mode == "part" and len(lines) > 1:
        lines = lines[: rng.randint(1, len(lines) - 1)]
    if tools.stage(question) != "result":
        out.add(encode(lines[0]), heard_weight)
        lines = lines[1:]
    steps = encode("".join(lines))
    unknown = language.blind(question, steps) if turn.blind and steps and not feels else 0
    out.add(steps[:unknown])
    out.add(steps[unknown:], after)
    if turn.mode == "part":
        out.add(encode("</think>\n"))
        out.add([*encode(held(question, turn.past)), EOT], 1.0)
    else:
        out.add([*encode("</think>\n"), *language.reply(question, turn.measured, turn.past), EOT], after)
    return Row(out.ids, out.weights, spans, ends)


def _spans(language: Language, ids: list[int]) -> tuple[tuple[int, int], ...]:
    """Places of pseudo-audio, of earlier turns and of this one."""
    starts = [i + 1 for i, token in enumerate(ids) if token == AUDIO_START]
    ends = [i for i, token in enumerate(ids) if token == AUDIO_END]
    return tuple(zip(starts, [*ends, len(ids)], strict=True))


def _ends(ids: list[int], turn: Turn, first: int, rng: random.Random) -> tuple[tuple[int, Floats], ...]:
    """Of every turn's <audio_end>, the one that is about to be written among them."""
    places = [*(i for i, token in enumerate(ids[:first]) if token == AUDIO_END), len(ids)]
    turns = [*(question for question, _ in turn.past), turn.question]
    sounds = [*turn.felt, turn.measured]
    return tuple(
        (place, summary(sound, round(SYLLABLES * len(question.words)), rng))
        for place, question, sound in zip(places, turns, sounds, strict=True)
    )


def _direct_reply(out: Writer, language: Language, turn: Turn, weight: float) -> None:
    """Its result is the hard part of it."""
    ids = [*language.reply(turn.question, turn.measured, turn.past), EOT]
    known = 0
    if turn.question.skill in follow.NUMERIC:
        equals = language.tokenizer.piece(" is")
        known = len(ids) - ids[::-1].index(equals) if equals in ids else 0
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
