"""Calls that the client makes and replies that are written: one test per situation, its events in order."""

from __future__ import annotations

import pytest
from client_lines import (
    begins,
    called,
    over,
    put,
    sound,
    transcribed,
    words,
)
from client_scene import Client, message

from agent.wire.told import (
    Asked,
    CallAnswered,
    CallWanted,
    ItemCut,
    ItemPut,
    ItemShown,
    Spent,
    Updated,
    Written,
)
from pipeline.events import (
    Draft,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackStarted,
    TextEntered,
    Turn,
)

BEGUN = "response.created resp_1 in_progress"


# --- calls --------------------------------------------------------------------------------------------------


def calls(client: Client) -> Client:
    """The answer begins with two words, and calls two tools."""
    client.asks().until(2.5)
    client.sounds(1).tell(3.0, PlaybackStarted(Turn(1)))
    client.says(1, "It is").new()
    client.told(CallWanted(1, "call_1", "clock", "{}"), CallWanted(1, "call_2", "where", '{"of": "me"}'))
    return client.rest()


def test_a_response_that_is_all_calls_is_done_when_they_are_told() -> None:
    client = Client()
    client.tell(1.0, TextEntered("What time is it?"))
    client.new()
    client.told(CallWanted(1, "call_1", "clock", "{}"), CallWanted(1, "call_2", "where", "{}"))
    assert client.projection.unsettled
    assert client.rest().brief() == [
        *called("resp_1", "item_2", "clock", "{}"), *called("resp_1", "item_3", "where", "{}"),
        "response.done resp_1 completed",
    ]  # fmt: skip


def test_words_that_were_heard_before_the_first_sound_is_told_of_are_in_the_reply_that_goes_on() -> None:
    client = Client()
    client.tell(1.0, TextEntered("What time is it?"))
    client.told(CallWanted(1, "call_1", "clock", "{}")).rest().new()
    client.tell(5.0, PhraseDrafted(Turn(1), Draft(1), 0, "It is twelve."))  # nobody gave a result
    client.says(1, "It is twelve.", whole=True).tell(5.1, PlaybackStarted(Turn(1)), PlaybackEnded(Turn(1)))
    told = client.brief()
    assert told[-1] == "response.done resp_2 completed"
    assert words("resp_2", "item_3", "It is twelve.") in told
    known = client.projection.item("item_3")
    assert known is not None and known.item["content"][0]["transcript"] == "It is twelve."


def test_a_response_with_calls_is_done_when_its_words_have_been_heard() -> None:
    client = calls(Client())
    assert client.brief() == [
        *called("resp_1", "item_3", "clock", "{}"), *called("resp_1", "item_4", "where", '{"of": "me"}')
    ]  # fmt: skip
    client.sounds(1).says(1, "It is twelve.")
    client.rest()
    assert client.brief() == [
        sound("resp_1", "item_2"), words("resp_1", "item_2", " twelve."),
        *over("resp_1", "item_2", "It is twelve."),
    ]  # fmt: skip


def test_the_reply_goes_on_as_another_response_that_has_only_its_own_words() -> None:
    client = calls(Client()).says(1, "It is twelve.").rest()
    output = {"id": "out", "type": "function_call_output", "call_id": "call_1", "output": "12:00"}
    client.new()
    client.told(ItemPut(output), CallAnswered(1, {"metadata": {"n": "2"}}))
    client.sounds(1, 2).says(1, "It is twelve. Noon.", whole=True).tell(5.0, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        *put("out output completed"), "response.created resp_2 in_progress",
        *begins("resp_2", "item_5"), sound("resp_2", "item_5"), sound("resp_2", "item_5"),
        words("resp_2", "item_5", "Noon."), *over("resp_2", "item_5", "Noon."),
    ]  # fmt: skip
    known = client.projection.item("item_5")
    assert known is not None
    assert (known.turn, known.begins, known.seconds) == (1, pytest.approx(0.04), pytest.approx(0.08))
    client.told(ItemCut("item_5", 10, "It is twelve. Noon."), ItemShown("item_5"))
    assert client.brief()[-1] == "conversation.item.retrieved item_5 assistant completed 'Noon.'"


def test_a_client_that_answers_before_the_words_were_heard_goes_on_at_once() -> None:
    client = calls(Client())
    client.new()
    client.told(CallAnswered(1))
    assert client.brief() == [*over("resp_1", "item_2", "It is"), "response.created resp_2 in_progress"]


