"""Sweeps: a small one of each kind in every test run, equal runs, and checks that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.events import CommitDraft, DropDraft, Span, StartDraft
from pipeline.records import Noted
from pipeline.trace import Entry, read
from sim.sweep import BURSTS, case, checks_of, live, sweep
from sim.sweep_booth import Record, hold
from sim.sweep_checks import violations
from sim.sweep_command import summary, sweep_command
from sim.sweep_phases import RESUME, phase

RESUMED, OVER = 197, 64
"""A case in which a draft that had thought is dropped, and one in which words are spoken over the reply."""


@pytest.fixture(scope="module")
def resumed() -> Record:
    return hold(case("resume", RESUMED))


@pytest.fixture(scope="module")
def over() -> Record:
    return hold(case("barge-in", OVER))


def wrong(record: Record) -> list[str]:
    return [found.partition(":")[0] for found in violations(record, checks_of(record))]


def edited(record: Record, edit: Callable[[Entry], Entry | None]) -> Record:
    """The same with some entries of the trace changed or taken out."""
    kept = [entry for entry in map(edit, record.evidence.entries) if entry is not None]
    numbered = tuple(replace(entry, seq=index) for index, entry in enumerate(kept))
    return replace(record, evidence=replace(record.evidence, entries=numbered))


@pytest.mark.parametrize(("what", "count"), [("resume", 32), ("barge-in", 32)])
def test_a_moment_moved_through_a_conversation_breaks_nothing(what: str, count: int) -> None:
    tally = sweep(what, range(4992, 4992 + count))
    assert tally.violations == []
    assert tally.count == count and len(tally.phases) >= 4
    assert tally.late <= 0.06


def test_equal_numbers_are_equal_conversations_in_any_process() -> None:
    here = sweep("resume", range(30, 34))
    assert here.digest == sweep("resume", range(30, 34), processes=2).digest
    assert here.digest != sweep("resume", range(31, 35)).digest


def test_cases_are_spread_over_every_brain_policy_and_moment() -> None:
    cases = [case("resume", number) for number in range(1600)]
    kinds = {(each.mind.name, each.policy, each.first_sound, each.lag) for each in cases}
    assert len(kinds) == 2 * 4 * 2 * 2 * 3
    offsets = sorted(each.offset for each in cases)
    assert max(b - a for a, b in pairwise(offsets)) < 800
    assert {case("barge-in", number).second for number in range(64)} == set(BURSTS)


def test_an_untouched_record_is_right(resumed: Record, over: Record) -> None:
    assert wrong(resumed) == [] and wrong(over) == []
    assert phase(resumed) in RESUME[2:9]
    assert any(True for _ in resumed.evidence.of(Noted)) and any(True for _ in resumed.evidence.of(DropDraft))


def test_sound_without_a_commit_is_found(resumed: Record) -> None:
    record = edited(resumed, lambda entry: None if isinstance(entry.item, CommitDraft) else entry)
    assert "no_sample_leaves_uncommitted" in wrong(record)
    early = replace(resumed, left=((0.5, 0.5001), *resumed.left))
    assert "no_sample_leaves_uncommitted" in wrong(early)


def test_a_draft_that_missed_words_is_found(resumed: Record) -> None:
    def deaf(entry: Entry) -> Entry:
        item = entry.item
        if not isinstance(item, StartDraft):
            return entry
        return replace(entry, item=replace(item, listened=Span(item.listened.start, item.listened.start)))

    assert {"no_reply_misses_words", "every_word_is_answered"} <= set(wrong(edited(resumed, deaf)))


def test_a_wrong_or_cut_answer_is_found(resumed: Record) -> None:
    (last,) = resumed.evidence.exchanges[-1:]
    for reply, whole in ((last.reply.replace("makes", "gives"), True), (last.reply, False)):
        changed = (*resumed.evidence.exchanges[:-1], replace(last, reply=reply, whole=whole))
        record = replace(resumed, evidence=replace(resumed.evidence, exchanges=changed))
        assert "every_word_is_answered" in wrong(record)


def test_a_lost_note_is_found(resumed: Record) -> None:
    record = edited(resumed, lambda entry: None if isinstance(entry.item, Noted) else entry)
    assert "no_finished_thought_is_lost" in wrong(record)
    forgetful = replace(resumed, asked=tuple(replace(each, notes="") for each in resumed.asked))
    assert "no_finished_thought_is_lost" in wrong(forgetful)


def test_notes_that_count_a_word_twice_are_found(resumed: Record) -> None:
    doubled = tuple(replace(each, notes=each.notes + each.notes) for each in resumed.asked)
    assert "no_thought_counts_twice" in wrong(replace(resumed, asked=doubled))


def test_history_that_is_not_what_was_heard_is_found(over: Record) -> None:
    first, *others = over.evidence.exchanges
    assert len(first.reply.split()) > 1 and not first.whole
    for reply in (f"{first.reply} and more than that", "", "Other words."):
        evidence = replace(over.evidence, exchanges=(replace(first, reply=reply), *others))
        assert "history_is_what_left_the_sink" in wrong(replace(over, evidence=evidence))


def test_what_is_left_open_is_found(resumed: Record) -> None:
    for open_ in ({"open_streams": 1}, {"open_jobs": 1}):
        assert wrong(replace(resumed, **open_)) == ["it_ends_in_good_order"]


def test_a_false_alarm_that_costs_a_word_is_found() -> None:
    number = next(n for n in range(64) if case("barge-in", n).second == ("mhm",))
    record = hold(case("barge-in", number))
    assert wrong(record) == []
    cut = tuple(replace(s, samples=s.samples // 3) for s in record.evidence.sounds)
    evidence = replace(record.evidence, sounds=cut)
    assert "nothing_of_the_reply_is_lost" in wrong(replace(record, evidence=evidence))


@pytest.mark.parametrize("mind", range(4))
def test_an_mm_hm_that_gets_no_answer_does_not_take_the_floor(mind: int) -> None:
    """It was called a barge-in as soon as the brain said what it heard, before it had anything to answer."""
    number = next(
        n
        for n in range(mind, 4000, 4)
        if (each := case("barge-in", n)).second == ("mhm",)
        and not each.scored
        and 4000 < each.offset < 16_000
    )
    outcome = live("barge-in", number)
    assert outcome.violations == () and outcome.phase == "mhm: held, then resumed"


def test_a_hold_that_is_over_before_the_sink_pulls_again_cuts_no_word() -> None:
    """A burst that ended 6 ms after it was held: the word that sounded went on through both orders."""
    outcome = live("barge-in", 1599)
    assert outcome.violations == () and outcome.phase == "cough: held, then resumed"


def test_what_a_conversation_dies_of_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_case: object) -> Record:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr("sim.sweep.hold", die)
    tally = sweep("resume", [7])
    assert tally.violations == [(7, "it died of ZeroDivisionError: no such luck")]
    assert any("--first 7 --count 1" in text for text in summary(tally))


def test_the_command_tells_what_it_found_and_keeps_a_trace(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "trace.jsonl"
    words = ["--what", "resume", "--count", "1", "--first", str(RESUMED), "--trace", str(file)]
    assert sweep_command(words, told.append) == 0
    assert told[0].startswith("resume: 1 conversations") and "  violations: none" in told
    assert any(isinstance(entry.item, CommitDraft) for entry in read(file))
    for bad in (["--count", "0"], ["--processes", "0"], ["--first", "-1"], ["--trace", "x", "--count", "2"]):
        with pytest.raises(UserError, match=r"must be|one conversation"):
            sweep_command(bad, told.append)
