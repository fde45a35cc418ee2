from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np

from audio_io.rtc.config import RtcConfig
from audio_io.rtc.echo import LOOK, Echo, Echoes
from pipeline import clock
from pipeline.channel import Channel
from pipeline.errors import PeerError
from pipeline.ports import FRAME
from pipeline.ring import AudioRing


def frame(value: float) -> np.ndarray:
    return np.full(FRAME, value, np.float32)


def test_what_comes_in_goes_out_at_the_next_pull():
    ring = AudioRing()
    echo = Echo(ring)
    assert not echo.pull(480).any()
    for _ in range(3):
        ring.write(frame(0.5))
    echo.pull(480)
    assert np.abs(echo.pull(480) - 0.5).max() < 0.02


def test_a_burst_is_not_waited_out_for_good():
    ring = AudioRing()
    echo = Echo(ring)
    for _ in range(20):
        ring.write(frame(0.1))
    for _ in range(LOOK + 1):
        ring.write(frame(0.5))
        echo.pull(480)
    ring.write(frame(0.9))
    assert echo.pull(480).max() > 0.85, "what came last is heard at once"


def test_nothing_is_heard_twice():
    ring = AudioRing()
    echo = Echo(ring)
    ring.write(frame(0.5))
    out = np.concatenate([echo.pull(480) for _ in range(10)])
    assert (np.abs(out) > 0.1).sum() <= 480


def test_a_caller_that_takes_nothing_back_ends_no_other_call():
    async def send(text: str) -> None:
        raise PeerError("gone")

    async def scene() -> None:
        texts: Channel[str] = Channel(1)
        texts.put_now("hello")
        async with asyncio.TaskGroup() as group:
            caller = SimpleNamespace(messages=texts, send=send)
            group.create_task(Echoes(group, RtcConfig())._answer(caller))

    clock.simulate(scene)
