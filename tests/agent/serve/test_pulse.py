from __future__ import annotations

import asyncio

import pytest
from stand_in import StandInServer

from agent.serve.message import Refused
from agent.serve.pulse import ENTER, LEAVE, SEEN, Pulse
from pipeline.clock import simulate


def test_a_server_is_busy_when_most_beats_are_late_and_free_again_only_when_few_are() -> None:
    pulse = Pulse()
    for _ in range(ENTER - 1):
        pulse.beat(0.2)
    assert not pulse.busy
    pulse.beat(0.2)
    assert pulse.busy
    for _ in range(SEEN - LEAVE - 1):
        pulse.beat(0.0)
    assert pulse.busy
    pulse.beat(0.0)
    assert not pulse.busy


def test_single_late_beats_are_nothing() -> None:
    pulse = Pulse()
    for beat in range(1000):
        pulse.beat(5.0 if beat % 3 == 0 else 0.099)
        assert not pulse.busy


def test_a_loop_that_keeps_time_takes_calls_and_one_that_is_late_refuses_them() -> None:
    async def main() -> None:
        async with StandInServer() as server:
            await asyncio.sleep(10.0)
            server.ready()
            for _ in range(ENTER):
                server.pulse.beat(1.0)
            with pytest.raises(Refused) as refused:
                server.ready()
            assert (refused.value.status, refused.value.problem.code) == (503, "server_busy")
            await asyncio.sleep(2.1)
            server.ready()

    simulate(main)
