"""What the brain should write for a question: the lines of its thought, then its reply."""

from .arithmetic import column_line, compute
from .chains import parse
from .numerals import spell
from .tasks import SPOKEN_SIGN, TALK_REPLY, Question

SORRY = "Sorry, I did not catch that. Please ask me again."
PARTIAL = "I heard only a part of that. Please ask me again."
CUE_BANDS = {"pitch": (145.0, 175.0), "pace": (3.6, 4.8), "loudness": (-29.0, -22.0)}
"Hz, syllables per second, dB full scale. Between the two values no answer is right: left out everywhere."
CUE_LABELS = {"pitch": ("low", "high"), "pace": ("slow", "fast"), "loudness": ("soft", "loud")}
CUE_REPLIES = {
    "low": "Your voice is low.",
    "high": "Your voice is high.",
    "slow": "You speak slowly.",
    "fast": "You speak fast.",
    "soft": "You speak softly.",
    "loud": "You speak loudly.",
}


def label(skill: str, value: float) -> str | None:
    """The word for a measured cue, or None inside the ambiguous band."""
    low, high = CUE_BANDS[skill]
    if low <= value <= high:
        return None
    return CUE_LABELS[skill][value > high]


def cue_line(skill: str, value: float) -> str:
    """The measured value, rounded to what can be heard (10 Hz, 0.5 syllables, 2 dB), then the label."""
    word = label(skill, value)
    if skill == "pitch":
        return f"pitch {round(value / 10) * 10} hz: {word}"
    if skill == "pace":
        return f"pace {round(value * 2) / 2:.1f} syllables: {word}"
    return f"level {round(value / 2) * 2} db: {word}"


def _capital(words: list[str]) -> str:
    text = " ".join(words)
    return text[0].upper() + text[1:]


def steps(question: Question, cue: float | None = None) -> list[str]:
    """The lines of the thought after the line that says what was heard."""
    if question.skill == "incomplete":
        return [*(column_line(*step) for step in parse(question.words).certain()), "incomplete"]
    if cue is not None:
        return [cue_line(question.skill, cue)]
    lines, left = [], question.numbers[0] if question.numbers else 0
    for sign, right in zip(question.signs, question.numbers[1:], strict=False):
        lines.append(column_line(left, sign, right))
        left = compute(left, sign, right)
    return lines


def reply(question: Question, cue: float | None = None) -> str:
    """What is said aloud."""
    if question.skill == "unclear":
        return SORRY
    if question.skill == "incomplete":
        return PARTIAL
    if question.skill == "nod":
        return ""
    if question.skill == "talk":
        return TALK_REPLY[" ".join(question.words)]
    if cue is not None:
        word = label(question.skill, cue)
        if word is None:
            raise ValueError(f"{cue} lies in the ambiguous band of {question.skill}")
        return CUE_REPLIES[word]
    words, end = _restated(question), ["is", *spell(_result(question))]
    if len(question.numbers) > 2:
        return held(question) + " " + " ".join(["that", *end]) + "."
    return _capital([*words, *end]) + "."


def held(question: Question) -> str:
    """What is said aloud on a thought that is not finished: of a chain all that is sure, else nothing yet."""
    return _capital(_restated(question)) + "," if len(question.numbers) > 2 else ""


def _restated(question: Question) -> list[str]:
    words = spell(question.numbers[0])
    for sign, number in zip(question.signs, question.numbers[1:], strict=True):
        words += [SPOKEN_SIGN[sign], *spell(number)]
    return words


def _result(question: Question) -> int:
    result = question.numbers[0]
    for sign, number in zip(question.signs, question.numbers[1:], strict=True):
        result = compute(result, sign, number)
    return result


def heard_line(question: Question) -> str:
    """The first line of the thought, without its newline."""
    return "heard: unclear" if question.skill == "unclear" else "heard: " + " ".join(question.words)


def thought(question: Question, cue: float | None = None) -> str:
    """Everything between "<think>\\n" and "</think>", each line ended by a newline."""
    return "".join(line + "\n" for line in [heard_line(question), *steps(question, cue)])
