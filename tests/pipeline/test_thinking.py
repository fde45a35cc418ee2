"""pipeline/thinking.py: a thought per block of sound."""

from __future__ import annotations

import asyncio

import pytest
from musing import TURN, Scene, begin, during
from thinker import KeepsCut, Thinker, numbered

from pipeline.events import StageFailed, StopThinking
from pipeline.listening.off import Off
from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import Audio, Human, Note
from pipeline.thinking import ThinkingConfig


def test_each_block_is_thought_about_when_it_closes() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(7.0)

    ran = during(scene)
    assert ran.moments() == [pytest.approx(at, abs=0.03) for at in (2.0, 4.0, 6.0)]
    assert ran.sounds() == [25, 50, 75]
    assert [(each.draft, each.after, each.cut) for each in ran.noted] == [
        (0, 25, False), (0, 50, False), (0, 75, False)
    ]  # fmt: skip
    assert "".join(t.text for t in ran.thoughts if t.draft == 0).count("heard: upto") == 3


def test_a_prompt_holds_the_earlier_notes_where_they_were_thought() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene, start=1600)
        await scene.talk(6.3)

    ran = during(scene)
    turns = [[part for part in prompt if isinstance(part, Human)][-1] for _, prompt in ran.brain.asked]
    assert [turn.notes for turn in turns] == [
        (), (Note("heard: upto 25\n", 25),), (Note("heard: upto 25\n", 25), Note("heard: upto 50\n", 50)),
    ]  # fmt: skip


def test_the_budget_is_what_the_brain_writes_in_a_block() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(6.9)

    slow = Thinker(note=lambda heard: numbered(100), pace=0.1)
    ran = during(scene, slow, KeepsCut())
    assert ran.sounds() == [25, 50, 75], "no block is left out after one that was thought through"
    # Believed to write 50 per second, the first thought is overtaken; then the measured rate is the budget.
    first, second = (note.text.count("\n") for note in ran.notes()[:2])
    assert 5 <= first <= 7 and 5 <= second <= 7
    assert all(each.cut for each in ran.noted)


def test_a_fast_brain_is_capped() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.0)

    talker = Thinker(note=lambda heard: numbered(100), pace=0.001)
    ran = during(scene, talker, KeepsCut(), ThinkingConfig(most_tokens=31))
    assert len(ran.thoughts) == 31 and ran.notes()[0].text == numbered(10)


def test_an_overtaken_thought_stops_at_a_token_and_keeps_its_whole_lines() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(4.1)
        assert scene.brain.open == 1 and scene.sounds() == [25, 50]

    ran = during(scene, Thinker(note=lambda heard: numbered(100), pace=0.09), KeepsCut())
    (noted, *_) = ran.noted
    assert noted.cut and noted.text == numbered(noted.text.count("\n")) and noted.after == 25


def test_a_reopened_turn_thinks_on_and_not_again() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.0)
        scene.thinking.stop(StopThinking(TURN))
        begin(scene)
        await scene.talk(1.5)

    ran = during(scene)
    assert ran.sounds() == [25, 50] and len(ran.notes()) == 2


def test_a_turn_that_was_heard_for_long_begins_with_its_newest_block() -> None:
    async def scene(scene: Scene) -> None:
        await scene.talk(5.0)
        begin(scene)
        await scene.talk(1.5)

    assert during(scene).sounds() == [50, 75]


def test_another_turn_starts_with_its_own_sound_and_no_notes() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(3.0)
        begin(scene, turn=2, start=scene.ring.end)
        await scene.talk(2.2)

    ran = during(scene)
    assert ran.sounds() == [25, 25]
    assert [p.notes for _, prompt in ran.brain.asked for p in prompt if isinstance(p, Human)] == [(), ()]


def test_a_hung_engine_is_given_up_and_the_newest_block_is_thought_about() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(7.0)

    ran = during(scene, Thinker(hangs=lambda kind, number: number == 0))
    assert [type(fact) for fact in ran.facts] == [StageFailed]
    assert ran.facts[0] == StageFailed("thinking", "no token for 4 s while thinking about what was heard")
    assert ran.sounds() == [25, 75]


def test_a_thought_that_is_stopped_while_the_engine_hangs_is_no_failure() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(2.2)
        begin(scene, turn=2, start=scene.ring.end)
        await scene.talk(2.2)

    ran = during(scene, Thinker(hangs=lambda kind, number: number == 0))
    assert ran.facts == [] and ran.sounds() == [25, 25] and len(ran.noted) == 1


def test_a_stall_does_not_teach_that_the_brain_is_slow() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(9.0)

    class Stalls(Thinker):
        async def _tokens(self, text, limits):  # type: ignore[no-untyped-def]
            number = 0
            async for piece in super()._tokens(text, limits):
                yield piece
                number += 1
                if number == 10 and len(self.asked) == 1:
                    await asyncio.get_running_loop().create_future()

    ran = during(scene, Stalls(note=lambda heard: numbered(100), pace=0.02), KeepsCut())
    assert len(ran.facts) == 1
    assert ran.noted[-1].text.count("\n") > 15


def test_a_failing_engine_is_a_fact_and_the_next_block_is_thought_about() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(4.5)

    ran = during(scene, Thinker(fails=lambda kind, number: number == 0))
    assert ran.facts == [StageFailed("thinking", "the engine fell over")]
    assert ran.sounds() == [25, 50] and len(ran.noted) == 1


def test_a_turn_that_has_spent_what_it_may_is_only_listened_to() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(9.0)

    ran = during(scene, Thinker(note=lambda heard: numbered(4), pace=0.001), budget=20)
    assert ran.sounds() == [25, 50]


def test_off_thinks_nothing() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(5.0)

    ran = during(scene, strategy=Off())
    assert ran.sounds() == [] and not ran.noted


def test_a_turn_without_end_is_thought_about_for_forty_seconds() -> None:
    async def scene(scene: Scene) -> None:
        begin(scene)
        await scene.talk(60.0)

    ran = during(scene, Thinker(pace=0.001))
    turns = [part for _, prompt in ran.brain.asked for part in prompt if isinstance(part, Human)]
    lengths = [sum(len(part.pcm) for part in turn.parts if isinstance(part, Audio)) for turn in turns]
    assert lengths == [2 * CAPTURE_RATE * k for k in range(1, 21)]


@pytest.mark.parametrize("wrong", [{"block": 0.05}, {"rate": 0.0}, {"most_tokens": 0}, {"patience": 0.0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="block of at least"):
        ThinkingConfig(**wrong)  # type: ignore[arg-type]
