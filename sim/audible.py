"""Invariants on sound: judged by the samples that the sink pulled, not by what anybody says about them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from pipeline.events import (
    DropDraft,
    Hold,
    Hush,
    PlaybackEnded,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    Resume,
    SessionClosed,
    StageFailed,
    Turn,
)
from pipeline.ports import PLAYOUT_RATE
from pipeline.records import Thought

from .brain import SECRET
from .evidence import Claim, Evidence, Sound
from .voice import Utterance

LINGER = 0.06
"""Seconds after its end in which a reply may still fade out."""
LATE = 0.5
"""Seconds without sound after which speaking needs a reason."""
UNREAD = 0.015
"""Seconds at a word's edges in which a stamp cannot be read."""
TOLERANCE = 0.02
"""Seconds of a word that may be missing when it counts as heard, as in ``tts.alignment``."""


def no_sound_without_commit(evidence: Evidence) -> Iterator[str]:
    """Every sound belongs to a draft that was committed before it."""
    claims = evidence.claims()
    said = evidence.said()
    for sound in evidence.sounds:
        utterance = said.get(sound.utterance)
        if utterance is None:
            yield f"a sound at {sound.start:.3f} belongs to no utterance"
        elif not _claims(evidence, utterance, claims, sound.start):
            yield f"{utterance.text!r} sounded at {sound.start:.3f} and was not committed"


def silence_after_a_hush(evidence: Evidence) -> Iterator[str]:
    """Nothing of a reply sounds later than LINGER after its end."""
    claims = evidence.claims()
    said = evidence.said()
    for sound in evidence.sounds:
        utterance = said.get(sound.utterance)
        mine = _claims(evidence, utterance, claims, sound.start) if utterance else []
        stalled = sum(max(0.0, min(b, sound.end) - max(a, sound.start)) for a, b in evidence.stalled)
        if mine and utterance and all(sound.end - stalled > claim.until + LINGER for claim in mine):
            latest = max(mine, key=lambda claim: claim.until)
            if any(start - LINGER <= latest.until <= end + LINGER for start, end in evidence.stalled):
                continue  # a sink that pulls nothing can let go of nothing
            yield (
                f"{utterance.text!r} of turn {latest.turn} sounded until {sound.end:.3f},"
                f" {latest.how} was at {latest.until:.3f}"
            )


def one_voice_at_a_time(evidence: Evidence) -> Iterator[str]:
    """No word of an older utterance after one of a newer."""
    newest = -1
    for sound in evidence.sounds:
        if sound.utterance < newest:
            yield f"utterance {sound.utterance} sounded at {sound.start:.3f}, after utterance {newest}"
        newest = max(newest, sound.utterance)


def the_conversation_is_what_was_heard(evidence: Evidence) -> Iterator[str]:
    """A remembered reply begins what was spoken and ends with the last word heard, give or take one."""
    for exchange in evidence.exchanges:
        utterances = _voiced(evidence, exchange.turn)
        words = [word for utterance in utterances for word in utterance.words]
        kept = exchange.reply.split()
        if kept != words[: len(kept)]:
            yield f"turn {exchange.turn}: {exchange.reply!r} is no beginning of {' '.join(words)!r}"
            continue
        ends = (at for at, order in evidence.of(Remember) if order.turn == exchange.turn)
        ended = next(ends, evidence.ended)
        least = _heard(evidence, utterances, ended - evidence.latency - 0.04)
        most = _heard(evidence, utterances, ended + LINGER)
        if not least - 1 <= len(kept) <= most + 1:
            yield f"turn {exchange.turn}: {exchange.reply!r} remembered, {least} to {most} words heard"


def no_thought_at_a_voice(evidence: Evidence) -> Iterator[str]:
    """No word that stands in thoughts only, and no markup, reaches the voice."""
    thoughts = {thought.text.strip() for _, thought in evidence.of(Thought) if len(thought.text) > 40}
    for utterance in evidence.utterances:
        secret = SECRET in utterance.text or utterance.text.startswith("heard") or "<" in utterance.text
        if secret or utterance.text.strip() in thoughts:
            yield f"the voice was given {utterance.text!r}"


