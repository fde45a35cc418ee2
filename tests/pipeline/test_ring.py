"""The ring: absolute positions, copies, honest about what is gone."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.channel import ClosedError
from pipeline.clock import now, simulate
from pipeline.errors import BugError
from pipeline.events import Sample, Span
from pipeline.ports import Pcm
from pipeline.ring import AudioRing, OverrunError


def ramp(start: int, count: int) -> Pcm:
    """Samples that say their own position."""
    return np.arange(start, start + count, dtype=np.float32)


def span(start: int, end: int) -> Span:
    return Span(Sample(start), Sample(end))


def ring_of(capacity: int) -> AudioRing:
    return AudioRing(seconds=capacity / 16_000)


def test_positions_are_absolute() -> None:
    ring = ring_of(1000)
    assert (ring.start, ring.end) == (0, 0)
    assert ring.write(ramp(0, 320)) == 320
    assert ring.write(ramp(320, 320)) == 640
    assert (ring.start, ring.end) == (0, 640)
    np.testing.assert_array_equal(ring.read(span(300, 400)), ramp(300, 100))


def test_old_sound_is_overwritten_and_asking_for_it_says_so() -> None:
    ring = ring_of(1000)
    for at in range(0, 2000, 320):
        ring.write(ramp(at, 320))
    assert (ring.start, ring.end) == (1240, 2240)
    np.testing.assert_array_equal(ring.read(span(1240, 2240)), ramp(1240, 1000))
    with pytest.raises(OverrunError, match=r"1239 to 1300 are gone: .* begins at 1240"):
        ring.read(span(1239, 1300))


def test_asking_for_sound_to_come_says_so() -> None:
    ring = ring_of(1000)
    ring.write(ramp(0, 100))
    with pytest.raises(OverrunError, match="not captured yet: the ring ends at 100"):
        ring.read(span(50, 101))


def test_a_read_is_a_copy() -> None:
    ring = ring_of(1000)
    ring.write(ramp(0, 100))
    ring.read(span(0, 100))[:] = -1
    np.testing.assert_array_equal(ring.read(span(0, 100)), ramp(0, 100))


def test_an_empty_span_is_empty_sound() -> None:
    assert ring_of(1000).read(span(0, 0)).shape == (0,)


def test_a_write_longer_than_the_ring_keeps_its_end() -> None:
    ring = ring_of(100)
    ring.write(ramp(0, 30))
    ring.write(ramp(30, 1000))
    assert (ring.start, ring.end) == (930, 1030)
    np.testing.assert_array_equal(ring.read(span(930, 1030)), ramp(930, 100))


@pytest.mark.parametrize("wrong", [np.zeros((2, 320), np.float32), np.zeros(320, np.float64)])
def test_sound_of_another_form_is_a_bug(wrong: Pcm) -> None:
    with pytest.raises(BugError, match="1-d float32"):
        ring_of(1000).write(wrong)


def test_nan_becomes_silence_and_is_counted() -> None:
    ring = ring_of(1000)
    ring.write(np.array([0.5, np.nan, np.inf, -0.5], np.float32))
    np.testing.assert_array_equal(ring.read(span(0, 4)), np.array([0.5, 0, 0, -0.5], np.float32))
    assert ring.unsound == 2


def test_a_gap_is_silence_on_record() -> None:
    ring = ring_of(1000)
    ring.write(ramp(0, 100))
    assert ring.lose(50) == span(100, 150)
    ring.write(ramp(150, 10))
    np.testing.assert_array_equal(ring.read(span(100, 150)), np.zeros(50, np.float32))
    assert ring.gaps(span(0, 160)) == (span(100, 150),)
    assert ring.gaps(span(120, 130)) == (span(120, 130),)
    assert ring.gaps(span(150, 160)) == ()


def test_a_gap_that_goes_on_is_one_gap() -> None:
    ring = ring_of(1000)
    for _ in range(3):
        ring.lose(100)
    assert ring.lose(0) == span(300, 300)
    assert ring.gaps(span(0, 300)) == (span(0, 300),)


def test_a_gap_longer_than_the_ring_leaves_silence() -> None:
    ring = ring_of(100)
    ring.write(ramp(1, 100))
    ring.lose(1_000_000)
    assert ring.end == 1_000_100
    assert not ring.read(Span(ring.start, ring.end)).any()


def test_gaps_that_were_overwritten_are_forgotten() -> None:
    ring = ring_of(100)
    for _ in range(50):
        ring.lose(10)
        ring.write(ramp(0, 10))
    assert len(ring.gaps(span(0, 1000))) == 5


def test_a_gap_cannot_be_negative() -> None:
    with pytest.raises(BugError, match="-1"):
        ring_of(100).lose(-1)


def test_waiting_ends_when_the_position_is_captured() -> None:
    async def main() -> list[tuple[float, int]]:
        ring, woken = ring_of(16_000), list[tuple[float, int]]()

        async def waiter(end: int) -> None:
            await ring.wait_for(Sample(end))
            woken.append((now(), end))

        tasks = [asyncio.get_running_loop().create_task(waiter(end)) for end in (640, 320, 321, 0)]
        for at in range(0, 960, 320):
            await asyncio.sleep(0.02)
            ring.write(ramp(at, 320))
        for task in tasks:
            await task
        return woken

    assert simulate(main) == [(0.0, 0), (0.02, 320), (0.04, 321), (0.04, 640)]


def test_a_waiter_that_gives_up_leaves_nothing_behind() -> None:
    async def main() -> int:
        ring = ring_of(1000)
        for _ in range(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await ring.wait_for(Sample(1))
        return len(ring._waiting)

    assert simulate(main) == 0


def test_close_ends_waiting_but_not_reading() -> None:
    async def main() -> None:
        ring = ring_of(1000)
        ring.write(ramp(0, 100))
        waiting = asyncio.get_running_loop().create_task(ring.wait_for(Sample(101)))
        await asyncio.sleep(1)
        ring.close()
        ring.close()
        assert ring.closed
        with pytest.raises(ClosedError, match="ended at sample 100, before 101"):
            await waiting
        with pytest.raises(ClosedError):
            await ring.wait_for(Sample(101))
        await ring.wait_for(Sample(100))
        np.testing.assert_array_equal(ring.read(span(0, 100)), ramp(0, 100))
        with pytest.raises(BugError, match="closed"):
            ring.write(ramp(100, 1))

    simulate(main)


def test_a_cursor_reads_in_its_own_steps_from_where_it_began() -> None:
    async def main() -> None:
        ring = ring_of(16_000)
        ring.write(ramp(0, 320))
        early, late = ring.cursor(Sample(100)), ring.cursor()
        for at in (320, 640):
            ring.write(ramp(at, 320))
        for cursor, start in ((early, 100), (early, 612), (late, 320)):
            if start == 612:
                ring.write(ramp(960, 320))
            at, pcm = await cursor.read(512)
            assert at == start
            np.testing.assert_array_equal(pcm, ramp(start, 512))
        assert early.lost == late.lost == 0

    simulate(main)


def test_an_overrun_is_counted_and_steps_stay_on_their_grid() -> None:
    async def main() -> None:
        ring = ring_of(1000)
        cursor = ring.cursor(Sample(0))
        for at in range(0, 3200, 320):
            ring.write(ramp(at, 320))
        at, pcm = await cursor.read(300)
        assert ring.start == 2200
        assert at == 2400
        assert cursor.lost == 2400
        np.testing.assert_array_equal(pcm, ramp(2400, 300))

    simulate(main)


def test_a_cursor_at_the_end_of_the_sound_says_so() -> None:
    async def main() -> None:
        ring = ring_of(1000)
        cursor = ring.cursor()
        ring.write(ramp(0, 500))
        ring.close()
        await cursor.read(320)
        with pytest.raises(ClosedError):
            await cursor.read(320)

    simulate(main)


def test_a_step_that_the_ring_cannot_hold_is_a_bug() -> None:
    async def main() -> None:
        with pytest.raises(BugError, match="cannot give 1001"):
            await ring_of(1000).cursor().read(1001)

    simulate(main)


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        AudioRing(seconds=0.0)


ACTS = st.lists(
    st.tuples(st.sampled_from(["write", "lose", "read", "cursor"]), st.integers(0, 70), st.integers(0, 70)),
    max_size=40,
)


@given(ACTS, st.integers(1, 60))
def test_any_program_agrees_with_a_ring_that_never_forgets(
    acts: list[tuple[str, int, int]], capacity: int
) -> None:
    async def main() -> None:
        ring, cursor_at = ring_of(capacity), 0
        cursor = ring.cursor()
        whole: list[float] = []
        lost: list[bool] = []
        for act, a, b in acts:
            if act == "write":
                ring.write(ramp(len(whole) + 1, a))
                whole += range(len(whole) + 1, len(whole) + 1 + a)
                lost += [False] * a
            elif act == "lose":
                assert ring.lose(a) == span(len(whole), len(whole) + a)
                whole += [0.0] * a
                lost += [True] * a
            elif act == "read":
                start, end = min(a, b), max(a, b)
                held = len(whole) - capacity <= start and end <= len(whole)
                if held and start >= 0:
                    assert ring.read(span(start, end)).tolist() == whole[start:end]
                else:
                    with pytest.raises(OverrunError):
                        ring.read(span(start, end))
                marked = [at for gap in ring.gaps(span(start, end)) for at in range(gap.start, gap.end)]
                expected = [at for at in range(start, min(end, len(whole))) if lost[at]]
                recent = len(whole) - capacity
                assert [at for at in marked if at >= recent] == [at for at in expected if at >= recent]
            elif 0 < a <= capacity:
                while cursor_at < len(whole) - capacity:
                    cursor_at += a
                if cursor_at + a <= len(whole):
                    at, pcm = await cursor.read(a)
                    assert at == cursor_at
                    assert pcm.tolist() == whole[at : at + a]
                    cursor_at += a
                else:
                    cursor_at = cursor.at
            assert ring.end == len(whole)
            assert ring.start == max(0, len(whole) - capacity)

    simulate(main)
