"""What must be true of every conversation: pure checks of the evidence, one sentence per violation.

Here are those on turns, drafts, order and time; those on sound are in ``sim.audible``. Each has a test that
plants a violation. They must never repair, guess or look inside the runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from agent.turn import TurnConfig
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Duck,
    Hold,
    Hush,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    Listened,
    Overlap,
    OverlapScored,
    PlaybackReached,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Resume,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    TextEntered,
    Think,
    ToolReturned,
    Turn,
    Unduck,
)
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Thought

from . import audible, doing
from .evidence import Evidence
from .user import Uttered
from .words import WORDS

CLOSING = 2.0
"""Seconds in which a session ends."""
HEARING = 1.5
"""Seconds after the end of a sentence by which a draft of it must have been started."""
CUT = 0.1
"""Seconds of a word that may be missing at either end of what a turn took in."""
WORD = 0.3
"""Seconds of the shortest sentence that must not be missed."""
HUM = 0.6
"""Seconds of silence that a detector may miss, so that two sentences are one."""
DECLINED = (Overlap.BACKCHANNEL, Overlap.NOISE)
"""What deserves no answer."""
_BY_CLIENT = (InputBegan, InputGiven, InputWithdrawn)
Check = Callable[[Evidence], Iterator[str]]


def violations(evidence: Evidence) -> list[str]:
    """Everything that is wrong with a conversation."""
    return [f"{check.__name__}: {found}" for check in CHECKS for found in check(evidence)]


def one_reply_at_a_time(evidence: Evidence) -> Iterator[str]:
    """A reply may begin only when the one before has ended."""
    claims = evidence.claims()
    for before, after in pairwise(claims):
        if after.since < before.until:
            yield f"turn {after.turn} took the floor at {after.since:.3f}, turn {before.turn} had not left it"


def every_committed_turn_ends_once(evidence: Evidence) -> Iterator[str]:
    """One ``Remember`` for every turn whose last commit was not taken back, and none for any other."""
    closed = evidence.closed
    held: dict[Turn, str] = {}
    ended: set[Turn] = set()
    for claim in evidence.claims():
        held[claim.turn] = claim.how
        if not claim.how and closed < float("inf"):
            yield f"turn {claim.turn}, draft {claim.draft} was committed at {claim.since:.3f} and never ended"
    for at, order in evidence.of(Remember):
        if order.turn in ended:
            yield f"turn {order.turn} ended a second time at {at:.3f}"
        if order.turn not in held:
            yield f"turn {order.turn} ended at {at:.3f} but had never been committed"
        ended.add(order.turn)
    for turn, how in held.items():
        if how == "Hush" and turn not in ended:
            yield f"turn {turn} was hushed and never remembered"


def an_ended_turn_gets_no_orders(evidence: Evidence) -> Iterator[str]:
    """What has ended stays so."""
    ended: dict[Turn, float] = {}
    kinds = (CommitDraft, Say, StartDraft, DropDraft, Think, Duck, Unduck, Hold, Resume, Hush, Remember)
    for at, order in evidence.of(*kinds):
        if order.turn in ended and not isinstance(order, Remember):
            end = ended[order.turn]
            yield f"{type(order).__name__} for turn {order.turn} at {at:.3f}, which ended at {end:.3f}"
        if isinstance(order, Remember):
            ended.setdefault(order.turn, at)


def only_living_drafts_are_committed(evidence: Evidence) -> Iterator[str]:
    """Draft numbers count up, and a dropped draft is never committed."""
    living: dict[Draft, Turn] = {}
    newest = 0
    for at, order in evidence.of(StartDraft, DropDraft, CommitDraft):
        match order:
            case StartDraft(turn, draft, _):
                if turn in living.values():
                    yield f"draft {draft} of turn {turn} was started at {at:.3f} beside a living one"
                if draft <= newest:
                    yield f"draft {draft} was started at {at:.3f} after draft {newest}"
                newest = draft
                living[draft] = turn
            case DropDraft(_, draft):
                living.pop(draft, None)
            case CommitDraft(turn, draft) if living.get(draft) != turn:
                yield f"draft {draft} of turn {turn} was committed at {at:.3f} and was not alive"


def a_held_voice_is_decided_on_in_time(evidence: Evidence) -> Iterator[str]:
    """From ``Hold`` to ``Resume`` or the end of the turn at most as long as the policy allows."""
    most = TurnConfig().decide_by
    held: dict[Turn, float] = {}
    for at, order in evidence.of(Hold, Resume, Hush, Remember, SessionClosed):
        if isinstance(order, Hold):
            held[order.turn] = at
            continue
        for turn in list(held) if isinstance(order, SessionClosed) else [order.turn]:
            since = held.pop(turn, at)
            if at - since > most + 1e-6:
                yield f"turn {turn} was held at {since:.3f} and decided on only at {at:.3f}"
    for turn, since in held.items():
        if evidence.ended - since > most:
            yield f"turn {turn} was held at {since:.3f} and never decided on"


def positions_never_go_back(evidence: Evidence) -> Iterator[str]:
    """Numbers, times and positions of a trace only grow; speech starts and pauses by turns."""
    for before, after in pairwise(evidence.entries):
        if after.seq != before.seq + 1 or after.at < before.at:
            yield f"entry {after.seq} at {after.at:.3f} follows entry {before.seq} at {before.at:.3f}"
    talking, latest = False, -1
    for at, fact in evidence.of(SpeechStarted, SpeechPaused):
        if isinstance(fact, SpeechStarted) == talking or fact.at < latest:
            yield f"{fact} was told at {at:.3f} after {latest}, talking: {talking}"
        talking, latest = not talking, fact.at
    yield from _reached(evidence)
    yield from _listened(evidence)


def _reached(evidence: Evidence) -> Iterator[str]:
    reached: dict[Turn, tuple[int, int]] = {}
    for at, fact in evidence.of(PlaybackReached, CommitDraft):
        if isinstance(fact, CommitDraft):
            reached.pop(fact.turn, None)  # of a reply that was taken back there may have been news since
            continue
        place = (fact.phrase, fact.sample)
        if place < reached.get(fact.turn, (0, 0)):
            yield f"the ear went back to {place} in turn {fact.turn} at {at:.3f}"
        reached[fact.turn] = place


def _listened(evidence: Evidence) -> Iterator[str]:
    upto: dict[int, int] = {}
    for at, item in evidence.of(Listened, Think):
        if isinstance(item, Think):
            upto.setdefault(item.listened.start, item.listened.start)
        elif item.span.end < upto.get(item.span.start, 1 << 60):
            yield f"{item.span} was listened to at {at:.3f}, after up to {upto.get(item.span.start)}"
        else:
            upto[item.span.start] = item.span.end


def a_draft_heard_every_word(evidence: Evidence) -> Iterator[str]:
    """What the brain says it heard in a committed draft holds all that the user had said in that turn."""
    spans = {order.draft: order.listened for _, order in evidence.of(StartDraft)}
    typed = {at for at, _ in evidence.of(TextEntered)}
    for at, order in evidence.of(CommitDraft):
        span = spans[order.draft]
        if at in typed or not len(span):
            continue
        missing = _missing(evidence, span, _heard(evidence, order.draft))
        if missing and at < evidence.closed:
            yield f"turn {order.turn}, draft {order.draft}, committed at {at:.3f}, missed {' '.join(missing)}"


def _heard(evidence: Evidence, draft: Draft) -> list[str] | None:
    """The words of the draft's thought; None when it had not thought so far."""
    text = "".join(thought.text for _, thought in evidence.of(Thought) if thought.draft == draft)
    head, newline, _ = text.partition("\n")
    return head.removeprefix("heard:").split() if newline else None


