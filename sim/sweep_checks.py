"""What must be true of every conversation of a sweep, judged at the sink and by the brain's own record.

Stricter than ``sim.invariants`` where a conversation is small enough to know everything about it: when each
sample may leave, which words each reply must answer, which notes each draft must carry. Pure; it must never
look inside the runtime.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pipeline.events import CommitDraft, Draft, DropDraft, Resume, Span, StartDraft, Think
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE
from pipeline.prompt import BLOCK
from pipeline.records import Noted, Thought

from . import audible, invariants
from .audible import LINGER, TOLERANCE, UNREAD
from .evidence import Claim
from .sweep_booth import LONGEST, Record
from .thinker import Known, mark_of
from .user import Uttered
from .words import LONG, PLAIN

Check = Callable[[Record], Iterator[str]]
HINDSIGHT = 0.1
"""Seconds, beside the detector's lag, in which nobody knows of speech: window, frame, a look at the sink."""
CLOSING = 0.1
"""Seconds after its last line in which a thought is closed."""
SETTLED = 0.3
"""Seconds after what a draft had heard from which its thought must be kept."""
_SUMMED = re.compile(r"sum \d+\n")
_NAMED = re.compile(r"-[b-z]+")

COMMON = (
    invariants.one_reply_at_a_time,
    invariants.every_committed_turn_ends_once,
    invariants.an_ended_turn_gets_no_orders,
    invariants.only_living_drafts_are_committed,
    invariants.a_held_voice_is_decided_on_in_time,
    invariants.positions_never_go_back,
    invariants.an_answer_comes_or_an_ending,
    invariants.a_session_closes_in_time,
    audible.no_sound_without_commit,
    audible.silence_after_a_hush,
    audible.one_voice_at_a_time,
    audible.samples_add_up,
    audible.speaking_means_sound,
)
"""Checks of all simulated conversations that hold for those of a sweep as they are."""


def violations(record: Record, checks: tuple[Check, ...]) -> list[str]:
    """Everything that is wrong with a conversation."""
    found = [f"{check.__name__}: {each}" for check in COMMON for each in check(record.evidence)]
    return found + [f"{check.__name__}: {each}" for check in checks for each in check(record)]


def it_ends_in_good_order(record: Record) -> Iterator[str]:
    """No error, no endless talk, and nothing of it is still being written."""
    if record.evidence.failure:
        yield record.evidence.failure
    if record.evidence.ended > LONGEST:
        yield f"still not over after {LONGEST:g} s"
    if record.open_streams:
        yield f"{record.open_streams} generations were still open"
    if record.open_jobs:
        yield f"{record.open_jobs} drafts were still known to the decoder"


def no_sample_leaves_uncommitted(record: Record) -> Iterator[str]:
    """Every sample that is not zero left between a commit and the end of that reply, plus the fade."""
    claims = record.evidence.claims()
    for start, end in record.left:
        mine = [claim for claim in claims if claim.since <= start + 1e-9]
        if not mine:
            yield f"sound left at {start:.4f}, before any commit"
        elif all(end > claim.until + LINGER for claim in mine):
            yield f"sound left until {end:.4f}, the last reply had ended at {mine[-1].until:.4f}"


def no_reply_misses_words(record: Record) -> Iterator[str]:
    """What was said before a reply's first sample left had been listened to, by it or by an earlier one."""
    spans = spans_of(record)
    heard: list[Span] = []
    for claim, first in voiced(record):
        heard.append(spans[claim.draft])
        for said in record.evidence.uttered:
            known = said.start / CAPTURE_RATE < first - record.case.lag - HINDSIGHT
            if known and not any(_inside(said, span) for span in heard):
                yield f"draft {claim.draft} sounded at {first:.3f} and had missed {' '.join(said.words)!r}"


def every_word_is_answered(record: Record) -> Iterator[str]:
    """The last reply was heard whole and is the sum of its turn's words; each sentence has a reply."""
    spans = spans_of(record)
    sounded = voiced(record)
    for said in record.evidence.uttered:
        meant = any(word in PLAIN for word in said.words)
        if meant and not any(_inside(said, spans[claim.draft]) for claim, _ in sounded):
            yield f"no reply was given to {' '.join(said.words)!r}"
    if not sounded:
        return
    claim = sounded[-1][0]
    exchange = next((each for each in record.evidence.exchanges if each.turn == claim.turn), None)
    if exchange is None:
        yield f"turn {claim.turn} sounded and was not remembered"
        return
    words = [w for said in record.evidence.uttered if _inside(said, spans[claim.draft]) for w in said.words]
    expected = answer_to(tuple(words))
    if not exchange.whole or not _NAMED.sub("", exchange.reply).endswith(expected):
        whole = "whole" if exchange.whole else "cut"
        yield f"{exchange.reply!r} ({whole}) is no answer to {' '.join(words)!r}: {expected!r}"


def answer_to(words: tuple[str, ...]) -> str:
    """The whole answer to these words, without the name of the sound it was given to."""
    plain = [word for word in words if word in PLAIN]
    worth = [PLAIN.index(word) + 1 for word in plain]
    counts = [f"Then {w} {v}." for w, v in zip(plain, worth, strict=True)]
    return " ".join(
        [f"Asked {' '.join(plain)}.", *(counts if LONG in words else ()), f"Sum makes {sum(worth)}."]
    )


