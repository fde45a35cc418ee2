"""The tokens that steer a Whisper decoder: start and end, language and task, what it never writes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import CheckpointError, ModelError

from .tokens import FolderTokenizer

_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
ENGLISH = 51864
"""Vocabulary of the models that know English alone; those of many languages have more."""


@dataclass(frozen=True, slots=True)
class Steering:
    """The ids that steer the decoder."""

    start: int
    end: int
    plain: int
    "``<|notimestamps|>``"
    task: int | None
    "``<|transcribe|>`` of a model that knows languages."
    languages: dict[str, int]
    silence: int | None
    suppressed: tuple[int, ...]
    suppressed_first: tuple[int, ...]

    def require(self, language: str) -> None:
        """Raises ModelError where a language is wanted that the model does not know; empty: any will do."""
        if not language or language in self.languages or (self.task is None and language == "en"):
            return
        known = ", ".join(sorted(self.languages)) if self.task is not None else "en"
        raise ModelError(
            f"this recogniser does not know the language {language!r}; accepted are {known}, or none, to "
            "have it heard"
        )


def steering(tokenizer: FolderTokenizer, settings: Mapping[str, Any], vocabulary: int) -> Steering:
    """From the vocabulary's names and generation_config.json. Raises CheckpointError for a missing token."""
    special = tokenizer.special
    knows = bool(settings.get("is_multilingual", vocabulary > ENGLISH))
    codes = {match[1]: at for name, at in tokenizer.added.items() if (match := _LANGUAGE.fullmatch(name))}
    start, end = special("<|startoftranscript|>"), special("<|endoftext|>")
    added = (
        at for at in tokenizer.added.values() if at > end
    )  # languages, tasks, times: some are no specials
    never = {*_ids(settings, "suppress_tokens", vocabulary), *added} - {end}
    return Steering(
        start=start,
        end=end,
        plain=special("<|notimestamps|>"),
        task=special("<|transcribe|>") if knows else None,
        languages=codes if knows else {},
        silence=tokenizer.added.get("<|nospeech|>", tokenizer.added.get("<|nocaptions|>")),
        suppressed=tuple(sorted(at for at in never if 0 <= at < vocabulary)),
        suppressed_first=_ids(settings, "begin_suppress_tokens", vocabulary),
    )


def _ids(settings: Mapping[str, Any], name: str, vocabulary: int) -> tuple[int, ...]:
    """A list of token ids; -1 and others outside the vocabulary, as some files have them, mean none."""
    given = settings.get(name) or ()
    if not isinstance(given, list | tuple) or not all(isinstance(at, int) for at in given):
        raise CheckpointError(f"generation_config.json: {name} is no list of token ids; get the file again")
    return tuple(at for at in given if 0 <= at < vocabulary)
