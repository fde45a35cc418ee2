"""Conversations over a line, in virtual time: delays recovered, barge-ins cut, faults told."""

import asyncio
import json

import numpy as np
import pytest

from bench.item import Actor, Item
from bench.labels import Kind
from bench.nulls import EndMark, beep, marked
from bench.score import score
from bench.script import Cue, Script, When
from bench.socket_hold import framing, hold_over
from bench.socket_null import NullServer
from bench.socket_wire import pair
from bench.stimuli import Stimulus
from bench.targets.openai_realtime import Realtime, RealtimeConfig, decoded, encoded
from pipeline.clock import simulate
from pipeline.errors import PeerError

CREATED = json.dumps({"type": "session.created", "session": {"model": "m"}})
UPDATED = json.dumps(
    {"type": "session.updated", "session": {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}}
)
DELTA = "response.output_audio.delta"


def item():
    async def never(voice):
        raise AssertionError

    return Item("made", 0, 1, Actor.BRAIN, never)


def asked(count=2, **changes):
    return Script(
        [Cue(Stimulus(marked(0.5, place)), patience=1.0, **changes) for place in range(count)], tail=0.3
    )


def held(script, server, events=None, turn_detection=""):
    """A conversation with ``server(far end)`` in virtual time, and what the server said of itself."""

    async def main():
        near, far = pair()

        async def dial():
            return near

        async with asyncio.TaskGroup() as group:
            other = group.create_task(server(far))
            try:
                config = RealtimeConfig(turn_detection=turn_detection, patience=3.0)
                return await hold_over(item(), script, Realtime(dial, config), events=events)
            except PeerError as error:
                return error
            finally:
                other.cancel()

    return simulate(main)


def scored(call):
    return score(call.edge.recording(), call.edge.labels("c", "made"))


async def greet(wire):
    await wire.send(CREATED)
    await wire.receive()
    await wire.send(UPDATED)


def saying(*messages, then=None):
    """A server that agrees on the session, says these after the first packet, and goes on listening."""

    async def server(wire):
        await greet(wire)
        await wire.receive()
        for message in messages:
            await wire.send(message)
        if then is not None:
            await then(wire)
        while True:
            await wire.receive()

    return server


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.5])
def test_a_null_servers_delay_is_recovered_to_the_packet(delay):
    script = asked(3)
    call, about = held(script, lambda wire: NullServer(wire, delay).run())
    for turn, placed in zip(scored(call).turns, script.placed, strict=True):
        assert turn.voice_to_voice == pytest.approx(max(delay, framing(placed.end)), abs=0.002)
    assert about["model"] == "null" and call.error == ""


def test_a_barge_in_stops_the_sound_at_once_and_the_server_learns_what_was_heard(tmp_path):
    script = Script(
        [Cue(Stimulus(marked(0.5, 1))), Cue(Stimulus(marked(0.5, 2), Kind.BARGE_IN), When.AFTER_ONSET, 0.7)],
        tail=0.3,
    )
    servers = []

    def server(wire):
        servers.append(NullServer(wire, 0.2, beep(5.0)))
        return servers[0].run()

    call, _ = held(script, server, tmp_path / "events.jsonl")
    stop = scored(call).turns[1].stop
    assert 0.015 < stop.latency < 0.045 and not stop.censored
    ((name, heard),) = servers[0].truncated
    assert name == "item_1" and heard == pytest.approx(1000 * (0.7 + stop.latency), abs=25)
    noted = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    flush = next(line for line in noted if line["ev"] == "bench.flush")
    assert flush["heard"] // 24 == heard and flush["clk"] == "media"
    assert [line["t"] for line in noted] == sorted(line["t"] for line in noted)


def test_the_servers_way_to_end_turns_is_reported():
    _, about = held(asked(1), saying())
    assert json.loads(about["turn_detection"]) == {"type": "server_vad"}


def test_a_server_that_never_answers_is_recorded_scored_as_missed_and_named():
    call, _ = held(asked(2), saying(json.dumps({"type": "error", "error": {"message": "no voice left"}})))
    assert "never answered: 2 turns wanted a reply" in call.error and "no voice left" in call.error
    assert call.counts["Errors"] == 1
    assert scored(call).turns[0].censored or scored(call).unscored


def test_sound_that_cannot_be_heard_is_no_answer():
    call, _ = held(asked(1), saying(sound(level(0.001))))
    assert "never answered: 1 turns wanted a reply and nothing audible came" in call.error


