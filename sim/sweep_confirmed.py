"""What must be true where a brain confirms: what was written early changes when an answer comes, never which.

Judged by writing everything again without a prediction, from the sound that the microphone gave. Pure; it
must never look inside the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.events import Draft, DraftFinished, DropDraft, Ending, PhraseDrafted, Span, StartDraft
from pipeline.listening.strategy import CLOSED
from pipeline.phrases import ThinkSplitter
from pipeline.ports import Limits, Pcm
from pipeline.prompt import Audio, Human, Prompt, Reply
from pipeline.records import Thought

from .sweep_booth import Record
from .thinker import Asked, Thinker, mark_of

_ALL = Limits(10_000)


@dataclass(slots=True)
class Told:
    """A thought as the trace tells it."""

    turn: int
    draft: int
    began: int
    "Number of its first entry."
    text: str = ""
    confirmed: int | None = None
    "Tokens that it took over; None where nothing was predicted."
    repeated: str = ""
    "Their text."


def an_answer_is_what_it_would_have_been(record: Record) -> Iterator[str]:
    """Each draft's thought and words are, byte for byte, what the brain writes with nothing predicted.

    All of it where the draft is complete, else its beginning. The words of a brain that guesses beside its
    thought depend on when it guessed: of these only the last answer is that of the whole thought.
    """
    case, done = record.case, _complete(record)
    exact = case.mind.manner.holds or case.mind.speaking == "think-fully"
    told = {each.draft: each.text for each in thoughts_of(record) if each.draft}
    for draft, span in _spans(record).items():
        mine = list(_asked(record, span))
        yield from _prompts(draft, span, record, mine)
        thought, answer = _alone(record, span)
        text, words = told.get(draft, ""), _words(record, draft)
        if not (text == thought if draft in done else thought.startswith(text)):
            yield f"draft {draft} thought {text!r}, alone it thinks {thought!r}"
        if exact and not (words == answer if draft in done else answer[: len(words)] == words):
            yield f"draft {draft} said {' '.join(words)!r}, alone it says {' '.join(answer)!r}"
        if not exact and draft in done and words[len(words) - len(answer) :] != answer:
            yield f"draft {draft} said {' '.join(words)!r}, alone it ends {' '.join(answer)!r}"
        for each in mine:
            tail = each.prompt.parts[-1]
            assert isinstance(tail, Reply), "nothing but replies is asked of a brain that confirms"
            if not thought.startswith(tail.thoughts or ""):
                yield f"draft {draft} went on from {tail.thoughts!r}, alone it thinks {thought!r}"


def what_is_confirmed_was_written_before(record: Record) -> Iterator[str]:
    """Each line that a thought takes over stands at its place in an earlier one of the turn; the last one
    perhaps only begun. The brain counted the same.
    """
    thoughts = thoughts_of(record)
    counted = {(count, _thought(text)) for count, text in (each.confirmed for each in record.asked)}
    for each in thoughts:
        if each.confirmed is None:
            continue
        earlier = [one.text for one in thoughts if one.turn == each.turn and one.began < each.began]
        lines = each.repeated.split("\n")
        for place, line in enumerate(lines):
            written = [text.split("\n")[place : place + 1] for text in earlier]
            whole = place + 1 < len(lines)
            if not any(old == line if whole else old.startswith(line) for one in written for old in one):
                yield f"draft {each.draft} took over line {place} {line!r}, nobody wrote that: {earlier}"
        if (each.confirmed, each.repeated) not in counted:
            told = f"{each.confirmed} tokens {each.repeated!r}"
            yield f"draft {each.draft} took over {told}, the brain says {counted}"


def nothing_written_before_is_written_again(record: Record) -> Iterator[str]:
    """A draft takes over as much as the best of the turn's thoughts before it had right."""
    thoughts = thoughts_of(record)
    entries = record.evidence.entries
    orders = {entry.item.draft: entry.seq for entry in entries if isinstance(entry.item, StartDraft)}
    spans = _spans(record)
    for each in thoughts:
        if not each.draft:
            continue
        tokens = _tokens(record, spans[Draft(each.draft)])
        for other in thoughts_of(record, upto=orders[Draft(each.draft)]):
            known = 0
            while known < len(tokens) and other.text.startswith("".join(tokens[: known + 1])):
                known += 1
            if other.turn == each.turn and known > (each.confirmed or 0):
                yield (
                    f"draft {each.draft} took over {each.confirmed} tokens; {known} had been written"
                    f" in draft {other.draft}: {other.text!r}"
                )