def _missing(evidence: Evidence, span: Span, heard: list[str] | None) -> list[str]:
    if heard is None:
        return []
    missing = []
    for said in evidence.uttered:
        inside = span.start <= said.start and said.end <= span.end
        lost = any(start < said.end and said.start < end for start, end in evidence.lost)
        if inside and not lost and evidence.echo == "none":
            missing += [word for word in said.words if word in WORDS and word not in heard]
    return missing


def a_commit_waits_for_all_speech(evidence: Evidence) -> Iterator[str]:
    """A draft that silence committed reaches to the end of the user's speech, however early it began."""
    spans = {order.draft: order.listened for _, order in evidence.of(StartDraft)}
    told = {at for at, _ in evidence.of(TextEntered, InputCommitted)}
    told |= {at for at, fact in evidence.of(ReplyRequested) if fact.written}  # it answers to no speech
    ended, talking = -1, False
    for at, item in evidence.of(SpeechStarted, SpeechPaused, CommitDraft):
        match item:
            case SpeechStarted() | SpeechPaused():
                ended, talking = item.at, isinstance(item, SpeechStarted)
            case CommitDraft(turn, draft) if at not in told and (talking or spans[draft].end < ended):
                heard = spans[draft].end
                yield f"turn {turn}, draft {draft}, committed at {at:.3f}, heard up to {heard} of {ended}"