def samples_add_up(evidence: Evidence) -> Iterator[str]:
    """What was made was played or dropped by a named event; what was fed is delivered, discarded or waits."""
    supply = evidence.supply
    if supply.fed != supply.delivered + supply.discarded + supply.queued:
        yield f"the playout does not add up: {supply}"
    for account in evidence.accounts:
        over = bool(account.reason)
        if over and account.made != account.played + account.dropped:
            yield f"turn {account.turn} does not add up: {account}"
        if account.played > account.made or (account.dropped and not account.reason):
            yield f"turn {account.turn} lost samples to nobody: {account}"
    heard = sum(sound.samples for sound in evidence.sounds)
    if heard > supply.delivered:
        yield f"{heard} samples were heard, {supply.delivered} were delivered"


def speaking_means_sound(evidence: Evidence) -> Iterator[str]:
    """While a reply is said to play, sound leaves at least every LATE seconds, or a reason is known."""
    for turn, start, end in _speaking(evidence):
        reasons = [at for at, fact in evidence.of(PlaybackStarved) if fact.turn == turn]
        reasons += [at for at, _ in evidence.of(StageFailed)]
        last = max((sound.end for sound in evidence.sounds if sound.end <= start), default=start)
        edges = sorted({start, end, *(sound.end for sound in evidence.sounds if start <= sound.end <= end)})
        for before, after in pairwise(edges):
            # What starved before a hold is not told again after the resume.
            excused = any((last if before == start else before) - 0.1 <= at <= after for at in reasons)
            stalled = any(a < after and before < b for a, b in (*evidence.stalled, *evidence.late))
            if after - before > LATE and not excused and not stalled:
                yield f"turn {turn} was said to speak from {before:.3f} to {after:.3f}, nothing sounded"


def _speaking(evidence: Evidence) -> Iterator[tuple[Turn, float, float]]:
    """(turn, start, end) of each stretch in which a reply plays and is not held."""
    since: tuple[Turn, float] | None = None
    claims = evidence.claims()
    kinds = (PlaybackStarted, PlaybackEnded, Hold, Resume, Hush, Remember, SessionClosed, DropDraft)
    for at, item in evidence.of(*kinds):
        if isinstance(item, DropDraft) and (since is None or item.turn != since[0]):
            continue  # else the reply was taken back: its user had begun before its first sound
        if since is not None and not isinstance(item, PlaybackStarted | Resume):
            yield (*since, at)
            since = None
        if isinstance(item, PlaybackStarted | Resume) and _live(claims, item.turn, at):
            since = (item.turn, at)


def _live(claims: list[Claim], turn: Turn, at: float) -> bool:
    """False for late news of a reply that was taken back."""
    return any(claim.turn == turn and claim.since <= at <= claim.until for claim in claims)


def _claims(evidence: Evidence, utterance: Utterance, claims: list[Claim], at: float) -> list[Claim]:
    """The claims under which this utterance may sound, begun by ``at``."""
    owners = evidence.owners(utterance)
    return [claim for claim in claims if (claim.turn, claim.draft) in owners and claim.since <= at + UNREAD]


def _voiced(evidence: Evidence, turn: Turn) -> list[Utterance]:
    """What the voice was given for a turn's last claim, without what it did not utter."""
    claims = [claim for claim in evidence.claims() if claim.turn == turn]
    if not claims:
        return []
    owner = (turn, claims[-1].draft)
    mine = [utterance for utterance in evidence.utterances if owner in evidence.owners(utterance)]
    if owner[1] == 0:  # canned words are the same in every turn: those asked for under this claim
        mine = [u for u in mine if claims[-1].since <= u.at < claims[-1].until]
    sounded = {sound.utterance for sound in evidence.sounds}
    newest = {u.text: u for u in mine if u.serial in sounded}  # a phrase that made way was asked for twice
    return list(newest.values())


def _heard(evidence: Evidence, utterances: list[Utterance], upto: float) -> int:
    """How many words of these utterances, from the first on, had sounded whole by then."""
    count = 0
    for utterance in utterances:
        for word, length in enumerate(utterance.lengths):
            whole = length - round((TOLERANCE + UNREAD) * PLAYOUT_RATE)
            if _longest(evidence.sounds, utterance.serial, word, upto) < whole:
                return count
            count += 1
    return count


def _longest(sounds: tuple[Sound, ...], serial: int, word: int, upto: float) -> int:
    lengths = [
        min(sound.samples, round((upto - sound.start) * PLAYOUT_RATE))
        for sound in sounds
        if sound.utterance == serial and sound.word == word
    ]
    return max(lengths, default=0)
