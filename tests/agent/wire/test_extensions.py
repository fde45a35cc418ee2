"""The events that are ours alone, for clients that asked: what the agent thinks, drafts and decides."""

from __future__ import annotations

from typing import Any

from client_scene import Client
from oracle import OWN
from turn_scene import at

from agent.receipt import ANSWER
from agent.wire.extensions import VOICE_TO_VOICE
from agent.wire.told import Event, Written
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    Overlap,
    OverlapScored,
    PlaybackEnded,
    SpeechPaused,
    SpeechStarted,
    Turn,
)
from pipeline.records import Measured, Noted, Thought, ToolRan


def ours(client: Client, kind: str = "") -> list[Event]:
    """The new events that are ours alone, without their names and places in time."""
    found = [event for event in client.new() if event["type"].startswith(kind or OWN)]
    return [
        {name: each for name, each in event.items() if name not in ("event_id", "session_ms")}
        for event in found
    ]


def test_a_client_that_did_not_ask_gets_the_protocols_names_and_fields_only() -> None:
    client = Client().hears_all()
    client.told(Measured(1, ANSWER, 0.6), Thought(1, 2, "hm"))
    events = client.new()
    assert not [event for event in events if event["type"].startswith(OWN)]
    assert not [event for event in events if "session_ms" in event or "source" in event]


def test_a_client_that_asked_gets_the_same_events_and_each_has_its_place_in_time() -> None:
    plain, own = Client().hears_all().new(), Client(own=True).hears_all().new()
    standard = [event for event in own if not event["type"].startswith(OWN)]
    assert [event["type"] for event in standard] == [event["type"] for event in plain]
    assert all("session_ms" in event for event in own)
    times = [event["session_ms"] for event in own]
    assert times == sorted(times) and times[0] == 1100 and times[-1] == 4000
    source = [event["source"] for event in standard if "transcription" in event["type"]]
    assert source == ["brain", "brain"]


def test_thoughts_come_as_they_are_written_and_are_the_responses_own_once_it_has_begun() -> None:
    client = Client(own=True)
    client.tell(1.1, SpeechStarted(at(1)))
    client.new()
    client.told(Thought(1, 0, "heard: what\n"), Noted(1, 0, 9, "heard: what\n", False))
    over = {"type": "response.thinking.done", "response_id": None, "turn": 1, "draft": 0}
    assert ours(client) == [thought(1, 0, "heard: what\n"), over]
    client.tell(2.1, SpeechPaused(at(2)))
    client.told(Thought(1, 1, "heard: what\n", 3), Thought(1, 1, "sum", again=1)).until(2.5)
    told = ours(client, "response.thinking")
    assert told == [thought(1, 1, "heard: what\n", confirmed=3), thought(1, 1, "sum", again=1)]
    client.told(Thought(2, 2, "of another turn"), Thought(1, 1, " 12"))
    client.tell(2.8, DraftFinished(Turn(1), Draft(1), Ending.COMPLETE))
    assert ours(client, "response.thinking") == [
        thought(2, 2, "of another turn"),
        thought(1, 1, " 12", response_id="resp_1"),
        {"type": "response.thinking.done", "response_id": "resp_1", "turn": 1, "draft": 1},
    ]


def thought(turn: int, draft: int, delta: str, **known: Any) -> dict[str, Any]:
    told = {"response_id": None, "turn": turn, "draft": draft, "delta": delta, "confirmed": None, "again": 0}
    return {"type": "response.thinking.delta"} | told | known


def test_a_draft_is_begun_dropped_and_committed() -> None:
    client = Client(own=True)
    client.tell(1.1, SpeechStarted(at(1)))
    client.tell(2.1, SpeechPaused(at(2)))
    client.tell(2.4, SpeechStarted(at(2.3)))
    client.tell(3.1, SpeechPaused(at(3)))
    client.until(4)
    drafts = ours(client, "hocket.draft")
    assert [(each["draft"], each["state"], each["heard_ms"]) for each in drafts] == [
        (1, "begun", [800, 2100]), (1, "dropped", None), (2, "begun", [800, 3100]), (2, "committed", None)
    ]  # fmt: skip


def test_what_the_voice_does_while_the_user_speaks_over_it_is_told_with_the_reason() -> None:
    client = Client(own=True).hears()
    client.new()
    client.tell(3.6, SpeechStarted(at(3.5)), OverlapScored(at(3.55), Overlap.UNSURE, "0.31 s"))
    client.until(4.2)
    events = ours(client)
    voice = [(each["state"], each["response_id"]) for each in events if each["type"] == "hocket.voice"]
    assert voice == [("ducked", "resp_1"), ("held", "resp_1"), ("hushed", "resp_1")]
    assert {"type": "hocket.user", "state": "speaking", "audio_ms": 3500} in events
    assert {"type": "hocket.overlap", "kind": "unsure", "why": "0.31 s", "audio_ms": 3550} in events
    why = [each["why"] for each in events if each["type"] == "hocket.decision"]
    assert why[0].startswith("ducked") and why[-1].startswith("hushed")


def test_what_was_heard_of_a_reply_is_told_with_its_item() -> None:
    client = Client(own=True).hears_all()
    heard = ours(client, "hocket.heard")
    assert [each["transcript"] for each in heard] == ["It is", "It is twelve."]
    assert {(each["turn"], each["response_id"], each["item_id"]) for each in heard} == {
        (1, "resp_1", "item_2")
    }


def test_latencies_and_tools_are_told() -> None:
    client = Client(own=True)
    ran = ToolRan(Turn(1), Draft(1), "c", "clock", "{}", "12:00", False, 0.25)
    client.told(Measured(1, ANSWER, 0.6184), Measured(1, "phrase to first sound", 0.05), ran)
    assert ours(client) == [
        {"type": "hocket.latency", "turn": 1, "name": VOICE_TO_VOICE, "ms": 618},
        {"type": "hocket.latency", "turn": 1, "name": "phrase to first sound", "ms": 50},
        {"type": "hocket.tool", "turn": 1, "name": "clock", "arguments": "{}", "output": "12:00",
         "failed": False, "ms": 250},
    ]  # fmt: skip


def test_thoughts_of_a_written_reply_are_never_in_its_text() -> None:
    client = Client(own=True).told(
        Written("a", thought="hm"), Written("a", text="Hi"), Written("a", state="completed")
    )
    events = client.new()
    kinds = [event["type"] for event in events]
    assert kinds.index("response.thinking.delta") < kinds.index("response.thinking.done")
    assert kinds.index("response.thinking.done") < kinds.index("response.output_text.delta")
    assert [event["text"] for event in events if event["type"] == "response.output_text.done"] == ["Hi"]


def test_no_thought_names_a_response_that_is_done() -> None:
    client = Client(own=True).hears().says(1, "It is twelve.", whole=True)
    client.told(Thought(1, 1, "was that right?"))
    client.tell(4.0, PlaybackEnded(Turn(1)))
    client.told(Thought(1, 1, " yes"))
    told = [event["response_id"] for event in client.new() if event["type"] == "response.thinking.delta"]
    assert told == [None, "resp_1", None]
