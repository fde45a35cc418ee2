"""Turns of conversations made of clips: which clips stood before one, and what was replied to them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .audio import POSITION
from .augment import Clip
from .language import Earlier
from .notes import Spoken
from .skills import registry, tools
from .skills.question import Past, Question

COUNTS = (0.45, 0.25, 0.3)
"Of one, two and three earlier turns, where there are any."
FITTING, NEEDED = 0.93, 0.92
"Shares of follow-ups that stand after what they need, and that stand after anything at all."
WHOLE = 0.8
"Share of these whose turn before needed none itself."
TRIES = {False: 8, True: 40}
"Ways to place a clip, in training and in a test, before it is placed otherwise."
_ANY = ("again", "said", "earlier")
_TWO = ("both", "earlier")


class Spoke(Protocol):
    """`batches.Item`, as far as it is used here."""

    @property
    def clip(self) -> Clip: ...

    @property
    def question(self) -> Question: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip as the newest turn of a conversation."""

    owner: int
    before: tuple[int, ...] = ()
    "Clips of the earlier turns, oldest first."
    past: Past = ()
    "The same as questions, with the replies that were spoken."
    tools: tuple[str, ...] = ()
    "Names of those that were offered."


def said_of(clip: Clip, question: Question) -> tuple[str, ...]:
    """Words and sound events in the order of the clip."""
    if not clip.onsets:
        return question.words
    loud = np.flatnonzero(np.abs(clip.clean) > 1e-4)
    begin = int(loud[0]) if len(loud) else 0
    before = tuple(kind for kind, at in sorted(clip.onsets, key=lambda onset: onset[1]) if at < begin)
    after = tuple(kind for kind, at in sorted(clip.onsets, key=lambda onset: onset[1]) if at >= begin)
    return (*before, *question.words, *after)


def spoken_of(item: Spoke, past: Past = ()) -> Spoken:
    """The words of a clip on the grid of its positions; word ends only where no sound stands among them."""
    clip, question = item.clip, item.question
    said = () if question.skill == "unclear" else said_of(clip, question)
    plain = len(clip.ends) == len(said or question.words)
    return Spoken(
        question,
        clip.measured,
        len(clip.noisy) // POSITION,
        tuple(end / POSITION for end in clip.ends) if plain else (),
        tuple((start / POSITION, end / POSITION) for start, end in clip.pauses),
        said,
        past,
    )


def place(
    items: Sequence[Spoke], owner: int, rng: random.Random, share: float, *, test: bool = False
) -> Placed:
    """Puts other clips before the owner: what a follow-up needs, else anything, by chance `share`.

    `test`: a follow-up always stands after what it needs, and where it takes a column step that is one which
    training never has, as far as the clips give it.
    """
    question = items[owner].question
    for _ in range(TRIES[test]):
        placed = _placed(items, owner, rng, share, test)
        unmet = registry.unmet(question, placed.past)
        if not unmet or (any(unmet) if test else not any(unmet)):
            return placed
    return placed if test else Placed(owner, tools=_tools([question], rng))


def _placed(items: Sequence[Spoke], owner: int, rng: random.Random, share: float, test: bool) -> Placed:
    question = items[owner].question
    wanted, skill = registry.before(question), question.skill
    count = rng.choices((1, 2, 3), COUNTS)[0] if rng.random() < share else 0
    if (wanted or skill in _ANY) and (test or rng.random() < NEEDED):
        count = max(count, 2 if skill in _TWO else 1)
    if tools.stage(question):
        offers = tools.stage(question) != "none"
    else:
        offers = rng.random() < 0.7
    before, past = list[int](), list[tuple[Question, str]]()
    for at in range(count):
        near = at >= count - (2 if skill == "both" else 1)
        names = wanted if near and (test or rng.random() < FITTING) else ()
        found = _fitting(items, owner, names, offers)
        if names and (test or rng.random() < WHOLE):  # a follow-up may itself have had nothing to go on from
            found = [i for i in found if items[i].question.skill in registry.ALONE] or found
        if found:
            one = rng.choice(found)
            earlier = items[one]
            reply = registry.reply(earlier.question, earlier.clip.measured, past)
            if not test and rng.random() < registry.CUTS and len(reply.split()) > 2:
                reply = " ".join(reply.split()[: rng.randrange(1, len(reply.split()))])
            before.append(one)
            past.append((earlier.question, reply))
    return Placed(owner, tuple(before), tuple(past), _tools([question, *(q for q, _ in past)], rng))


def _fitting(items: Sequence[Spoke], owner: int, names: tuple[str, ...], offers: bool) -> list[int]:
    """Clips that may stand before. A call is no reply, so its turn is not over; what got no reply is not in
    the history that the runtime gives."""
    barred = ("call", "none" if offers else "result")
    return [
        i
        for i, item in enumerate(items)
        if i != owner
        and item.question.skill != "nod"
        and (not names or item.question.skill in names)
        and tools.stage(item.question) not in barred
    ]


def _tools(questions: Sequence[Question], rng: random.Random) -> tuple[str, ...]:
    offered = registry.offered(questions)
    return rng.choice(((), tools.NAMES)) if offered is None else offered


def history_of(placed: Placed, positions: Sequence[int], rng: random.Random) -> tuple[Earlier, ...]:
    """Earlier turns as `turns.Turn` takes them; `positions` of every clip."""
    return tuple(
        (positions[i], reply, tools.called(question, rng) if tools.stage(question) == "result" else None)
        for i, (question, reply) in zip(placed.before, placed.past, strict=True)
    )
