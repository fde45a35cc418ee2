"""What a response and its items say of themselves: usage, sound, status, and that what is shown is a copy."""

from __future__ import annotations

import pytest
from client_scene import Client

from agent.wire.responses import own
from agent.wire.told import Spent
from pipeline.events import PlaybackEnded, PlaybackReached, Turn


def test_usage_is_what_was_counted_also_when_it_is_told_at_the_last_moment() -> None:
    client = Client().hears().sounds(1)
    client.says(1, "It is twelve.", whole=True)
    client.told(PlaybackEnded(Turn(1)), *client.ordered(PlaybackEnded(Turn(1))))
    client.told(Spent(1, input_tokens=40, audio_tokens=25, cached_tokens=10, output_tokens=12)).rest()
    usage = client.new()[-1]["response"]["usage"]
    assert usage == {
        "total_tokens": 52, "input_tokens": 40, "output_tokens": 12,
        "input_token_details": {"text_tokens": 15, "audio_tokens": 25, "cached_tokens": 10},
        "output_token_details": {"text_tokens": 12, "audio_tokens": 0},
    }  # fmt: skip


def test_nothing_is_said_of_usage_that_nobody_counted() -> None:
    assert Client().hears_all().new()[-1]["response"]["usage"] is None


def test_an_item_is_known_with_its_turn_and_sound_and_what_is_shown_is_a_copy() -> None:
    client = Client().hears_all()
    known = client.projection.item("item_2")
    assert known is not None
    assert (known.role, known.turn, known.seconds) == ("assistant", 1, pytest.approx(0.08))
    known.item["content"][0]["transcript"] = "Something else."
    again = client.projection.item("item_2")
    assert again is not None and again.item["content"][0]["transcript"] == "It is twelve."
    assert client.projection.item("item_9") is None


def test_over_webrtc_the_sound_of_an_item_is_what_was_heard_of_it() -> None:
    client = Client("webrtc").hears()
    client.tell(3.8, PlaybackReached(Turn(1), 1, 2400), PlaybackReached(Turn(1), 0, 24_000))
    known = client.projection.item("item_2")
    assert known is not None and known.seconds == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "before", "left"),
    [
        ("One. Two.", "One.", "Two."),
        ("One. Two.", "", "One. Two."),
        ("One", "One. Two.", ""),
        ("Two.", "One.", "Two."),
    ],
)
def test_of_a_turns_words_a_response_has_those_after_the_ones_before_it(
    text: str, before: str, left: str
) -> None:
    assert own(text, before) == left
