"""pipeline/decoder.py and the notes of a turn: which thoughts of drafts are kept, and which are read on."""

from __future__ import annotations

import asyncio

import pytest
from drafting import FIRST, TURN, Stage, during
from thinker import KeepsCut, Thinker, numbered, positions

from pipeline.decoder import DecoderConfig
from pipeline.events import Overlap, OverlapScored, Sample, Span
from pipeline.keeping import SETTLED
from pipeline.listening.interleaved import Interleaved
from pipeline.listening.notes import Notes
from pipeline.listening.strategy import ListeningStrategy
from pipeline.prompt import Human, Note
from pipeline.reading import Reading
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.strategy import SpeakingStrategy
from pipeline.speaking.think_fully import ThinkFully

HEARD = "heard: two plus two\n"
CAPTURED = 48_000
"""Samples in the ring of every scene."""


def brain() -> Thinker:
    """A thought of 1.3 s, then words."""
    return Thinker(thought=HEARD + numbered(19), answer=lambda thoughts: "Four.", pace=0.02)


def dropped(
    after: float,
    *,
    end: int = 16_000,
    speaking: SpeakingStrategy | None = None,
    listening: ListeningStrategy | None = None,
) -> Stage:
    """A draft over sound up to ``end`` that is dropped after so many seconds."""

    async def scene(stage: Stage) -> None:
        stage.start(end=end)
        await asyncio.sleep(after)
        stage.decoding.drop(FIRST)
        await asyncio.sleep(5)

    return during(scene, speaking or Adaptive(), brain(), listening=listening)


@pytest.mark.parametrize("speaking", [Adaptive(), ThinkFully()], ids=lambda each: each.name)
@pytest.mark.parametrize(("since", "kept"), [(SETTLED, 1), (SETTLED - 1, 0), (0, 0)])
@pytest.mark.parametrize("listening", [Interleaved(), KeepsCut()], ids=["whole", "keeps cut"])
def test_a_thought_is_kept_when_sound_went_on_long_enough_after_what_it_heard(
    speaking: SpeakingStrategy, since: int, kept: int, listening: ListeningStrategy
) -> None:
    """Where the user went on at once, the last word heard may have been half of one."""
    noted = dropped(2.5, end=CAPTURED - since, speaking=speaking, listening=listening).noted
    assert [(each.draft, each.text, each.cut) for each in noted] == [(1, HEARD + numbered(18), False)] * kept


@pytest.mark.parametrize("speaking", [Adaptive(), ThinkFully()], ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("listening", "kept"), [(Interleaved(), False), (KeepsCut(), True), (Notes(), True)],
    ids=["whole", "keeps cut", "notes"],
)  # fmt: skip
def test_a_thought_that_was_cut_is_kept_only_where_its_whole_lines_count(
    speaking: SpeakingStrategy, listening: ListeningStrategy, kept: bool
) -> None:
    stage = dropped(0.7, speaking=speaking, listening=listening)
    assert [each.cut for each in stage.noted] == [True] * kept
    for each in stage.noted:
        lines = each.text.count("\n")
        assert 5 < lines < 15 and each.text == HEARD + numbered(lines - 1)


@pytest.mark.parametrize(("since", "least", "most"), [(SETTLED, 0, 9), (SETTLED - 1, 60, 80)])
def test_a_thought_that_is_not_kept_is_counted_as_wasted(since: int, least: int, most: int) -> None:
    """Of one that is kept, only the words that were dropped with it are."""

    async def scene(stage: Stage) -> None:
        stage.start(end=CAPTURED - since)
        await asyncio.sleep(2.5)
        stage.decoding.drop(FIRST)
        stage.start(2, end=CAPTURED)
        await asyncio.sleep(3)
        stage.commit(2)
        await asyncio.sleep(1)

    (told,) = during(scene, ThinkFully(), brain()).told
    assert least <= told.wasted <= most


def read_on(listening: ListeningStrategy, *logprobs: float) -> Stage:
    """A draft after a note of listening, whose heard line had these log-probabilities."""

    async def scene(stage: Stage) -> None:
        stage.notebook.begin(TURN, Sample(0))
        note = Reading("heard: how much is\n", logprobs)
        stage.notebook.take(TURN, 0, Span(Sample(0), Sample(16_000)), note, tokens=9, cut=False)
        stage.start(end=40_000)
        await asyncio.sleep(3)

    return during(scene, Adaptive(), brain(), listening=listening, threshold=-0.2)


def overlaps(stage: Stage) -> list[tuple[Overlap, str]]:
    return [(fact.kind, fact.why) for fact in stage.facts if isinstance(fact, OverlapScored)]


@pytest.mark.parametrize(
    ("listening", "heard"), [(Interleaved(), "how much is two plus two"), (Notes(), "two plus two")],
    ids=["joins", "tells all anew"],
)  # fmt: skip
def test_what_was_heard_goes_on_after_a_note_only_where_thoughts_join(listening, heard: str) -> None:
    """A brain that tells all it has heard in every thought would be read twice."""
    assert overlaps(read_on(listening, -0.01)) == [(Overlap.BARGE_IN, f"heard as {heard!r}")]


@pytest.mark.parametrize(
    ("listening", "logprobs", "doubt"),
    [
        (Interleaved(), (-3.0, -3.0, -0.01, -0.01), True),
        (Interleaved(), (-0.01, -0.01, -9.0, -9.0), False),
        (Interleaved(), (-9.0, -9.0), False),
        (Notes(), (-3.0, -3.0, -0.01, -0.01), False),
    ],
    ids=["its words were doubtful", "only its border was", "nothing but a border", "thoughts do not join"],
)
def test_a_note_counts_for_the_doubt_but_for_its_border(listening, logprobs, doubt: bool) -> None:
    stage = read_on(listening, *logprobs)
    assert stage.player.text == (DecoderConfig().ask_again if doubt else "Four.")
    assert [kind for kind, _ in overlaps(stage)] == [Overlap.NOISE if doubt else Overlap.BARGE_IN]


def test_a_draft_that_was_begun_without_a_note_takes_its_place_among_the_notes() -> None:
    """It says again what the note says; both would tell what was heard twice."""

    async def scene(stage: Stage) -> None:
        stage.start(end=40_000)
        await asyncio.sleep(0.5)
        beside = Reading("heard: two\n")
        assert stage.notebook.take(TURN, 0, Span(Sample(0), Sample(32_000)), beside, tokens=9, cut=False)
        await asyncio.sleep(2)
        stage.decoding.drop(FIRST)
        stage.start(2, end=CAPTURED)
        await asyncio.sleep(0.1)

    stage = during(scene, Adaptive(), brain())
    *_, (_, prompt) = stage.brain.of("thought")
    (human,) = [part for part in prompt if isinstance(part, Human)]
    assert human.notes == (Note(HEARD + numbered(18), 32),) and positions(prompt) == 38
