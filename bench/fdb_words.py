"""The agent's heard words with their times on the recording, where anything beside it tells them.

Either ``words.json``, or the session's own trace: it reports each word as it is heard. A word then lies from
the report before it to its own, and a reply's first word from the sound's onset: good to some 50 ms.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.events import EndOfTurnScored, Listened, PlaybackStarted, SpeechPaused, SpeechStarted
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Said
from pipeline.trace import Entry, read

from .fdb import Word, chunks
from .foreign_folder import WORDS

TRACE = "trace.jsonl"
SNAP = 0.1
"""Seconds around a reply's reported start in which the onset of its sound is taken instead."""


def heard_words(folder: Path, onsets: Sequence[float]) -> tuple[Word, ...] | None:
    """Words of a conversation's folder in order; None where nothing tells them.

    ``onsets`` are the seconds at which the agent becomes audible. Raises UserError for files out of form.
    """
    if (file := folder / WORDS).exists():
        try:
            return chunks(json.loads(file.read_text(encoding="utf-8")), file)
        except (OSError, ValueError) as error:
            raise UserError(f"{file} cannot be read as JSON ({error})") from error
    if (trace := folder / TRACE).exists():
        return from_trace(read(trace), onsets)
    return None


def from_trace(entries: Sequence[Entry], onsets: Sequence[float]) -> tuple[Word, ...] | None:
    """Words as reported. None where the trace cannot be laid on the recording, or reports no word."""
    origin = _origin(entries)
    if origin is None:
        return None
    found: list[Word] = []
    reached, known = 0.0, ""
    for entry in entries:
        at = origin + entry.at
        match entry.item:
            case PlaybackStarted():
                near = min(onsets, key=lambda onset: abs(onset - at), default=at)
                reached, known = (near if abs(near - at) <= SNAP else at), ""
            case Said(_, text, _) if text.startswith(known):
                found += _parted(text[len(known) :].split(), reached, max(at, reached))
                reached, known = (max(at, reached), text) if text != known else (reached, known)
            case _:
                pass
    return tuple(found) or None


def _parted(words: list[str], start: float, end: float) -> list[Word]:
    """Words reported at once share the time since the report before."""
    step = (end - start) / max(len(words), 1)
    return [Word(word, start + step * place, start + step * (place + 1)) for place, word in enumerate(words)]


def _origin(entries: Sequence[Entry]) -> float | None:
    """The recording's second at which the trace begins.

    No entry can speak of a sample that has not come yet, so the most prompt of them bounds it from below.
    """
    bounds = []
    for entry in entries:
        match entry.item:
            case SpeechStarted(at) | SpeechPaused(at):
                bounds.append(at / CAPTURE_RATE - entry.at)
            case EndOfTurnScored(at=at):
                bounds.append(at / CAPTURE_RATE - entry.at)
            case Listened(span):
                bounds.append(span.end / CAPTURE_RATE - entry.at)
            case _:
                pass
    return max(bounds, default=None)
