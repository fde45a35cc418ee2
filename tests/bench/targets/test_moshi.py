"""moshi's protocol in virtual time, against a server that speaks it: handshake, Ogg pages, faults."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("sphn", reason="sphn is not installed")

from bench.item import Actor, Item
from bench.rtc_marks import ChirpMark, chirped, found, reply
from bench.score import score
from bench.script import Cue, Script
from bench.socket_hold import hold_over
from bench.socket_wire import pair
from bench.stimuli import Stimulus
from bench.targets.moshi import AUDIO, ERROR, HANDSHAKE, TEXT, Moshi, moshi_address, opus_reader, opus_writer
from pipeline.clock import simulate
from pipeline.errors import PeerError, UserError

FRAME = 1920


def speech(seconds=0.5):
    return np.random.default_rng(1).normal(0.0, 0.1, round(seconds * 16_000)).astype(np.float32)


def asked(count=2):
    return Script([Cue(Stimulus(speech()), patience=1.0) for _ in range(count)], tail=0.3)


async def answering(wire, frames=5, stall=0):
    """As moshi's server: a frame of 80 ms out for every one in; a tone for a while after each loud one."""
    reader, writer, held, left, made = opus_reader(), opus_writer(), np.zeros(0, np.float32), 0, 0
    tone = (0.3 * np.cos(2 * np.pi * 440 * np.arange(FRAME) / 24_000)).astype(np.float32)
    await wire.send(bytes([HANDSHAKE]) + b"\0" * 8)
    while True:
        message = await wire.receive()
        assert message[0] == AUDIO
        held = np.concatenate((held, reader.append_bytes(message[1:])))
        while len(held) >= FRAME:
            loud, held = bool(np.abs(held[:FRAME]).max() > 0.05), held[FRAME:]
            left = frames if loud else left - 1
            speaks = not loud and left >= 0
            if page := writer.append_pcm(tone if speaks else np.zeros(FRAME, np.float32)):
                await wire.send(bytes([AUDIO]) + page)
            if speaks:
                await wire.send(bytes([TEXT]) + b" ha")
            made += 1


def held(server, script=None, jitter=0.04):
    async def never(voice):
        raise AssertionError

    async def main():
        near, far = pair()

        async def dial():
            return near

        async with asyncio.TaskGroup() as group:
            other = group.create_task(server(far))
            try:
                call, _ = await hold_over(
                    Item("made", 0, 1, Actor.BRAIN, never), script or asked(), Moshi(dial, 1.0), jitter=jitter
                )
                return call
            except PeerError as error:
                return str(error)
            finally:
                other.cancel()

    return simulate(main)


def test_a_conversation_is_held_and_what_is_said_after_the_user_is_heard_and_measured():
    call = held(answering)
    turns = score(call.edge.recording(), call.edge.labels("c", "made")).turns
    assert [turn.censored for turn in turns] == [False, False] and call.error == ""
    # the agent's frame in which silence is first heard, its packets both ways, codecs, the buffer
    assert all(0.08 < turn.voice_to_voice < 0.08 + 0.08 + 0.04 + 0.04 + 0.02 for turn in turns)
    assert "Gaps" not in call.counts


async def null_agent(wire, delay):
    """As the server above, but it says a chirp ``delay`` after the end that the user's chirp marks."""
    reader, writer, held, mark = opus_reader(), opus_writer(), np.zeros(0, np.float32), ChirpMark()
    taken, made, answers = 0, 0, np.zeros(24_000 * 20, np.float32)
    await wire.send(bytes([HANDSHAKE]))
    while True:
        pcm = reader.append_bytes((await wire.receive())[1:])
        for end in mark.hear(taken, pcm):
            begin = end + round(24_000 * delay)
            answers[begin : begin + 12_000] = reply(0.5)
        taken, held = taken + len(pcm), np.concatenate((held, pcm))
        while len(held) >= FRAME:
            held = held[FRAME:]
            await wire.send(bytes([AUDIO]) + writer.append_pcm(answers[made : made + FRAME]))
            made += FRAME


def test_a_null_agents_delay_is_recovered_to_the_codecs_packets_and_the_buffer():
    script = Script([Cue(Stimulus(chirped(0.5, n)), patience=1.0) for n in range(3)], tail=0.3)
    call = held(lambda wire: null_agent(wire, 0.3), script)
    recording, labels = call.edge.recording(), call.edge.labels("c", "made")
    # its frame of 80 ms, whole when the user's 20 ms after it have left (1 ms of look-ahead); Opus both ways
    true = 0.3 + 0.08 + 0.02 + 2 * 0.0065 + 0.04
    for turn in labels.turns:
        place = found(recording.agent[turn.end : turn.end + 24_000], 24_000)
        assert place / 24_000 == pytest.approx(true, abs=0.001)


def saying(*messages):
    async def server(wire):
        await wire.send(bytes([HANDSHAKE]))
        for message in messages:
            await wire.send(message)
        while True:
            await wire.receive()

    return server


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("text", "moshi's messages are binary"),
        (b"", "moshi's messages are binary"),
        (bytes([AUDIO]) + b"no ogg at all" * 9, "sound that is no Opus in Ogg"),
    ],
)
def test_garbage_ends_the_conversation_with_one_sentence(message, complaint):
    call = held(saying(message))
    assert call.error.startswith("the server sent garbage: ") and complaint in call.error


def test_what_the_server_complains_of_is_repeated_and_unknown_kinds_mean_nothing():
    call = held(saying(bytes([ERROR]) + b"out of memory", bytes([9]) + b"?", bytes([TEXT]) + b"\xff"))
    assert "never answered" in call.error and "it complained: out of memory" in call.error


def test_a_server_in_another_conversation_is_given_up():
    async def busy(wire):
        await asyncio.sleep(60.0)

    assert "sent no handshake within 1 s; it may be in another conversation" in held(busy)


def test_an_address_gets_the_usual_path():
    assert moshi_address("moshi+ws://host:8998") == "ws://host:8998/api/chat"
    assert moshi_address("moshi+wss://host/own?a=1") == "wss://host/own?a=1"
    with pytest.raises(UserError, match="is no address of a server"):
        moshi_address("moshi+http://host")
