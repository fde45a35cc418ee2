"""A brain that fails: the agent says so, the session goes on, and nothing that the user said is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from session_scene import Room, build

from model.scripted import Answer, ByTurn, ScriptedEngine
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Audio, Heard, Human, Prompt

SORRY = "Sorry, something went wrong. Please say that again."
FACTS = BrainFacts("frail", "audio", "no", obeys_instructions=False, history_turns=4, thinks=False)


class Frail(ScriptedEngine):
    """Fails in the first turn: at once, or after so many seconds."""

    def __init__(self, first: float) -> None:
        super().__init__(ByTurn((Answer("One."), Answer("Two."))), first, 0.01, facts=FACTS)
        self.prompts: list[Prompt] = []

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        self.prompts.append(prompt)
        first = sum(isinstance(part, Human) for part in prompt) == 1
        for piece in super().generate(prompt, limits, session):
            if first:
                raise ModelError("the server vanished")
            yield piece


@pytest.mark.parametrize("first", [0.0, 0.1, 1.5])
def test_what_the_user_said_before_the_brain_failed_is_in_the_next_prompt(first: float) -> None:
    engine = Frail(first)

    async def main() -> None:
        session = build(Room(((1.0, 2.0), (9.0, 10.0)), seconds=16.0), InlineCompute(engine, engine.cost))
        await session.run()
        failed, answered = session.conversation.exchanges
        assert (failed.reply, answered.reply) == (SORRY, "Two.")
        assert failed.user is not None
        (sound,) = failed.user.parts
        assert isinstance(sound, Audio) and sound.seconds >= 1.0 and sound.pcm.max() == 0.5
        before = engine.prompts[-1].parts[:2]
        assert before == (failed.user, Heard(SORRY)), "the brain that goes on knows what was asked"

    simulate(main)
