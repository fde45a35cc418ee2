"""A server that gives callers their own voice back: what our WebRTC line itself takes, and nothing else.

``python -m audio_io.rtc.echo --port 0`` prints its port and takes offers at ``/v1/realtime/calls`` on this
machine's loopback, until it is killed. It keeps nothing that it hears.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from audio_io.resample import Resampler
from pipeline import clock
from pipeline.errors import PeerError
from pipeline.events import Fact, Span
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm
from pipeline.ring import AudioRing

from .config import RtcConfig
from .extra import web
from .hosting import host
from .peer import RtcPeer
from .sdp import LARGEST, SdpError

PATH = "/v1/realtime/calls"
LOOK = 50
"""Pulls after which what was never needed of the sound that waits is let go: 1 s."""


class Echo:
    """Gives back what comes into a ring, as soon as it is there; a ``PlayoutSource``."""

    def __init__(self, ring: AudioRing) -> None:
        self._ring, self._at = ring, ring.end
        self._turn = Resampler(CAPTURE_RATE, PLAYOUT_RATE)
        self._held: Pcm = np.zeros(0, np.float32)
        self._spare, self._pulls = 2**31, 0

    def pull(self, count: int) -> Pcm:
        """The next samples; silence first where not enough has come."""
        start = max(self._at, self._ring.start)
        new = self._ring.read(Span(start, self._ring.end))
        self._at = self._ring.end
        self._held = np.concatenate((self._held, self._turn.push(new)))
        if len(self._held) < count:  # hold it back whole: a gap is better placed before than within
            self._spare = 0
            return np.zeros(count, np.float32)
        out, self._held = self._held[:count], self._held[count:]
        self._shorten()
        return out

    def _shorten(self) -> None:
        """A stall made sound wait; once it is over, nothing has to."""
        self._spare, self._pulls = min(self._spare, len(self._held)), self._pulls + 1
        if self._pulls % LOOK == 0:
            self._held, self._spare = self._held[self._spare :], 2**31


class Echoes:
    """Takes offers and holds the calls, each in tasks of ``group``."""

    def __init__(self, group: asyncio.TaskGroup, config: RtcConfig) -> None:
        self._group, self._config = group, config
        self._http = web("aiohttp.web")

    async def take(self, request: Any) -> Any:
        """An offer, as text; the answer."""
        peer = RtcPeer(self._config)
        try:
            answer = await peer.answer(await request.read())
        except BaseException as error:
            await peer.close()
            if not isinstance(error, PeerError):
                raise
            return self._http.Response(status=400 if isinstance(error, SdpError) else 503, text=str(error))
        self._group.create_task(self._hold(peer))
        return self._http.Response(status=201, text=answer, content_type="application/sdp")

    async def _hold(self, peer: RtcPeer) -> None:
        async with peer:
            try:
                await peer.opened()
            except PeerError:
                return
            ring = AudioRing()
            async with asyncio.TaskGroup() as group:
                group.create_task(peer.run())
                group.create_task(self._answer(peer))
                await peer.edge.run(ring, Echo(ring), _ignore)
                peer.hang_up("was hung up on")

    async def _answer(self, peer: RtcPeer) -> None:
        with suppress(PeerError):  # it is gone, or takes less than it sends: one caller's matter
            async for text in peer.messages:
                await peer.send(text)


def _ignore(fact: Fact) -> None:
    pass


async def serve(port: int, ready: asyncio.Future[int] | None = None, config: RtcConfig | None = None) -> None:
    """Serve on this machine until cancelled."""
    http = web("aiohttp.web")
    async with asyncio.TaskGroup() as group:
        app = http.Application(client_max_size=LARGEST)
        app.router.add_post(PATH, Echoes(group, config or RtcConfig()).take)
        await host(app, port, ready, asyncio.Event())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m audio_io.rtc.echo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free; it is printed")
    try:
        clock.run(lambda: serve(parser.parse_args(arguments).port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
