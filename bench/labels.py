"""What a recorded conversation holds: the manifest that lies beside a stereo recording, and how it is read.

Positions are samples of that recording. Labels say what the user did and when, never what the agent should
have been measured at; they come from whoever made the stimuli, not from a detector.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import UserError

_Name = TypeVar("_Name", bound=StrEnum)

SCHEMA = 1
"""Version of the manifest; a reader refuses any other."""


class LabelsError(UserError):
    """A manifest cannot be read, or says something impossible."""


class Kind(StrEnum):
    """What a stretch of the user's speech is meant as."""

    QUESTION = "question"
    BARGE_IN = "barge-in"
    BACKCHANNEL = "backchannel"
    "A listener's \"mm-hm\": goes on listening, wants no floor."
    TIC = "tic"
    "A cough, a laugh, a cleared throat."
    ASIDE = "aside"
    "Words to somebody else, or somebody else's."
    NOISE = "noise"
    "A sound that no voice made."


class During(StrEnum):
    """What the agent was doing when the user began."""

    SILENT = "silent"
    SPEAKING = "speaking"
    UNKNOWN = "unknown"


WANTS_REPLY = frozenset({Kind.QUESTION, Kind.BARGE_IN})
"""Kinds that are answered unless the turn says otherwise."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence inside a turn: a half-open range of samples."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class UserTurn:
    """One thing that the user said."""

    number: int
    "Counted from 1."
    kind: Kind
    start: int
    "First sample of the speech."
    end: int
    "One past the last sample of the speech: the only zero of voice-to-voice."
    pauses: tuple[Pause, ...] = ()
    "Hesitations inside, in order: the turn goes on after each."
    text: str = ""
    expected: str | None = None
    "What a right answer holds, a number in figures for example; None: nothing is checked."
    during: During = During.UNKNOWN
    reply: bool = True
    "Whether an answer is due."


@dataclass(frozen=True, slots=True)
class Labels:
    """The manifest of one recording."""

    conversation: str
    "Its name; turns of one conversation are not independent."
    rate: int
    "Samples per second of the recording that the positions count in."
    length: int
    "Samples of the recording."
    turns: tuple[UserTurn, ...] = ()
    scenario: str = ""
    greeting: bool = False
    "Whether the agent speaks first, unasked."
    about: dict[str, str] = field(default_factory=dict)
    "Anything worth keeping: voice, clock, seed, endpoint."

    def seconds(self, position: int) -> float:
        """A position of this recording in seconds from its start."""
        return position / self.rate

    @property
    def asked(self) -> tuple[int, ...]:
        """Samples at which the harness, not the user, asked the agent to speak: what comes of it is no error.

        Raises LabelsError when ``about`` tells them otherwise than as numbers between commas.
        """
        told = self.about.get("asked", "")
        try:
            return tuple(int(one) for one in told.split(",") if one.strip())
        except ValueError:
            raise LabelsError(f"about: asked is {told!r}; accepted are samples between commas") from None


def check(labels: Labels) -> Labels:
    """The same labels, or LabelsError with what is impossible and what would be right."""
    if labels.rate < 8000:
        raise LabelsError(f"rate {labels.rate} is not a sample rate of speech; accepted are 8000 and above")
    if labels.length < 0:
        raise LabelsError(f"length {labels.length} is negative; it is the recording's number of samples")
    _ = labels.asked
    reached = 0
    for place, turn in enumerate(labels.turns, 1):
        _check_turn(turn, place, reached, labels.length)
        reached = turn.end
    return labels


def _check_turn(turn: UserTurn, place: int, reached: int, length: int) -> None:
    where = f"turn {turn.number}"
    if turn.number != place:
        raise LabelsError(f"{where} stands at place {place}; turns are numbered from 1 in order of time")
    if not reached <= turn.start < turn.end <= length:
        raise LabelsError(
            f"{where} lies from sample {turn.start} to {turn.end}; it must begin at or after {reached} "
            f"(the end of the turn before), end later than it begins, and end by {length}"
        )
    low = turn.start
    for pause in turn.pauses:
        if not low < pause.start < pause.end < turn.end:
            raise LabelsError(
                f"{where} has a pause from sample {pause.start} to {pause.end}; pauses lie inside the turn "
                f"({turn.start} to {turn.end}), in order, with speech before, between and after them"
            )
        low = pause.end


# --- as JSON -----------------------------------------------------------------------------------------------


def to_json(labels: Labels) -> str:
    """The manifest as JSON text, stable in its order."""
    return json.dumps({"schema": SCHEMA, **asdict(check(labels))}, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str, source: str = "the labels") -> Labels:
    """Labels from JSON text. Raises LabelsError naming ``source`` and what is wrong in it."""
    try:
        found = json.loads(text)
    except ValueError as error:
        said = f"{source} is not JSON ({error}); accepted is a manifest with schema {SCHEMA}"
        raise LabelsError(said) from error
    try:
        return check(_labels(found))
    except LabelsError as error:
        raise LabelsError(f"{source}: {error}") from error


def load(path: Path) -> Labels:
    """Labels from a file. Raises LabelsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LabelsError(f"there is no {path}; a recording needs its labels beside it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{path} cannot be read as text ({error})") from error
    return from_json(text, str(path))


