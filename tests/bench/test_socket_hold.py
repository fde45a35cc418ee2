"""Conversations over a line, in virtual time: delays recovered, barge-ins cut, faults told."""

import asyncio
import json

import pytest

from bench.item import Actor, Item
from bench.labels import Kind
from bench.nulls import beep, marked
from bench.score import score
from bench.script import Cue, Script, When
from bench.socket_hold import framing, hold_over
from bench.socket_null import NullServer
from bench.socket_wire import pair
from bench.stimuli import Stimulus
from bench.targets.openai_realtime import Realtime, RealtimeConfig
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


def held(script, server, events=None):
    """A conversation with ``server(far end)`` in virtual time, and what the server said of itself."""

    async def main():
        near, far = pair()

        async def dial():
            return near

        async with asyncio.TaskGroup() as group:
            other = group.create_task(server(far))
            try:
                return await hold_over(
                    item(), script, Realtime(dial, RealtimeConfig(patience=3.0)), events=events
                )
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
