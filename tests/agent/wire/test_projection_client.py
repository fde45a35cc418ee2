"""What a client is told of what it asked for itself: one test per situation, its events in order."""

from __future__ import annotations

from typing import Any

import pytest
from client_lines import (
    committed,
    put,
    stopped,
    transcribed,
    words,
)
from client_scene import Client, message
from turn_scene import at

from agent.wire.told import (
    Asked,
    BufferCleared,
    Cancelled,
    Cleared,
    Given,
    ItemCut,
    ItemGone,
    ItemPut,
    ItemShown,
    Problem,
    Refused,
    Updated,
)
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    InputCommitted,
    InputWithdrawn,
    InterruptRequested,
    ReplyRequested,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    TextEntered,
    Turn,
)
from pipeline.records import Thought

BEGUN = "response.created resp_1 in_progress"


# --- turns that the client gives ----------------------------------------------------------------------------


def test_push_to_talk_is_an_item_at_once_and_a_response_when_it_is_asked_for() -> None:
    client = Client(answers=False).gives(1.0, 2.0)
    assert client.brief() == committed("item_1")
    client.told(Asked({"metadata": {"topic": "sums"}}))
    assert client.projection.awaits_response
    client.tell(2.5, ReplyRequested("what waits is to be answered", written=True))
    turn = client.state.turn
    client.told(Thought(turn, 1, "heard: hello\n"))
    created, *heard = client.new()
    assert created["response"]["metadata"] == {"topic": "sums"}
    assert [event["type"].rpartition(".")[2] for event in heard] == ["delta", "completed"]
    known = client.projection.item("item_1")
    assert known is not None and known.turn == turn, "it belongs to the turn that answers it"
    assert not client.projection.awaits_response


def test_two_turns_given_before_a_response_are_told_in_one_account() -> None:
    client = Client(answers=False).gives(1.0, 2.0).gives(3.0, 4.0)
    client.told(Asked()).tell(4.5, ReplyRequested("x", written=True))
    client.new()
    client.told(Thought(client.state.turn, 1, "heard: one and two\n"))
    assert client.brief() == [
        "conversation.item.input_audio_transcription.failed item_1 transcription_joined",
        *transcribed("item_2", "one and two"),
    ]


def test_a_turn_that_waits_for_a_wish_is_committed_when_its_silence_has_lasted() -> None:
    client = Client(answers=False).is_answered()
    assert client.brief() == [
        "input_audio_buffer.speech_started item_1 800 ms", *committed("item_1", 2100)
    ]  # fmt: skip


def test_a_commit_by_hand_ends_speech_that_a_detector_hears_with_the_same_item() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.until(2.0)
    client.told(Given(0.8, 2.0, True)).tell(2.0, InputCommitted(at(2)))
    assert client.brief() == [
        "input_audio_buffer.speech_started item_1 800 ms", *committed("item_1"), BEGUN
    ]  # fmt: skip


def test_a_turn_that_the_application_ends_in_mid_speech_ends_where_it_says() -> None:
    client = Client(answers=False)
    client.tell(1.1, SpeechStarted(at(1)))
    client.tell(1.5, SpeechPaused(at(1.4)))
    client.tell(1.7, SpeechStarted(at(1.6)))
    client.new()
    client.tell(2.0, InputCommitted(at(2)))
    assert client.brief() == committed("item_1", 2000)


def test_a_turn_that_the_application_ends_in_a_pause_ends_with_what_was_heard_of_it() -> None:
    client = Client(answers=False)
    client.tell(1.1, SpeechStarted(at(1)))
    client.tell(1.5, SpeechPaused(at(1.4)))
    client.new()
    client.tell(1.8, InputCommitted(at(1.8)))
    assert client.brief() == committed("item_1", 1500)


def test_a_session_that_ends_while_the_user_speaks_makes_no_item_of_it() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.new()
    client.tell(1.5, SessionClosed("closed by the client"))
    assert client.brief() == []


def test_speech_that_was_withdrawn_is_no_item() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.new()
    client.told(Cleared()).tell(1.5, InputWithdrawn(at(1.5)))
    client.tell(1.8, SpeechPaused(at(1.7)))
    client.until(4)
    assert client.brief() == ["input_audio_buffer.cleared"]


# --- items --------------------------------------------------------------------------------------------------


def test_a_typed_turn_is_the_clients_own_item_and_no_second_one() -> None:
    client = Client().told(message("mine"), Asked())
    client.tell(1.0, TextEntered("hi"))
    assert client.brief() == [*put("mine user completed 'hi'"), BEGUN]
    known = client.projection.item("mine")
    assert known is not None and known.turn == 1


@pytest.mark.parametrize(
    ("after", "before"), [(None, "b"), ("root", None), ("a", "a"), ("gone", "b")]
)  # fmt: skip
def test_an_item_stands_where_the_client_wants_it(after: str | None, before: str | None) -> None:
    client = Client().told(message("a"), message("b"))
    client.new()
    client.told(ItemPut(message("c").item, after))
    assert {event["previous_item_id"] for event in client.new()} == {before}


