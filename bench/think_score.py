"""Scores one answered question: right or not, how late, and how much of its thought was hidden behind speech.

Pure functions of observations on the media clock. A thought token is hidden when it was written before the
first answer-bearing word was heard, while the user spoke (by the label) or the agent's voice sounded. What
was written for nothing, in drafts that were dropped or thoughts that nothing was taken from, is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .labels import Labels
from .recording import Recording
from .score import score
from .think_items import Chain
from .think_trace import Spans, Watcher
from .think_words import Claim, claim

SCENARIO = "long question"
NEEDED = 60
"""Thought tokens from which a question counts as one that needs thought."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Where thought tokens fell; the four add up to all."""

    user: int
    "While the user spoke, before the answer."
    agent: int
    "While the agent's voice sounded, before the answer."
    exposed: int
    "In silence before the answer: somebody waited."
    late: int
    "After the first answer-bearing word began."

    @property
    def hidden(self) -> int:
        return self.user + self.agent

    @property
    def all(self) -> int:
        return self.hidden + self.exposed + self.late


@dataclass(frozen=True, slots=True)
class Answered:
    """One row of the figures. Seconds count from the labelled end of the question unless said otherwise."""

    right: bool
    refused: bool
    silent: bool
    "No reply within the time given."
    repeated: bool | None
    "The operands and signs were repeated right; None: not repeated."
    first_sound: float | None
    """Voice to voice as ``score`` has it, so a cut-in that was withdrawn is none; negative: it cut in and
    went on. None: none came in the scorer's WINDOW."""
    first_answer: float | None
    "First sample of the first answer-bearing word, right or wrong."
    last_answer: float | None
    "Of the answer that stood in the end."
    user: int
    agent: int
    exposed: int
    late: int
    "Thought tokens: see ``Hidden``."
    notes: int
    "Kept from listening."
    draft_notes: int
    "Kept from dropped drafts."
    hit: bool | None
    ahead: int
    "Tokens written before the commit."
    wasted: int
    saved: float
    starved: int
    gap: float
    "Longest silence between two words of one reply, in seconds."
    gap_before_answer: float
    "Silence right before the first answer-bearing word, in seconds."
    contradiction: float
    "Greatest score of a contradiction."
    corrected: bool
    turns: int
    "Commits; more than one: the question was cut in two."
    commit: float | None
    "The last one."
    aligned: bool
    "The words' times were read from the sound."
    said: str
    thought: str = ""
    "All that was written, dropped drafts too."
    thought_right: bool | None = None
    "Its last number is the answer; for brains whose thoughts end with the result. None: it has no number."

    @property
    def thoughts(self) -> int:
        return self.user + self.agent + self.exposed + self.late


def hidden(
    thoughts: Sequence[float], user: tuple[float, float], agent: Spans, answer: float | None
) -> Hidden:
    """Sort thought tokens by what could be heard when they were written.

    ``answer`` None: there was none, so nothing is hidden behind the agent's voice; what it thought while or
    after it spoke counts as late.
    """
    border = answer if answer is not None else min((start for start, _ in agent), default=float("inf"))
    counts = [0, 0, 0, 0]
    for at in thoughts:
        if at >= border:
            counts[3] += 1
        elif user[0] <= at < user[1]:
            counts[0] += 1
        elif any(start <= at < end for start, end in agent):
            counts[1] += 1
        else:
            counts[2] += 1
    return Hidden(*counts)


def gaps(words: Spans, counts: Sequence[int]) -> list[float]:
    """Silence before each word in its own reply; 0 before a reply's first."""
    firsts = {sum(counts[:place]) for place in range(len(counts))}
    return [0.0 if at in firsts else max(0.0, words[at][0] - words[at - 1][1]) for at in range(len(words))]


def voice_to_voice(recording: Recording, labels: Labels) -> float | None:
    """Of the one question in a recording, by the scorer of every suite; None: no reply in its window.

    Raises LabelsError, SoundFileError.
    """
    turns = score(recording, labels).turns
    return None if not turns or turns[0].censored else turns[0].voice_to_voice


def answered(
    chain: Chain, user: tuple[float, float], seen: Watcher, words: Spans, agent: Spans, *, aligned: bool,
    first_sound: float | None,
) -> Answered:  # fmt: skip
    """Everything about one question. ``user``: its labelled span; ``words``: one span per heard word;
    ``first_sound``: its ``voice_to_voice``."""
    found = claim(seen.words)
    silences = gaps(words, seen.counts)
    first, last = _at(words, found.first), _at(words, found.last)
    fell = hidden(seen.thoughts, user, agent, first)
    newest = seen.speculated[-1] if seen.speculated else None
    concluded = _concluded(seen.concluded)
    before = silences[found.first] if found.first is not None and found.first < len(silences) else 0.0
    return Answered(
        right=found.answer == chain.answer,
        refused=found.refused,
        silent=not seen.words,
        repeated=_repeated(found, chain),
        first_sound=first_sound,
        first_answer=None if first is None else first - user[1],
        last_answer=None if last is None else last - user[1],
        user=fell.user, agent=fell.agent, exposed=fell.exposed, late=fell.late,
        notes=sum(note.draft == 0 for note in seen.noted),
        draft_notes=sum(note.draft > 0 for note in seen.noted),
        hit=None if newest is None else newest.hit,
        ahead=sum(one.tokens for one in seen.speculated),
        wasted=sum(one.wasted for one in seen.speculated),
        saved=0.0 if newest is None else newest.saved,
        starved=seen.starved,
        gap=max(silences, default=0.0),
        gap_before_answer=before,
        contradiction=max(seen.contradictions, default=0.0),
        corrected=found.corrected,
        turns=len(seen.commits),
        commit=seen.commits[-1] - user[1] if seen.commits else None,
        aligned=aligned,
        said=" ".join(seen.words),
        thought=seen.thought,
        thought_right=None if concluded is None else concluded == chain.answer,
    )  # fmt: skip


def _repeated(found: Claim, chain: Chain) -> bool | None:
    if not found.numbers:
        return None
    return (found.numbers, found.signs) == (chain.numbers, chain.signs)


def _concluded(thought: str) -> int | None:
    found = re.findall(r"\d+", thought)
    return int(found[-1]) if found else None


def _at(words: Spans, index: int | None) -> float | None:
    return None if index is None or index >= len(words) else words[index][0]