def a_silence_is_broken_once(evidence: Evidence) -> Iterator[str]:
    """The agent speaks unasked only after a reply, and not again before the user has taken part."""
    answered, taken = False, False
    for at, item in evidence.of(Think, TextEntered, InputGiven, Remember, Say):
        match item:
            case Think() | TextEntered() | InputGiven():
                taken = True
            case Remember():
                answered = item.heard_upto is None
            case Say(turn, "nudge"):
                if not (answered and taken):
                    yield f"turn {turn} broke a silence at {at:.3f} that nobody had left to it"
                taken = False


def every_sentence_is_listened_to(evidence: Evidence) -> Iterator[str]:
    """What the user says in their own time is drafted soon after, whatever went on before."""
    drafts = [(at, order.listened) for at, order in evidence.of(StartDraft)]
    for said in evidence.uttered:
        over = said.end / CAPTURE_RATE + HEARING
        if said.end - said.start < WORD * CAPTURE_RATE or over > evidence.closed or _excused(evidence, said):
            continue
        last = said.end - round(CUT * CAPTURE_RATE)
        if not any(span.start <= last and said.start < span.end and at <= over for at, span in drafts):
            yield f"nobody listened to {' '.join(said.words)!r}, said until {said.end / CAPTURE_RATE:.3f}"


def _excused(evidence: Evidence, said: Uttered) -> bool:
    """True for talk over the voice, which may be judged a backchannel, and for what could not be heard."""
    start, end = said.start / CAPTURE_RATE, said.end / CAPTURE_RATE
    lost = any(first < said.end and said.start < last for first, last in evidence.lost)
    # Who says that their turn is over, or types, is not listened to until they pause.
    told = any(start - HUM <= at <= end for at, _ in evidence.of(InputCommitted, TextEntered, *_BY_CLIENT))
    ducked = {at for at, _ in evidence.of(Duck)}
    bursts = [(begun, ended) for at, begun, ended in _bursts(evidence) if at in ducked]
    over = any(begun < said.end and said.start < ended for begun, ended in bursts)
    scores = [(at, fact.kind) for at, fact in evidence.of(OverlapScored)]
    judged = any(start <= at <= end + HUM and kind in DECLINED for at, kind in scores)
    return not said.alone or lost or told or over or judged or evidence.echo != "none"


def _bursts(evidence: Evidence) -> Iterator[tuple[float, int, int]]:
    """(when it was told, first sample, end) of each stretch of speech that the detector saw."""
    begun: tuple[float, int] | None = None
    for at, fact in evidence.of(SpeechStarted, SpeechPaused):
        if isinstance(fact, SpeechStarted):
            begun = (at, fact.at)
        elif begun is not None:
            yield (*begun, fact.at)
            begun = None
    if begun is not None:
        yield (*begun, 1 << 60)


def an_answer_comes_or_an_ending(evidence: Evidence) -> Iterator[str]:
    """A claim is voiced or ended within the longest deadline of the policy, which begins anew when a tool
    has returned: nobody waits for ever."""
    most = TurnConfig().reply_timeout + 0.5
    sounded = {(fact.turn, at) for at, fact in evidence.of(PlaybackStarted)}
    for claim in evidence.claims():
        started = any(turn == claim.turn and at >= claim.since for turn, at in sounded)
        until = min(claim.until, evidence.closed, evidence.ended)
        back = [at for at, fact in evidence.of(ToolReturned) if fact.draft == claim.draft and at <= until]
        if not started and until - max([claim.since, *back]) > most:
            yield f"turn {claim.turn} committed at {claim.since:.3f}: no sound and no ending by {until:.3f}"


def a_session_closes_in_time(evidence: Evidence) -> Iterator[str]:
    """From the order to close to the return of ``run``."""
    if evidence.closed < float("inf") and evidence.ended - evidence.closed > CLOSING:
        yield f"closed at {evidence.closed:.3f}, returned at {evidence.ended:.3f}"
    if evidence.failure and "unplugged" not in evidence.failure:
        yield f"the session raised {evidence.failure}"


CHECKS: tuple[Check, ...] = (
    one_reply_at_a_time,
    every_committed_turn_ends_once,
    an_ended_turn_gets_no_orders,
    only_living_drafts_are_committed,
    a_held_voice_is_decided_on_in_time,
    positions_never_go_back,
    a_draft_heard_every_word,
    a_commit_waits_for_all_speech,
    a_silence_is_broken_once,
    every_sentence_is_listened_to,
    an_answer_comes_or_an_ending,
    a_session_closes_in_time,
    audible.no_sound_without_commit,
    audible.silence_after_a_hush,
    audible.one_voice_at_a_time,
    audible.the_conversation_is_what_was_heard,
    audible.no_thought_at_a_voice,
    audible.samples_add_up,
    audible.speaking_means_sound,
    *doing.CHECKS,
)
