"""What the brain should write: the line that says what was heard, and the whole thought."""

from collections.abc import Sequence

from .skills import registry
from .skills.question import Measured, Past, Question


def heard_line(question: Question, said: Sequence[str] | None = None) -> str:
    """The first line of the thought, without its newline. `said`: words and sounds in the clip's order."""
    words = registry.heard(question) if question.skill == "unclear" or not said else said
    return " ".join(["heard:", *words])


def thought(
    question: Question,
    measured: Measured = registry.NOTHING,
    past: Past = (),
    said: Sequence[str] | None = None,
) -> str:
    """Everything between "<think>\\n" and "</think>", each line ended by a newline."""
    lines = [heard_line(question, said), *registry.lines(question, measured, past)]
    return "".join(line + "\n" for line in lines)
