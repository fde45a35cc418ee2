"""A conversation's folder, written from elsewhere: sound, labels, and words where there are any."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import labels as manifests
from . import recording as recordings
from .fdb import Word
from .labels import Labels
from .recording import Recording

WORDS = "words.json"
"""The agent's words beside a conversation: ``{"text", "chunks": [{"text", "timestamp"}]}``, in seconds."""


def keep(folder: Path, recording: Recording, labels: Labels, words: tuple[Word, ...] | None = None) -> None:
    """Write a conversation's folder, ``words`` too where there are any."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings.save(recording, folder / "conversation.wav")
    manifests.save(labels, folder / "labels.json")
    if words is not None:
        (folder / WORDS).write_text(words_json(words), encoding="utf-8")


def words_json(words: tuple[Word, ...]) -> str:
    """Words in the form of Full-Duplex-Bench's ``output.json``."""
    told = [{"text": word.text, "timestamp": [word.start, word.end]} for word in words]
    text = " ".join(word.text.strip() for word in words)
    return json.dumps({"text": text, "chunks": told}, indent=1, ensure_ascii=False) + "\n"


def slug(name: str) -> str:
    """A name from somebody's file as one folder's name: no slashes, nothing that leads upwards."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "conversation"
