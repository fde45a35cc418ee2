"""Stock aiortc as an echo: what our own WebRTC line is compared with, in the same run.

Its own jitter buffer, decoder and encoder, nothing of ours: the received track is sent back as it is.
``python -m bench.browser_stock`` serves in a process of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from audio_io.rtc.extra import web

from .rtc_dial import PATH
from .socket_null import main as null_main


class Echoes:
    """Calls that say back what they hear."""

    def __init__(self) -> None:
        self._aiortc = web("aiortc")
        self._web = web("aiohttp.web")
        self._peers: set[Any] = set()

    async def take(self, request: Any) -> Any:
        """POST of an offer; the answer."""
        peer = self._aiortc.RTCPeerConnection(self._aiortc.RTCConfiguration(iceServers=[]))
        self._peers.add(peer)
        peer.on("track", lambda track: peer.addTrack(track))
        await peer.setRemoteDescription(self._aiortc.RTCSessionDescription(await request.text(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return self._web.Response(status=201, text=peer.localDescription.sdp, content_type="application/sdp")

    async def close(self) -> None:
        """Hang up on everybody."""
        for peer in self._peers:
            await peer.close()


async def serve(port: int) -> None:
    """Answer until cancelled; the port goes to stdout first."""
    web_ = web("aiohttp.web")
    echoes, app = Echoes(), web_.Application()
    app.router.add_post(PATH, echoes.take)
    runner = web_.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web_.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await echoes.close()
        await runner.cleanup()


def main(arguments: Sequence[str] | None = None) -> None:
    """``python -m bench.browser_stock --port 0``: prints the port, serves until it is killed."""
    null_main(arguments, serve, "bench.browser_stock", __doc__)


if __name__ == "__main__":
    main()
