"""What a client is told of what it asked for itself: one test per situation, its events in order."""

from __future__ import annotations

from typing import Any

import pytest
from client_lines import (
    begins,
    called,
    committed,
    over,
    put,
    sound,
    stopped,
    transcribed,
    words,
)
from client_scene import Client
from turn_scene import at

from agent.wire.told import (
    Asked,
    BufferCleared,
    CallAnswered,
    CallWanted,
    Cancelled,
    Cleared,
    Given,
    ItemCut,
    ItemGone,
    ItemPut,
    ItemShown,
    Problem,
    Refused,
    Spent,
    Updated,
    Written,
)
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    InterruptRequested,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackStarted,
    ReplyRequested,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    TextEntered,
    Turn,
)
from pipeline.records import Thought

BEGUN = "response.created resp_1 in_progress"


def message(item_id: str, role: str = "user", text: str = "hi") -> ItemPut:
    kind = "output_text" if role == "assistant" else "input_text"
    return ItemPut(
        {"id": item_id, "type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    )  # fmt: skip


def gives(client: Client, since: float, until: float) -> Client:
    """The client gives a turn whole, between these seconds."""
    client.tell(since, InputBegan(at(since)))
    client.until(until)
    client.told(Given(since, until, False))
    client.tell(until, InputGiven(Span(at(since), at(until))))
    return client


# --- turns that the client gives ----------------------------------------------------------------------------


def test_push_to_talk_is_an_item_at_once_and_a_response_when_it_is_asked_for() -> None:
    client = gives(Client(answers=False), 1.0, 2.0)
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
    client = gives(gives(Client(answers=False), 1.0, 2.0), 3.0, 4.0)
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
    client = gives(Client(answers=False), 1.0, 2.0)
    client.told(Written("a", thought="heard: hel"), Written("a", thought="lo\nthey greet\n")).new()
    client.told(Written("a", text="Hi"))
    assert client.brief()[-2:] == transcribed("item_1", "hello")
    known = client.projection.item("item_1")
    assert known is not None and known.item["content"][0]["transcript"] == "hello"


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
