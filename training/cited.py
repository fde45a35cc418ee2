"""The lines of a thought that cite what was measured: the one place where they are written and read."""

from collections.abc import Callable
from dataclasses import dataclass

from .measure import LABELS, value
from .measure import label as label_of
from .skills.question import Measured
from .sounds import KINDS


@dataclass(frozen=True, slots=True)
class _Form:
    """How one family is written: "name value unit: label"."""

    name: str
    unit: str
    rounded: Callable[[float], str]


def _in_steps(step: float) -> Callable[[float], str]:
    return lambda number: str(round(number / step) * round(step))


FORMS = {
    "pitch": _Form("pitch", "hz", _in_steps(5)),
    "pace": _Form("pace", "syllables", lambda number: f"{round(number * 5) / 5:.1f}"),
    "loudness": _Form("level", "db", _in_steps(1)),
    "ending": _Form("slope", "", lambda number: f"{round(number * 2) / 2:.1f}"),
    "pauses": _Form("pauses", "", _in_steps(1)),
    "line": _Form("band", "khz", lambda number: str(round(number / 1000))),
    "noise": _Form("snr", "db", _in_steps(5)),
    "voices": _Form("voices", "", _in_steps(1)),
}
"""5 Hz, a fifth of a syllable, 1 dB, half a semitone: so fine that rounding takes little of what `grounded`
allows (10 Hz took half of it in a low voice). Of noise, in steps of 5 dB, and of the band it takes half."""
_FAMILY = {form.name: family for family, form in FORMS.items()}
_KIND = {f"{kind}s": kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Cited:
    """What a line says."""

    family: str
    "Of `FORMS`, or a kind of sound."
    value: float
    label: str = ""
    "Empty where the line has none."


def cite(family: str, measured: Measured) -> str:
    """The line, without its newline. ValueError where the value is unknown or between the sides."""
    number, word, form = value(family, measured), label_of(family, measured), FORMS[family]
    if number is None or word is None:
        raise ValueError(f"the {family} of {measured} is not known, or lies between its two sides")
    said = [form.name, form.rounded(number)]
    return f"{' '.join([*said, form.unit] if form.unit else said)}: {word}"


def cite_events(kind: str, measured: Measured) -> str:
    """ "beeps 3": how often one kind sounded, 0 too."""
    return f"{kind}s {dict(measured.events).get(kind, 0)}"


def read(line: str) -> Cited | None:
    """What a line cites; None where it is not of this kind."""
    said, _, word = line.partition(": ")
    parts = said.split()
    if len(parts) not in (2, 3) or not _number(parts[1]):
        return None
    number = float(parts[1])
    if parts[0] in _KIND and len(parts) == 2 and not word:
        return Cited(_KIND[parts[0]], number)
    family = _FAMILY.get(parts[0], "")
    unit = FORMS[family].unit if family else ""
    if not family or parts[2:] != ([unit] if unit else []) or word not in LABELS[family]:
        return None
    return Cited(family, number, word)


def _number(text: str) -> bool:
    whole = text.removeprefix("-").replace(".", "", 1)
    return whole.isascii() and whole.isdigit()