def a_dropped_thought_predicts_the_next(record: Record) -> Iterator[str]:
    """What is first asked of the turn once a draft was dropped is predicted to begin as that draft's thought.

    Unless something was thought beside the draft: then that may know more.
    """
    spans, entries = _spans(record), record.evidence.entries
    for entry in entries:
        drop = entry.item
        if not isinstance(drop, DropDraft) or drop.draft not in spans:
            continue
        told = {each.draft: each for each in thoughts_of(record, upto=entry.seq) if each.turn == drop.turn}
        began = next(e.seq for e in entries if isinstance(e.item, StartDraft) and e.item.draft == drop.draft)
        if drop.draft not in told or _thought_beside(record, drop, began, entry.seq):
            continue
        text, sound = told[drop.draft].text, record.captured[spans[drop.draft].start : spans[drop.draft].end]
        for each in record.asked:
            if each.kind == "thought" and each.at >= entry.at and _begins_with(_given(each), sound):
                if not each.predicted.startswith(text):
                    yield f"draft {drop.draft} had thought {text!r}, predicted was {each.predicted!r}"
                break


def thoughts_of(record: Record, upto: int | None = None) -> list[Told]:
    """All thoughts in the order of their beginnings, as far as they were told before entry ``upto``."""
    told: list[Told] = []
    newest: dict[tuple[int, int], Told] = {}
    for entry in record.evidence.entries:
        item = entry.item
        if not isinstance(item, Thought) or (upto is not None and entry.seq >= upto):
            continue
        key = (item.turn, item.draft)
        if item.confirmed is not None or key not in newest:
            repeated = item.text if item.confirmed is not None else ""
            newest[key] = Told(*key, entry.seq, "", item.confirmed, repeated)
            told.append(newest[key])
        newest[key].text += item.text
    return told


def _prompts(draft: Draft, span: Span, record: Record, mine: list[Asked]) -> Iterator[str]:
    """Its prompts hold the sound that it listened to, and nothing beside."""
    human = _human(record, span)
    for each in mine:
        given = _given(each)
        if given != human:
            beside = [part for part in given.parts if not isinstance(part, Audio)]
            yield f"a prompt of draft {draft} is not the sound alone: {given.notes}, {beside}"


def _asked(record: Record, span: Span) -> Iterator[Asked]:
    """What was asked about this sound."""
    mark, sound = mark_of(len(span)), _human(record, span).parts
    for each in record.asked:
        if each.mark == mark and _given(each).parts[:1] == sound:
            yield each


def _given(asked: Asked) -> Human:
    return [part for part in asked.prompt if isinstance(part, Human)][-1]


def _thought_beside(record: Record, drop: DropDraft, since: int, until: int) -> bool:
    """Another thought of the turn was written while the draft was."""
    between = [entry.item for entry in record.evidence.entries if since < entry.seq < until]
    return any(isinstance(e, Thought) and e.turn == drop.turn and e.draft != drop.draft for e in between)


def _begins_with(given: Human, sound: Pcm) -> bool:
    """It is of this sound's turn, and of more of it."""
    parts = [part.pcm for part in given.parts if isinstance(part, Audio)]
    return bool(parts) and len(parts[0]) > len(sound) and np.array_equal(parts[0][: len(sound)], sound)


def _alone(record: Record, span: Span) -> tuple[str, list[str]]:
    """The thought and the words of an answer to this sound, with nothing predicted."""
    tokens = "".join(_tokens(record, span))
    thought, _, answer = tokens.partition(CLOSED)
    return thought, answer.split()


def _tokens(record: Record, span: Span) -> list[str]:
    brain = Thinker(replace(record.case.mind.manner, confirms=False))
    prompt = Prompt((_human(record, span), Reply()))
    return [piece.text for piece in brain.generate(prompt, _ALL)]


def _human(record: Record, span: Span) -> Human:
    return Human((Audio(record.captured[span.start : span.end]),))


def _thought(text: str) -> str:
    return ThinkSplitter(thinking=True).feed(text)[0]


def _spans(record: Record) -> dict[Draft, Span]:
    return {order.draft: order.listened for _, order in record.evidence.of(StartDraft)}


def _complete(record: Record) -> set[Draft]:
    finished = record.evidence.of(DraftFinished)
    return {fact.draft for _, fact in finished if fact.reason is Ending.COMPLETE}


def _words(record: Record, draft: Draft) -> list[str]:
    phrases = [fact for _, fact in record.evidence.of(PhraseDrafted) if fact.draft == draft]
    return [word for phrase in phrases for word in phrase.text.split()]
