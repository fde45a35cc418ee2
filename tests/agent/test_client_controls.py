"""A client at a distance: it tells turns itself, asks for replies, and says how much was heard of them."""

from __future__ import annotations

import asyncio

import numpy as np
from session_scene import SAID, Room, inline, live

from agent.conversation import Exchange
from agent.line import SessionConfig
from agent.session import AgentSession
from agent.turn import TurnConfig
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.events import Turn
from pipeline.prompt import Audio, Human, Text
from pipeline.vad import HysteresisConfig

LONG = "One two three four five six seven eight nine ten eleven twelve."


def brain(said: str = "Here I am.") -> ScriptedEngine:
    return ScriptedEngine(ByText({}, Answer(said, SAID)), first=0.01, per_token=0.001)


def replies(session: AgentSession) -> list[str]:
    return [each.reply for each in session.conversation.exchanges]


def heard(exchange: Exchange) -> float:
    """Seconds of the user's sound in it."""
    assert exchange.user is not None
    return sum(part.seconds for part in exchange.user.parts if isinstance(part, Audio))


def test_push_to_talk_is_answered_when_that_is_asked_for() -> None:
    async def scene(session: AgentSession) -> None:
        session.take_turns("client")
        await asyncio.sleep(0.5)
        session.begin_turn()
        await asyncio.sleep(1.0)
        session.commit()
        await asyncio.sleep(1.0)
        assert replies(session) == [] and session.unanswered
        await session.generate_reply()
        assert replies(session) == ["Here I am."] and not session.unanswered
        assert 0.95 <= heard(session.conversation.exchanges[0]) <= 1.25

    live(scene, inline(brain()), Room(seconds=30.0, talks=((0.6, 1.4), (3.0, 4.0))))


def test_commit_and_wish_in_one_breath_are_one_answer() -> None:
    async def scene(session: AgentSession) -> None:
        session.take_turns("client")
        session.begin_turn()
        await asyncio.sleep(0.8)
        session.commit()
        await session.generate_reply()
        assert replies(session) == ["Here I am."]
        assert heard(session.conversation.exchanges[0]) > 0.7

    live(scene, inline(brain()), Room(seconds=30.0))


def test_what_is_withdrawn_is_not_heard() -> None:
    async def scene(session: AgentSession) -> None:
        session.take_turns("client")
        session.begin_turn()
        await asyncio.sleep(1.0)
        session.withdraw()
        await asyncio.sleep(0.2)
        assert not session.unanswered
        session.begin_turn()
        await asyncio.sleep(0.5)
        session.commit()
        await session.generate_reply()
        assert heard(session.conversation.exchanges[0]) < 0.75

    live(scene, inline(brain()), Room(seconds=30.0))


def test_a_detected_turn_waits_where_it_is_not_to_be_answered_by_itself() -> None:
    async def scene(session: AgentSession) -> None:
        session.answer_turns(by_itself=False)
        await asyncio.sleep(3.0)
        assert replies(session) == [] and session.unanswered
        await session.generate_reply()
        assert replies(session) == ["Here I am."]

    live(scene, inline(brain()), Room(seconds=30.0, talks=((0.5, 1.2),)))


def test_a_detector_takes_over_in_mid_speech_and_back() -> None:
    async def scene(session: AgentSession) -> None:
        await asyncio.sleep(1.0)  # in the middle of speech
        session.take_turns("client")
        await asyncio.sleep(0.3)
        session.begin_turn()
        await asyncio.sleep(0.3)
        session.take_turns("detector")
        await asyncio.sleep(4.0)
        assert replies(session) == ["Here I am."]  # to the second stretch, and to what waited before it

    live(scene, inline(brain()), Room(seconds=30.0, talks=((0.5, 2.0), (3.0, 4.0))))


def test_settings_of_turns_count_from_there_on() -> None:
    async def scene(session: AgentSession) -> None:
        session.suit_turns(TurnConfig.fixed(2.0), HysteresisConfig())
        await asyncio.sleep(2.5)
        assert replies(session) == [] and session.current_speech is None
        await asyncio.sleep(3.0)
        assert replies(session) == ["Here I am."]

    live(scene, inline(brain()), Room(seconds=30.0, talks=((0.5, 1.2),)))