def test_a_server_that_says_nothing_at_all_is_given_up():
    async def dumb(wire):
        while True:
            await wire.receive()

    assert "sent no session.created within 3 s" in str(held(asked(), dumb))


def test_a_server_that_refuses_the_session_is_quoted():
    async def refusing(wire):
        await wire.send(CREATED)
        await wire.receive()
        await wire.send(json.dumps({"type": "error", "error": {"message": "unknown model"}}))

    assert str(held(asked(), refusing)) == "the server refused the session: unknown model"


def test_a_server_that_hangs_up_is_named_and_what_was_held_is_kept():
    async def hang_up(wire):
        for _ in range(20):
            await wire.receive()
        await wire.close()
        await asyncio.sleep(60.0)

    call, _ = held(asked(), saying(then=hang_up))
    assert "closed the connection in the middle" in call.error
    assert 0.3 < call.edge.recording().length / 24_000 < 0.6


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("hello", "'hello' is no JSON"),
        ("[1]", r"is no event: an object with a type"),
        ('{"kind": "x"}', r"is no event: an object with a type"),
        (b"\x00\x01", "a binary frame"),
        (json.dumps({"type": DELTA, "item_id": "i", "delta": "§"}), "audio that is no base64"),
        (json.dumps({"type": DELTA, "item_id": "i", "delta": "AAAA"}), "no whole number of 16-bit samples"),
        (json.dumps({"type": DELTA, "item_id": "i"}), "audio that is NoneType"),
    ],
)
def test_garbage_ends_the_conversation_with_one_sentence(message, complaint):
    call, _ = held(asked(), saying(message))
    assert call.error.startswith("the server sent garbage: ") and complaint in call.error


def test_an_event_that_nobody_knows_changes_nothing():
    call, _ = held(asked(1), saying(json.dumps({"type": "rate_limits.updated", "rate_limits": []})))
    assert "never answered" in call.error


def test_a_server_that_does_not_read_delays_no_tick():
    async def deaf(wire):
        await greet(wire)
        await asyncio.sleep(60.0)

    call, _ = held(asked(2), deaf)
    assert call.edge.punctuality.late == 0 and call.edge.recording().length > 24_000


def event(kind, **fields):
    return json.dumps({"type": kind, **fields})


def sound(pcm, item="i", kind=DELTA):
    return event(kind, item_id=item, delta=encoded(pcm))


def level(value, seconds=0.1):
    return np.full(round(24_000 * seconds), value, np.float32)


def test_sound_sent_faster_than_it_sounds_is_played_whole_and_in_order():
    flood = [sound(level(0.01 * (number + 1))) for number in range(30)]
    call, _ = held(Script([Cue(Stimulus(marked(0.5, 1)))], tail=3.2), saying(*flood))
    heard = call.edge.recording().agent
    heard = heard[heard > 0.005]
    assert (np.diff(heard) >= -1e-4).all() and len(heard) == pytest.approx(72_000, abs=480)
    assert "Gaps" not in call.counts


@pytest.mark.parametrize("kind", ["response.output_audio.delta", "response.audio.delta"])
def test_sound_is_heard_by_its_name_of_today_and_of_the_beta(kind):
    call, _ = held(asked(1), saying(sound(level(0.2), kind=kind)))
    assert call.edge.recording().agent.max() == pytest.approx(0.2, abs=0.001) and call.error == ""


def test_what_comes_of_an_answer_after_the_user_began_is_stale_and_a_new_answer_is_heard():
    began = event("input_audio_buffer.speech_started", item_id="u")
    told = [sound(level(0.1, 1.0), "old"), began, sound(level(0.2, 0.5), "old"), sound(level(0.3), "new")]
    call, _ = held(asked(1), saying(*told))
    assert call.counts["StaleSamples"] == 12_000 and call.counts["Truncations"] == 1
    heard = call.edge.recording().agent
    assert not np.isclose(heard, 0.2, atol=0.01).any() and np.isclose(heard, 0.3, atol=0.01).sum() == 2_400


def test_a_server_that_never_finds_the_end_of_a_turn_is_told_from_one_that_hears_nothing():
    call, _ = held(asked(1), saying(event("input_audio_buffer.speech_started", item_id="u")))
    assert "it heard the user begin and never stop; --turn-detection none ends turns for it" in call.error


