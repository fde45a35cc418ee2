"""pipeline/decoder.py with words beside the thought: scores, budgets, failures, lanes."""

from __future__ import annotations

import asyncio

import pytest
from drafting import FIRST, TURN, Stage, Staged, during
from thinker import KeepsCut, Thinker, numbered

from pipeline.decoder import DecoderConfig, Decoding
from pipeline.errors import BugError
from pipeline.events import Ending, Overlap, OverlapScored, StageFailed, Turn
from pipeline.prompt import Reply
from pipeline.records import Speculated
from pipeline.speaking.adaptive import Adaptive
from pipeline.speaking.articulation import ArticulationConfig
from pipeline.speaking.no_think import NoThink
from pipeline.speaking.speak_first import SpeakFirst
from pipeline.speaking.think_fully import ThinkFully

HEARD = "heard: two plus two\n"
ANSWER = Staged(("You ask me about two apples.", " So it is four."), (1, 8))


def brain(**others) -> Thinker:
    return Thinker(**{"thought": HEARD + numbered(9), "answer": ANSWER, "pace": 0.02, **others})


async def whole(stage: Stage) -> None:
    stage.start()
    await asyncio.sleep(0.1)
    stage.commit()
    await asyncio.sleep(40)


@pytest.mark.parametrize(
    ("strategy", "reply"),
    [(ThinkFully(), Reply()), (NoThink(), Reply(thinking=False))],
    ids=["think-fully", "no-think"],
)
def test_thought_and_words_may_be_one_generation(strategy, reply: Reply) -> None:
    stage = during(whole, strategy, brain(answer=lambda thoughts: "It is four."))
    assert [prompt.parts[-1] for _, prompt in stage.brain.asked] == [reply] and stage.brain.most == 1
    assert stage.player.text == "It is four." and stage.endings() == [Ending.COMPLETE]
    assert stage.scores() == ([0.95] if strategy.thinks else []), "once, however many words follow"
    assert bool(stage.thoughts) is strategy.thinks


@pytest.mark.parametrize("strategy", [Adaptive(), SpeakFirst()], ids=lambda each: each.name)
@pytest.mark.parametrize(("thought", "score"), [(numbered(9), 0.95), (numbered(9) + "incomplete\n", 0.05)])
def test_the_end_of_the_turn_is_scored_once_when_the_thought_is_closed(strategy, thought, score) -> None:
    stage = during(whole, strategy, brain(thought=HEARD + thought))
    assert stage.scores() == [score]
    assert [f.kind for f in stage.facts if isinstance(f, OverlapScored)] == [Overlap.BARGE_IN]


def test_a_doubtful_hearing_is_asked_again_before_any_word_and_frees_the_engine() -> None:
    stage = during(whole, Adaptive(), brain(logprob=-0.5))
    assert stage.player.text == DecoderConfig().ask_again
    assert stage.words() == [] and stage.endings() == [Ending.COMPLETE]
    assert [f.kind for f in stage.facts if isinstance(f, OverlapScored)] == [Overlap.NOISE]
    assert len(stage.thoughts) < 10, "the thought was stopped"


def test_notes_of_listening_count_for_the_doubt() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(0.4)
        stage.decoding.drop(FIRST)
        stage.brain.logprob = -0.001
        stage.start(2, end=40_000)
        await asyncio.sleep(2)

    stage = during(scene, Adaptive(), brain(logprob=-0.3), threshold=-0.2, listening=KeepsCut())
    assert next(f.kind for f in stage.facts if isinstance(f, OverlapScored)) is Overlap.NOISE
    assert stage.player.text.startswith(DecoderConfig().ask_again)
    (later,) = [f for f in stage.facts if isinstance(f, OverlapScored)][1:]
    assert "two plus two two plus two" in later.why


@pytest.mark.parametrize("kind", ["thought", "words"])
def test_an_engine_that_fails_fails_the_draft_and_not_the_stage(kind: str) -> None:
    async def scene(stage: Stage) -> None:
        await whole(stage)
        stage.decoding.remember(TURN)
        stage.start(2, turn=2)
        await asyncio.sleep(5)

    stage = during(scene, Adaptive(), brain(fails=lambda each, number: each == kind and number == 0))
    failed = [f for f in stage.facts if isinstance(f, StageFailed)]
    assert failed == [StageFailed("brain", "the engine fell over")]
    assert stage.endings()[0] is Ending.FAILED and stage.endings()[1:] == [Ending.COMPLETE]
    assert stage.player.text.count("You ask me") == 1


@pytest.mark.parametrize("kind", ["thought", "words"])
def test_an_engine_that_hangs_is_given_up_after_its_patience(kind: str) -> None:
    stage = during(whole, Adaptive(), brain(hangs=lambda each, number: each == kind))
    (failed,) = [f for f in stage.facts if isinstance(f, StageFailed)]
    assert failed == StageFailed("brain", "the brain gave no token for 8 s")
    assert stage.endings() == [Ending.FAILED]


@pytest.mark.parametrize("kind", ["thought", "words"])
def test_drafts_dropped_while_the_engine_hangs_keep_no_lane(kind: str) -> None:
    async def scene(stage: Stage) -> None:
        for draft in range(1, 6):
            stage.start(draft)
            await asyncio.sleep(0.3)
            stage.decoding.drop(stage.decoding._jobs[draft].order.draft)  # type: ignore[index]
        stage.brain.hangs = lambda each, number: False
        await asyncio.sleep(0.001)
        assert stage.brain.open == 0
        stage.start(6)
        await asyncio.sleep(0.4)
        assert stage.player.text == "You ask me about two apples."

    stage = during(scene, Adaptive(), brain(hangs=lambda each, number: each == kind))
    assert not [f for f in stage.facts if isinstance(f, StageFailed)]


