"""A loudspeaker for a track: a fixed buffer over the quickest way, holes silent, delay that is lost again."""

import numpy as np
import pytest

from bench.rtc_sink import RESYNC, TrackSink

PACKET = 480
JITTER = 0.04
BUFFER = 960


def loud(level=0.5):
    return np.full(PACKET, level, np.float32)


def quiet():
    return np.zeros(PACKET, np.float32)


def played(sink, packets):
    """The first ``packets`` of playout as one, pulled at the end."""
    return np.concatenate([sink.pull(PACKET) for _ in range(packets)])


def first(out):
    return int(np.flatnonzero(out)[0])


def stream(sink, sounds, transit=lambda number: 100):
    """Packets of a steady sender, each sent when it is full, each with its own way."""
    for number, sound in enumerate(sounds):
        sink.arrive(sound, (number + 1) * PACKET + transit(number), number * PACKET)


def test_sound_is_heard_a_buffer_after_the_quickest_packet_came():
    sink = TrackSink(JITTER)
    stream(sink, [quiet(), quiet(), loud()], lambda number: (300, 100, 250)[number])
    onset = 2 * PACKET + PACKET + 100 + BUFFER
    assert first(played(sink, 12)) == onset and sink.gaps == 0


def test_a_packet_within_the_buffer_moves_nothing():
    sink = TrackSink(JITTER)
    stream(sink, [loud(0.1 * (number + 1)) for number in range(4)], lambda number: (0, 900, 0, 700)[number])
    out = played(sink, 12)
    assert (np.diff(np.flatnonzero(out)) == 1).all() and first(out) == PACKET + BUFFER and sink.gaps == 0


def test_a_packet_later_than_the_buffer_tears_the_sound_and_all_after_it_is_later():
    sink = TrackSink(JITTER)
    stream(sink, [loud(0.1), loud(0.2), loud(0.3)], lambda number: (0, 1000, 0)[number])
    out = played(sink, 12)
    assert (sink.gaps, sink.gap_samples) == (1, 40)
    assert np.flatnonzero(np.isclose(out, 0.2))[0] == 2 * PACKET + 1000
    assert np.flatnonzero(np.isclose(out, 0.3))[0] == 3 * PACKET + 1000


def test_delay_that_one_late_packet_cost_is_lost_again_in_silence():
    sink = TrackSink(JITTER)
    sounds = [loud(), loud(), quiet(), quiet(), quiet(), quiet(), loud()]
    stream(sink, sounds, lambda number: 2000 if number == 1 else 0)
    out = played(sink, 20)
    again = 6 * PACKET + PACKET + BUFFER
    assert out[again] == 0.5 and not out[again - 100 : again].any()


def test_a_way_that_became_longer_for_good_has_its_buffer_again_after_a_while_of_silence():
    sink = TrackSink(JITTER)
    sounds = [quiet()] * 10 + [quiet()] * 110 + [loud()] + [quiet()]
    stream(sink, sounds, lambda number: 0 if number < 10 else 1500)
    out = played(sink, 140)
    assert first(out) == 120 * PACKET + PACKET + 1500 + BUFFER and sink.gaps == 0


def test_a_senders_slower_clock_does_not_eat_the_buffer():
    sink = TrackSink(JITTER)
    sounds = [quiet()] * 3000 + [loud()]
    stream(sink, sounds, lambda number: number)
    sink.pull(3000 * PACKET)
    onset = 3000 * PACKET + first(sink.pull(20 * PACKET))
    assert onset == pytest.approx(3001 * PACKET + 3000 + BUFFER, abs=101)


def test_a_lost_packet_is_silence_of_its_length_and_adds_no_delay():
    sink = TrackSink(JITTER)
    for number in (0, 1, 3):
        sink.arrive(loud(), (number + 1) * PACKET, number * PACKET)
    out = played(sink, 12)
    hole = slice(PACKET + BUFFER + 2 * PACKET, PACKET + BUFFER + 3 * PACKET)
    assert not out[hole].any() and out[hole.stop] and out[hole.start - 1]
    assert (sink.gaps, sink.gap_samples) == (1, PACKET)


def test_silence_without_packets_whose_stamps_go_on_is_neither_gap_nor_jump():
    sink = TrackSink(JITTER)
    later = 10 * 24_000
    sink.arrive(loud(), PACKET, 0)
    sink.arrive(quiet(), 2 * PACKET, PACKET)
    sink.arrive(loud(), later + PACKET, later)
    assert (sink.gaps, sink.resyncs) == (0, 0)
    sink.pull(later)
    assert first(sink.pull(10 * PACKET)) == PACKET + BUFFER


@pytest.mark.parametrize("stamp", [10 * RESYNC, -10 * RESYNC, 2 * PACKET])
def test_a_senders_clock_that_jumps_or_stood_still_is_taken_as_new_with_a_whole_buffer(stamp):
    sink = TrackSink(JITTER)
    sink.arrive(quiet(), PACKET, 0)
    at = 3 * RESYNC if stamp == 2 * PACKET else 2 * PACKET
    sink.arrive(loud(), at, stamp)
    sink.pull(at)
    assert sink.resyncs == 1 and first(sink.pull(10 * PACKET)) == BUFFER


def test_what_comes_twice_or_after_newer_sound_is_never_played():
    sink = TrackSink(JITTER)
    sink.arrive(loud(0.1), PACKET, 0)
    sink.arrive(loud(0.3), 3 * PACKET, 2 * PACKET)
    sink.arrive(loud(0.2), 3 * PACKET, PACKET)
    sink.arrive(loud(0.4), 3 * PACKET, 2 * PACKET)
    out = played(sink, 12)
    assert set(np.round(out[out > 0], 1)) == {np.float32(0.1), np.float32(0.3)} and sink.late == 2 * PACKET


def test_a_track_sent_faster_than_it_sounds_is_played_in_order_and_whole():
    sink = TrackSink()
    for number in range(100):
        sink.arrive(loud(0.001 * (number + 20)), 10, number * PACKET)
    out = played(sink, 110)
    assert (np.diff(out[10 : 10 + 100 * PACKET]) >= 0).all() and np.count_nonzero(out) == 100 * PACKET