def test_what_a_client_sent_in_bulk_is_not_sent_back() -> None:
    sent = [
        {"type": "input_text", "text": "look"},
        {"type": "input_audio", "audio": "AAAA", "transcript": "hi"},
    ]
    item: dict[str, Any] = {"id": "m", "type": "message", "role": "user", "content": sent}
    shown = Client().told(ItemPut(item)).new()[0]["item"]
    assert shown["content"][1] == {"type": "input_audio", "transcript": "hi"}
    assert shown["status"] == "completed" and sent[1]["audio"] == "AAAA"


def test_an_item_is_retrieved_cut_and_deleted_once() -> None:
    client = Client().hears_all()
    client.new()
    client.told(ItemCut("item_2", 50, "It is"), ItemShown("item_2"), ItemGone("item_2"))
    assert client.brief() == [
        "conversation.item.truncated item_2 50 ms",
        "conversation.item.retrieved item_2 assistant completed 'It is'",
        "conversation.item.deleted item_2",
    ]
    assert client.told(ItemShown("item_2"), ItemGone("item_2"), ItemCut("item_2", 1, "")).brief() == []


def test_a_reply_that_the_client_cut_while_it_sounded_keeps_the_words_that_it_heard() -> None:
    client = Client().hears()
    client.new()
    client.told(ItemCut("item_2", 300, "It")).tell(3.6, InterruptRequested(Turn(1)))
    assert client.brief() == [
        "conversation.item.truncated item_2 300 ms",
        *stopped("resp_1", "item_2", "It", "cancelled: client_cancelled"),
    ]


def test_a_client_that_heard_more_than_it_was_told_of_is_told_the_rest_first() -> None:
    client = Client().hears()
    client.new()
    client.told(ItemCut("item_2", 900, "It is twelve."))
    assert client.brief() == [
        words("resp_1", "item_2", " twelve."), "conversation.item.truncated item_2 900 ms"
    ]  # fmt: skip


# --- wishes -------------------------------------------------------------------------------------------------


def test_a_wish_that_comes_to_nothing_is_a_response_all_the_same() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.told(Asked())
    client.tell(1.2, TextEntered("hm"))
    client.new()
    client.tell(1.3, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    assert client.brief()[-1] == "response.done resp_1 completed"


def test_a_cancelled_wish_that_had_not_begun_begins_and_ends() -> None:
    client = Client().told(Asked({"metadata": {"k": "v"}}), Cancelled())
    assert client.brief() == [BEGUN, "response.done resp_1 cancelled: client_cancelled"]


def test_a_response_that_the_client_cancels_ends_as_its_wish() -> None:
    client = Client().hears()
    client.new()
    client.told(Cancelled()).tell(3.6, InterruptRequested(Turn(0)))
    assert client.brief() == stopped("resp_1", "item_2", "It is", "cancelled: client_cancelled")


def test_over_webrtc_a_buffer_that_the_client_cleared_is_not_cleared_again() -> None:
    client = Client("webrtc").hears()
    client.new()
    client.told(BufferCleared()).tell(3.6, InterruptRequested(Turn(0)))
    assert client.brief() == [
        "output_audio_buffer.cleared resp_1",
        *stopped("resp_1", "item_2", "It is", "cancelled: client_cancelled"),
        "conversation.item.truncated item_2 400 ms",
    ]


def test_a_response_that_the_client_cancels_while_the_user_barges_in_ends_as_its_wish() -> None:
    client = Client().hears()
    client.tell(3.6, SpeechStarted(at(3.5)))
    client.new()
    client.told(Cancelled()).until(4.2)
    assert client.brief()[-1] == "response.done resp_1 cancelled: client_cancelled"


# --- the session --------------------------------------------------------------------------------------------


def test_an_error_names_the_clients_event() -> None:
    problem = Problem(
        "invalid_value", "Between 0 and 1, please.", "session.audio.input.turn_detection.threshold"
    )
    error = Client().told(Refused(problem, "mine_7")).new()[0]["error"]
    assert error == {
        "type": "invalid_request_error", "code": "invalid_value", "message": problem.message,
        "param": problem.param, "event_id": "mine_7",
    }  # fmt: skip


def test_a_client_that_wants_no_transcription_gets_none_and_may_still_read_it() -> None:
    client = Client()
    audio = client.session["audio"]
    quiet = client.session | {"audio": audio | {"input": audio["input"] | {"transcription": None}}}
    client.told(Updated(quiet)).hears_all()
    assert not [line for line in client.brief() if "transcription" in line]
    known = client.projection.item("item_1")
    assert known is not None and known.item["content"][0]["transcript"] == "what is seven plus five"


def test_a_response_has_the_format_and_the_limits_of_its_session() -> None:
    client = Client()
    output = {"format": {"type": "audio/pcmu"}, "voice": "flite"}
    audio = client.session["audio"] | {"output": output}
    client.told(Updated(client.session | {"audio": audio, "max_output_tokens": 200})).is_answered()
    shown = next(event["response"] for event in client.new() if event["type"] == "response.created")
    assert shown["audio"]["output"] == output and shown["max_output_tokens"] == 200
    assert shown["output_modalities"] == ["audio"] and shown["conversation_id"] == "conv_1"
