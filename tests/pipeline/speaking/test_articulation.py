"""pipeline/speaking/articulation.py: words beside a thought, segment by segment."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from drafting import FIRST, TURN, Staged, during, lines
from drafting import Stage as Scene
from thinker import KeepsCut, Thinker, numbered

from pipeline.decoder import DecoderConfig
from pipeline.events import Ending, Sample, Span
from pipeline.listening.interleaved import Interleaved
from pipeline.prompt import Note
from pipeline.reading import unconcluded
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.articulation import ArticulationConfig
from pipeline.speaking.speak_first import SpeakFirst
from pipeline.speaking.think_first import ThinkFirst

HEARD = "heard: two plus two\n"
RESTATE, WORK, RESULT = "You ask me about two apples.", " I add two and two.", " So it is four."
HOLDING = Staged((RESTATE, WORK, RESULT), (1, 6, 12))
LONG = HEARD + numbered(11)


def slow(**others) -> Thinker:
    """20 ms per token: 12 lines of thought take 0.8 s."""
    return Thinker(**{"thought": LONG, "answer": HOLDING, "pace": 0.02, **others})


async def whole(stage: Scene) -> None:
    stage.start()
    await asyncio.sleep(0.1)
    stage.commit()
    await asyncio.sleep(20)


def test_the_first_words_follow_the_heard_line_and_the_rest_comes_while_they_play() -> None:
    stage = during(whole, Adaptive(), slow())
    times = {text: at for at, text in stage.player.said}
    assert stage.player.text == RESTATE + WORK + RESULT
    assert times[RESTATE] < 0.35 < stage.thoughts[-1][0]
    assert stage.player.starved == 0.0
    assert stage.endings() == [Ending.COMPLETE] and stage.player.done is not None
    assert stage.brain.most == 2, "one thought and one segment at a time"


def test_each_segment_is_written_from_the_newest_finished_lines_and_the_words_said() -> None:
    thought = HEARD + numbered(60)
    first, *later = during(whole, Adaptive(), slow(thought=thought)).words()
    assert first[1:] == (HEARD, "")
    assert later[0][2] == RESTATE and lines(later[0][1]) >= 2
    assert all(thoughts.endswith("\n") for _, thoughts, _ in later)
    assert later[-1][1] == thought, "the last words know the whole thought"


def test_no_second_segment_is_written_before_the_commit() -> None:
    async def scene(stage: Scene) -> None:
        stage.start()
        await asyncio.sleep(0.7)
        assert [text for _, text in stage.player.said] == [RESTATE]
        assert len(stage.words()) == 1
        stage.commit()
        await asyncio.sleep(0.1)
        assert len(stage.words()) == 1, "enough is left to play"
        await asyncio.sleep(20)

    assert during(scene, Adaptive(), slow(thought=HEARD + numbered(40))).player.text.endswith("four.")


def test_a_segment_is_due_when_little_is_left_to_play() -> None:
    stage = during(whole, Adaptive(), slow(thought=HEARD + numbered(60), answer=HOLDING))
    began, second = stage.player.said[0][0], stage.words()[1][0]
    playing = 0.3 * len(RESTATE.split())
    assert second == pytest.approx(began + playing - 0.4 - 0.15, abs=0.05)
    assert lines(stage.words()[1][1]) > 12, "by then the thought had grown"


def test_a_brain_that_waits_is_asked_again_when_a_line_was_finished_and_not_before() -> None:
    answer = Staged((RESTATE, RESULT), (1, 30))
    stage = during(whole, Adaptive(), slow(thought=HEARD + numbered(40), answer=answer))
    asked = [thoughts for _, thoughts, _ in stage.words() if lines(thoughts) < 41]
    assert [lines(a) < lines(b) for a, b in itertools.pairwise(asked)] == [True] * (len(asked) - 1)
    assert stage.player.text == RESTATE + RESULT
    assert len(asked) <= 31


def test_a_thinker_that_is_too_slow_lets_the_voice_end_its_clause_and_pause() -> None:
    late = Staged((RESTATE, RESULT), (1, 71))
    stage = during(whole, Adaptive(), slow(thought=HEARD + numbered(70), answer=late))
    assert stage.player.text == RESTATE + RESULT and stage.player.starved > 1.0
    assert [text for _, text in stage.player.said] == [RESTATE, RESULT.strip()]


def test_segments_end_at_clause_borders() -> None:
    clauses = [f" then number {n} goes on with number {n + 1}," for n in range(12)]
    text = "I count for you now." + "".join(clauses) + " and that is all."
    brain = slow(thought=HEARD + numbered(90), answer=lambda thoughts: text)
    stage = during(whole, Adaptive(), brain, per_word=0.05)
    assert stage.player.text == text
    said = [after for _, _, after in stage.words() if after]
    assert len(said) >= 2 and all(each.endswith((",", ".")) for each in said)


def test_words_without_any_border_end_between_words() -> None:
    text = "It is " + " ".join(f"seventeen{n}" for n in range(100))
    config = DecoderConfig(articulation=ArticulationConfig(segment=5, longest=9))

    class Syllables(Thinker):
        async def _tokens(self, text, limits):  # type: ignore[no-untyped-def]
            count = 0
            async for piece in super()._tokens(text, limits):
                half = len(piece.text) // 2 if len(piece.text) > 4 else 0
                for part in ((piece.text[:half], piece.text[half:]) if half else (piece.text,)):
                    count += 1
                    last = piece.last or count == limits.max_tokens
                    yield type(piece)(piece.token, part, piece.logprob, last)
                    if last:
                        return

    brain = Syllables(thought=HEARD + numbered(90), answer=lambda thoughts: text, pace=0.02)
    stage = during(whole, Adaptive(), brain, config=config)
    assert text.startswith(stage.words()[1][2]) and set(stage.player.text.split()) <= set(text.split())


@pytest.mark.parametrize("strategy", [SpeakFirst(), ThinkFirst(6), Adaptive()], ids=lambda s: s.name)
def test_strategies_differ_in_when_the_first_words_are_written(strategy) -> None:
    at, thoughts, _ = during(whole, strategy, slow()).words()[0]
    assert (at, thoughts) == {
        "speak-first": (0.0, ""),
        "think-first": (pytest.approx(0.12), HEARD),
        "adaptive": (pytest.approx(0.12, abs=0.021), HEARD),
    }[strategy.name]


def test_a_short_thought_gives_the_whole_answer_in_one_segment() -> None:
    stage = during(whole, Adaptive(), Thinker(thought=HEARD, answer=lambda thoughts: "Four.", pace=0.001))
    assert stage.player.text == "Four." and all(found.score == 0.0 for found in stage.conflicts)


def test_a_wrong_number_that_was_said_is_taken_back_aloud() -> None:
    def answer(thoughts: str) -> str:
        return "It makes five apples." if lines(thoughts) < 12 else "It makes four apples."

    stage = during(whole, Adaptive(), slow(answer=answer))
    assert stage.player.text == "It makes five apples. Let me correct that. It makes four apples."
    (found,) = stage.conflicts
    assert (found.said, found.meant) == ("It makes five apples.", "It makes four apples.")
    assert found.score == pytest.approx(0.25)


def test_numbers_of_the_question_are_not_taken_back() -> None:
    def answer(thoughts: str) -> str:
        return "You ask me about two apples." if lines(thoughts) < 12 else "That makes four."

    stage = during(whole, Adaptive(), slow(answer=answer))
    assert "correct" not in stage.player.text and stage.conflicts


def test_words_that_the_whole_thought_bears_out_contradict_nothing() -> None:
    assert all(found.score == 0.0 for found in during(whole, Adaptive(), slow()).conflicts)


PHASES = [0.05, 0.17, 0.3, 0.5, 0.9, 1.2, 1.9, 2.2]


@pytest.mark.parametrize("after", PHASES)
@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("listening", [KeepsCut(), Interleaved()], ids=["keeps cut", "whole"])
def test_a_drop_in_any_phase_leaves_nothing_running_and_keeps_the_thought(
    after, committed, listening
) -> None:
    async def scene(stage: Scene) -> None:
        stage.start()
        if committed:
            await asyncio.sleep(0.02)
            stage.commit()
        await asyncio.sleep(after)
        said = len(stage.player.said)
        stage.decoding.drop(FIRST)
        await asyncio.sleep(0.001)
        assert stage.brain.open == 0
        await asyncio.sleep(5)
        assert len(stage.player.said) == said

    thought = HEARD + numbered(20)
    stage = during(scene, Adaptive(), slow(thought=thought), listening=listening)
    written = "".join(thought.text for _, thought in stage.thoughts)
    kept = written[: written.rfind("\n") + 1]
    if not listening.keeps_cut and (written != thought or after < 1.3):
        kept = ""
    if written == thought and after >= 1.3:
        kept = unconcluded(kept)  # what it took for the end of the turn was none
    assert "".join(noted.text for noted in stage.noted) == kept
    if kept:
        assert stage.noted[0].after == 13 and stage.noted[0].draft == 1


def test_the_thought_of_a_dropped_draft_stands_in_the_next_prompt() -> None:
    async def scene(stage: Scene) -> None:
        stage.start()
        await asyncio.sleep(0.3)
        stage.decoding.drop(FIRST)
        stage.start(2, end=40_000)
        await asyncio.sleep(0.1)

    stage = during(scene, Adaptive(), slow(), listening=KeepsCut())
    *_, (_, prompt) = stage.brain.of("thought")
    (note,) = prompt.parts[0].notes  # type: ignore[union-attr]
    assert isinstance(note, Note) and note.after == 13 and note.text.startswith(HEARD)


def test_a_newer_draft_replaces_an_older_one_and_has_its_thought() -> None:
    async def scene(stage: Scene) -> None:
        stage.start()
        await asyncio.sleep(0.3)
        stage.start(2, end=40_000)
        await asyncio.sleep(0.1)

    *_, (_, prompt) = during(scene, Adaptive(), slow(), listening=KeepsCut()).brain.of("thought")
    assert [note.after for note in prompt.parts[0].notes] == [13]  # type: ignore[union-attr]


def test_notes_never_enter_what_is_remembered() -> None:
    async def scene(stage: Scene) -> None:
        stage.start()
        await asyncio.sleep(0.3)
        stage.start(2, end=40_000)
        await asyncio.sleep(0.1)
        stage.commit(2)
        await asyncio.sleep(3)
        user = stage.decoding.remember(TURN)
        assert user is not None and user.notes == ()
        assert stage.notebook.of(TURN, Span(Sample(0), Sample(48_000))) == ()

    during(scene, Adaptive(), slow())
