"""Measures thinking while listening and speaking on part of a thought: the arms of one table.

Every arm hears the same cases. Notes are written by the model itself as the sound grows; a draft is its whole
thought about the sound up to 0.2 s into a pause, and its note is that thought without "incomplete".
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .audio import POSITION, RATE
from .batch_player import BatchPlayer, Task
from .notes import MARGIN
from .player import Answer, Heard
from .scores import edits, percent, wilson
from .sets import Case

EVERY = 2.0
"Seconds of sound between notes."
DRAFT_AFTER = 0.2
"Seconds of silence before a draft."
Notes = list[tuple[int, str | None]]
HEADER = (
    "| set | thinking | n | right [95 %] | WER | thought written before the turn ended |\n"
    "|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Arm:
    """What came of one way of thinking."""

    name: str
    tried: list[tuple[Case, Answer]]

    @property
    def right(self) -> list[bool]:
        return [answer.reply == case.reply for case, answer in self.tried]


def block_notes(case: Case) -> Notes:
    """A note of the model's own after every two seconds of sound."""
    every = round(EVERY * RATE / POSITION)
    return [(at, None) for at in range(every, len(case.sound) // POSITION, every)]


def moments(case: Case, *, blocks: bool) -> list[tuple[int, bool]]:
    """Where notes come up, in order, and whether one is a draft's: in every pause, and after blocks of sound.

    A draft stands in for the block that ends where it does.
    """
    found = {at: False for at, _ in block_notes(case)} if blocks else {}
    for start, end in case.clip.pauses:
        at = -int(-(start + DRAFT_AFTER * RATE) // POSITION)
        if at * POSITION <= end:
            found[at] = True
    return sorted(found.items())


def written_notes(player: BatchPlayer, pairs: Sequence[tuple[Case, Heard]], *, blocks: bool) -> list[Notes]:
    """What was thought at all those moments, each note knowing those before it."""
    plans = [moments(case, blocks=blocks) for case, _ in pairs]
    notes: list[Notes] = [[] for _ in pairs]
    for turn in range(max(map(len, plans), default=0)):
        due = [i for i, plan in enumerate(plans) if turn < len(plan)]
        tasks = []
        for i in due:
            at, draft = plans[i][turn]
            now = player.beginning(pairs[i][1], at)
            own: Notes = [*notes[i]] if draft else [*notes[i], (at, None)]
            tasks.append(Task(now, notes=tuple(own), thought=None if draft else ""))
        for i, answer in zip(due, player.answer(tasks), strict=True):
            at, draft = plans[i][turn]
            lines = [line + "\n" for line in answer.lines if line != "incomplete"]
            notes[i].append((at, "".join(lines) if draft else answer.notes[-1]))
    return notes


def arms(player: BatchPlayer, cases: Sequence[Case]) -> list[Arm]:
    """All ways of thinking over the same cases."""
    heard = player.hear([case.noisy for case in cases])
    pairs = list(zip(cases, heard, strict=True))
    paused = [(case, now) for case, now in pairs if case.clip.pauses]

    def arm(name: str, over: list[tuple[Case, Heard]], notes: list[Notes], thought: str | None = None) -> Arm:
        tasks = [Task(now, notes=tuple(n), thought=thought) for (_, now), n in zip(over, notes, strict=True)]
        return Arm(name, [(case, a) for (case, _), a in zip(over, player.answer(tasks), strict=True)])

    none, every = [Notes() for _ in pairs], [block_notes(case) for case in cases]
    return [
        arm("whole, after the turn", pairs, none),
        arm("notes every 2 s", pairs, every),
        arm("whole (turns with a pause)", paused, none[: len(paused)]),
        arm("notes of drafts in pauses", paused, written_notes(player, paused, blocks=False)),
        arm("notes of drafts and every 2 s", paused, written_notes(player, paused, blocks=True)),
        arm("no thought", pairs, none, ""),
        arm("no thought after notes every 2 s", pairs, every, ""),
    ]


def arm_line(name: str, arm: Arm) -> str:
    """One row under `HEADER`."""
    n, right = len(arm.tried), sum(arm.right)
    low, high = wilson(right, n)
    wanted = [case.words for case, _ in arm.tried]
    wrong = sum(edits(a.heard.split(), w) for (_, a), w in zip(arm.tried, wanted, strict=True))
    before = sum(len(note) for _, a in arm.tried for note in a.notes)
    after = sum(len(a.text.split("</think>")[0]) for _, a in arm.tried)
    silent = arm.name.startswith("no thought")
    wer = "" if silent else f"{wrong / max(1, sum(map(len, wanted))):.3f}"
    share = "" if silent else percent(before, before + after)
    interval = f"[{percent(low, 1)}, {percent(high, 1)}]"
    return f"| {name} | {arm.name} | {n} | {percent(right, n)} {interval} | {wer} | {share} |"


def note_words(arm: Arm) -> tuple[int, int]:
    """Notes whose words are exactly those that had ended 0.25 s before, and all notes."""
    right = total = 0
    for case, answer in arm.tried:
        if not case.clip.ends:
            continue
        words, done = case.question.words, 0
        for (at, _), note in zip(block_notes(case), answer.notes, strict=False):
            known = sum(end / POSITION + MARGIN <= at for end in case.clip.ends)
            right += note.split("\n")[0].split()[1:] == list(words[done:known])
            total += 1
            done = known
    return right, total


def holding(player: BatchPlayer, arm: Arm, rng: random.Random) -> tuple[int, int]:
    """Parts of right thoughts, cut at a random line, on which it says exactly what is sure; and all tried."""
    cut = []
    for (case, answer), fine in zip(arm.tried, arm.right, strict=True):
        if fine and not answer.notes and len(answer.lines) > 1:
            lines = answer.lines[: rng.randint(1, len(answer.lines) - 1)]
            cut.append((case, "".join(line + "\n" for line in lines)))
    heard = player.hear([case.noisy for case, _ in cut])
    tasks = [Task(now, thought=thought) for now, (_, thought) in zip(heard, cut, strict=True)]
    said = player.answer(tasks)
    right = sum(a.reply == case.held for a, (case, _) in zip(said, cut, strict=True))
    return right, len(cut)


def report(
    player: BatchPlayer, sets: Mapping[str, Sequence[Case]], seed: int, note: Callable[[str], None]
) -> dict[str, list[Arm]]:
    """Tells the table and what follows it; gives the arms by set."""
    note(HEADER)
    found = {name: arms(player, cases) for name, cases in sets.items()}
    for name, tried in found.items():
        for arm in tried:
            note(arm_line(name, arm))
    note("")
    for name, tried in found.items():
        right, total = note_words(tried[1])
        low, high = wilson(right, total)
        note(
            f"* `{name}`: {percent(right, total)} [{percent(low, 1)}, {percent(high, 1)}] of {total} notes "
            "hold exactly the words that had ended 0.25 s before"
        )
        right, total = holding(player, tried[0], random.Random(seed))
        low, high = wilson(right, total)
        note(
            f"* `{name}`: on {percent(right, total)} [{percent(low, 1)}, {percent(high, 1)}] of {total} "
            "unfinished thoughts it says exactly what is sure, and waits"
        )
    return found
