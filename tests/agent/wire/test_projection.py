"""What a client is told of a conversation by voice: one test per situation, its events in order."""

from __future__ import annotations

import pytest
from client_lines import (
    HEARD,
    begins,
    committed,
    over,
    sound,
    stopped,
    transcribed,
    words,
)
from client_scene import SESSION, Client
from turn_scene import at

from agent.wire.projection import Projection
from agent.wire.told import Opened, Sounded
from agent.wire.user_turns import milliseconds
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    InterruptRequested,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackStarted,
    ReplyRequested,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    TextEntered,
    Turn,
)
from pipeline.records import Said, Thought

ASKED = "what is seven plus five"
TURN = [
    "input_audio_buffer.speech_started item_1 800 ms",
    *committed("item_1", 2100),
    *transcribed("item_1", ASKED),
    "response.created resp_1 in_progress",
]
"""The user asked from 1.0 to 2.0 s, with a pre-roll of 0.2 s and a tail of 0.1 s."""
ANSWER = [
    *begins("resp_1", "item_2"),
    sound("resp_1", "item_2"),
    words("resp_1", "item_2", "It is"),
]


def ask(client: Client) -> None:
    """Speech from 1.0 to 2.0 s."""
    client.tell(1.1, SpeechStarted(at(1)))
    client.tell(2.1, SpeechPaused(at(2)))


def interrupted(carrier: str = "websocket") -> Client:
    """The user talks on over the answer's second word."""
    client = Client(carrier).hears()
    client.new()
    client.tell(3.6, SpeechStarted(at(3.5)))
    return client


# --- a turn and its answer ----------------------------------------------------------------------------------


def test_a_spoken_turn_and_its_answer_come_in_the_protocols_order() -> None:
    assert Client().hears_all().brief() == [
        *TURN, *ANSWER,
        sound("resp_1", "item_2"), words("resp_1", "item_2", " twelve."),
        *over("resp_1", "item_2", "It is twelve."),
    ]  # fmt: skip


def test_over_webrtc_the_client_is_told_when_the_sound_begins_and_ends() -> None:
    client = Client("webrtc").is_answered()
    client.tell(3.0, PlaybackStarted(Turn(1)))
    client.says(1, "It is twelve.", whole=True).tell(3.6, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        *TURN, *begins("resp_1", "item_2", buffered=True),
        words("resp_1", "item_2", "It is twelve."),
        *over("resp_1", "item_2", "It is twelve."),
        "output_audio_buffer.stopped resp_1",
    ]  # fmt: skip


def test_speech_started_comes_when_speech_does_and_a_pause_within_the_turn_tells_nothing() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    assert client.brief() == ["input_audio_buffer.speech_started item_1 800 ms"]
    client.tell(2.1, SpeechPaused(at(2)))
    client.tell(2.4, SpeechStarted(at(2.3)))
    client.tell(3.1, SpeechPaused(at(3)))
    assert client.brief() == []
    client.until(4)
    assert client.brief()[:5] == [*committed("item_1", 3100), "response.created resp_1 in_progress"]


def test_positions_are_those_of_the_sound_that_the_client_sent() -> None:
    client = Client(place=lambda sample: milliseconds(max(0, sample - at(0.5)))).is_answered()
    assert client.brief()[:3] == [
        "input_audio_buffer.speech_started item_1 300 ms", *committed("item_1", 1600)[:2]
    ]  # fmt: skip


