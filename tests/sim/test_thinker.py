"""The sweeps' brain: what it thinks, what it says on part of a thought, and that it believes its notes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.listening.notes import CARRIED, Notes
from pipeline.listening.predicted import Predicted
from pipeline.paced import PacedCompute
from pipeline.ports import Limits
from pipeline.prompt import Audio, Human, Note, OpenNote, Part, Prompt, Reply, Text
from sim.thinker import Known, Manner, Thinker, mark_of
from sim.words import speech

WORDS = ("alpha", "bravo", "charlie")
STOP = Limits(stop=("</think>",))
NOTE = "heard: alpha\nalpha 1\n"


def user(*notes: Note, words: tuple[str, ...] = WORDS) -> Human:
    return Human((Audio(speech(words)),), notes)


def written(brain: Thinker, *parts: Part, limits: Limits = Limits()) -> str:  # noqa: B008  # frozen
    return "".join(piece.text for piece in brain.generate(Prompt(parts), limits))


def mark(words: tuple[str, ...] = WORDS) -> str:
    return mark_of(len(speech(words)))


def test_a_thought_says_what_was_heard_and_adds_it_up() -> None:
    text = written(Thinker(), user(), Reply(), limits=STOP)
    assert text == "heard: alpha bravo charlie\nalpha 1\nbravo 2\ncharlie 3\nsum 6\n</think>"


def test_a_thought_begins_where_the_notes_end() -> None:
    text = written(Thinker(), user(Note(NOTE, 3)), Reply(), limits=STOP)
    assert text == "heard: bravo charlie\nbravo 2\ncharlie 3\nsum 6\n</think>"
    carried = Human((*user().parts, Text(CARRIED.format(notes=NOTE.strip()))))
    assert written(Thinker(), carried, Reply(), limits=STOP) == text


def test_a_note_adds_nothing_up() -> None:
    for tail in (user(), OpenNote()), (user(words=("alpha",)), OpenNote()):
        assert "sum" not in written(Thinker(), *tail, limits=STOP)
    asked = Notes().request(Prompt(()), user(), (), 50)
    assert asked is not None
    assert written(Thinker(), *asked.prompt.parts, limits=asked.limits).endswith("charlie 3\n</think>")


def test_it_holds_its_tongue_until_a_thought_bears_it_out() -> None:
    brain, first = Thinker(), f"Asked-{mark()} alpha bravo charlie."
    heard = "heard: alpha bravo charlie\n"
    assert written(brain, user(), Reply("", thinking=False)) == ""
    assert written(brain, user(), Reply(heard, thinking=False)) == first
    assert written(brain, user(), Reply(heard, thinking=False, said=first)) == ""
    whole = heard + "alpha 1\nbravo 2\ncharlie 3\nsum 6\n"
    assert written(brain, user(), Reply(whole, thinking=False, said=first)) == f" Sum-{mark()} makes 6."


def test_one_that_does_not_hold_guesses() -> None:
    guess = written(Thinker(Manner(holds=False)), user(), Reply(NOTE, thinking=False))
    assert guess == f"Asked-{mark()} alpha bravo charlie. Sum-{mark()} makes 1."


def test_a_sum_of_fewer_words_is_no_sum_of_all() -> None:
    known = Known.read("heard: alpha\nalpha 1\nsum 1\nheard: bravo\n")
    assert known.total is None and known.words == ["alpha", "bravo"]


def test_a_false_note_makes_a_false_answer() -> None:
    text = written(Thinker(), user(Note("heard: golf\ngolf 7\n", 3)), Reply())
    assert text.endswith("makes 12.")


def test_a_long_question_is_counted_aloud_and_no_question_gets_no_answer() -> None:
    words = ("alpha", "bravo", "long")
    assert written(Thinker(), user(words=words), Reply()).endswith(
        f"Asked-{mark(words)} alpha bravo. Then-{mark(words)} alpha 1. Then-{mark(words)} bravo 2."
        f" Sum-{mark(words)} makes 3."
    )
    assert written(Thinker(), user(words=("mhm",)), Reply()).endswith("</think>\n")


def test_streams_are_counted_until_they_end_or_are_closed() -> None:
    brain = Thinker()
    stream = brain.generate(Prompt((user(), Reply())), Limits())
    assert brain.open == 0
    next(stream)
    assert brain.open == 1
    stream.close()  # type: ignore[attr-defined]  # every one is a generator
    assert brain.open == 0
    assert len(list(brain.generate(Prompt((user(), Reply())), Limits(3)))) == 3
    assert brain.open == 0


THOUGHT = "heard: alpha bravo charlie\nalpha 1\nbravo 2\ncharlie 3\nsum 6\n</think>"


def confirmed(brain: Thinker, predicted: str, limits: Limits = STOP) -> tuple[int, str]:
    """How many tokens came confirmed, and the whole text; the confirmed ones come first."""
    pieces = list(brain.generate(Prompt((user(), Reply())), replace(limits, predicted=predicted)))
    known = [piece.confirmed for piece in pieces]
    assert known == sorted(known, reverse=True)
    assert brain.asked[-1].confirmed == (sum(known), "".join(p.text for p in pieces if p.confirmed))
    assert (brain.asked[-1].predicted, brain.asked[-1].text) == (predicted, "".join(p.text for p in pieces))
    return sum(known), brain.asked[-1].text


def test_what_was_predicted_right_comes_confirmed_and_the_text_is_the_same() -> None:
    brain = Thinker(Manner(confirms=True))
    assert brain.facts().confirms
    assert confirmed(brain, "") == (0, THOUGHT)
    assert confirmed(brain, "heard: alpha bravo") == (3, THOUGHT)
    assert confirmed(brain, "heard: alpha bravo delta\nalpha 1\n") == (3, THOUGHT)
    assert confirmed(brain, "alpha 1\n") == (0, THOUGHT)
    assert confirmed(brain, THOUGHT) == (len(brain.asked[-1].wrote), THOUGHT)
    assert {asked.kind for asked in brain.asked} == {"thought"}


def test_a_token_is_confirmed_only_whole_and_never_the_one_at_which_the_room_ends() -> None:
    brain = Thinker(Manner(confirms=True))
    assert confirmed(brain, "heard: alpha bra") == (2, THOUGHT)
    assert confirmed(brain, "heard: alpha bravo charlie", replace(STOP, max_tokens=3)) == (
        2, "heard: alpha bravo",
    )  # fmt: skip


def test_a_brain_that_does_not_confirm_ignores_predictions() -> None:
    assert confirmed(Thinker(), "heard: alpha bravo") == (0, THOUGHT)
    assert not Thinker().facts().confirms


def test_a_thought_as_if_the_turn_ended_here_is_the_thought_of_that_sound() -> None:
    brain, part = Thinker(Manner(confirms=True)), user(words=WORDS[:2])
    asked = Predicted().request(Prompt(()), part, (Note("heard: alpha\nalpha 1\nsum 1\n</think>", 3),), 50)
    assert asked is not None
    text = written(brain, *asked.prompt.parts, limits=asked.limits)
    assert text == written(Thinker(), part, Reply(), limits=STOP) and "sum 3" in text
    assert brain.asked[-1].kind == "thought" and brain.asked[-1].notes == ""
    assert brain.asked[-1].confirmed == (2, "heard: alpha")


def test_what_is_confirmed_takes_no_time_of_a_paced_brain() -> None:
    """The first token that is new pays as the first of any text does."""

    async def times(predicted: str) -> list[tuple[float, bool]]:
        brain = PacedCompute(InlineCompute(Thinker(Manner(confirms=True), now)), 0.02)
        stream = brain.stream("generate", Prompt((user(), Reply())), replace(STOP, predicted=predicted))
        return [(round(now(), 6), piece.confirmed) async for piece in stream]

    alone, helped = (simulate(partial(times, text)) for text in ("", "heard: alpha bravo charlie\n"))
    fresh = [at for at, known in helped if not known]
    assert [at for at, _ in alone[:3]] == [0.02, 0.04, 0.06]
    assert len(fresh) == len(alone) - 5 and fresh[:3] == [0.02, 0.04, 0.06]
    assert {at for at, known in helped if known} == {0.02}


def test_names_of_sounds_differ() -> None:
    assert len({mark_of(samples) for samples in range(1, 5000)}) == 4999
    assert np.all([not set(mark_of(n)) & set("aeiou") for n in range(1, 2000)])