def nothing_of_the_reply_is_lost(record: Record) -> Iterator[str]:
    """A false interruption costs no word, and the voice goes on with the word that was cut or the next."""
    evidence = record.evidence
    exchange = next(iter(evidence.exchanges), None)
    if exchange is None or not exchange.whole:
        yield f"the reply was not heard to its end: {exchange}"
        return
    words = spoken_words(record, exchange.turn)
    missing = [word for word, share in words if share < 1.0]
    if missing or len(words) != len(exchange.reply.split()):
        yield f"{' '.join(missing)!r} never left whole of {exchange.reply!r}"
    for at, _ in evidence.of(Resume):
        # a word that sounds across the moment was held for less than the sink's next pull, and not at all
        before = [sound for sound in evidence.sounds if sound.start < at]
        after = next((sound for sound in evidence.sounds if sound.start >= at), None)
        if not before or after is None:
            continue
        was, goes_on = before[-1], (after.utterance, after.word)
        if goes_on not in ((was.utterance, was.word), (was.utterance, was.word + 1), (was.utterance + 1, 0)):
            yield f"resumed at {at:.3f} with word {goes_on}, cut at {(was.utterance, was.word)}"


def no_finished_thought_is_lost(record: Record) -> Iterator[str]:
    """A dropped draft's whole thought became a note; a committed draft carried all notes of its turn.

    Not a thought about words that may have been cut: the user went on before these could settle.
    """
    evidence = record.evidence
    notes = [(at, noted) for at, noted in evidence.of(Noted)]
    spans = spans_of(record)
    for at, drop in evidence.of(DropDraft):
        texts = [t.text for when, t in evidence.of(Thought) if t.draft == drop.draft and when <= at - CLOSING]
        thought = "".join(texts)
        reach = -(-len(spans[drop.draft]) // BLOCK) if drop.draft in spans else 0
        known = any(n.turn == drop.turn and n.after >= reach for when, n in notes if when <= at + 1e-9)
        opened = any(order.turn == drop.turn for when, order in evidence.of(Think) if when <= at)
        settled = drop.draft in spans and at >= spans[drop.draft].end / CAPTURE_RATE + SETTLED
        if opened and settled and _SUMMED.search(thought) and not known:
            yield f"draft {drop.draft} was dropped at {at:.3f} and its thought was not kept"
    for _, commit in evidence.of(CommitDraft):
        span = spans[commit.draft]
        began = next(at for at, order in evidence.of(StartDraft) if order.draft == commit.draft)
        taken = [n for when, n in notes if n.turn == commit.turn and when < began - 1e-9]
        due = [n.text for n in taken if n.after <= -(-len(span) // BLOCK)]
        mine = [each for each in record.asked if each.mark == mark_of(len(span))]
        seen = {each.notes for each in mine if each.kind != "note"}
        if seen and not any(all(text.strip() in carried for text in due) for carried in seen):
            yield f"draft {commit.draft} did not carry {due}: {seen}"


def no_thought_counts_twice(record: Record) -> Iterator[str]:
    """No prompt carries more words in its notes than were said, nor in another order."""
    for each in record.asked:
        words = tuple(Known.read(each.notes).words)
        if words != each.words[: len(words)]:
            yield f"the notes hold {words}, the sound {each.words}"


def history_is_what_left_the_sink(record: Record) -> Iterator[str]:
    """Each remembered reply is the beginning of what left the sink, within one word."""
    for exchange in record.evidence.exchanges:
        kept, words = exchange.reply.split(), spoken_words(record, exchange.turn)
        whole = next((k for k, (_, share) in enumerate(words) if share < 1.0), len(words))
        begun = next((k for k, (_, share) in enumerate(words) if share == 0.0), len(words))
        if kept != [word for word, _ in words[: len(kept)]]:
            yield f"turn {exchange.turn}: {exchange.reply!r} is no beginning of what the voice was given"
        elif not whole - 1 <= len(kept) <= whole + 1 or len(kept) > begun:
            yield f"turn {exchange.turn}: {len(kept)} words kept, {whole} left whole, {begun} in part"


def spoken_words(record: Record, turn: int) -> list[tuple[str, float]]:
    """The words of a turn's last claim, and how much of each left the sink at one stretch (1: all)."""
    evidence = record.evidence
    claims = [claim for claim in evidence.claims() if claim.turn == turn]
    if not claims:
        return []
    owner = (turn, claims[-1].draft)
    longest: dict[tuple[int, int], int] = {}
    for sound in evidence.sounds:
        key = (sound.utterance, sound.word)
        longest[key] = max(longest.get(key, 0), sound.samples)
    slack = round((TOLERANCE + UNREAD) * PLAYOUT_RATE)
    mine = [u for u in evidence.utterances if owner in evidence.owners(u)]
    sounded = {serial for serial, _ in longest}
    # A phrase that made way for another reply's is asked for again: of such a pair the second one counts.
    silent = {k for k, u in enumerate(mine) if u.serial not in sounded}
    again = {k for k in silent if mine[k].text in [later.text for later in mine[k + 1 :]]}
    return [
        (word, min(1.0, longest.get((u.serial, index), 0) / max(1, u.lengths[index] - slack)))
        for k, u in enumerate(mine)
        if k not in again
        for index, word in enumerate(u.words)
    ]


def spans_of(record: Record) -> dict[Draft, Span]:
    """What each draft had listened to."""
    return {order.draft: order.listened for _, order in record.evidence.of(StartDraft)}


def voiced(record: Record) -> list[tuple[Claim, float]]:
    """The replies of which a sample left, with the time of the first, in order."""
    found = []
    for claim in record.evidence.claims():
        first = next((s for s, _ in record.left if claim.since <= s <= claim.until), None)
        if first is not None and claim.draft:
            found.append((claim, first))
    return found


def _inside(said: Uttered, span: Span) -> bool:
    slack = round(0.02 * CAPTURE_RATE)
    return span.start <= said.start + slack and said.end - slack <= span.end
