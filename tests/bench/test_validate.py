"""The harness's own error: small in virtual time, and shown where it is not small."""

import pytest

from bench.nulls import DELAYS
from bench.validate import LIMITS, Recovered, error_table, in_process, over_protocol


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("way", [in_process, over_protocol])
def test_the_harness_recovers_every_known_delay_in_virtual_time(way, delay):
    row = way(delay, 4, 1)
    assert row.good and len(row.found) == 4
    assert max(map(abs, row.errors)) <= 0.005


def test_an_error_over_its_limit_or_a_lost_turn_is_not_good_and_is_shown():
    way = "wall, WebSocket"
    far = Recovered(way, 0.2, (0.2, 0.2 + LIMITS[way] + 0.001), (), 2)
    lost = Recovered(way, 0.2, (0.2,), (), 2)
    gone = Recovered(way, 0.2, (), (), 2, "no server")
    assert not (far.good or lost.good or gone.good)
    lines = error_table([far, lost, gone])[-3:]
    assert "over 20 ms" in lines[0] and "1 of 2" in lines[1] and "nothing found: no server" in lines[2]


@pytest.mark.parametrize("delay", DELAYS)
def test_the_harness_recovers_every_known_delay_through_opus_and_its_playout(delay):
    pytest.importorskip("av", reason="the extra web is not installed")
    from bench.rtc_validate import over_track

    row = over_track(delay, 4, 1)
    assert row.good and len(row.found) == 4 and row.fixed == pytest.approx(0.074)
