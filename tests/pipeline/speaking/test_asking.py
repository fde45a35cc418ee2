"""pipeline/speaking/asking.py: a segment per yes."""

from __future__ import annotations

import asyncio

from drafting import Stage, during
from thinker import Thinker, kind_of, numbered

from pipeline.prompt import Prompt, Reply
from pipeline.speaking.asking import Asking

HEARD = "heard: two plus two\n"
TEXT = "You ask me about two apples, and I count them one by one for you, so it is four."


class Asked(Thinker):
    """Answers the question whether it is ready: yes from so many lines of thought on."""

    ready = 8

    def _text(self, prompt: Prompt, kind: str) -> str:
        reply = prompt.parts[-1]
        assert isinstance(reply, Reply)
        if kind == "thought" and (reply.thoughts or "").endswith(Asking.question):
            return "yes" if (reply.thoughts or "").count("\n") >= self.ready + 2 else "no"
        return super()._text(prompt, kind)


async def whole(stage: Stage) -> None:
    stage.start()
    await asyncio.sleep(0.1)
    stage.commit()
    await asyncio.sleep(20)


def questions(stage: Stage) -> list[str]:
    replies = [prompt.parts[-1] for _, prompt in stage.brain.of("thought")]
    return [r.thoughts for r in replies if isinstance(r, Reply) and r.thoughts]


def test_words_begin_at_the_first_yes_and_the_question_stays_out_of_thought_and_speech() -> None:
    brain = Asked(thought=HEARD + numbered(40), answer=lambda thoughts: TEXT, pace=0.02)
    stage = during(whole, Asking(), brain, holds=False)
    first = stage.words()[0][1]
    assert 7 <= first.count("\n") < 30
    assert stage.player.text == TEXT and stage.player.starved < 1.0
    assert Asking.question not in "".join(thought.text for _, thought in stage.thoughts)
    assert all(Asking.question not in thoughts for _, thoughts, _ in stage.words())
    asked = questions(stage)
    assert 2 <= len(asked) <= 40 * 3 // 20 + 1


def test_a_brain_that_never_says_yes_thinks_fully() -> None:
    brain = Asked(thought=HEARD + numbered(20), answer=lambda thoughts: TEXT, pace=0.02)
    brain.ready = 10**6
    stage = during(whole, Asking(), brain, holds=False)
    assert [lines for _, lines, _ in stage.words()] == [HEARD + numbered(20)]
    assert stage.player.text == TEXT and kind_of(stage.brain.asked[0][1]) == "thought"


def test_a_drop_while_it_is_asked_leaves_nothing_running() -> None:
    async def scene(stage: Stage) -> None:
        stage.start()
        await asyncio.sleep(0.41)
        assert questions(stage)
        stage.decoding.drop(next(iter(stage.decoding._jobs)))
        await asyncio.sleep(0.001)
        assert stage.brain.open == 0

    brain = Asked(thought=HEARD + numbered(40), answer=lambda thoughts: TEXT, pace=0.02)
    assert during(scene, Asking(), brain, holds=False).player.said == []
