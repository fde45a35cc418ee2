"""Two ears, one line: what is taken from whom, what is told of it, and what happens when the ear is gone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_ear import sound

from model.scripted import Answer, ScriptedEngine
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.listening.predicted import Predicted
from pipeline.ports import BrainFacts, EarFacts, Limits, Piece, Transcript
from pipeline.prompt import Audio, Heard, Human, Note, OpenNote, Prompt, Reply, System, Text, ToolSpec
from pipeline.reading import Reader
from pipeline.second import FAILURES, MARK, PATIENCE, SecondEar, _unmarked
from pipeline.weighing import HOPELESS, SURE, HeardLine, Opinion, weighed

THRESHOLD = -0.3
FACTS = BrainFacts("hears", "audio", "yes", False, 3, note="It is small.", heard_logprob=THRESHOLD)
OWN, OTHER = "what is four plus nine", "what is four plus five"
TURN = Human((Audio(sound("what is four plus nine")),))
ASKED = Prompt((System("practice"), TURN, Reply()))


def line(words: str, total: float) -> HeardLine:
    count = len(words.split()) + 1
    return HeardLine(words, (total / count,) * count)


class Brain(ScriptedEngine):
    """Writes sums, and says which two lines it may have heard."""

    def __init__(self, lines: list[HeardLine]) -> None:
        super().__init__(lambda prompt: Answer("Thirteen.", "4+9=13"), facts=FACTS)
        self.lines, self.prompts, self.limits = lines, list[Prompt](), list[Limits]()

    def readings(self, prompt: Prompt, width: int, session: str = "") -> list[HeardLine]:
        return self.lines[:width]

    def compared(self, prompt: Prompt, transcript: str, session: str = "") -> list[HeardLine]:
        return [line(transcript, -6.0)] if transcript else []

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Any:
        self.prompts.append(prompt)
        self.limits.append(limits)
        return super().generate(prompt, limits, session)


@dataclass
class Ear:
    """Hears one sentence; every other line is less likely for it by ten."""

    text: str = OWN
    likely: float = -1.0
    wrong: str = ""
    wrong_once: bool = False
    asked: int = 0
    weights: list[str] = field(default_factory=list)

    def facts(self) -> EarFacts:
        return EarFacts("other ear", False)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        self.asked += 1
        if wrong := self.wrong:
            self.wrong = "" if self.wrong_once else wrong
            raise ModelError(wrong)
        return Transcript(self.text)

    def weigh(self, audio: Audio, lines: list[str]) -> list[float | None]:
        self.weights += lines
        return [self.likely - 10.0 * (line != self.text) for line in lines]

    def close(self) -> None:
        return None


class Hanging:
    """A Compute that never answers, but for its facts."""

    async def call(self, method: str, *args: Any) -> Any:
        if method == "facts":
            return EarFacts("hanging", False)
        await asyncio.sleep(1e6)

    async def close(self) -> None:
        return None


@dataclass
class Came:
    """What came of some prompts."""

    pieces: list[list[Piece]]
    brain: Brain
    ear: Ear
    seconds: float

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces[-1])


def play(
    *asked: Prompt,
    ear: Ear | None = None,
    lines: list[HeardLine] | None = None,
    limits: Limits | None = None,
    hangs: bool = False,
) -> Came:
    ear = ear or Ear()
    brain = Brain(lines or [line(OWN, -0.5), line(OTHER, -4.0)])

    async def main() -> Came:
        both = SecondEar(InlineCompute(brain), Hanging() if hangs else InlineCompute(ear))
        pieces = list[list[Piece]]()
        for prompt in asked or (ASKED,):
            async with aclosing(both.stream("generate", prompt, limits or Limits())) as stream:  # type: ignore[type-var]
                pieces.append([piece async for piece in stream])
        return Came(pieces, brain, ear, now())

    return simulate(main)


def told(reply: Reply) -> Prompt:
    return Prompt((*ASKED.parts[:-1], reply))


def test_where_both_agree_the_thought_begins_with_the_line_and_says_nothing_of_ears() -> None:
    found = play()
    assert found.text.startswith(f"heard: {OWN}\n") and MARK not in found.text
    assert found.text.endswith("Thirteen.")
    assert found.brain.prompts == [told(Reply(f"heard: {OWN}\n"))]


def test_what_the_ear_knows_better_is_taken_and_marked_and_the_brain_never_reads_the_mark() -> None:
    found = play(ear=Ear(OTHER))
    assert found.text.startswith(f"heard: {OTHER}\n{MARK}five)\n")
    assert found.brain.prompts == [told(Reply(f"heard: {OTHER}\n"))]


def test_a_line_that_the_brain_did_not_think_of_can_win() -> None:
    found = play(ear=Ear("is four plus five"), lines=[line("unclear", -0.1)])
    assert found.text.startswith(f"heard: is four plus five\n{MARK}is four plus five)\n")
    assert found.ear.weights == ["unclear", "is four plus five"]


def test_where_the_ear_writes_the_brains_own_line_nothing_is_weighed() -> None:
    found = play(ear=Ear(OWN, -30.0))
    assert found.ear.weights == [] and found.pieces[0][0].logprob == 0.0


def test_what_no_ear_could_bring_to_the_front_is_not_weighed() -> None:
    hopeless = line("stop", -0.5 - HOPELESS - 1)
    found = play(ear=Ear(OTHER), lines=[line(OWN, -0.5), line(OTHER, -4.0), hopeless])
    assert found.ear.weights == [OWN, OTHER]


def test_a_brain_that_is_certain_is_not_overruled() -> None:
    found = play(ear=Ear(OTHER), lines=[line(OWN, -0.1), line(OTHER, -30.0)])
    assert found.text.startswith(f"heard: {OWN}\n") and MARK not in found.text


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt((System("practice"), Human((Text("typed"),)), Reply())),
        Prompt((System("practice"), Human((*TURN.parts, Text("typed"))), Reply())),
        Prompt((System("practice"), replace(TURN, notes=(Note("heard: what\n", 4),)), Reply())),
        Prompt((System("practice"), TURN, Heard("Thirteen."), Reply())),
        told(Reply("heard: what\n")),
        told(Reply(None, thinking=False)),
    ],
)
def test_what_is_not_the_first_thought_about_sound_is_the_brains_alone(prompt: Prompt) -> None:
    found = play(prompt)
    assert found.ear.asked == 0 and found.brain.prompts == [prompt]


def test_thoughts_while_the_user_speaks_are_the_brains_own_and_predict_the_later_one() -> None:
    early = Predicted().request(Prompt(ASKED.parts[:1]), TURN, (), 40)
    assert early is not None and early.limits.early
    assert play(early.prompt, limits=early.limits).ear.asked == 0
    found = play(limits=Limits(predicted=f"heard: {OWN}\n4+9=13\n"))
    assert found.pieces[0][0].confirmed and found.brain.limits[0].predicted == "4+9=13\n"
    found = play(limits=Limits(predicted=f"heard: {OTHER}\n4+5=9\n"))
    assert not found.pieces[0][0].confirmed and found.brain.limits[0].predicted == ""


def test_no_brain_reads_a_mark_in_notes_or_predictions_either() -> None:
    note = Note(f"heard: what\n{MARK}what)\n4\n", 4)
    noted = Prompt((System("practice"), replace(TURN, notes=(note,)), Reply()))
    (prompt,) = play(noted).brain.prompts
    assert prompt.parts[1:] == (replace(TURN, notes=(Note("heard: what\n4\n", 4),)), Reply())
    assert _unmarked(Prompt((OpenNote(f"heard: is\n{MARK}x)\n"),))) == Prompt((OpenNote("heard: is\n"),))
    found = play(limits=Limits(predicted=f"heard: {OWN}\n{MARK}nine)\n4+9=13\n", early=True))
    assert found.brain.limits[0].predicted == f"heard: {OWN}\n4+9=13\n"


@pytest.mark.parametrize(
    ("own", "words", "taken"),
    [
        ("two seven three", "two seven three", ""),
        ("two seven eight", "two seven three", "three"),
        ("two two seven three", "two seven three", "without two"),
        ("unclear", "stop", "stop"),
        ("one two three", "nine two four three", "nine, four"),
    ],
)
def test_what_is_told_as_taken_is_what_differs(own: str, words: str, taken: str) -> None:
    assert Opinion(line(words, -1.0), own, 0.0).taken() == taken


def test_a_thought_that_goes_on_comes_to_the_brain_without_the_mark() -> None:
    begun = told(Reply(f"heard: {OTHER}\n{MARK}five)\n4+5=9\n", thinking=False, said="Ni"))
    assert play(begun).brain.prompts == [told(Reply(f"heard: {OTHER}\n4+5=9\n", thinking=False, said="Ni"))]


def test_one_sound_is_listened_to_once() -> None:
    assert play(ASKED, ASKED).ear.asked == 1
    other = Prompt((System("practice"), Human((Audio(sound("the lights on")),)), Reply()))
    assert play(ASKED, other, ASKED).ear.asked == 2


OTHERS = tuple(
    Prompt((System("practice"), Human((Audio(sound(words)),)), Reply()))
    for words in ("the lights", "the lights on", "lights on", "on")
)


def test_an_ear_that_fails_is_told_of_and_the_brain_goes_on_alone() -> None:
    found = play(ear=Ear(wrong="the ear\nfell off"))
    assert found.text == f"4+9=13\n{MARK}the ear fell off)\n</think>\nThirteen."
    assert found.brain.prompts == [ASKED]


def test_an_ear_that_fails_again_and_again_is_asked_no_more() -> None:
    found = play(ASKED, *OTHERS, ear=Ear(wrong="it is deaf"))
    assert found.ear.asked == FAILURES
    assert f"{MARK}gone, it is deaf)\n" in found.text


def test_one_failure_costs_one_turn() -> None:
    ear = Ear(wrong="it coughs")
    ear.wrong_once = True
    found = play(OTHERS[0], ASKED, ear=ear)
    assert MARK in "".join(piece.text for piece in found.pieces[0])
    assert found.text.startswith(f"heard: {OWN}\n") and MARK not in found.text


def test_an_ear_that_hangs_costs_its_patience_and_only_a_few_times() -> None:
    found = play(ASKED, *OTHERS, hangs=True)
    assert f"{MARK}gone, no answer for 2 s)\n" in found.text
    assert found.seconds == pytest.approx(FAILURES * PATIENCE, abs=0.1)


def test_a_brain_that_finds_no_line_is_left_alone() -> None:
    found = play(lines=[line("unclear", -0.1)], ear=Ear(""))
    assert found.text.startswith("heard: unclear\n")
    brain = Brain([])

    async def main() -> list[Piece]:
        both = SecondEar(InlineCompute(brain), InlineCompute(Ear("")))
        async with aclosing(both.stream("generate", ASKED, Limits())) as stream:  # type: ignore[type-var]
            return [piece async for piece in stream]

    text = "".join(piece.text for piece in simulate(main))
    assert text.startswith("4+9=13\n") and text.endswith("Thirteen.")


def test_an_ear_that_is_broken_from_the_start_is_told_in_the_facts() -> None:
    class Broken(Hanging):
        async def call(self, method: str, *args: Any) -> Any:
            raise ModelError("its file is torn")

    async def main() -> tuple[BrainFacts, list[Piece]]:
        both = SecondEar(InlineCompute(Brain([line(OWN, -0.5)])), Broken())
        facts: BrainFacts = await both.call("facts")
        async with aclosing(both.stream("generate", ASKED, Limits())) as stream:  # type: ignore[type-var]
            return facts, [piece async for piece in stream]

    facts, pieces = simulate(main)
    assert "without a second ear: its file is torn" in facts.note
    assert "".join(piece.text for piece in pieces).endswith("Thirteen.")


def test_an_order_to_a_tool_that_only_the_ear_heard_so_is_asked_again() -> None:
    """Once the tool has run, the brain tells of it by what it hears anew: five minutes set, and nine told."""
    tool = ToolSpec("timer", "Sets a timer.", "{}")
    prompt = Prompt((System("practice", (tool,)), *ASKED.parts[1:]))
    lines = [line("set a timer for five", -0.5), line("set a timer for nine", -3.0)]
    (pieces,) = play(prompt, lines=lines, ear=Ear("set a timer for nine")).pieces
    assert pieces[0].text.startswith("heard: set a timer for nine\n") and pieces[0].logprob < THRESHOLD
    (pieces,) = play(prompt, lines=lines, ear=Ear("set a timer for five")).pieces
    assert pieces[0].logprob > THRESHOLD


@pytest.mark.parametrize(("likely", "doubtful"), [(-1.0, False), (-30.0, True)])
def test_what_no_ear_bears_out_is_as_doubtful_as_below_the_brains_own_bound(
    likely: float, doubtful: bool
) -> None:
    reader = Reader()
    (pieces,) = play(ear=Ear(OTHER, likely)).pieces
    for piece in pieces[:1]:
        reader.feed(piece.text, piece.logprob)
    assert reader.read().doubtful(THRESHOLD) is doubtful


def test_the_facts_are_the_brains_and_say_what_else_hears() -> None:
    async def main() -> BrainFacts:
        facts: BrainFacts = await SecondEar(InlineCompute(Brain([])), InlineCompute(Ear())).call("facts")
        return facts

    facts = simulate(main)
    assert replace(facts, note=FACTS.note) == FACTS
    assert facts.note.startswith("It is small.") and "other ear" in facts.note


scores = st.lists(st.tuples(st.floats(-30, 0), st.floats(-60, 0)), min_size=1, max_size=8)


@given(scores)
def test_the_line_that_both_like_best_is_taken_and_a_rival_makes_it_less_certain(
    likes: list[tuple[float, float]],
) -> None:
    lines = [HeardLine(f"line {i}", (own,)) for i, (own, _) in enumerate(likes)]
    weights = [ear for _, ear in likes]
    opinion = weighed(lines, weights)
    best = lines.index(opinion.line)
    for other, weight in zip(lines, weights, strict=True):
        if other.logprobs[0] > opinion.line.logprobs[0]:
            assert weight <= weights[best] + 1e-9
    rival = HeardLine("rival", opinion.line.logprobs)
    assert weighed([*lines, rival], [*weights, weights[best]]).certainty < opinion.certainty
    assert opinion.own == "line 0"


def test_a_line_without_words_wins_nothing_by_not_being_weighed() -> None:
    lines = [line("bell count the bells", -0.1), line("bell bell", -8.0)]
    assert weighed(lines, [-11.0, None]).line is lines[0]


def test_sounds_alone_are_weighed_by_the_brain_alone() -> None:
    opinion = weighed([line("beep beep", -0.1), line("beep", -3.0)], [None, None])
    assert opinion.line.words == "beep beep" and opinion.certainty > SURE
    assert np.isfinite(opinion.certainty)
