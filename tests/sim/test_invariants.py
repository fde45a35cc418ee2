"""Every invariant bites: a sound conversation passes all of them, and a planted fault is found by its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.events import (
    CommitDraft,
    Draft,
    DraftStarted,
    DropDraft,
    Duck,
    Hold,
    Hush,
    Listened,
    PlaybackReached,
    PlaybackStarted,
    Remember,
    Resume,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    Turn,
)
from pipeline.records import Thought
from pipeline.trace import Entry
from sim import doing
from sim.evidence import Evidence, Sound
from sim.invariants import CHECKS, positions_never_go_back, violations
from sim.script import Overlap, Rest, Scenario, Speak
from sim.world import play

ACTS = (
    Speak(("alpha", "bravo", "long")),
    Overlap(("charlie", "delta", "echo", "foxtrot"), 1.0),
    Rest(3.0),
    Speak(("golf", "long")),
    Overlap(("mumble",), 0.8),
    Rest(6.0),
)


@pytest.fixture(scope="module")
def sound() -> Evidence:
    """A conversation with a barge-in, a mumble over the voice that no heads judge, and nothing wrong."""
    return play(Scenario(6, ACTS, heads=False, shortest=1.0))


def first(evidence: Evidence, kind: type) -> tuple[float, Any]:
    return next(evidence.of(kind))


def plus(evidence: Evidence, *entries: tuple[float, Any]) -> Evidence:
    """The evidence with more entries, each after what was there at its time."""
    every = sorted([(e.at, e.item) for e in evidence.entries] + list(entries), key=lambda pair: pair[0])
    return replace(evidence, entries=tuple(Entry(seq, at, item) for seq, (at, item) in enumerate(every)))


def minus(evidence: Evidence, drop: Callable[[float, Any], bool]) -> Evidence:
    """The evidence without some entries."""
    left = [(e.at, e.item) for e in evidence.entries if not drop(e.at, e.item)]
    return replace(evidence, entries=tuple(Entry(seq, at, item) for seq, (at, item) in enumerate(left)))


def test_a_sound_conversation_passes_and_holds_what_the_planting_needs(sound: Evidence) -> None:
    assert violations(sound) == []
    kinds = {type(entry.item) for entry in sound.entries}
    assert {CommitDraft, Hold, Resume, Hush, Remember, DropDraft, PlaybackReached, Listened, Thought} <= kinds
    assert len(sound.exchanges) >= 2 and len(sound.sounds) > 10


def second_claim(e: Evidence) -> Evidence:
    at, _ = first(e, CommitDraft)
    start = StartDraft(Turn(90), Draft(90), Span(Sample(0), Sample(0)))
    return plus(e, (at + 0.01, start), (at + 0.01, CommitDraft(Turn(90), Draft(90))))


def no_ending(e: Evidence) -> Evidence:
    last = max(order.turn for _, order in e.of(Remember))
    return minus(e, lambda _at, item: isinstance(item, Remember) and item.turn == last)


def two_endings(e: Evidence) -> Evidence:
    at, order = first(e, Remember)
    return plus(e, (at + 1, order))


def ending_of_nothing(e: Evidence) -> Evidence:
    return plus(e, (e.closed - 0.1, Remember(Turn(77), 0)))


def order_after_the_end(e: Evidence) -> Evidence:
    at, order = first(e, Remember)
    return plus(e, (at + 1, Duck(order.turn, 0.3)))


def commit_of_the_dead(e: Evidence) -> Evidence:
    at, order = first(e, CommitDraft)
    return plus(e, (at - 0.001, DropDraft(order.turn, order.draft)))


def a_number_used_twice(e: Evidence) -> Evidence:
    _, order = first(e, StartDraft)
    return plus(e, (e.closed - 0.1, replace(order, turn=Turn(50))))


def a_second_draft(e: Evidence) -> Evidence:
    at, order = first(e, StartDraft)
    return plus(e, (at + 0.001, replace(order, draft=Draft(70))))


def a_draft_that_ends_too_early(e: Evidence) -> Evidence:
    _, commit = first(e, CommitDraft)
    entries = list(e.entries)
    for index, entry in enumerate(entries):
        if isinstance(entry.item, StartDraft) and entry.item.draft == commit.draft:
            heard = Span(entry.item.listened.start, Sample(entry.item.listened.end - 3200))
            entries[index] = replace(entry, item=replace(entry.item, listened=heard))
    return replace(e, entries=tuple(entries))


def a_commit_in_mid_speech(e: Evidence) -> Evidence:
    at, _ = first(e, CommitDraft)
    return plus(e, (at - 0.001, SpeechStarted(Sample(round(at * 16_000)))))


def a_nudge_too_many(e: Evidence) -> Evidence:
    nudges = [(e.closed - wait, Say(Turn(80 + wait), "nudge")) for wait in (2, 1)]
    return plus(e, *nudges)


def held_for_ever(e: Evidence) -> Evidence:
    _, order = first(e, Hold)
    return minus(e, lambda when, item: isinstance(item, Resume | Hush | Remember) and item.turn == order.turn)


def held_too_long(e: Evidence) -> Evidence:
    at, order = first(e, PlaybackStarted)
    return plus(minus(e, lambda _at, item: isinstance(item, Hold)), (at - 1.5, Hold(order.turn)))


def time_goes_back(e: Evidence) -> Evidence:
    entries = list(e.entries)
    entries[5] = replace(entries[5], at=entries[4].at - 1)
    return replace(e, entries=tuple(entries))


def a_number_is_missing(e: Evidence) -> Evidence:
    return replace(e, entries=e.entries[:9] + e.entries[10:])


def two_starts(e: Evidence) -> Evidence:
    at, fact = first(e, SpeechPaused)
    return plus(e, (at - 0.01, SpeechStarted(fact.at)))


def the_ear_goes_back(e: Evidence) -> Evidence:
    at, fact = list(e.of(PlaybackReached))[2]
    return plus(e, (at + 0.001, PlaybackReached(fact.turn, fact.phrase, 1)))


def listened_backwards(e: Evidence) -> Evidence:
    at, fact = first(e, Listened)
    return plus(e, (at + 0.001, Listened(Span(fact.span.start, Sample(fact.span.end - 320)))))


def deaf_draft(e: Evidence) -> Evidence:
    """The first committed draft's thought loses a word."""
    _, commit = first(e, CommitDraft)
    return minus(
        e, lambda _at, item: isinstance(item, Thought) and item.draft == commit.draft and "bravo" in item.text
    )