def test_a_reply_that_is_still_thought_about_leaves_a_lane_for_the_next_turn() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        stage.commit()
        await asyncio.sleep(0.5)
        for draft in range(2, 7):
            stage.start(draft, turn=2)
            await asyncio.sleep(0.3)
            stage.decoding.drop(stage.decoding._jobs[draft].order.draft)  # type: ignore[index]
        stage.start(7, turn=2)
        await asyncio.sleep(20)

    stage = during(scene, Adaptive(), brain(thought=HEARD + numbered(90)))
    assert stage.brain.most <= 4
    assert stage.endings() == [Ending.DROPPED] * 5 + [Ending.COMPLETE] * 2


@pytest.mark.parametrize("strategy", [Adaptive(), ThinkFully(), NoThink()], ids=lambda each: each.name)
def test_without_speculation_a_draft_begins_at_its_commit(strategy) -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(1.0)
        assert stage.facts == [] and stage.brain.asked == []
        stage.commit()
        await asyncio.sleep(20)

    talker = brain(answer=lambda thoughts: "It is four.")
    stage = during(scene, strategy, talker, ahead=False)
    assert stage.brain.asked[0][0] == pytest.approx(1.0) and stage.endings() == [Ending.COMPLETE]
    (told,) = stage.told
    assert not told.hit and (told.tokens, told.saved) == (0, 0.0)


def test_a_turn_that_has_spent_its_budget_drafts_at_its_commit_only() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(1.0)
        stage.decoding.drop(FIRST)
        asked = len(stage.brain.asked)
        stage.start(2)
        await asyncio.sleep(1.0)
        assert len(stage.brain.asked) == asked
        stage.commit(2)
        await asyncio.sleep(20)

    stage = during(scene, Adaptive(), brain(), budget=20)
    assert stage.player.text.endswith("four.")
    (told,) = stage.told
    assert not told.hit and told.tokens > 20


def test_a_deferred_draft_that_is_dropped_is_never_begun() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        stage.decoding.drop(FIRST)
        with pytest.raises(BugError, match="not alive"):
            stage.commit()
        await asyncio.sleep(1.0)

    assert during(scene, Adaptive(), brain(), ahead=False).brain.asked == []


def test_what_speculation_brought_is_told_at_the_commit() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(1.0)
        stage.commit()
        await asyncio.sleep(10)

    (told,) = during(scene, Adaptive(), brain()).told
    assert isinstance(told, Speculated) and told.hit and told.wasted == 0
    assert 0.2 < told.saved < 0.4 and told.tokens > 30


def test_the_words_of_a_reply_are_bounded_and_end_at_a_clause_border() -> None:
    text = "I count for you now." + "".join(f" then number {n} goes on," for n in range(60))
    config = DecoderConfig(articulation=ArticulationConfig(most_words=30))
    stage = during(whole, Adaptive(), brain(answer=lambda thoughts: text), config=config)
    assert text.startswith(stage.player.text) and stage.player.text.endswith((",", "."))
    assert 30 <= len(stage.player.text.split()) <= 40 and stage.endings() == [Ending.COMPLETE]


def test_a_reply_that_goes_round_in_circles_is_ended() -> None:
    text = "Well now, " + "round and round it goes, " * 60
    stage = during(whole, Adaptive(), brain(answer=lambda thoughts: text))
    assert len(stage.player.text.split()) < 60 and stage.endings() == [Ending.COMPLETE]


def test_a_thought_that_goes_round_in_circles_is_ended_and_answered_from() -> None:
    stage = during(whole, Adaptive(), brain(thought=HEARD + "again and again\n" * 90))
    assert len(stage.thoughts) < 60 and stage.player.text.endswith("four.")


def test_a_barge_in_while_it_thinks_closes_every_stream() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(0.1)
        stage.commit()
        await asyncio.sleep(0.25)
        stage.decoding.hush(TURN)
        await asyncio.sleep(0.001)
        assert stage.brain.open == 0
        assert stage.decoding.remember(TURN) is not None
        await asyncio.sleep(5)

    stage = during(scene, Adaptive(), brain())
    assert stage.endings() == [Ending.DROPPED] and stage.player.done is None


def test_nothing_is_left_of_turns_that_are_over() -> None:
    async def scene(stage: Stage) -> None:
        for turn in range(1, 8):
            stage.start(turn, turn=turn)
            stage.commit(turn, turn=turn)
            await asyncio.sleep(5)
            stage.decoding.remember(Turn(turn))
        assert stage.decoding._jobs == {}

    assert during(scene, Adaptive(), brain()).endings() == [Ending.COMPLETE] * 7


def test_words_beside_a_thought_need_a_stage_that_formulates() -> None:
    from pipeline.decoder import Ways

    with pytest.raises(BugError, match="needs a stage that formulates"):
        Decoding(
            brain(), None, None, None, None, None,  # type: ignore[arg-type]
            threshold=None, config=DecoderConfig(), ways=Ways(speaking=Adaptive()),
        )  # fmt: skip


@pytest.mark.parametrize("strategy", [Adaptive(), SpeakFirst(), ThinkFully()], ids=lambda each: each.name)
def test_what_deserves_no_answer_is_no_barge_in(strategy) -> None:
    """An mm-hm that was heard well was called one before the brain had found nothing to say to it."""
    stage = during(whole, strategy, brain(thought="heard: mm-hm\n", answer=lambda thoughts: ""))
    assert stage.player.text == "" and stage.endings() == [Ending.COMPLETE]
    assert [fact for fact in stage.facts if isinstance(fact, OverlapScored)] == []
