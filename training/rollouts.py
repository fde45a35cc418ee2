"""What a brain makes of clips when it samples its own thoughts, and which of them are worth learning from.

The judgement is that of MGRD (modality-grounded reasoning distillation: Step-Audio-R1, arXiv 2511.15848)
in miniature: a thought is kept if its answer is right, its lines hold together, and every cue that it cites
agrees with what was measured in the very clip.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.tokenizer import EOT

from .batch_player import BatchPlayer, Task, Written
from .player import Answer, Heard
from .sets import Case

RIGHT, FORMED = 0.8, 0.2
"Shares of the reward."
LIMIT = 160
"Ids of a sampled answer."
_EQUATION = re.compile(r"(?<![\d*+\-=])(\d+(?:[+\-*]\d+)+)=(-?\d+)(?!\d)")


@dataclass(frozen=True, slots=True)
class Judged:
    """One sampled thought and answer."""

    owner: int
    "Index of its clip."
    ids: tuple[int, ...]
    right: bool
    coherent: bool
    "It ended as it should, heard something, and every sum that it writes is right."
    grounded: bool
    "Every cue that it cites was measured so; true where it cites none."

    @property
    def kept(self) -> bool:
        """Worth learning from as it stands."""
        return self.right and self.coherent and self.grounded

    @property
    def reward(self) -> float:
        """0 to 1."""
        return RIGHT * self.right + FORMED * (self.coherent and self.grounded)


def value_of(expression: str) -> int:
    """A chain of + - * over whole numbers, times before plus."""
    total = 0
    for sign, product in re.findall(r"([+\-]?)([^+\-]+)", expression):
        value = 1
        for factor in product.split("*"):
            value *= int(factor)
        total += -value if sign == "-" else value
    return total


def sums_hold(lines: Sequence[str]) -> bool:
    """Every equation of digits in the lines is true."""
    return all(value_of(left) == int(right) for line in lines for left, right in _EQUATION.findall(line))


def coherent(answer: Answer, ids: Sequence[int]) -> bool:
    """See `Judged.coherent`."""
    whole = answer.finished and bool(ids) and ids[-1] == EOT and answer.text.count("</think>") == 1
    return whole and answer.lines[0].startswith("heard:") and sums_hold(answer.steps)


def judge(case: Case, owner: int, written: Written) -> Judged:
    """One sampled answer against what was asked and measured."""
    answer = written.answer
    return Judged(
        owner,
        written.ids,
        answer.finished and answer.reply == case.reply,
        coherent(answer, written.ids),
        not case.verdict(answer.steps).false,
    )


def roll(
    player: BatchPlayer,
    cases: Sequence[Case],
    heard: Sequence[Sequence[Heard]],
    *,
    count: int,
    seed: int,
) -> list[Judged]:
    """`count` sampled answers (temperature 1) to each case, in the order of the cases.

    `heard`: for each case the sounds of its earlier turns, and then its own.
    """
    tasks = []
    for case, sounds in zip(cases, heard, strict=True):
        turns = zip(sounds, case.before, case.past, strict=False)
        history = tuple((sound, reply, turn.called) for sound, turn, (_, reply) in turns)
        tasks += [Task(sounds[-1], history, tools=case.tools, called=case.called)] * count
    written = player.write(tasks, LIMIT, temperature=1.0, seed=seed)
    return [judge(cases[i // count], i // count, one) for i, one in enumerate(written)]


def advantages(judged: Sequence[Judged]) -> list[float]:
    """Rewards against the mean of the same clip's, over its spread (GRPO, arXiv 2402.03300); else 0."""
    groups: dict[int, list[float]] = {}
    for one in judged:
        groups.setdefault(one.owner, []).append(one.reward)
    out = []
    for one in judged:
        rewards = groups[one.owner]
        mean = sum(rewards) / len(rewards)
        spread = (sum((r - mean) ** 2 for r in rewards) / len(rewards)) ** 0.5
        out.append((one.reward - mean) / spread if spread > 1e-6 else 0.0)
    return out