def nobody_listens(e: Evidence) -> Evidence:
    return minus(e, lambda _at, item: isinstance(item, StartDraft | CommitDraft))


def nobody_answers(e: Evidence) -> Evidence:
    at = e.closed - 11
    return plus(e, (at, Say(Turn(60), "greeting")))


def slow_to_close(e: Evidence) -> Evidence:
    return replace(e, ended=e.closed + 2.5)


def raised(e: Evidence) -> Evidence:
    return replace(e, failure="BugError: something impossible")


def early_sound(e: Evidence) -> Evidence:
    at, _ = first(e, CommitDraft)
    return replace(e, sounds=(Sound(at - 0.3, at - 0.1, 0, 0, 4800), *e.sounds))


def nobodys_sound(e: Evidence) -> Evidence:
    return replace(e, sounds=(*e.sounds, Sound(e.ended - 0.2, e.ended, -1, 0, 4800)))


def sound_after_a_hush(e: Evidence) -> Evidence:
    at, _ = first(e, Hush)
    late = max((s for s in e.sounds if s.end <= at + 0.1), key=lambda s: s.end)
    return replace(e, sounds=tuple(replace(s, end=at + 0.09) if s is late else s for s in e.sounds))


def an_old_voice_again(e: Evidence) -> Evidence:
    newest = max(e.sounds, key=lambda s: s.start)
    again = replace(newest, utterance=newest.utterance - 1, start=newest.end + 0.01, end=newest.end + 0.02)
    return replace(e, sounds=(*e.sounds, again))


def rewritten(e: Evidence, change: Callable[[str], str]) -> Evidence:
    cut = next(x for x in e.exchanges if not x.whole and x.reply)
    changed = tuple(replace(x, reply=change(x.reply)) if x is cut else x for x in e.exchanges)
    return replace(e, exchanges=changed)


def words_nobody_heard(e: Evidence) -> Evidence:
    said = {u.serial: u for u in e.utterances}
    cut = next(x for x in e.exchanges if not x.whole and x.reply)
    spoken = " ".join(u.text for u in said.values())
    start = spoken.index(cut.reply)
    return rewritten(e, lambda reply: " ".join(spoken[start:].split()[: len(reply.split()) + 3]))


def words_forgotten(e: Evidence) -> Evidence:
    return rewritten(e, lambda reply: " ".join(reply.split()[:-2]))


def other_words(e: Evidence) -> Evidence:
    return rewritten(e, lambda reply: "Never " + reply)


def a_thought_is_spoken(e: Evidence) -> Evidence:
    return replace(e, utterances=(replace(e.utterances[0], text="musing 0"), *e.utterances[1:]))


def markup_is_spoken(e: Evidence) -> Evidence:
    return replace(e, utterances=(replace(e.utterances[0], text="</think> yes"), *e.utterances[1:]))


