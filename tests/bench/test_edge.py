"""What the edge records is what was sent and pulled, sample by sample; null agents prove the whole path."""

from dataclasses import replace

import numpy as np
import pytest

from bench.edge import BenchEdge, Clock
from bench.labels import Kind
from bench.nulls import DELAYS, NullAgent, beep
from bench.room import Room
from bench.score import score
from bench.script import Cue, Script, When
from bench.stimuli import Stimulus
from pipeline.clock import now, run, simulate
from pipeline.events import ReplyRequested
from pipeline.ring import AudioRing


def conversation(cues, source, *, clock=Clock.VIRTUAL, room=None, limit=200.0):
    """Play a script against a source that needs no session."""
    script = Script(cues, limit=limit)
    edge = BenchEdge(script, clock=clock, room=room, seed=3)

    async def main():
        ring = AudioRing()
        await edge.run(ring, source(script), lambda fact: None)
        return ring

    ring = (simulate if clock is Clock.VIRTUAL else run)(main)
    return edge, ring


def noise(seconds, seed=0):
    return Stimulus(np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).astype(np.float32))


@pytest.mark.parametrize("delay", DELAYS)
def test_a_null_agent_is_recovered_through_the_edge_within_5_ms(delay):
    cues = [Cue(noise(0.7 + 0.1037 * number, number)) for number in range(4)]
    edge, _ = conversation(cues, lambda script: NullAgent(script, delay, beep()))
    found = score(edge.recording(), edge.labels("null", "null"))
    assert len(found.turns) == 4
    for turn in found.turns:
        assert turn.voice_to_voice == pytest.approx(delay, abs=0.005)


def test_a_null_agent_is_recovered_on_the_machines_clock_too():
    cues = [Cue(noise(0.3), When.AT, 0.1)]
    edge, ring = conversation(
        cues, lambda script: NullAgent(script, 0.2, beep(0.2)), clock=Clock.WALL, limit=1.2
    )
    found = score(edge.recording(), edge.labels("null", "null"))
    assert found.turns[0].voice_to_voice == pytest.approx(0.2, abs=0.005)
    assert edge.punctuality.ticks == 60
    assert ring.end == 59 * 320


def test_the_ring_gets_what_is_recorded_as_sent():
    cues = [Cue(noise(0.5), When.AT, 1.0)]
    edge, ring = conversation(cues, lambda script: NullAgent(script, 0.1, beep()), limit=4.0)
    recording, labels = edge.recording(), edge.labels("one", "smooth")
    assert ring.end == 64_000 - 320 and recording.length == labels.length == 96_000
    (turn,) = labels.turns
    assert (turn.start, turn.end) == (24_000, 36_000)
    assert np.abs(recording.user[: turn.start - 50]).max() < 0.002
    assert np.abs(recording.user[turn.start : turn.end]).std() > 0.03


def test_a_frame_reaches_the_session_only_when_its_last_sample_has_been_spoken():
    script = Script([], limit=0.2)
    edge = BenchEdge(script)

    async def main():
        ring, seen = AudioRing(), []
        write = ring.write

        def watched(pcm):
            if len(pcm):
                seen.append((now() - begun, ring.end + len(pcm)))
            return write(pcm)

        ring.write = watched
        begun = now()
        await edge.run(ring, NullAgent(script, 1.0, beep()), lambda fact: None)
        return seen

    seen = simulate(main)
    assert len(seen) == 9
    assert all(at == pytest.approx(end / 16_000) for at, end in seen)


def test_a_failing_source_ends_the_edge_with_its_error_on_both_clocks():
    class Broken:
        def pull(self, count):
            raise RuntimeError("no more sound")

    for clock in Clock:
        with pytest.raises(RuntimeError, match="no more sound"):
            conversation([], lambda script: Broken(), clock=clock, limit=1.0)


def test_a_room_returns_the_playback_at_its_level_and_delay():
    room = Room(-20.0, None, delay=0.04)
    played = np.zeros(24_000, np.float32)
    played[4800:9600] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4800) / 24_000)
    frames = [room.mix(np.zeros(320, np.float32), played[at : at + 480]) for at in range(0, 24_000, 480)]
    near, left = (np.concatenate(side) for side in zip(*frames, strict=True))
    assert np.array_equal(near, left)
    loud = np.flatnonzero(np.abs(near) > 0.002)
    assert loud[0] == pytest.approx(0.24 * 16_000, abs=40)
    ratio = np.square(near).sum() / 16_000 / (np.square(played).sum() / 24_000)
    assert 10 * np.log10(ratio) == pytest.approx(-20.0, abs=3.0)


def test_a_backchannel_is_labelled_as_one():
    quiet = Stimulus(noise(0.3).pcm, Kind.BACKCHANNEL, text="mm-hm", reply=False)
    cues = [Cue(quiet, When.AT, 0.5)]
    edge, _ = conversation(cues, lambda script: NullAgent(script, 9.0, beep()), limit=3.0)
    (turn,) = edge.labels("one", "overlap").turns
    assert turn.kind is Kind.BACKCHANNEL and turn.text == "mm-hm" and not turn.reply


def test_labels_tell_whose_voice_every_turn_was():
    cues = [Cue(replace(noise(0.3), voice=name), When.AT, at) for name, at in (("Ann", 0.5), ("Ben", 1.5))]
    edge, _ = conversation(cues, lambda script: NullAgent(script, 9.0, beep()), limit=3.0)
    assert edge.labels("one", "smooth", {"seed": "1"}).about == {"seed": "1", "voices": "Ann, Ben"}


@pytest.mark.parametrize("clock", [Clock.VIRTUAL, Clock.WALL])
def test_a_talk_is_asked_of_the_session_when_the_script_wants_one_and_labels_say_where(clock):
    wishes = []

    async def main():
        script = Script([Cue(noise(0.2), When.OVER, 5.0, patience=100.0)])
        script._at = 60 * 16_000  # long after the user's last words
        script._limit = 60.5
        edge = BenchEdge(script, clock=clock, talk="once upon a time")
        await edge.run(AudioRing(), NullAgent(script, 9.0, beep()), wishes.append)
        return edge

    edge = (simulate if clock is Clock.VIRTUAL else run)(main)
    assert wishes == [ReplyRequested("once upon a time")]
    assert edge.asked == [480] and edge.labels("one", "overlap").about == {"asked": "480"}