def save(labels: Labels, path: Path) -> None:
    """Write the manifest; it reads back equal."""
    path.write_text(to_json(labels), encoding="utf-8")


def _labels(found: Any) -> Labels:
    if not isinstance(found, dict):
        raise LabelsError("a manifest is an object with schema, conversation, rate, length and turns")
    if "schema" not in found:
        raise LabelsError(f'the manifest does not say which schema it is in; add "schema": {SCHEMA}')
    if found["schema"] != SCHEMA:
        raise LabelsError(f"schema {found['schema']!r} is unknown; this version reads schema {SCHEMA}")
    rest = {key: value for key, value in found.items() if key != "schema"}
    _fields(rest, {"conversation": str, "rate": int, "length": int},
            {"turns": list, "scenario": str, "greeting": bool, "about": dict}, "the manifest")  # fmt: skip
    turns = tuple(_turn(item, place, rest["rate"]) for place, item in enumerate(rest.pop("turns", []), 1))
    about = {str(key): str(value) for key, value in rest.pop("about", {}).items()}
    return Labels(**rest, turns=turns, about=about)


def _turn(found: Any, place: int, rate: int) -> UserTurn:
    where = f"turn {place}"
    if not isinstance(found, dict):
        raise LabelsError(f"{where} is not an object; it needs number, kind, start and end")
    _fields(
        found, {"number": int, "kind": str, "start": int, "end": int},
        {"pauses": list, "text": str, "expected": str | None, "during": str, "reply": bool}, where, rate,
    )  # fmt: skip
    rest = dict(found)
    kind = _choice(Kind, rest.pop("kind"), f"{where}: kind")
    during = _choice(During, rest.pop("during", During.UNKNOWN), f"{where}: during")
    pauses = tuple(_pause(item, where, rate) for item in rest.pop("pauses", []))
    reply = rest.pop("reply", kind in WANTS_REPLY)
    return UserTurn(kind=kind, during=during, pauses=pauses, reply=reply, **rest)


def _pause(found: Any, where: str, rate: int) -> Pause:
    if not isinstance(found, dict):
        raise LabelsError(f"{where}: a pause is an object with start and end")
    _fields(found, {"start": int, "end": int}, {}, f"{where}: a pause", rate)
    return Pause(**found)


def _choice(kind: type[_Name], value: str, where: str) -> _Name:
    try:
        return kind(value)
    except ValueError:
        raise LabelsError(f"{where} is {value!r}; accepted are {', '.join(kind)}") from None


def _fields(
    found: dict[str, Any], needed: dict[str, Any], optional: dict[str, Any], where: str, rate: int = 0
) -> None:
    """Refuse missing and unknown names and wrong types, naming each. ``rate``: whole numbers are samples."""
    known = needed | optional
    if missing := needed.keys() - found.keys():
        raise LabelsError(f"{where} lacks {', '.join(sorted(missing))}")
    if unknown := found.keys() - known.keys():
        names = ", ".join(sorted(unknown))
        raise LabelsError(f"{where} has the unknown {names}; known are {', '.join(known)}")
    for name, value in found.items():
        kind = known[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            said = getattr(kind, "__name__", str(kind))
            if kind is int and isinstance(value, float):
                said = "a whole number"
                if rate and math.isfinite(value):
                    said += f" of samples; {value!r} s is {round(value * rate)} at rate {rate}"
            raise LabelsError(f"{where}: {name} is {value!r}, which is not {said}")