def test_a_reply_that_sounds_is_cut_where_the_client_stopped_it() -> None:
    async def scene(session: AgentSession) -> None:
        handle = session.generate_reply(user_input="count")
        while session.agent_state != "speaking":  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.5)
        assert handle.turn is not None
        text = session.truncate(handle.turn, 0.7)
        await handle
        assert text and LONG.startswith(text) and len(text.split()) < 6
        assert replies(session) == [text] and not session.conversation.exchanges[0].whole

    live(scene, inline(brain(LONG)), Room(seconds=30.0))


def test_a_reply_that_is_over_is_corrected_and_never_made_longer() -> None:
    async def scene(session: AgentSession) -> None:
        handle = await session.generate_reply(user_input="count")
        assert replies(session) == [LONG] and handle.turn is not None
        text = session.truncate(handle.turn, 0.7)
        assert text and replies(session) == [text]
        assert session.truncate(handle.turn, 60.0) == text == replies(session)[0]
        assert session.truncate(99, 1.0) is None
        await session.generate_reply(user_input="go on")  # the next draft knows it; no draft is committed on
        assert replies(session) == [text, LONG]  # another history

    live(scene, inline(brain(LONG)), Room(seconds=30.0))


def test_a_correction_while_a_draft_is_alive_waits_for_the_next_one() -> None:
    async def scene(session: AgentSession) -> None:
        handle = await session.generate_reply(user_input="count")
        assert handle.turn is not None
        while session.user_state != "speaking":  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.02)
        while session.user_state != "listening":  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.02)
        session.truncate(handle.turn, 0.7)  # in the pause: the draft of this turn has read the longer one
        await asyncio.sleep(4.0)
        assert len(replies(session)) == 2 and replies(session)[0] != LONG

    live(scene, inline(brain(LONG)), Room(seconds=30.0, talks=((9.0, 9.6),)))


def test_earlier_exchanges_go_before_the_first_turn() -> None:
    from session_scene import build

    from pipeline.clock import simulate

    past = Exchange(Turn(1), Human((Text("My name is Ada."),)), "Hello Ada.", whole=True)
    seen: list[object] = []

    class Watching(ScriptedEngine):
        def generate(self, prompt, limits, session=""):  # type: ignore[no-untyped-def]
            seen.append(prompt)
            return super().generate(prompt, limits, session)

    async def main() -> None:
        engine = Watching(ByText({}, Answer("Ada.", SAID)))
        room = Room(seconds=10.0)
        session = build(room, inline(engine), config=SessionConfig(turn=TurnConfig.fixed(0.25)))
        session._history = (past,)
        async with session:
            await session.generate_reply(user_input="Who am I?")
            assert replies(session) == ["Hello Ada.", "Ada."]

    simulate(main)
    assert "Hello Ada." in str(seen[0])


def test_a_later_ear_hears_less() -> None:
    async def words_of_a_cut_reply(session: AgentSession) -> int:
        handle = session.generate_reply(user_input="count")
        while session.agent_state != "speaking":  # noqa: ASYNC110  # virtual time
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.5)
        session.interrupt()
        await handle
        return len(handle.text.split())

    async def scene(session: AgentSession) -> None:
        session.hears_late(0.8)
        late = await words_of_a_cut_reply(session)
        session.hears_late(0.0)
        assert late + 2 <= await words_of_a_cut_reply(session)
        session.hears_late(float("inf"))  # clamped: a stranger's figure

    live(scene, inline(brain(LONG)), Room(seconds=30.0))


def test_an_edge_is_told_whose_sound_it_pulled() -> None:
    room = Room(seconds=8.0)
    turns: list[tuple[int, int]] = []
    pulled = room.run

    async def run(ring, source, emit):  # type: ignore[no-untyped-def]
        class Watched:
            def pull(self, count: int) -> np.ndarray:
                pcm = source.pull(count)
                turns.append((source.progress.turn, source.progress.delivered))
                return pcm

        await pulled(ring, Watched(), emit)

    room.run = run  # type: ignore[method-assign]

    async def scene(session: AgentSession) -> None:
        await session.generate_reply(user_input="one")
        await session.generate_reply(user_input="two")

    live(scene, inline(brain()), room)
    assert {turn for turn, _ in turns} >= {1, 2}
    counts = [count for _, count in turns]
    assert counts == sorted(counts) and counts[-1] > 24_000
