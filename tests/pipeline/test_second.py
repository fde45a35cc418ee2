"""Two ears, one line: what is taken from whom, what is told of it, and that no ear keeps a brain waiting."""

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
from pipeline.prompt import Audio, Heard, Human, Note, Prompt, Reply, System, Text
from pipeline.reading import Reader
from pipeline.second import MARK, PATIENCE, SURE, HeardLine, SecondEar, weighed

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
    asked: int = 0
    weights: list[str] = field(default_factory=list)

    def facts(self) -> EarFacts:
        return EarFacts("other ear", False)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        self.asked += 1
        if self.wrong:
            raise ModelError(self.wrong)
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
    assert found.text.startswith(f"heard: is four plus five\n{MARK}all of it)\n")
    assert found.ear.weights == ["unclear", "is four plus five"]


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


def test_a_thought_that_goes_on_comes_to_the_brain_without_the_mark() -> None:
    begun = told(Reply(f"heard: {OTHER}\n{MARK}five)\n4+5=9\n", thinking=False, said="Ni"))
    assert play(begun).brain.prompts == [told(Reply(f"heard: {OTHER}\n4+5=9\n", thinking=False, said="Ni"))]


def test_one_sound_is_listened_to_once() -> None:
    assert play(ASKED, ASKED).ear.asked == 1
    other = Prompt((System("practice"), Human((Audio(sound("the lights on")),)), Reply()))
    assert play(ASKED, other, ASKED).ear.asked == 2


def test_an_ear_that_fails_is_told_of_and_the_brain_goes_on_alone() -> None:
    found = play(ASKED, ASKED, ear=Ear(wrong="the ear\nfell off"))
    assert found.ear.asked == 1
    assert found.text == f"4+9=13\n{MARK}gone, the ear fell off)\n</think>\nThirteen."
    assert found.brain.prompts == [ASKED, ASKED]


def test_an_ear_that_hangs_costs_its_patience_once() -> None:
    found = play(ASKED, ASKED, hangs=True)
    assert f"{MARK}gone, it gave no answer for 2 s)\n" in found.text
    assert found.seconds == pytest.approx(PATIENCE, abs=0.1)


@pytest.mark.parametrize(("likely", "doubtful"), [(-1.0, False), (-30.0, True)])
def test_what_no_ear_bears_out_is_as_doubtful_as_below_the_brains_own_bound(
    likely: float, doubtful: bool
) -> None:
    reader = Reader()
    (pieces,) = play(ear=Ear(OWN, likely)).pieces
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
