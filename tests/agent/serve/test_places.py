from __future__ import annotations

import pytest

from agent.serve.config import ServeConfig
from agent.serve.message import Refused
from agent.serve.places import Places


def test_a_place_is_given_back_once_whatever_happens() -> None:
    places = Places(ServeConfig(most=2))
    one = places.take("192.0.2.1")
    assert (places.taken, places.pending) == (1, 1)
    one.settle()
    one.settle()
    assert (places.taken, places.pending) == (1, 0)
    one.leave()
    one.leave()
    assert (places.taken, places.pending) == (0, 0)


def test_a_full_server_is_503_and_too_many_set_ups_429() -> None:
    places = Places(ServeConfig(most=3, most_pending=2, most_pending_each=1))
    held = [places.take("192.0.2.1")]
    with pytest.raises(Refused) as refused:
        places.take("192.0.2.1")
    assert refused.value.status == 429 and refused.value.retry
    held.append(places.take("192.0.2.2"))
    with pytest.raises(Refused) as refused:
        places.take("192.0.2.3")
    assert refused.value.status == 429
    for place in held:
        place.settle()
    held.append(places.take("192.0.2.1"))
    with pytest.raises(Refused) as refused:
        places.take("192.0.2.9")
    assert refused.value.status == 503 and refused.value.retry


def test_one_subscriber_of_ipv6_is_one_address_and_this_machine_is_none() -> None:
    places = Places(ServeConfig(most_pending_each=1))
    places.take("2001:db8::1")
    with pytest.raises(Refused):
        places.take("2001:db8::2")
    places.take("2001:db8:1::1")
    for _ in range(5):
        places.take("127.0.0.1")


def test_200_set_ups_that_never_come_leave_nothing_behind() -> None:
    places = Places(ServeConfig(most=10, most_pending=4))
    for number in range(200):
        places.take(f"198.51.100.{number % 50}").leave()
    assert (places.taken, places.pending, len(places._each)) == (0, 0, 0)
