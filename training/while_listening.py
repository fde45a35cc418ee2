"""Measures thinking while listening and speaking on part of a thought: the arms of one table.

Every arm hears the same cases. Notes are written by the model itself as the sound grows; a draft is its whole
thought about the sound up to 0.2 s into a pause, and its note is that thought without "incomplete".
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .audio import POSITION, RATE
from .notes import MARGIN
from .player import Answer, Heard, Player
from .scores import edits, percent, wilson
from .sets import Case
from .targets import heard_line, held, reply

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
        return [answer.reply == reply(case.question, case.clip.cue) for case, answer in self.tried]


def block_notes(case: Case) -> Notes:
    """A note of the model's own after every two seconds of sound."""
    every = round(EVERY * RATE / POSITION)
    return [(at, None) for at in range(every, len(case.clip.noisy) // POSITION, every)]


def draft_notes(player: Player, now: Heard, case: Case) -> Notes:
    """What its drafts thought in the pauses of the turn."""
    notes: Notes = []
    for start, end in case.clip.pauses:
        at = -int(-(start + DRAFT_AFTER * RATE) // POSITION)
        if at * POSITION <= end:
            thought = player.answer(player.beginning(now, at), notes=notes)
            lines = [line for line in thought.lines if line != "incomplete"]
            notes.append((at, "".join(line + "\n" for line in lines)))
    return notes


def both_notes(player: Player, now: Heard, case: Case) -> Notes:
    """Notes after blocks and of drafts, in the order in which they come up."""
    blocks, notes = block_notes(case), Notes()
    for start, end in [*case.clip.pauses, (len(case.clip.noisy), 0)]:
        at = -int(-(start + DRAFT_AFTER * RATE) // POSITION)
        while blocks and blocks[0][0] < min(at, len(now.audio)):
            notes.append((blocks[0][0], _written(player, now, [*notes, blocks[0]])))
            del blocks[0]
        if at * POSITION <= end:
            thought = player.answer(player.beginning(now, at), notes=notes)
            notes.append((at, "".join(line + "\n" for line in thought.lines if line != "incomplete")))
    return notes


def _written(player: Player, now: Heard, notes: Notes) -> str:
    return player.answer(player.beginning(now, notes[-1][0]), notes=notes, thought="").notes[-1]


def arms(player: Player, cases: Sequence[Case]) -> list[Arm]:
    """All ways of thinking over the same cases."""
    heard = [player.hear(case.clip.noisy) for case in cases]
    paused = [(c, h) for c, h in zip(cases, heard, strict=True) if c.clip.pauses]
    pairs = list(zip(cases, heard, strict=True))
    return [
        Arm("whole, after the turn", [(c, player.answer(h)) for c, h in pairs]),
        Arm("notes every 2 s", [(c, player.answer(h, notes=block_notes(c))) for c, h in pairs]),
        Arm("whole (turns with a pause)", [(c, player.answer(h)) for c, h in paused]),
        Arm(
            "notes of drafts in pauses",
            [(c, player.answer(h, notes=draft_notes(player, h, c))) for c, h in paused],
        ),
        Arm(
            "notes of drafts and every 2 s",
            [(c, player.answer(h, notes=both_notes(player, h, c))) for c, h in paused],
        ),
        Arm("no thought", [(c, player.answer(h, thought="")) for c, h in pairs]),
        Arm(
            "no thought after notes every 2 s",
            [(c, player.answer(h, notes=block_notes(c), thought="")) for c, h in pairs],
        ),
    ]


def arm_line(name: str, arm: Arm) -> str:
    """One row under `HEADER`."""
    n, right = len(arm.tried), sum(arm.right)
    low, high = wilson(right, n)
    wanted = [heard_line(case.question).removeprefix("heard: ").split() for case, _ in arm.tried]
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


def holding(player: Player, arm: Arm, rng: random.Random) -> tuple[int, int]:
    """Parts of right thoughts, cut at a random line, on which it says exactly what is sure; and all tried."""
    right = total = 0
    for (case, answer), fine in zip(arm.tried, arm.right, strict=True):
        if fine and not answer.notes and len(answer.lines) > 1:
            lines = answer.lines[: rng.randint(1, len(answer.lines) - 1)]
            thought = "".join(line + "\n" for line in lines)
            said = player.answer(player.hear(case.clip.noisy), thought=thought).reply
            right += said == held(case.question)
            total += 1
    return right, total


def report(
    player: Player, sets: dict[str, Sequence[Case]], seed: int, note: Callable[[str], None]
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
