"""Full-Duplex-Bench's folders, as data: what an item holds, read from its files and nothing added.

Reads the layouts of v1 and v1.5 (github.com/DanielLin94144/Full-Duplex-Bench at d7336bda). Each item is a
folder with ``input.wav``, ``output.wav`` and one annotation; times are seconds. Knows no sound and no score.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

INPUT, OUTPUT, WORDS, TRANSCRIPT = "input.wav", "output.wav", "output.json", "transcription.json"
PAUSES, TURN, INTERRUPT, METADATA = "pause.json", "turn_taking.json", "interrupt.json", "metadata.json"
CLEAN = ("clean_input.wav", "clean_output.wav")
"""Both sides of v1.5's item without the overlap."""
PAUSE_MARK = "[PAUSE]"


class Task(StrEnum):
    """What an item tests, by the benchmark's own names."""

    PAUSE = "pause_handling"
    TURN = "smooth_turn_taking"
    INTERRUPTION = "user_interruption"
    BACKCHANNEL = "user_backchannel"
    "v1.5 only, as the two below."
    OTHER = "talking_to_other"
    BACKGROUND = "background_speech"


V1 = {PAUSES: Task.PAUSE, TURN: Task.TURN, INTERRUPT: Task.INTERRUPTION}
"""v1's annotations in the order in which they are looked for, and what each makes of an item."""
V15 = (Task.INTERRUPTION, Task.BACKCHANNEL, Task.OTHER, Task.BACKGROUND)
"""v1.5's subsets: their metadata are alike, so an item's subset is the name of a folder above it."""


_SHORT = dict(zip(Task, ("pause", "turn", "interrupt", "backchannel", "other", "background"), strict=True))


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its seconds, as the benchmark's recogniser or annotators placed it."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class FdbItem:
    """One item's annotation."""

    folder: Path
    name: str
    "Its folder below the root, with slashes."
    task: Task
    marks: tuple[Word, ...]
    "The annotated spans: every pause; the turn's end and the reference's reply; the interruption."
    context: str = ""
    "What the user says before an interruption, where the item tells."
    spoken: tuple[Word, ...] = ()
    "The user's words by the annotators (``transcription.json``)."
    words: tuple[Word, ...] | None = None
    "The agent's words (``output.json``); None: nobody transcribed the output."
    version: str = "1"
    "Of the benchmark: 1 or 1.5."

    @property
    def kind(self) -> str:
        """Version and task in short, the scenario of its conversations: items of one kind go together."""
        return f"fdb{'' if self.version == '1' else self.version}-{_SHORT[self.task]}"


def find(root: Path) -> list[Path]:
    """Every folder at or below ``root`` that holds anything of an item. Raises UserError."""
    if not root.is_dir():
        raise UserError(f"there is no folder {root}; name one with Full-Duplex-Bench's items")
    told = (INPUT, OUTPUT, *V1, METADATA)
    found = sorted({file.parent for name in told for file in root.rglob(name)})
    if not found:
        raise UserError(
            f"{root} holds no item of Full-Duplex-Bench; one is a folder with {INPUT}, {OUTPUT} and one of "
            f"{', '.join(V1)} (v1) or {METADATA} (v1.5)"
        )
    return found


def read_item(folder: Path, root: Path) -> FdbItem:
    """An item's annotation. Raises UserError naming the file and what is wrong in it."""
    name = folder.relative_to(root).as_posix() if folder != root else folder.name
    words = folder / WORDS
    spoken = folder / TRANSCRIPT
    task, marks, context = _annotation(folder)
    return FdbItem(
        folder, name, task, marks, context,
        _users(_json(spoken), spoken) if spoken.exists() else (),
        chunks(_json(words), words) if words.exists() else None,
        "1" if any((folder / file).exists() for file in V1) else "1.5",
    )  # fmt: skip


def chunks(found: Any, file: Path) -> tuple[Word, ...]:
    """The words of an ``output.json``. Raises UserError."""
    if not isinstance(found, dict) or not isinstance(found.get("chunks"), list):
        raise UserError(f'{file} lacks its words; accepted is {{"text": …, "chunks": [{{text, timestamp}}]}}')
    return tuple(_word(one, file) for one in found["chunks"])


def _annotation(folder: Path) -> tuple[Task, tuple[Word, ...], str]:
    for name, task in V1.items():
        if (file := folder / name).exists():
            found = _list(_json(file), file)
            marks = tuple(_word(one, file) for one in found)
            if task is Task.PAUSE:
                marks = tuple(mark for mark in marks if mark.text.strip() == PAUSE_MARK)
            if not marks:
                raise UserError(f"{file} annotates nothing; it needs at least one span with a timestamp")
            return task, marks, str(found[0].get("context", ""))
    if (file := folder / METADATA).exists():
        return _overlap(_json(file), file)
    raise UserError(
        f"{folder} has none of {', '.join((*V1, METADATA))}, so nothing says what is measured "
        "(backchannel items of v1 have no annotation of this kind and are not covered)"
    )


def _overlap(found: Any, file: Path) -> tuple[Task, tuple[Word, ...], str]:
    """v1.5's annotation: what was said over the agent, and when."""
    above = [part.lower() for part in reversed(file.parts[:-1])]
    tasks = [task for part in above for task in V15 if task in part]
    if not tasks:
        raise UserError(f"no folder above {file} says its subset; name one after {', '.join(V15)}")
    if not isinstance(found, dict) or "timestamps" not in found:
        raise UserError(
            f"{file} lacks timestamps; accepted is {{context_text, current_turn_text, timestamps}}"
        )
    text = str(found.get("current_turn_text", ""))
    mark = _word({"text": text, "timestamp": found["timestamps"]}, file)
    return tasks[0], (mark,), str(found.get("context_text", ""))


def _users(found: Any, file: Path) -> tuple[Word, ...]:
    """The words of whoever speaks first: the others reply in the original and are not in ``input.wav``."""
    speakers = []
    for one in _list(found, file):
        if not isinstance(one.get("item"), list):
            raise UserError(
                f"{file}: a speaker has no words; accepted is [{{speaker, item: [{{text, timestamp}}]}}]"
            )
        speakers.append(tuple(_word(word, file) for word in one["item"]))
    return min((words for words in speakers if words), key=lambda words: words[0].start, default=())


def _word(found: Any, file: Path) -> Word:
    """One span. A recogniser may leave the last end open: the word then ends where it began."""
    times = found.get("timestamp") if isinstance(found, dict) else None
    if isinstance(times, list) and len(times) == 2 and times[1] is None:
        times = [times[0], times[0]]
    if not isinstance(times, list) or len(times) != 2 or not all(_number(time) for time in times):
        raise UserError(f"{file}: a timestamp is {times!r}; accepted are two seconds, [start, end]")
    start, end = (float(time) for time in times)
    if not 0.0 <= start <= end:
        raise UserError(
            f"{file}: a span lies from {start:g} to {end:g} s; it begins at 0 or later, not after its end"
        )
    return Word(str(found.get("text", found.get("interrupt", ""))), start, end)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _list(found: Any, file: Path) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UserError(f"{file} is not a list of objects, which it is in Full-Duplex-Bench")
    return found


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON ({error}); export it again") from error
