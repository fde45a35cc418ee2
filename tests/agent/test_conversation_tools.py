"""Calls in the conversation: what was done is known later, with the words heard around it."""

from __future__ import annotations

from agent.conversation import Conversation, Exchange
from pipeline.events import Turn
from pipeline.prompt import Called, Heard, Human, Prompt, System, Text, ToolCall, ToolResult, ToolSpec

USER = Human((Text("is it raining"),))


def called(said: str = "", content: str = "yes", name: str = "call-1") -> Called:
    return Called((ToolCall(name, "look", "{}"),), (ToolResult(name, "look", content),), said)


def conversation(depth: int = 5) -> Conversation:
    return Conversation(None, depth=depth)


def test_calls_stand_before_the_words_that_were_heard_after_them() -> None:
    talk = conversation()
    reply = "Let me see. One moment. It rains."
    talk.remember(Exchange(Turn(1), USER, reply, True, (called("Let me see."),)))
    assert talk.history() == Prompt((USER, called("Let me see."), Heard("One moment. It rains.")))
    assert talk.exchanges[0].reply == reply


def test_a_reply_that_was_cut_before_its_words_keeps_what_was_done() -> None:
    talk = conversation()
    talk.remember(Exchange(Turn(1), USER, "", False, (called(),)))
    assert talk.history() == Prompt((USER, called()))


def test_a_brain_that_knows_nothing_of_tools_gets_the_words_that_were_heard_and_no_calls() -> None:
    talk = conversation()
    talk.remember(Exchange(Turn(1), USER, "Let me see. It rains.", True, (called("Let me see."),)))
    talk.remember(Exchange(Turn(2), USER, "", False, (called(),)))
    talk.suit(None, depth=5, calls=False)
    assert talk.history() == Prompt((USER, Heard("Let me see. It rains.")))


def test_a_reply_without_words_and_calls_is_none() -> None:
    talk = conversation()
    talk.remember(Exchange(Turn(1), USER, "", False))
    assert talk.history() == Prompt(())


def test_a_late_result_is_known_when_asked_to_renew_and_not_before() -> None:
    talk = conversation()
    talk.remember(Exchange(Turn(1), USER, "One moment.", False, (called(content="under way"),)))
    before = talk.history()
    talk.learn(ToolResult("call-1", "look", "it rained", failed=True))
    talk.learn(ToolResult("call-9", "look", "nobody asked"))
    assert talk.history() is before
    talk.renew()
    step = talk.history().parts[1]
    assert isinstance(step, Called)
    assert step.results == (ToolResult("call-1", "look", "it rained", failed=True),)


def test_a_late_result_is_known_with_the_next_turn_too() -> None:
    talk = conversation()
    talk.remember(Exchange(Turn(1), USER, "One moment.", False, (called(content="under way"),)))
    talk.learn(ToolResult("call-1", "look", "it rained"))
    talk.remember(Exchange(Turn(2), USER, "Hello.", True))
    assert called(content="it rained") in talk.history().parts


def test_nothing_learned_renews_nothing() -> None:
    talk = conversation()
    before = talk.history()
    talk.renew()
    assert talk.history() is before


def test_a_brain_is_told_of_its_tools_at_the_start() -> None:
    look = ToolSpec("look", "Looks.", "{}")
    talk = Conversation("Be kind.", depth=1, tools=(look,))
    assert talk.history() == Prompt((System("Be kind.", (look,)),))
