"""Which address is asked: warm where it is warm, never twice where it has just failed."""

from __future__ import annotations

from model.http.hosts import Hosts


def made(count: int = 3) -> Hosts:
    return Hosts([f"http://{name}" for name in "abcdefg"[:count]], rest=1.0, longest=8.0, chance=lambda: 0.5)


def test_without_a_session_the_first_is_the_best() -> None:
    hosts = made()
    assert hosts.pick("", 0.0) is hosts.all[0]
    assert hosts.pick("", 0.0, [hosts.all[0]]) is hosts.all[1]
    assert hosts.pick("", 0.0, hosts.all) is None


def test_one_that_failed_rests_twice_as_long_each_time_and_an_answer_makes_it_well() -> None:
    hosts = made(2)
    first, other = hosts.all
    rests = []
    for _ in range(6):
        hosts.failed(first, 100.0)
        rests.append(first.until - 100.0)
        assert hosts.pick("", 100.0) is other
    assert rests == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert hosts.pick("", 108.0) is first, "it is tried again when it has rested"
    hosts.answered(first, "")
    hosts.failed(first, 200.0)
    assert first.until == 201.0


def test_a_server_that_names_a_time_gets_it_within_bounds() -> None:
    hosts = made(2)
    hosts.failed(hosts.all[0], 0.0, after=5.0)
    assert hosts.all[0].until == 5.0
    hosts.failed(hosts.all[1], 0.0, after=500.0)
    assert hosts.all[1].until == 8.0


def test_where_all_have_failed_the_one_that_rested_longest_is_tried() -> None:
    hosts = made()
    for at, host in enumerate(hosts.all):
        hosts.failed(host, 10.0 - at)
    assert hosts.pick("", 8.5) is hosts.all[2]


def test_a_session_stays_where_it_was_answered_also_after_a_failover() -> None:
    hosts = made()
    home = hosts.pick("x", 0.0)
    assert home is not None
    hosts.failed(home, 0.0)
    other = hosts.pick("x", 0.1)
    assert other is not None
    assert other is not home
    hosts.answered(other, "x")
    assert hosts.pick("x", 60.0) is other


def test_homes_are_bounded() -> None:
    hosts = made()
    for number in range(1000):
        hosts.answered(hosts.all[number % 3], f"session {number}")
    assert len(hosts._homes) == 256


def test_one_that_fails_for_days_does_not_fail_by_overflow() -> None:
    hosts = made(1)
    for _ in range(3000):
        hosts.failed(hosts.all[0], 0.0)
    assert hosts.all[0].until == 8.0
