"""The history is what was heard."""

from __future__ import annotations

import numpy as np

from agent.conversation import UNASKED, Conversation, Exchange
from pipeline.events import Turn
from pipeline.prompt import (
    Audio,
    Called,
    Heard,
    Human,
    Prompt,
    System,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
)


def spoken(seed: int) -> Human:
    return Human((Audio(np.full(1280, seed / 100, np.float32)),))


def exchange(turn: int, reply: str, user: Human | None = None) -> Exchange:
    return Exchange(Turn(turn), user or spoken(turn), reply, whole=True)


def test_a_prompt_holds_the_last_turns_up_to_the_brains_depth() -> None:
    conversation = Conversation("Be brief.", depth=1)
    conversation.remember(exchange(1, "One."))
    conversation.remember(exchange(2, "Two."))
    assert conversation.history() == Prompt((System("Be brief."), spoken(2), Heard("Two.")))


def test_a_brain_without_memory_gets_none() -> None:
    conversation = Conversation(None, depth=0)
    conversation.remember(exchange(1, "One."))
    assert conversation.history() == Prompt(())


def test_a_reply_that_nobody_heard_is_remembered_but_is_no_pair_in_the_prompt() -> None:
    conversation = Conversation(None, depth=2)
    conversation.remember(exchange(1, "One."))
    conversation.remember(exchange(2, ""))
    assert conversation.history() == Prompt((spoken(1), Heard("One.")))
    assert [e.reply for e in conversation.exchanges] == ["One.", ""]


def test_what_the_agent_said_unasked_is_no_pair_in_the_prompt() -> None:
    conversation = Conversation(None, depth=2)
    conversation.remember(Exchange(Turn(1), None, "Hello.", whole=True))
    assert conversation.history() == Prompt(())


def test_old_sound_is_let_go_and_typed_words_stay() -> None:
    conversation = Conversation(None, depth=1)
    both = Human((Audio(np.zeros(1280, np.float32)), Text("typed")))
    conversation.remember(exchange(1, "One.", both))
    for turn in range(2, 6):
        conversation.remember(exchange(turn, "More."))
    assert conversation.exchanges[0].user == Human((Text("typed"),))
    sounding = [
        e for e in conversation.exchanges if e.user and any(isinstance(p, Audio) for p in e.user.parts)
    ]
    assert len(sounding) == 1


def test_the_history_is_equal_until_the_next_turn_is_remembered() -> None:
    conversation = Conversation(None, depth=1)
    before = conversation.history()
    assert conversation.history() == before
    conversation.remember(exchange(1, "One."))
    assert conversation.history() != before


def test_turns_whose_replies_nobody_heard_do_not_push_out_the_last_pair() -> None:
    conversation = Conversation(None, depth=1)
    conversation.remember(exchange(1, "One."))
    for turn in range(2, 6):
        conversation.remember(exchange(turn, ""))
    assert conversation.history() == Prompt((spoken(1), Heard("One.")))


def test_a_brain_that_takes_instructions_knows_what_was_said_unasked() -> None:
    conversation = Conversation("Be brief.", depth=2)
    conversation.remember(Exchange(Turn(1), None, "Hello.", whole=True))
    conversation.remember(exchange(2, "Two."))
    spoke_first = Human((Text(UNASKED),))
    assert conversation.history().parts[1:] == (spoke_first, Heard("Hello."), spoken(2), Heard("Two."))


def test_a_brain_that_takes_tools_but_no_instructions_is_told_of_no_turn_that_nobody_took() -> None:
    conversation = Conversation("", depth=2, tools=(ToolSpec("look", "", "{}"),), unasked=False)
    conversation.remember(Exchange(Turn(1), None, "Hello.", whole=True))
    conversation.remember(exchange(2, "Two."))
    assert conversation.history().parts[1:] == (spoken(2), Heard("Two."))


def test_another_brain_gets_the_same_history_as_deep_as_it_reads() -> None:
    conversation = Conversation(None, depth=1, sounding=8)
    for turn in range(1, 4):
        conversation.remember(exchange(turn, f"{turn}."))
    before = conversation.history()
    tools = (ToolSpec("look", "", "{}"),)
    conversation.suit("Be brief.", depth=20, tools=tools)
    pairs = [part for turn in range(1, 4) for part in (spoken(turn), Heard(f"{turn}."))]
    whole = Prompt((System("Be brief.", tools), *pairs))
    assert conversation.history() == whole, "sound and words, all of it"
    conversation.suit(None, depth=1)
    assert conversation.history() == before


def test_the_sound_that_waits_for_another_brain_is_bounded() -> None:
    conversation = Conversation(None, depth=1, sounding=3)
    for turn in range(1, 9):
        conversation.remember(exchange(turn, "More."))
    assert [bool(e.user and e.user.parts) for e in conversation.exchanges] == 5 * [False] + 3 * [True]


def test_a_brain_that_knows_nothing_of_tools_gets_the_words_alone() -> None:
    call, result = ToolCall("1", "look", "{}"), ToolResult("1", "look", "seen")
    step = Called((call,), (result,), "Let me")
    conversation = Conversation("Be brief.", depth=5)
    conversation.remember(Exchange(Turn(1), spoken(1), "Let me see. Found.", whole=True, called=(step,)))
    conversation.remember(Exchange(Turn(2), spoken(2), "", whole=False, called=(step,)))
    with_calls = conversation.history()
    assert step in with_calls.parts
    conversation.suit(None, depth=5, calls=False)
    assert conversation.history() == Prompt((spoken(1), Heard("Let me see. Found.")))
    conversation.suit("Be brief.", depth=5)
    assert conversation.history() == with_calls
