"""What a draft that is not wanted any more leaves behind: its thought, as a note for the next one.

It decides only whether a thought may be believed later; words and sound of such a draft are gone for good.
"""

from __future__ import annotations

from dataclasses import replace

from .draft import Job
from .listening.strategy import ListeningStrategy
from .notebook import Notebook
from .ports import CAPTURE_RATE
from .reading import unconcluded
from .speculation import Ledger

SETTLED = round(0.25 * CAPTURE_RATE)
"""Samples of sound after what a dropped draft had heard, from which its words were whole ones."""


def keep(job: Job, notebook: Notebook, listening: ListeningStrategy, ledger: Ledger | None, end: int) -> None:
    """Note this draft's thought, if it is worth it. ``end``: of what was captured.

    Where it is checked before it counts, all of it. Else not where the user went on at once: what was
    heard then may be half a word, and a thought that takes it for a whole one misleads every later one.
    Nor, where thoughts go on from one another, what it concluded from the turn being over: on 100 chains
    with a pause an earlier bundled brain was right in 78 % with the rest as a note, in 62 % with all of it.
    """
    order, reading = job.order, job.reader.reading
    if listening.checked:
        notebook.take(
            order.turn, order.draft, order.listened, reading,
            tokens=job.thought_tokens, cut=not job.thought_over, checked=True,
        )  # fmt: skip
        return
    if listening.joins and job.thought_over:
        reading = replace(reading, text=unconcluded(reading.text))
    settled = end - order.listened.end >= SETTLED
    whole = job.thought_over or listening.keeps_cut
    if settled and whole and notebook.take(
        order.turn, order.draft, order.listened, reading,
        tokens=job.thought_tokens, cut=not job.thought_over, base=job.notes,
    ) and ledger is not None:  # fmt: skip
        ledger.kept(order.turn, order.draft, job.thought_tokens)
