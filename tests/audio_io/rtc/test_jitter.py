"""The line-up of a caller's packets, in virtual time: times go in, pieces come out."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_io.rtc.framing import TICKS
from audio_io.rtc.jitter import GRACE, HELD, LEAST, MOST, STALL, Conceal, Gone, Lineup, Piece, Play, Quiet
from audio_io.rtc.tap import Packet

STEP = 960
WAY = 0.030
FRAME = b"\x68speech"
"""20 ms by its first byte."""
DTX = b"\x68"
BUSY = 2**32 - 5 * STEP
"""Timestamps wrap round soon after this one."""


def packet(
    place: int, arrived: float, *, payload: bytes = FRAME, source: int = 1, first: int = BUSY
) -> Packet:
    """The ``place``-th packet of a sender; its number wraps round too."""
    return Packet(
        payload + str(place).encode() if payload == FRAME else payload,
        (first + place * STEP) % 2**32, (65530 + place) % 2**16, source, arrived,
    )  # fmt: skip


@dataclass(frozen=True)
class Out:
    at: float
    piece: Piece


def play(packets: list[Packet], until: float | None = None) -> tuple[Lineup, list[Out]]:
    """All that a line-up says when these come, each at its time."""
    lineup, out, at = Lineup(0.0), [], 0.0
    todo = sorted(packets, key=lambda one: one.arrived)
    end = until if until is not None else todo[-1].arrived + 0.001
    while at <= end:
        coming = todo[0].arrived if todo else end + 1
        at = min(coming, lineup.deadline())
        if at > end:
            break
        if at == coming:
            lineup.arrive(todo.pop(0))
        said = lineup.due(at)
        out += [Out(at, piece) for piece in said]
        assert lineup.deadline() > at, "what is due was not given"
    return lineup, out


def steady(count: int, *, start: int = 0, way: float = WAY) -> list[Packet]:
    """A sender without fault: each packet leaves when its last sample is over."""
    return [packet(place, (place + 1) * 0.02 + way) for place in range(start, start + count)]


def stalled(count: int, after: int, seconds: float) -> list[Packet]:
    """The network holds back everything after so many packets, then gives it all at once."""
    until = after * 0.02 + WAY + seconds
    return [
        packet(place, max((place + 1) * 0.02 + WAY, until if place >= after else 0)) for place in range(count)
    ]


def played(out: list[Out]) -> list[int]:
    return [
        int(one.piece.payload[len(FRAME) :])
        for one in out
        if isinstance(one.piece, Play) and one.piece.payload.startswith(FRAME)
    ]


def delays(out: list[Out]) -> dict[int, float]:
    """Of each packet played: seconds from its end at the sender until it was heard."""
    return {
        int(one.piece.payload[len(FRAME) :]): one.at - 0.02 * (int(one.piece.payload[len(FRAME) :]) + 1)
        for one in out
        if isinstance(one.piece, Play)
    }


def test_a_packet_that_is_next_is_heard_the_moment_it_comes():
    _, out = play(steady(50))
    assert played(out) == list(range(50))
    assert max(delays(out).values()) == pytest.approx(WAY)


def test_one_lost_packet_is_concealed_and_the_delay_is_back_at_once():
    lineup, out = play([one for place, one in enumerate(steady(100)) if place != 40])
    late = delays(out)
    (hole,) = [one for one in out if isinstance(one.piece, Conceal)]
    assert hole.piece == Conceal(STEP, FRAME + b"41")
    assert hole.at == pytest.approx(42 * 0.02 + WAY + GRACE), "by then it is 20 ms late, more than jitter was"
    assert late[41] == pytest.approx(WAY + GRACE)
    assert all(late[place] == pytest.approx(WAY) for place in range(43, 100))
    assert (lineup.counts.lost, lineup.counts.concealed) == (1, STEP)


def test_a_long_hole_is_a_loss_on_record():
    _, out = play([one for place, one in enumerate(steady(100)) if not 40 <= place < 48])
    assert [one.piece for one in out if isinstance(one.piece, Gone | Conceal)] == [Gone(8 * STEP)]


def test_a_packet_overtaken_by_the_next_is_put_back_in_its_place():
    packets = steady(30)
    packets[10] = packet(10, packets[11].arrived + 0.005)
    lineup, out = play(packets)
    assert played(out) == list(range(30)) and not lineup.counts.lost


def test_a_hole_is_waited_for_as_long_as_this_way_makes_packets_late():
    noise = random.Random(2)
    rough = [packet(place, (place + 1) * 0.02 + WAY + noise.uniform(0, 0.08)) for place in range(300)]
    lineup, out = play([one for place, one in enumerate(rough) if place % 50 != 10])
    assert 6 <= lineup.counts.lost <= 8, "hardly one is given up that was to come"
    assert max(delays(out).values()) < WAY + 0.08 + 0.02 + 0.08 + 0.01


def test_in_a_burst_packets_may_still_overtake_each_other():
    packets = stalled(100, 50, 0.19)
    packets[52] = packet(52, packets[53].arrived + 0.002)
    lineup, out = play(packets)
    assert played(out) == list(range(100)) and not lineup.counts.lost


def test_a_packet_that_comes_twice_is_heard_once():
    packets = steady(30)
    _, out = play([*packets, *(packet(place, packets[place].arrived + 0.003) for place in (3, 4, 20))])
    assert played(out) == list(range(30))


def test_patience_with_a_hole_grows_with_the_jitter_and_shrinks_again():
    rough, noise = Lineup(0.0), random.Random(1)
    for place in range(200):
        rough.arrive(packet(place, (place + 1) * 0.02 + WAY + noise.uniform(0, 0.07)))
    assert 0.07 < rough.jitter.target <= 0.08
    for place in range(200, 900):
        rough.arrive(packet(place, (place + 1) * 0.02 + WAY))
    assert rough.jitter.target == LEAST
    wild = Lineup(0.0)
    for place in range(200):
        wild.arrive(packet(place, (place + 1) * 0.02 + WAY + noise.uniform(0, 0.5)))
    assert wild.jitter.target == MOST


def test_a_stall_shorter_than_its_patience_loses_nothing():
    lineup, out = play(stalled(99, 50, STALL))
    assert played(out) == list(range(99)) and lineup.counts.gone == 0


def test_after_a_longer_stall_the_burst_is_dropped_as_far_as_its_time_is_past():
    stall = 0.5
    lineup, out = play(stalled(150, 50, stall))
    gone = sum(one.piece.ticks for one in out if isinstance(one.piece, Gone)) / TICKS
    assert gone == pytest.approx(stall - STALL, abs=0.1)
    assert lineup.counts.late == round(gone / 0.02)
    assert delays(out)[149] == pytest.approx(WAY), "and the delay is what it was"


def test_where_nothing_comes_silence_goes_on_with_the_clock_first_as_a_loss_then_as_silence():
    _, out = play(steady(50), until=6.0)
    after = [one for one in out if not isinstance(one.piece, Play)]
    gone = sum(one.piece.ticks for one in after if isinstance(one.piece, Gone))
    assert gone == TICKS, "a second of it is a loss"
    assert isinstance(after[-1].piece, Quiet)
    assert sum(one.piece.ticks for one in out) / TICKS == pytest.approx(6.0 - WAY - STALL, abs=0.1)


def test_before_the_first_packet_there_is_silence_at_the_pace_of_the_clock():
    _, out = play([], until=2.0)
    assert all(one.piece == Quiet(STEP, paced=True) for one in out)
    assert len(out) == pytest.approx(97, abs=1)


def test_a_senders_own_silence_is_silence_and_no_loss():
    talk = steady(25)
    rest = [packet(place, (place + 1) * 0.02 + WAY, payload=DTX) for place in (25, 45, 65)]
    rest = [replace(one, number=(65530 + 25 + n) % 2**16) for n, one in enumerate(rest)]
    again = [replace(one, number=(one.number - 57) % 2**16) for one in steady(35, start=85)]
    lineup, out = play(talk + rest + again)
    assert played(out) == [*range(25), *range(85, 120)]
    assert not lineup.counts.gone and not lineup.counts.concealed and not lineup.counts.late
    heard = [one for one in out if one.at >= 0.02 + WAY]
    assert sum(one.piece.ticks for one in heard) == 120 * STEP, "the silence is as long as it was"
    assert max(b.at - a.at for a, b in pairwise(heard)) < 0.1, "and time does not stand still in it"


def test_an_empty_packet_is_harmless_and_adds_no_delay():
    packets = steady(60)
    packets[20] = packet(20, packets[20].arrived, payload=b"")
    lineup, out = play(packets)
    assert lineup.counts.empty == 1
    assert played(out) == [place for place in range(60) if place != 20]
    assert max(delays(out).values()) == pytest.approx(WAY)


def test_another_source_is_another_clock_and_its_predecessor_is_not_heard_again():
    packets = steady(30)
    other = [packet(place, (place + 1) * 0.02 + WAY, source=2, first=12345) for place in range(30, 60)]
    straggler = packet(29, other[2].arrived + 0.001)
    lineup, out = play([*packets[:29], *other, straggler])
    assert played(out) == [*range(29), *range(30, 60)]
    assert (lineup.counts.resyncs, lineup.counts.late) == (1, 1)
    assert max(delays(out).values()) == pytest.approx(WAY)


@pytest.mark.parametrize("jump", [2 * TICKS, 2**31 - 7, 2**31 + 11, -3 * TICKS])
def test_timestamps_that_jump_are_a_new_clock_and_no_delay(jump):
    packets = steady(50)
    after = [replace(one, timestamp=(one.timestamp + jump) % 2**32) for one in steady(60, start=50)]
    lineup, out = play([*packets, *after])
    assert lineup.counts.resyncs == 1
    assert delays(out)[109] == pytest.approx(WAY)
    assert len(played(out)) >= 110 - 11, "at most 200 ms are missed before it is believed"
    assert sum(one.piece.ticks for one in out) / TICKS < 110 * 0.02 + 0.2


def test_a_way_that_is_longer_from_now_on_is_believed():
    packets = [*steady(100), *steady(400, start=100, way=WAY + 0.4)]
    lineup, out = play(packets)
    assert lineup.counts.resyncs == 1
    assert delays(out)[499] == pytest.approx(WAY + 0.4)
    assert len(played(out)) >= 470


@pytest.mark.parametrize("ppm", [200, -200])
def test_an_hour_of_a_clock_that_drifts_loses_nothing(ppm):
    """Packets of 120 ms, for speed."""
    count, long = 30_000, b"\x59"
    lineup, given, worst = Lineup(0.0), 0, 0.0
    for place in range(count):
        at = (place + 1) * 0.12 * (1 + ppm / 1e6) + WAY
        lineup.arrive(Packet(long + b"x", place * 6 * STEP % 2**32, place % 2**16, 1, at))
        pieces = lineup.due(at)
        given += sum(one.ticks for one in pieces if isinstance(one, Play))
        worst = max(worst, lineup.deadline() - at)
    counts = lineup.counts
    assert given == count * 6 * STEP
    assert (counts.gone, counts.concealed, counts.late, counts.lost) == (0, 0, 0, 0)
    assert worst < 0.5


def test_packets_behind_a_hole_are_bounded():
    lineup = Lineup(0.0)
    lineup.arrive(packet(0, 1.0))
    lineup.due(1.0)
    for place in range(2, 500):
        lineup.arrive(packet(place, 1.0))
        lineup.due(1.0)
        assert len(lineup._waiting) <= HELD + 1


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.02, 0.3]),
    jitter=st.sampled_from([0.0, 0.02, 0.3]), twice=st.sampled_from([0.0, 0.1]), stall=st.booleans(),
)  # fmt: skip
def test_whatever_a_network_does_no_moment_is_given_twice_and_time_goes_on(seed, loss, jitter, twice, stall):
    chance, packets = random.Random(seed), []
    for place in range(300):
        at = (place + 1) * 0.02 + WAY + chance.uniform(0, jitter)
        if stall and 3.0 < at < 3.7:
            at = 3.7
        if chance.random() >= loss:
            packets.append(packet(place, at))
            if chance.random() < twice:
                packets.append(packet(place, at + chance.uniform(0, 0.1)))
    lineup, out = play(packets, until=6.5)
    heard = played(out)
    assert heard == sorted(set(heard))
    assert sum(one.piece.ticks for one in out) / TICKS == pytest.approx(6.5, abs=0.5)
    assert lineup.deadline() - 6.5 < 0.5
    if not loss and jitter <= 0.02 and not stall:
        assert heard == list(range(300))


def test_a_sender_that_changes_its_clock_with_every_packet_breaks_nothing():
    chance, lineup = random.Random(3), Lineup(0.0)
    for count in range(2000):
        at = count * 0.02
        stamp, number, source = chance.randrange(2**32), chance.randrange(2**16), chance.randrange(3)
        lineup.arrive(Packet(FRAME, stamp, number, source, at))
        for piece in lineup.due(at):
            assert 0 < piece.ticks <= 2 * TICKS
        assert at < lineup.deadline() < at + 2.0
