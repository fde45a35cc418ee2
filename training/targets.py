"""What the brain should write for a question: the lines of its thought, then its reply.

A thin layer over `skills.registry` for callers that know one number of a clip, all of `Measured`, or nothing.
"""

from collections.abc import Sequence
from typing import TypeAlias

from .arithmetic import column_line, compute
from .cited import cite
from .measure import BANDS, LABELS
from .measure import label as label_of
from .skills import registry
from .skills.broken import PARTIAL, SORRY
from .skills.question import Measured, Past, Question
from .skills.voice import REPLY

Known: TypeAlias = Measured | float | None
"What was measured in the clip; a number is its pitch, pace or level, as the question's skill says."
CUE_SKILLS = ("pitch", "pace", "loudness")
CUE_BANDS = {name: BANDS[name] for name in CUE_SKILLS}
"Hz, syllables per second, dB full scale. Between the two values no answer is right: left out everywhere."
CUE_LABELS = {name: LABELS[name] for name in CUE_SKILLS}
CUE_REPLIES = {word: text for texts in REPLY.values() for word, text in texts.items()}
_FIELDS = {"pitch": "pitch", "pace": "pace", "loudness": "level"}


def measured(question: Question, known: Known) -> Measured:
    """All that is known of a clip."""
    if isinstance(known, Measured):
        return known
    family = registry.family_of(question)
    if known is None or family not in _FIELDS:
        return Measured()
    return Measured(**{_FIELDS[family]: known})  # type: ignore[arg-type]


def label(skill: str, value: float) -> str | None:
    """The word for a measured cue, or None inside the ambiguous band."""
    return label_of(skill, Measured(**{_FIELDS[skill]: value}))  # type: ignore[arg-type]


def cue_line(skill: str, value: float) -> str:
    """The measured value, rounded to what can be heard (10 Hz, 0.5 syllables, 2 dB), then the label."""
    return cite(skill, Measured(**{_FIELDS[skill]: value}))  # type: ignore[arg-type]


def steps(question: Question, known: Known = None, past: Past = ()) -> list[str]:
    """The lines of the thought after the line that says what was heard."""
    return registry.lines(question, measured(question, known), past)


def reply(question: Question, known: Known = None, past: Past = ()) -> str:
    """What is said aloud. ValueError for a cue inside its ambiguous band."""
    return registry.reply(question, measured(question, known), past)


def held(question: Question, past: Past = ()) -> str:
    """What is said aloud on a thought that is not finished: of a chain all that is sure, else nothing yet."""
    return registry.held(question, past)


def heard_line(question: Question, said: Sequence[str] | None = None) -> str:
    """The first line of the thought, without its newline. `said`: words and sounds in the clip's order."""
    words = registry.heard(question) if question.skill == "unclear" or not said else said
    return " ".join(["heard:", *words])


def thought(
    question: Question, known: Known = None, past: Past = (), said: Sequence[str] | None = None
) -> str:
    """Everything between "<think>\\n" and "</think>", each line ended by a newline."""
    return "".join(line + "\n" for line in [heard_line(question, said), *steps(question, known, past)])


__all__ = [
    "CUE_BANDS", "CUE_LABELS", "CUE_REPLIES", "PARTIAL", "SORRY", "Known", "column_line", "compute",
    "cue_line", "heard_line", "held", "label", "measured", "reply", "steps", "thought",
]  # fmt: skip
