"""Sweeps with a brain that confirms: what was written early changes no answer, and each check can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pipeline.decoder import Decoding
from pipeline.events import CommitDraft, DropDraft, StartDraft
from pipeline.listening.predicted import Predicted
from pipeline.ports import Limits, Piece
from pipeline.prompt import Human, Note, Prompt
from pipeline.records import Noted, Thought
from pipeline.speaking.formulation import Formulation
from pipeline.trace import Entry
from sim.sweep import CONFIRMED, case, checks_of, live, sweep
from sim.sweep_booth import Record, hold
from sim.sweep_checks import violations
from sim.sweep_command import summary
from sim.sweep_confirmed import thoughts_of
from sim.sweep_phases import taken_over
from sim.thinker import Manner, Thinker

HELD, FULLY, OVER = 69, 95, 5
"""Cases of brains that confirm: one that resumes and holds its tongue, one that thinks fully, a barge-in."""


@pytest.fixture(scope="module")
def resumed() -> Record:
    return hold(case("resume", HELD))


def wrong(record: Record) -> list[str]:
    return [found.partition(":")[0] for found in violations(record, checks_of(record))]


def changed(record: Record, edit: Callable[[Thought], Thought]) -> Record:
    """The same with other thoughts in the trace."""

    def each(entry: Entry) -> Entry:
        return replace(entry, item=edit(entry.item)) if isinstance(entry.item, Thought) else entry

    entries = tuple(map(each, record.evidence.entries))
    return replace(record, evidence=replace(record.evidence, entries=entries))


def again(number: int = HELD, what: str = "resume") -> list[str]:
    return wrong(hold(case(what, number)))


def test_one_case_in_three_has_a_brain_that_confirms_with_every_mind_policy_and_lag() -> None:
    cases = [case("resume", number) for number in range(2400)]
    mine = [each for each in cases if each.mind.manner.confirms]
    assert 790 <= len(mine) <= 810
    assert len({(each.mind.name, each.policy, each.first_sound, each.lag) for each in mine}) == 4 * 2 * 2 * 3


def test_an_untouched_record_is_right_and_its_drafts_took_thoughts_over(resumed: Record) -> None:
    assert checks_of(resumed)[-4:] == CONFIRMED and wrong(resumed) == []
    taken, written = taken_over(resumed)
    assert 3 < taken < written
    assert any(True for _ in resumed.evidence.of(DropDraft)), "one was dropped, and its thought predicted"
    assert not any(True for _ in resumed.evidence.of(Noted)), "and nothing stood in a prompt"
    assert {each.notes for each in resumed.asked} == {""}
    assert wrong(hold(case("resume", FULLY))) == [] and wrong(hold(case("barge-in", OVER))) == []


def test_a_brain_that_does_not_confirm_takes_nothing_over() -> None:
    given = case("resume", HELD)
    mind = replace(given.mind, manner=replace(given.mind.manner, confirms=False))
    assert taken_over(hold(replace(given, mind=mind)))[0] == 0


def test_an_answer_comes_sooner_and_is_no_other() -> None:
    given = replace(case("resume", HELD), second=(), offset=0)
    alone = replace(given.mind, manner=replace(given.mind.manner, confirms=False, listens="no"))
    with_it, without = hold(given), hold(replace(given, mind=alone))
    assert [e.reply for e in with_it.evidence.exchanges] == [e.reply for e in without.evidence.exchanges]
    over = [max(at for at, each in r.evidence.of(Thought) if each.draft) for r in (with_it, without)]
    began = [next(at for at, _ in r.evidence.of(StartDraft)) for r in (with_it, without)]
    assert over[0] - began[0] < over[1] - began[1] - 0.05


def test_a_brain_that_believes_its_predictions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Thinker.generate

    def credulous(self: Thinker, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """Takes the first line that was predicted without a look at the sound."""
        line, end, _ = limits.predicted.partition("\n")
        taken, text = bool(end), ""
        if taken:
            yield Piece(1, line + end, -0.05, confirmed=True)
        for piece in honest(self, prompt, replace(limits, predicted="")):
            text += piece.text
            if not taken or "\n" in text.removesuffix("\n"):
                yield piece

    monkeypatch.setattr(Thinker, "generate", credulous)
    assert "an_answer_is_what_it_would_have_been" in again()


@pytest.mark.parametrize("number", [HELD, FULLY])
def test_a_prediction_that_stands_in_a_prompt_is_found(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def carry(self: Predicted, user: Human, notes: tuple[Note, ...]) -> Human:
        return Human(user.parts, notes)

    monkeypatch.setattr(Predicted, "carry", carry)
    assert "an_answer_is_what_it_would_have_been" in again(number)


def test_words_written_from_less_than_the_thought_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Formulation.wrote

    def forgetful(self: Formulation, thought: str, piece: Piece) -> None:
        """What was confirmed counts, and nobody reads it."""
        if piece.confirmed:
            self._tell(thought, confirmed=True)
        else:
            whole(self, thought, piece)

    monkeypatch.setattr(Formulation, "wrote", forgetful)
    assert "an_answer_is_what_it_would_have_been" in again()


def test_a_thought_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Predicted, "predicted", lambda self, notes: "")
    found = {"nothing_written_before_is_written_again", "a_dropped_thought_predicts_the_next"}
    assert set(again()) == found


def test_a_dropped_draft_that_leaves_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decoding, "_keep", lambda self, job: None)
    assert set(again()) == {"a_dropped_thought_predicts_the_next"}


def test_a_thought_that_nobody_wrote_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the brain would write, so no answer suffers; but it came from elsewhere."""
    monkeypatch.setattr(Predicted, "predicted", lambda self, notes: "heard: alpha bravo\nalpha 1\nbravo 2\n")
    assert "what_is_confirmed_was_written_before" in again(OVER, "barge-in")


def test_a_count_that_the_brain_does_not_share_is_found(resumed: Record) -> None:
    def more(thought: Thought) -> Thought:
        return replace(thought, confirmed=thought.confirmed + 1) if thought.confirmed else thought

    def others(thought: Thought) -> Thought:
        return replace(thought, text="heard: golf\n") if thought.confirmed else thought

    assert set(wrong(changed(resumed, more))) == {"what_is_confirmed_was_written_before"}
    assert "what_is_confirmed_was_written_before" in wrong(changed(resumed, others))


def test_words_that_differ_from_what_it_would_have_said_are_found(resumed: Record) -> None:
    last = [order.draft for _, order in resumed.evidence.of(CommitDraft)][-1]
    assert last in {each.draft for each in thoughts_of(resumed)}
    asked = resumed.captured.copy()
    asked[: len(asked) // 2] = 0.0
    assert "an_answer_is_what_it_would_have_been" in wrong(replace(resumed, captured=asked))


def test_the_tally_tells_how_many_confirmed_and_what_that_gave() -> None:
    tally = sweep("resume", range(60, 72))
    mine = [number for number in range(60, 72) if case("resume", number).mind.manner.confirms]
    assert tally.violations == [] and sum(tally.confirming.values()) == len(mine)
    assert tally.taken == tuple(map(sum, zip(*(live("resume", n).taken for n in mine), strict=True)))
    texts = "\n".join(summary(tally))
    assert f"{len(mine)} with a brain that confirms: of the {tally.taken[1]} tokens" in texts
    assert all(f"({count:5d})  {name}" in texts for name, count in tally.confirming.items())


def test_manners_are_told_to_whoever_asks() -> None:
    assert Thinker(Manner(confirms=True)).facts().confirms and not Thinker().facts().confirms
