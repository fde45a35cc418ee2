"""A chat template as the joints between turns, for servers that take text and not messages. Pure.

The joints of a model's own template are read off what its server renders of a conversation of marker words;
where it renders none, ChatML is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SYSTEM, FIRST, ANSWER, SECOND = "Zyxsystem", "Zyxfirst", "Zyxanswer", "Zyxsecond"
"""Words that no template holds and no template's trimming touches."""

_THOUGHT = re.compile(r"<think>\s*(</think>\s*)?\Z")
_MARKUP = re.compile(r"<(?=[|｜]|/?s>|bos>|eos>|start_of_|end_of_|__media)|\[(?=/?INST\])")

Turn = tuple[str, str]
"""``user`` or ``assistant``, and what was said."""


@dataclass(frozen=True, slots=True)
class Template:
    """What stands before, between and after the turns of a conversation."""

    first: str
    "Before a system text."
    begins: str
    "Before the user's first words where there is no system text."
    instructed: str
    "Between the system text and the user's first words."
    asked: str
    "Between the user's words and the answer to them."
    answered: str
    "Between an answer and the user's next words."
    opens: str
    "Between the user's last words and the answer that is to be written."
    stops: tuple[str, ...] = ()
    "Texts that end an answer, where the server may not know them by itself."

    def text(self, system: str, turns: Sequence[Turn], opening: str) -> str:
        """The conversation up to the end of ``opening``, with which the answer begins.

        Turns of one side in a row become one; an answer to nothing gets an empty question.
        """
        whole = _alternating(turns)
        said = [self.first, system, self.instructed] if system else [self.begins]
        said.append(whole[0][1])
        for (role, _), (_, words) in pairwise(whole):
            said += [self.asked if role == "user" else self.answered, words]
        return "".join([*said, self.opens, opening])


def _alternating(turns: Sequence[Turn]) -> list[Turn]:
    """Turns by turns, the user's first and last."""
    whole: list[Turn] = []
    for role, words in turns:
        if whole and whole[-1][0] == role:
            whole[-1] = (role, f"{whole[-1][1]}\n{words}")
        elif not whole and role == "assistant":
            whole += [("user", ""), (role, words)]
        else:
            whole.append((role, words))
    if not whole or whole[-1][0] == "assistant":
        whole.append(("user", ""))
    return whole


CHATML = Template(
    first="<|im_start|>system\n",
    begins="<|im_start|>user\n",
    instructed="<|im_end|>\n<|im_start|>user\n",
    asked="<|im_end|>\n<|im_start|>assistant\n",
    answered="<|im_end|>\n<|im_start|>user\n",
    opens="<|im_end|>\n<|im_start|>assistant\n",
    stops=("<|im_end|>",),
)
"""As Qwen's models have it."""


def sample(*, system: bool) -> list[dict[str, str]]:
    """The conversation of marker words whose rendering ``learned`` reads."""
    said = [("user", FIRST), ("assistant", ANSWER), ("user", SECOND)]
    if system:
        said.insert(0, ("system", SYSTEM))
    return [{"role": role, "content": words} for role, words in said]


def learned(instructed: str, plain: str) -> Template | None:
    """The joints of a template from its renderings of ``sample``, with the system text (empty where the
    template refuses one: instructions then stand before the user's first words) and without.

    None where a marker word is missing, twice there or out of order. A thought that the template opens
    itself is left out of ``opens``: who asks begins it, or not.
    """
    without = _cut(plain, (FIRST, ANSWER, SECOND))
    if without is None:
        return None
    begins, asked, answered, opens = without
    told = _cut(instructed, (SYSTEM, FIRST, ANSWER, SECOND))
    first, between = (told[0], told[1]) if told else (begins, "\n\n")
    return Template(first, begins, between, _THOUGHT.sub("", asked), answered, _THOUGHT.sub("", opens))


def _cut(text: str, words: Sequence[str]) -> list[str] | None:
    """The stretches around the words; None unless each stands there once, in this order."""
    if any(text.count(word) != 1 for word in words):
        return None
    rest, pieces = text, list[str]()
    for word in words:
        before, found, rest = rest.partition(word)
        if not found:
            return None
        pieces.append(before)
    return [*pieces, rest]


def harmless(text: str) -> str:
    """The text with no template's markers in it: a person who says them opens no turn of anybody's."""
    return _MARKUP.sub(lambda found: f"{found.group()} ", text)
