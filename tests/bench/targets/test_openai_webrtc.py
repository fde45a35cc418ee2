"""An agent over WebRTC in virtual time: delays found through codec and buffer, faults told, nothing cut."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra web is not installed")

from audio_io.rtc.tap import Packet
from bench.item import Actor, Item
from bench.labels import Kind
from bench.rtc_marks import chirped, found
from bench.rtc_media import LOOKAHEAD
from bench.rtc_memory import SESSION, MemoryCall
from bench.rtc_validate import FIXED, JITTER, PRE_ECHO
from bench.score import score
from bench.script import Cue, Script, When
from bench.socket_hold import framing, hold_over
from bench.stimuli import Stimulus
from bench.targets.openai_realtime import RealtimeConfig, encoded
from bench.targets.openai_webrtc import RealtimeCall
from pipeline.clock import now, simulate
from pipeline.errors import PeerError


class FarEnd(MemoryCall):
    """A null agent's call, on which a test may do something to the agent's packets."""

    def __init__(self, delay=0.0, *, session=True, seconds=0.8, garble=None):
        super().__init__(delay, seconds)
        self.garble = garble
        if session:
            self.say("session.created", session=SESSION)

    def on_its_way(self, packet):
        return self.garble(packet.number, packet) if self.garble else super().on_its_way(packet)


def held(script, far, config=None, events=None):
    async def item_script(voice):
        raise AssertionError

    async def main():
        async def ring():
            return far

        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(far.speak())
            line = RealtimeCall(ring, config or RealtimeConfig(patience=1.0))
            try:
                call, about = await hold_over(
                    Item("made", 0, 1, Actor.BRAIN, item_script), script, line, events=events, jitter=JITTER
                )
            except PeerError as error:
                return error
            finally:
                speaking.cancel()
        return call, about

    return simulate(main)


def asked(count=2):
    return Script([Cue(Stimulus(chirped(0.5, n)), patience=1.0) for n in range(count)], tail=0.3)


def scored(call):
    return score(call.edge.recording(), call.edge.labels("c", "made"))


def waiting(placed):
    return framing(placed.end + round(LOOKAHEAD * 16_000))


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.5])
def test_a_null_agents_delay_is_recovered_through_codec_and_buffer(delay):
    script = asked(3)
    call, about = held(script, FarEnd(delay))
    recording, labels = call.edge.recording(), call.edge.labels("c", "made")
    for turn, told, placed in zip(scored(call).turns, labels.turns, script.placed, strict=True):
        true = max(delay, waiting(placed)) + FIXED
        assert found(recording.agent[told.end : told.end + 24_000], 24_000) / 24_000 == pytest.approx(
            true, abs=0.0003
        )
        assert -PRE_ECHO < turn.voice_to_voice - true < 0.001
    assert about["model"] == "null" and call.error == "" and "Gaps" not in call.counts


def test_the_users_packets_leave_every_20_ms_whatever_the_agent_does():
    far = FarEnd(garble=lambda number, packet: [])
    call, _ = held(asked(1), far)
    assert np.abs(np.diff(far.left) - 0.02).max() < 1e-6
    assert len(far.left) >= call.edge.punctuality.ticks - 1
    assert "never answered" in call.error


def test_one_lost_packet_and_one_empty_one_cost_their_own_sound_and_no_delay_afterwards(tmp_path):
    def garble(number, packet):
        if number == 30:
            return []
        return [Packet(b"", packet.timestamp, packet.number, 2, packet.arrived)] if number == 31 else [packet]

    script = asked(3)
    call, _ = held(script, FarEnd(0.05, garble=garble), events=tmp_path / "e.jsonl")
    assert "bench.bad_packet" in (tmp_path / "e.jsonl").read_text()
    assert scored(call).turns[2].voice_to_voice == pytest.approx(
        max(0.05, waiting(script.placed[2])) + FIXED, abs=PRE_ECHO
    )


@pytest.mark.parametrize("after", [20, 100])
def test_another_source_is_another_clock_and_goes_on_being_heard(after):
    def moved(number, packet):
        other = Packet(packet.payload, (packet.timestamp + 999_999) % 2**32, (number + 77) % 2**16, 1, now())
        return [packet if number < after else other]

    script = asked(3)
    call, _ = held(script, FarEnd(0.05, garble=moved))
    assert scored(call).turns[2].voice_to_voice == pytest.approx(
        max(0.05, waiting(script.placed[2])) + FIXED, abs=PRE_ECHO
    )
    assert "LateSamples" not in call.counts


def test_a_barge_in_is_stopped_by_the_server_and_what_still_comes_is_heard():
    script = Script(
        [
            Cue(Stimulus(chirped(0.5, 1))),
            Cue(Stimulus(chirped(0.5, 2), Kind.BARGE_IN), When.AFTER_ONSET, 0.7),
        ],
        tail=0.3,
    )
    far = FarEnd(0.2, seconds=5.0)
    call, _ = held(script, far)
    stop = scored(call).turns[1].stop
    assert not stop.censored and 0.02 + FIXED - 0.02 < stop.latency < 0.02 + FIXED + 0.03
    assert not [event for event in far.events if "truncate" in event["type"]]


def test_the_session_is_agreed_on_without_formats_and_nothing_is_asked_of_the_sound():
    far = FarEnd()
    held(asked(1), far)
    assert far.events[0] == {
        "type": "session.update", "session": {"type": "realtime", "output_modalities": ["audio"]}
    }  # fmt: skip
    assert not [event for event in far.events if event["type"] == "input_audio_buffer.append"]


def test_turns_by_hand_are_committed_when_the_last_packet_has_left():
    far = FarEnd()
    script = asked(2)
    held(script, far, RealtimeConfig(turn_detection="none", patience=1.0))
    kinds = [event["type"].removeprefix("input_audio_buffer.") for event in far.events]
    assert kinds == ["session.update", *2 * ["clear", "commit", "response.create"]]
    assert far.events[0]["session"]["audio"]["input"] == {"turn_detection": None}


def test_sound_in_events_is_not_heard_beside_the_track():
    far = FarEnd(9.0)
    loud = encoded(np.full(4_800, 0.5, np.float32))

    def garble(number, packet):
        if number == 40:
            far.say("response.output_audio.delta", delta=loud)
        return [packet]

    far.garble = garble
    call, _ = held(asked(1), far)
    assert np.abs(call.edge.recording().agent).max() < 0.01 and "never answered" in call.error


def test_a_server_that_opens_no_session_is_given_up():
    assert "sent no session.created within 1 s" in str(held(asked(), FarEnd(session=False)))


def test_a_server_that_sends_no_event_but_words_is_garbage():
    far = FarEnd()
    far.inbound.put_now("hello")
    assert "'hello' is no JSON" in str(held(asked(), far))


def test_a_server_that_hangs_up_leaves_what_was_held():
    def garble(number, packet):
        if number == 60:
            far.inbound.close()
        return [] if number >= 60 else [packet]

    far = FarEnd(garble=garble)
    call, _ = held(asked(), far)
    assert "closed the call in the middle" in call.error and 1.0 < call.edge.recording().length / 24_000 < 1.5