def test_words_beside_a_call_that_takes_long_are_a_response_that_ends_with_them() -> None:
    client = calls(Client()).says(1, "It is twelve.").rest()
    client.new()
    client.tell(4.0, PhraseDrafted(Turn(1), Draft(1), 1, "One moment."))
    client.sounds(1).says(1, "It is twelve. One moment.").rest()
    assert client.brief() == [
        "response.created resp_2 in_progress", *begins("resp_2", "item_5"), sound("resp_2", "item_5"),
        words("resp_2", "item_5", "One moment."), *over("resp_2", "item_5", "One moment."),
    ]  # fmt: skip


def test_an_answer_to_a_call_of_a_turn_that_is_over_is_a_wish_like_any() -> None:
    client = Client().hears_all().told(CallAnswered(1, {"metadata": {"n": "2"}}))
    assert client.projection.awaits_response


# --- what is written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier", ["websocket", "webrtc"])
@pytest.mark.parametrize("by", ["session", "wish"])
def test_a_reply_whose_voice_is_silent_is_text_over_every_carrier(carrier: str, by: str) -> None:
    client = Client(carrier).told(message("mine"))
    text = {"output_modalities": ["text"]}
    if by == "session":
        client.told(Updated(client.session | text), Asked())
    else:
        client.told(Asked(text))
    client.tell(1.0, TextEntered("hi"))
    client.new()
    client.tell(1.2, PlaybackStarted(Turn(1)))
    client.sounds(1).says(1, "Hello.", whole=True).tell(1.3, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        "response.output_item.added resp_1 item_1 assistant in_progress",
        "conversation.item.added item_1 assistant in_progress",
        "response.content_part.added resp_1 item_1",
        "response.output_text.delta resp_1 item_1 'Hello.'",
        "response.output_text.done resp_1 item_1 'Hello.'",
        "response.content_part.done resp_1 item_1",
        "response.output_item.done resp_1 item_1 assistant completed 'Hello.'",
        "conversation.item.done item_1 assistant completed 'Hello.'",
        "response.done resp_1 completed",
    ]


def test_a_written_reply_comes_as_text_and_an_out_of_band_one_is_in_no_conversation() -> None:
    client = Client()
    client.told(Written("a", beside=True, asked={"metadata": {"topic": "x"}}))
    assert client.projection.response_in_progress is None
    client.told(Written("b", text="Hi"), Written("a", text="One"))
    assert client.projection.response_in_progress == "resp_2"
    client.told(Spent(0, "a", input_tokens=3, output_tokens=2), Written("a", text=" two", state="completed"))
    aside = [event for event in client.events if event.get("response_id") == "resp_1"]
    assert [event["delta"] for event in aside if "delta" in event] == ["One", " two"]
    done = client.events[-1]["response"]
    assert (done["conversation_id"], done["metadata"]) == (None, {"topic": "x"})
    assert done["output_modalities"] == ["text"] and "audio" not in done
    assert done["usage"]["total_tokens"] == 5
    assert client.projection.item(done["output"][0]["id"]) is None
    client.new()
    client.told(Written("b", state="completed", calls=(("call_1", "clock", "{}"),)))
    assert client.brief() == [
        "response.output_text.done resp_2 item_1 'Hi'",
        "response.content_part.done resp_2 item_1",
        "response.output_item.done resp_2 item_1 assistant completed 'Hi'",
        "conversation.item.done item_1 assistant completed 'Hi'",
        *called("resp_2", "item_3", "clock", "{}"),
        "response.done resp_2 completed",
    ]


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("incomplete", "max_output_tokens", "incomplete: max_output_tokens"),
        ("cancelled", "client_cancelled", "cancelled: client_cancelled"),
        ("cancelled", "for no reason of the protocol's", "cancelled"),
        ("failed", "the brain stopped", "failed: the brain stopped"),
    ],
)
def test_a_written_reply_says_how_it_ended(state: str, reason: str, told: str) -> None:
    client = Client().told(Written("a", text="One"), Written("a", state=state, reason=reason))
    assert client.brief()[-1] == f"response.done resp_1 {told}"


def test_a_written_reply_to_what_was_said_tells_what_was_heard() -> None:
    client = Client(answers=False).gives(1.0, 2.0)
    client.told(Written("a", thought="heard: hel"), Written("a", thought="lo\nthey greet\n")).new()
    client.told(Written("a", text="Hi"))
    assert client.brief()[-2:] == transcribed("item_1", "hello")
    known = client.projection.item("item_1")
    assert known is not None and known.item["content"][0]["transcript"] == "hello"
