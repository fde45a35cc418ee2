"""One case and what came of it: right, refused, grounded; and many cases answered at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .batch_player import BatchPlayer, Task
from .language import Called
from .player import Answer, Heard, Player
from .scores import clustered, edits, percent, wilson
from .sets import Case

ASK_AGAIN = ("unclear", "incomplete")
"Skills for which a refusal is as right as the trained reply."
SLICE = 2000
"Cases whose sound is encoded at once."
FEW = 8
"With no more speakers than these, intervals are clustered by speaker."
HEADER = (
    "| set | skill | n | right, no refusal [95 %] | right, refusal is not right [95 %] | refused "
    "| right among answered | wrong and not refused | WER | grounded |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case and what came of it."""

    case: Case
    answer: Answer
    thought_ids: int = 0
    "How many ids were thought."

    @property
    def right(self) -> bool:
        """The exact reply; a sum's operands are restated rightly, too."""
        return self.answer.finished and self.answer.reply == self.case.reply

    def refused(self, threshold: float) -> bool:
        """The heard line was less likely than the threshold."""
        return self.answer.heard_logprob < threshold

    def right_with_refusal(self, threshold: float) -> bool:
        """A refused case is right only where asking again is what is wanted."""
        return self.case.question.skill in ASK_AGAIN if self.refused(threshold) else self.right

    def wrong(self, threshold: float) -> bool:
        """Answered, and wrongly."""
        return not self.refused(threshold) and not self.right


def tasks_of(cases: Sequence[Case], player: BatchPlayer) -> list[Task]:
    """Every case with its earlier turns heard."""
    heard = player.hear([case.noisy for case in cases])
    before = [(i, turn) for i, case in enumerate(cases) for turn in case.before]
    sounds = player.hear([turn.noisy for _, turn in before])
    earlier: dict[int, list[tuple[Heard, Called | None]]] = {}
    for (i, turn), sound in zip(before, sounds, strict=True):
        earlier.setdefault(i, []).append((sound, turn.called))
    tasks = []
    for i, (case, now) in enumerate(zip(cases, heard, strict=True)):
        turns = zip(earlier.get(i, ()), case.past, strict=True)
        history = tuple((sound, reply, called) for (sound, called), (_, reply) in turns)
        tasks.append(Task(now, history, tools=case.tools, called=case.called))
    return tasks


def play(player: BatchPlayer, cases: Sequence[Case], thought: str | None = None) -> list[Outcome]:
    """Answers every case, each as a conversation of its own; some thousands at a time are held as heard.

    `thought`: what is thought instead of its own thought ("": nothing).
    """
    out = []
    for first in range(0, len(cases), SLICE):
        part = cases[first : first + SLICE]
        tasks = [replace(task, thought=thought) for task in tasks_of(part, player)]
        written = player.write(tasks)
        out += [Outcome(c, w.answer, w.thought_ids) for c, w in zip(part, written, strict=True)]
    return out


def answered(player: Player, case: Case) -> Answer:
    """One case on the exported graphs, as the product would."""
    turns = zip(case.before, case.past, strict=True)
    history = [(player.hear(turn.noisy), reply, turn.called) for turn, (_, reply) in turns]
    return player.answer(player.hear(case.noisy), history, tools=case.tools, called=case.called)


def interval(found: Sequence[Outcome], right: Sequence[bool]) -> str:
    """Share and 95 % interval: Wilson's, or clustered where there are few speakers."""
    n, total = len(found), sum(right)
    speakers = [o.case.voice for o in found]
    few = len(set(speakers) - {"none"}) <= FEW
    low, high = clustered(list(zip(speakers, right, strict=True))) if few else wilson(total, n)
    return f"{percent(total, n)} [{percent(low, 1)}, {percent(high, 1)}]"


def word_errors(found: Sequence[Outcome]) -> float:
    """Edits of the heard words over the number of words that were said."""
    wrong = sum(edits(o.answer.heard.split(), o.case.words) for o in found)
    return wrong / max(1, sum(len(o.case.words) for o in found))


def grounded(found: Sequence[Outcome]) -> tuple[int, int]:
    """Thoughts whose every cited cue was measured so, and all thoughts that cite any which was measured."""
    verdicts = [o.case.verdict(o.answer.steps) for o in found]
    citing = [v for v in verdicts if v.tried]
    return sum(v.grounded for v in citing), len(citing)


def table_line(name: str, skill: str, found: Sequence[Outcome], threshold: float) -> str:
    """One row under `HEADER`."""
    n, answered = len(found), [o for o in found if not o.refused(threshold)]
    true, citing = grounded(found)
    cells = [name, skill, str(n)]
    cells += [interval(found, [o.right for o in found])]
    cells += [interval(found, [o.right_with_refusal(threshold) for o in found])]
    cells += [percent(n - len(answered), n), percent(sum(o.right for o in answered), len(answered))]
    cells += [percent(sum(o.wrong(threshold) for o in found), n)]
    cells += ["" if skill == "unclear" else f"{word_errors(found):.3f}"]
    cells += [percent(true, citing) if citing else ""]
    return "| " + " | ".join(cells) + " |"