@pytest.mark.parametrize(
    "session",
    [
        {"audio": {"output": {"format": {"type": "audio/pcm", "rate": 16_000}}}},
        {"audio": {"input": {"format": {"type": "audio/pcmu"}}}},
        {"output_audio_format": "g711_ulaw"},
    ],
)
def test_a_server_that_insists_on_another_format_is_refused_before_it_is_measured_at_the_wrong_speed(session):
    async def other(wire):
        await wire.send(CREATED)
        await wire.receive()
        await wire.send(event("session.updated", session=session))

    assert "asked for was audio/pcm at 24000 Hz" in str(held(asked(), other))


def test_a_server_that_does_not_answer_session_update_is_given_up():
    async def deaf(wire):
        await wire.send(CREATED)
        await asyncio.sleep(60.0)

    assert "sent no session.updated within 3 s when asked for this session" in str(held(asked(), deaf))


def test_a_strangers_words_are_one_short_plain_line_in_every_file(tmp_path):
    words = "no\x1b[31m\n voice \ud800" + "x" * 9_999
    note = event("response.done", response={"id": "\ud800", "status": "x"})
    call, _ = held(asked(1), saying(event("error", error={"message": words}), note), tmp_path / "e.jsonl")
    assert "no [31m  voice  xxx" in call.error and len(call.error) < 600
    assert "\\ud800" in (tmp_path / "e.jsonl").read_text(encoding="utf-8")


def test_json_nested_without_end_is_garbage():
    call, _ = held(asked(1), saying("[" * 200_000))
    assert "is no JSON" in call.error


# --- turns by hand -----------------------------------------------------------------------------------------


def push_to_talk(delay, heard):
    """A server that answers a commit and a response.create, and notes every turn's sound."""

    async def server(wire):
        await wire.send(CREATED)
        buffer, asked_for = [], []
        while True:
            told = json.loads(await wire.receive())
            match told["type"].removeprefix("input_audio_buffer."):
                case "session.update":
                    asked_for.append(told["session"]["audio"]["input"]["turn_detection"])
                    await wire.send(event("session.updated", session=told["session"]))
                case "append":
                    buffer.append(decoded(told["audio"]))
                case "clear":
                    buffer = []
                case "commit":
                    heard.append((asked_for[0], np.concatenate(buffer)))
                case "response.create":
                    await asyncio.sleep(delay)
                    name = f"item {len(heard)}"
                    await wire.send(event("response.created", response={"id": "r"}))
                    await wire.send(sound(level(0.2, 2.0), name))
                    await wire.send(event("response.output_audio.done", item_id=name))
                case "response.cancel" | "conversation.item.truncate":
                    heard.append((told["type"], told.get("audio_end_ms")))
                    await wire.send(event("response.done", response={"id": "r", "status": "cancelled"}))

    return server


def test_a_push_to_talk_server_gets_each_turn_whole_at_its_labelled_end_and_is_measured():
    heard = []
    script = asked(2)
    call, _ = held(script, push_to_talk(0.2, heard), turn_detection="none")
    assert call.error == "" and call.counts["Responses"] == 2
    turns = [sound for named, sound in heard if named is None]
    for turn, placed, pcm in zip(scored(call).turns, script.placed, turns, strict=True):
        assert turn.voice_to_voice == pytest.approx(0.2 + framing(placed.end), abs=0.002)
        mark = EndMark(24_000)
        (end,) = mark.hear(pcm)
        assert end == pytest.approx(12_000, abs=24) and len(pcm) - end < 480 + 24


def test_pressing_the_button_over_an_answer_cancels_it_and_nothing_of_it_is_heard_any_more():
    heard = []
    script = Script(
        [Cue(Stimulus(marked(0.5, 1))), Cue(Stimulus(marked(0.5, 2), Kind.BARGE_IN), When.AFTER_ONSET, 0.7)],
        tail=0.3,
    )
    call, _ = held(script, push_to_talk(0.1, heard), turn_detection="none")
    told = [(named, count) for named, count in heard if isinstance(named, str)]
    assert [named for named, _ in told][:2] == ["response.cancel", "conversation.item.truncate"]
    stop = scored(call).turns[1].stop
    assert stop.latency == pytest.approx(0.02, abs=0.005) and told[1][1] == pytest.approx(720, abs=25)
