"""``bench export --format fdb``: our conversations, cut into items as Full-Duplex-Bench v1 lays them out.

One item per event, as there: a whole turn, an interruption with the turn before it, or a hesitating turn.
That one ends with the user's speech, because its formula takes any later word for a takeover. Cuts lie on
the scorer's own 10 ms grid, so an item scores as it did where it came from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_io.wav import write_wav
from pipeline.errors import UserError
from pipeline.ports import Pcm

from . import recording as recordings
from .audible import WINDOW, stretches
from .counted import counted
from .export_what import of_agents
from .fdb import INPUT, INTERRUPT, OUTPUT, PAUSE_MARK, PAUSES, TRANSCRIPT, TURN, WORDS, Task, Word
from .fdb_formulas import fdb_cropped
from .fdb_words import heard_words
from .foreign_folder import slug, words_json
from .labels import Kind, Labels, UserTurn
from .recording import Recording

LEAD = 0.5
"""Seconds of sound kept before the user's first word."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cut:
    """An item to be: turns that belong together and the samples around them."""

    task: Task
    turns: tuple[UserTurn, ...]
    start: int
    end: int


def export_fdb(run: Path, out: Path, tell: Tell) -> int:
    """Write every event of a run that v1 can express as an item; returns how many. Raises UserError."""
    count = left = wordless = 0
    for place, labels in of_agents(run, tell):
        recording = recordings.load(place / "conversation.wav")
        recordings.fit(recording, labels)
        rate = recording.rate
        words = heard_words(place, [piece.start / rate for piece in stretches(recording.agent, rate)])
        found = list(cuts(labels))
        for cut in found:
            write_item(out / cut.task / _name(labels, cut), recording, cut, words)
        count, wordless = count + len(found), wordless + (words is None) * len(found)
        left += len(labels.turns) - sum(len(cut.turns) for cut in found)
    if not count:
        raise UserError(
            f"{run} holds no event that Full-Duplex-Bench v1 has a form for: "
            "a question that wants a reply, or a barge-in"
        )
    tell(f"{counted(count, 'item')} written to {out}, a folder for each of the benchmark's tasks")
    if left:
        tell(f"{counted(left, 'turn')} left out: v1 has no annotation for backchannels, asides and noise")
    if wordless:
        tell(
            f"{counted(wordless, 'item')} without {WORDS}: these recordings tell no word times; "
            "the benchmark's own recogniser writes it"
        )
    return count


def cuts(labels: Labels) -> Iterator[Cut]:
    """The items of a conversation in order."""
    for place, turn in enumerate(labels.turns):
        later = labels.turns[place + 1] if place + 1 < len(labels.turns) else None
        if turn.kind is Kind.BARGE_IN:
            first = max(place - 1, 0)
            yield _cut(labels, Task.INTERRUPTION, first, place)
        elif turn.kind is Kind.QUESTION and turn.reply and (later is None or later.kind is not Kind.BARGE_IN):
            yield _cut(labels, Task.PAUSE if turn.pauses else Task.TURN, place, place)


def _cut(labels: Labels, task: Task, first: int, last: int) -> Cut:
    """From LEAD before the first turn, or the turn before it, to the next turn, or the end.

    A hesitating turn ends with itself, as the benchmark's do.
    """
    grid = round(labels.rate * WINDOW)
    turns = labels.turns[first : last + 1]
    before = labels.turns[first - 1].end if first else 0
    low = max(turns[0].start - round(LEAD * labels.rate), before)
    after = labels.turns[last + 1 :]
    high = after[0].start // grid * grid if after else labels.length
    start = min(-(-low // grid) * grid, turns[0].start // grid * grid)
    end = turns[-1].end if task is Task.PAUSE else max(high, turns[-1].end)
    return Cut(task, turns, start, end)


def write_item(folder: Path, recording: Recording, cut: Cut, words: tuple[Word, ...] | None) -> None:
    """Write an item's files. ``words`` are the whole recording's; None leaves ``output.json`` out."""
    rate = recording.rate
    folder.mkdir(parents=True, exist_ok=True)
    channels: dict[str, Pcm] = {INPUT: recording.user, OUTPUT: recording.agent}
    for name, pcm in channels.items():
        write_wav(folder / name, pcm[cut.start : cut.end], rate)
    spoken = [
        {"text": turn.text, "timestamp": _seconds(cut, rate, turn.start, turn.end)} for turn in cut.turns
    ]
    _save(folder / TRANSCRIPT, [{"speaker": 0, "item": spoken}])
    name, marks = _annotation(cut, rate)
    _save(folder / name, marks)
    if words is not None:
        (folder / WORDS).write_text(words_json(_within(words, cut, rate)), encoding="utf-8")


def _annotation(cut: Cut, rate: int) -> tuple[str, list[dict[str, Any]]]:
    turn = cut.turns[-1]
    match cut.task:
        case Task.PAUSE:
            spans = [_seconds(cut, rate, pause.start, pause.end) for pause in turn.pauses]
            return PAUSES, [{"text": PAUSE_MARK, "timestamp": span} for span in spans]
        case Task.TURN:
            return TURN, [{"text": "[TURN-TAKING]", "timestamp": _seconds(cut, rate, turn.end, turn.end)}]
        case _:
            context = cut.turns[0].text if len(cut.turns) > 1 else ""
            span = _seconds(cut, rate, turn.start, turn.end)
            return INTERRUPT, [{"context": context, "interrupt": turn.text, "timestamp": span}]


def _within(words: tuple[Word, ...], cut: Cut, rate: int) -> tuple[Word, ...]:
    """The cut's words on its own clock; of an interruption those after its end, as the benchmark has."""
    start, end = cut.start / rate, cut.end / rate
    inside = [word for word in words if word.end > start and word.start < end]
    told = tuple(Word(word.text, max(word.start - start, 0.0), min(word.end, end) - start) for word in inside)
    if cut.task is Task.INTERRUPTION:
        return fdb_cropped(told, cut.turns[-1].end / rate - start)
    return told


def _seconds(cut: Cut, rate: int, start: int, end: int) -> list[float]:
    return [(start - cut.start) / rate, (end - cut.start) / rate]


def _name(labels: Labels, cut: Cut) -> str:
    return f"{slug(labels.conversation)}-{cut.turns[-1].number}"


def _save(file: Path, found: Any) -> None:
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