def test_a_turn_that_deserves_no_answer_is_an_item_and_no_response() -> None:
    client = Client()
    ask(client)
    client.tell(2.2, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    client.until(3)
    assert client.brief() == [
        TURN[0], *committed("item_1", 2100), f"{HEARD}.failed item_1 transcription_failed",
    ]  # fmt: skip


def test_an_answer_that_turns_out_empty_is_a_response_without_output() -> None:
    client = Client()
    ask(client)
    client.until(2.9)
    client.new()
    client.tell(3.0, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    assert client.brief() == [
        f"{HEARD}.failed item_1 transcription_failed", "response.done resp_1 completed"
    ]  # fmt: skip


def test_a_commit_that_is_taken_back_is_cancelled_and_the_turn_becomes_an_item_anew() -> None:
    client = Client().is_answered()
    client.new()
    client.tell(2.9, SpeechStarted(at(2.85)))
    assert client.brief() == [
        "input_audio_buffer.speech_started item_2 2100 ms",  # no sound belongs to two items
        "response.done resp_1 cancelled: turn_detected",
    ]
    client.tell(3.6, SpeechPaused(at(3.5)))
    client.told(Thought(1, 2, f"heard: {ASKED} minus one\n"))
    client.tell(3.7, PhraseDrafted(Turn(1), Draft(2), 0, "Eleven."))
    client.until(5)
    assert client.brief() == [
        *committed("item_2", 3600), *transcribed("item_2", f"{ASKED} minus one"),
        "response.created resp_2 in_progress",
    ]  # fmt: skip


# --- speech over the voice ----------------------------------------------------------------------------------


def test_a_barge_in_is_told_when_the_policy_gives_way_with_the_true_beginning() -> None:
    client = interrupted()
    assert client.brief() == [], "it may yet be a mm-hm, and clients flush at speech_started"
    client.until(4.2)
    assert client.brief() == [
        "input_audio_buffer.speech_started item_3 3300 ms",
        *stopped("resp_1", "item_2", "It is", "cancelled: turn_detected"),
    ]


def test_over_webrtc_a_barge_in_clears_the_buffer_and_truncates_by_itself() -> None:
    client = interrupted("webrtc")
    client.until(4.2)
    assert client.brief() == [
        "input_audio_buffer.speech_started item_3 3300 ms",
        "output_audio_buffer.cleared resp_1",
        *stopped("resp_1", "item_2", "It is", "cancelled: turn_detected"),
        "conversation.item.truncated item_2 400 ms",
    ]


def test_words_that_were_heard_while_the_voice_faded_are_told_before_the_end() -> None:
    client = interrupted()
    client.heard = "It is twelve."
    client.until(4.2)
    assert client.brief() == [
        "input_audio_buffer.speech_started item_3 3300 ms",
        words("resp_1", "item_2", " twelve."),
        *stopped("resp_1", "item_2", "It is twelve.", "cancelled: turn_detected"),
    ]


def test_a_mm_hm_is_no_event_at_all() -> None:
    client = interrupted()
    client.tell(3.7, OverlapScored(at(3.65), Overlap.BACKCHANNEL))
    client.tell(3.9, SpeechPaused(at(3.8)))
    assert client.brief() == []


def test_a_voice_that_is_held_and_resumed_goes_on_in_the_same_item() -> None:
    client = interrupted()
    client.until(3.75)
    client.tell(3.8, SpeechPaused(at(3.65)))
    client.until(5)
    client.sounds(1).says(1, "It is twelve.", whole=True).tell(5.2, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        sound("resp_1", "item_2"), words("resp_1", "item_2", " twelve."),
        *over("resp_1", "item_2", "It is twelve."),
    ]  # fmt: skip


def test_speech_that_outlasts_the_reply_begins_a_turn_after_the_reply_is_done() -> None:
    client = interrupted()
    client.says(1, "It is twelve.", whole=True).tell(3.65, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        words("resp_1", "item_2", " twelve."), *over("resp_1", "item_2", "It is twelve."),
        "input_audio_buffer.speech_started item_3 3300 ms",
    ]  # fmt: skip


def test_sound_that_was_on_its_way_when_the_reply_ended_is_not_sent_any_more() -> None:
    client = interrupted()
    client.until(4.2)
    client.new()
    assert client.sounds(1).says(1, "It is twelve.").brief() == []


# --- without a turn of the user's ---------------------------------------------------------------------------


def test_a_greeting_is_a_response_without_an_item_of_the_users() -> None:
    client = Client()
    client.tell(0.1, ReplyRequested("greeting"))
    client.sounds(1).tell(0.5, PlaybackStarted(Turn(1)))
    client.says(1, "Hello.", whole=True).tell(1.0, PlaybackEnded(Turn(1)))
    assert client.brief() == [
        "response.created resp_1 in_progress", *begins("resp_1", "item_1"), sound("resp_1", "item_1"),
        words("resp_1", "item_1", "Hello."), *over("resp_1", "item_1", "Hello."),
    ]  # fmt: skip


def test_a_silence_that_the_agent_breaks_is_a_timeout_and_an_empty_turn() -> None:
    client = Client(nudge_after=5.0).hears_all()
    client.new()
    client.until(12)
    assert client.brief() == [
        "input_audio_buffer.timeout_triggered item_3 4000 ms 9000 ms",
        *committed("item_3"),
        "response.created resp_2 in_progress",
    ]
    client.tell(12.1, SpeechStarted(at(12)))
    client.tell(13.1, SpeechPaused(at(13)))
    client.told(Thought(3, 2, f"heard: {ASKED}\n")).until(13.6)
    assert [line for line in client.brief() if line.startswith(HEARD)] == transcribed("item_4", ASKED)


def test_words_that_the_application_typed_are_an_item_of_the_users() -> None:
    client = Client()
    client.tell(1.0, TextEntered("hi"))
    assert client.brief() == [
        "conversation.item.added item_1 user completed 'hi'",
        "conversation.item.done item_1 user completed 'hi'",
        "response.created resp_1 in_progress",
    ]


# --- what goes wrong ----------------------------------------------------------------------------------------


def test_a_brain_that_fails_is_a_failed_response_and_the_excuse_one_of_its_own() -> None:
    client = Client().is_answered()
    client.new()
    client.tell(2.9, DraftFinished(Turn(1), Draft(1), Ending.FAILED))
    assert client.brief() == [
        "response.done resp_1 failed: the brain failed", "response.created resp_2 in_progress"
    ]  # fmt: skip


def test_a_brain_that_failed_before_the_turn_was_over_is_told_the_same() -> None:
    client = Client()
    ask(client)
    client.tell(2.2, DraftFinished(Turn(1), Draft(1), Ending.FAILED))
    client.until(3)
    assert client.brief() == [
        TURN[0], *committed("item_1", 2100),
        "response.created resp_1 in_progress", "response.done resp_1 failed: the brain failed",
        "response.created resp_2 in_progress",
    ]  # fmt: skip


def test_a_brain_that_says_nothing_in_time_is_told_the_same() -> None:
    client = Client().is_answered()
    client.new()
    client.until(2.5 + client.config.reply_timeout + 0.1)
    late = f"no sound within {client.config.reply_timeout:g} s"
    assert client.brief() == [
        f"response.done resp_1 failed: {late}", "response.created resp_2 in_progress"
    ]  # fmt: skip


def test_a_voice_that_fails_in_mid_reply_fails_the_response_with_what_was_heard() -> None:
    client = Client().hears()
    client.new()
    client.tell(3.6, StageFailed("voice", "it broke"))
    assert client.brief() == stopped(
        "resp_1", "item_2", "It is", "failed: the voice failed in mid-reply"
    )  # fmt: skip


def test_words_of_the_user_that_speak_of_an_error_are_none() -> None:
    client = interrupted()
    client.tell(3.7, OverlapScored(at(3.65), Overlap.BARGE_IN, "heard as 'error: it failed'"))
    assert client.brief()[-1] == "response.done resp_1 cancelled: turn_detected"


@pytest.mark.parametrize(
    ("reason", "error"), [("closed by the client", []), ("brain failed", ["error session_failed"])]
)
def test_a_session_that_ends_in_mid_reply_ends_the_response(reason: str, error: list[str]) -> None:
    client = Client().hears()
    client.new()
    client.tell(3.6, SessionClosed(reason))
    assert client.brief() == [*stopped("resp_1", "item_2", "It is", "cancelled"), *error]
    assert not client.projection.unsettled


def test_an_application_that_wants_silence_cancels_the_response() -> None:
    client = Client().hears()
    client.new()
    client.tell(3.6, InterruptRequested(Turn(0)))
    assert client.brief()[-1] == "response.done resp_1 cancelled: client_cancelled"


def test_events_that_wait_for_the_rest_of_their_orders_come_with_the_next_fact_at_the_latest() -> None:
    projection = Projection(carrier="websocket", session=SESSION)
    projection.see(Opened(SESSION), 0.0)
    client = Client()
    for item in (ReplyRequested("greeting"), *client.ordered(ReplyRequested("greeting"))):
        assert projection.see(item, 0.1) == []
    assert projection.unsettled
    kinds = [event["type"] for event in projection.see(Sounded(1, b"\0\0", 0.02), 0.2)]
    assert kinds[:2] == ["response.created", "response.output_item.added"]
    assert projection.response_in_progress is not None
    assert projection.see(Said(2, "of another turn", False), 0.3) == []


def test_a_turn_that_stopped_the_voice_and_is_asked_for_again_has_a_response_of_canned_words() -> None:
    client = interrupted()
    client.tell(4.6, SpeechPaused(at(4.5)))
    client.tell(4.7, DraftFinished(Turn(2), Draft(2), Ending.COMPLETE))
    client.new()
    client.until(5.2)
    client.sounds(2).tell(5.3, PlaybackStarted(Turn(2)))
    client.says(2, "Sorry?", whole=True).tell(5.8, PlaybackEnded(Turn(2)))
    assert client.brief() == [
        *committed("item_3", 4600), "response.created resp_2 in_progress",
        *begins("resp_2", "item_4"), sound("resp_2", "item_4"), words("resp_2", "item_4", "Sorry?"),
        f"{HEARD}.failed item_3 transcription_failed",
        *over("resp_2", "item_4", "Sorry?"),
    ]  # fmt: skip


def test_so_has_one_whose_answer_turns_out_empty_and_nobody_interrupted_that() -> None:
    client = interrupted()
    client.tell(4.6, SpeechPaused(at(4.5)))
    client.until(5.2)
    client.new()
    client.tell(5.3, DraftFinished(Turn(2), Draft(2), Ending.COMPLETE))
    assert client.brief() == ["response.done resp_2 completed", "response.created resp_3 in_progress"]
