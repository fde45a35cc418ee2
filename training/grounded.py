"""Whether the sound that a thought cites is the sound that was there.

The filter of modality-grounded reasoning distillation (Step-Audio-R1, arXiv 2511.15848) asks that a thought
speak of the sound; here it must also be true of it, within a stated tolerance. Pure functions over lines and
measured values: they know no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .cited import Cited, read
from .measure import BANDS, LABELS, LOUDEST_SNR, value
from .skills.question import Measured

SHARE = {"pitch": 0.08}
"Of the measured value."
AROUND = {
    "pace": 0.6,
    "loudness": 3.0,
    "ending": 1.5,
    "pauses": 0.0,
    "line": 1.0,
    "noise": 5.0,
    "voices": 0.0,
}
"Syllables per second, dB, semitones, count, kHz, dB, count. Counts of sounds must be exact."
_ROUNDING = {"pitch": 2.5, "pace": 0.1, "loudness": 0.5, "ending": 0.25, "line": 0.5, "noise": 2.5}
"Half a step of what a line can say at all."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one thought."""

    cited: tuple[Cited, ...] = ()
    false: tuple[Cited, ...] = ()
    "Of these, what the measurement denies."
    unknown: tuple[Cited, ...] = ()
    "What could not be measured in this clip: neither true nor false."

    @property
    def grounded(self) -> bool:
        """Something that was measured is cited, and nothing of it is false."""
        return self.tried and not self.false

    @property
    def tried(self) -> bool:
        """Something is cited of which the measurement can say whether it is true."""
        return len(self.cited) > len(self.unknown)


def check(lines: Sequence[str], measured: Measured) -> Verdict:
    """All cue lines among `lines` (of notes and of the thought) against one clip's measured values."""
    cited = tuple(found for line in lines if (found := read(line)) is not None)
    false, unknown = list[Cited](), list[Cited]()
    for one in cited:
        true = agrees(one, measured)
        if true is None:
            unknown.append(one)
        elif not true:
            false.append(one)
    return Verdict(cited, tuple(false), tuple(unknown))


def agrees(cited: Cited, measured: Measured) -> bool | None:
    """Its value within the tolerance, its label that of its value; None: not measured here."""
    if cited.family not in BANDS:
        return cited.value == dict(measured.events).get(cited.family, 0)
    found = value(cited.family, measured)
    if found is None:
        return None
    if cited.family == "line":
        found /= 1000
    if cited.family == "noise":
        found = min(found, LOUDEST_SNR)
    room = SHARE.get(cited.family, 0.0) * abs(found) + AROUND.get(cited.family, 0.0)
    return abs(cited.value - found) <= room + 1e-9 and _coherent(cited)


def _coherent(cited: Cited) -> bool:
    """The label follows from the value that the line itself gives, as far as rounding lets one tell."""
    low, high = BANDS[cited.family]
    if cited.family == "line":
        low, high = low / 1000, high / 1000
    room = _ROUNDING.get(cited.family, 0.0)
    if cited.label == LABELS[cited.family][1]:
        return cited.value >= high - room
    return cited.value <= low + room