def samples_vanish(e: Evidence) -> Evidence:
    return replace(e, supply=replace(e.supply, delivered=e.supply.delivered - 1))


def a_turns_samples_vanish(e: Evidence) -> Evidence:
    last = e.accounts[-1]
    return replace(e, accounts=(*e.accounts[:-1], replace(last, played=last.played - 10)))


def sound_from_nowhere(e: Evidence) -> Evidence:
    return replace(e, sounds=tuple(replace(s, samples=10 * s.samples) for s in e.sounds))


def silent_speech(e: Evidence) -> Evidence:
    at, _ = first(e, PlaybackStarted)
    return replace(e, sounds=tuple(s for s in e.sounds if not at + 0.05 < s.end < at + 0.95))


PLANTED = [
    (second_claim, "one_reply_at_a_time"),
    (no_ending, "every_committed_turn_ends_once"),
    (two_endings, "every_committed_turn_ends_once"),
    (ending_of_nothing, "every_committed_turn_ends_once"),
    (order_after_the_end, "an_ended_turn_gets_no_orders"),
    (commit_of_the_dead, "only_living_drafts_are_committed"),
    (a_number_used_twice, "only_living_drafts_are_committed"),
    (a_second_draft, "only_living_drafts_are_committed"),
    (a_draft_that_ends_too_early, "a_commit_waits_for_all_speech"),
    (a_commit_in_mid_speech, "a_commit_waits_for_all_speech"),
    (a_nudge_too_many, "a_silence_is_broken_once"),
    (held_for_ever, "a_held_voice_is_decided_on_in_time"),
    (held_too_long, "a_held_voice_is_decided_on_in_time"),
    (time_goes_back, "positions_never_go_back"),
    (a_number_is_missing, "positions_never_go_back"),
    (two_starts, "positions_never_go_back"),
    (the_ear_goes_back, "positions_never_go_back"),
    (listened_backwards, "positions_never_go_back"),
    (deaf_draft, "a_draft_heard_every_word"),
    (nobody_listens, "every_sentence_is_listened_to"),
    (nobody_answers, "an_answer_comes_or_an_ending"),
    (slow_to_close, "a_session_closes_in_time"),
    (raised, "a_session_closes_in_time"),
    (early_sound, "no_sound_without_commit"),
    (nobodys_sound, "no_sound_without_commit"),
    (sound_after_a_hush, "silence_after_a_hush"),
    (an_old_voice_again, "one_voice_at_a_time"),
    (words_nobody_heard, "the_conversation_is_what_was_heard"),
    (words_forgotten, "the_conversation_is_what_was_heard"),
    (other_words, "the_conversation_is_what_was_heard"),
    (a_thought_is_spoken, "no_thought_at_a_voice"),
    (markup_is_spoken, "no_thought_at_a_voice"),
    (samples_vanish, "samples_add_up"),
    (a_turns_samples_vanish, "samples_add_up"),
    (sound_from_nowhere, "samples_add_up"),
    (silent_speech, "speaking_means_sound"),
]


@pytest.mark.parametrize(("plant", "name"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_a_planted_fault_is_found(sound: Evidence, plant: Callable[[Evidence], Evidence], name: str) -> None:
    found = violations(plant(sound))
    assert any(text.startswith(f"{name}:") for text in found), found


def test_every_invariant_has_a_planted_fault() -> None:
    mine = {check.__name__ for check in CHECKS if check not in doing.CHECKS}  # those have tests of their own
    assert {name for _, name in PLANTED} == mine


def test_late_news_of_a_reply_that_was_taken_back_is_no_step_back_of_the_next() -> None:
    late = [(DropDraft(Turn(1), Draft(1)), 0), (PlaybackReached(Turn(1), 0, 8160), 0)]
    again = [(CommitDraft(Turn(1), Draft(2)), 1), (PlaybackReached(Turn(1), 0, 2400), 1)]
    entries = tuple(Entry(seq, at, item) for seq, (item, at) in enumerate([*late, *again]))
    assert list(positions_never_go_back(Evidence(entries=entries))) == []
    kept = tuple(replace(entry, seq=seq) for seq, entry in enumerate((*entries[:2], entries[3])))
    assert len(list(positions_never_go_back(Evidence(entries=kept)))) == 1


def test_facts_that_are_not_orders_are_no_business_of_the_order_checks(sound: Evidence) -> None:
    harmless = DraftStarted(Turn(1), Draft(1), Span(Sample(0), Sample(1)))
    assert violations(plus(sound, (1.0, harmless), (sound.closed, SessionClosed("twice")))) == []
