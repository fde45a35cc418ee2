"""The contract between what is asked, the sound that is made of it, and what is thought and said.

Must never: know how sound is made or measured, or import a heavy library.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class How:
    """What the generator must do with the words. Everything is optional: empty or None means any way."""

    pace: str = ""
    '"slow" | "fast": the label that the finished clip must measure as.'
    pitch: str = ""
    '"low" | "high".'
    loudness: str = ""
    '"soft" | "loud".'
    end: str = ""
    '"rising" | "falling": over the last voiced stretch.'
    pauses: int | None = None
    "Silent gaps of at least 0.25 s between words."
    line: str = ""
    '"telephone" (300 to 3400 Hz) | "close".'
    noise: str = ""
    '"quiet" | "noisy".'
    events: tuple[tuple[str, int], ...] = ()
    'Sound events before or after the words, each kind with its count: (("beep", 3),).'
    voices: int = 1
    "How many take turns in it: 1 or 2."


@dataclass(frozen=True, slots=True)
class Question:
    """One thing said to the brain."""

    skill: str
    "Family name, as in `registry.FAMILIES`."
    words: tuple[str, ...]
    "What is said, lower case."
    numbers: tuple[int, ...] = ()
    signs: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    "Whatever else the family needs to answer."
    how: How = How()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured in this very clip; None: not known. Units as in the names' text."""

    pitch: float | None = None
    "Median fundamental frequency of voiced frames, Hz."
    pace: float | None = None
    "Syllables per second of speech."
    level: float | None = None
    "dB full scale."
    slope: float | None = None
    "Semitones over the last voiced stretch; positive rises."
    pauses: int | None = None
    bandwidth: float | None = None
    "Hz below which nearly all the energy of speech lies."
    snr: float | None = None
    "Speech over noise, dB."
    events: tuple[tuple[str, int], ...] = ()
    voices: int | None = None


Past: TypeAlias = Sequence[tuple[Question, str]]
"Earlier turns, oldest first: what was asked, and the reply that was spoken."


class Skill(Protocol):
    """One family: what is asked, and what should be thought and said."""

    @property
    def name(self) -> str:
        """Of the family."""
        ...

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        """A question; `test` draws only what training never draws (where that is meaningful)."""
        ...

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        """The lines of the thought after the line that says what was heard, without newlines."""
        ...

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        """What is said aloud after a whole thought; empty: nothing."""
        ...

    def held(self, question: Question, past: Past) -> str:
        """What may be said on a thought that is not finished, the reply's beginning; empty: nothing yet."""
        ...


def to_json(question: Question) -> dict[str, object]:
    """Plain values; `from_json` reads them back equal."""
    return asdict(question)


def from_json(value: Mapping[str, object]) -> Question:
    """The question of `to_json`, also after a JSON round trip (lists for tuples) and without newer fields."""
    fields = {key: _tuples(part) for key, part in value.items() if key != "how"}
    how = value.get("how") or {}
    assert isinstance(how, Mapping)
    return Question(**fields, how=How(**{key: _tuples(part) for key, part in how.items()}))  # type: ignore[arg-type]


def _tuples(value: object) -> object:
    return tuple(_tuples(part) for part in value) if isinstance(value, list | tuple) else value
