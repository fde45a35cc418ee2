"""A call over WebRTC: an offer becomes an answer, and what follows is the server's, not the request's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agent.wire.told import Event, Problem
from audio_io.rtc.events import LargeEventError
from pipeline.errors import PeerError

from .carrying import form_of, taking
from .door import Caller
from .live import CLOSING, GOING, NORMAL, Ending, Live, goodbye
from .message import Refused, Request
from .places import Place

if TYPE_CHECKING:
    from audio_io.rtc.peer import RtcPeer

    from .server import Server

PATH = "/v1/realtime/calls"


async def answer_offer(
    server: Server, caller: Caller, request: Request, offer: str, session: dict[str, Any] | None
) -> tuple[str, str]:
    """The call's id and the answer. Raises Refused (400, 429, 503); then nothing is left of the attempt."""
    server.ready()
    place = server.places.take(request.peer)
    try:
        with server.door.spending(caller):
            return await _made(server, caller, request, offer, session, place)
    except BaseException:
        place.leave()
        raise


async def _made(
    server: Server, caller: Caller, request: Request, offer: str, session: dict[str, Any] | None, place: Place
) -> tuple[str, str]:
    from audio_io.rtc.peer import RtcPeer
    from audio_io.rtc.sdp import SdpError

    peer = RtcPeer(server.settings.rtc)
    try:
        answer = await peer.answer(offer)
        live = await server.begin(caller, request, edge=peer.edge, session=session)
        call = RtcCall(server, peer, live, place)
        server.start(call.hold(), f"call {live.id}")
    except BaseException as error:
        await peer.close()
        if isinstance(error, SdpError):
            raise Refused(400, "bad_sdp", str(error)) from None
        if isinstance(error, TimeoutError):
            raise Refused(503, "no_connection", "no way to this server was found in time", retry=5) from None
        if isinstance(error, PeerError) and not isinstance(error, Refused):
            raise Refused(503, "no_connection", str(error), retry=5) from None
        raise
    return live.id, answer


class RtcCall:
    """One call after its answer went out."""

    def __init__(self, server: Server, peer: RtcPeer, live: Live, place: Place) -> None:
        self._server, self._peer, self._live, self._place = server, peer, live, place
        self._form = form_of(())

    async def hold(self) -> None:
        """Until it is over; gives back its place and all that it took. Raises nothing but cancellation."""
        try:
            async with self._server.listed(self._live):
                await self._connected()
        finally:
            self._place.leave()
            await self._peer.close()

    async def _connected(self) -> None:
        """Sets up, then talks. A client that never comes costs no session."""
        async with asyncio.TaskGroup() as group:
            peering = group.create_task(self._peer.run())
            self._live.forgo = lambda: self._peer.hang_up("given up")
            try:
                await self._peer.opened()
            except PeerError:
                self._live.end(NORMAL, "it was never connected")
                self._live.dismiss()
            else:
                self._live.forgo = None
                self._place.settle()
                await self._talk()
            self._peer.hang_up((self._live.ending or Ending(GOING, "stopped")).why)
            await asyncio.wait([peering], timeout=CLOSING)
            peering.cancel()

    async def _talk(self) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._live.run())
            beside = [group.create_task(self._read()), group.create_task(self._expire())]
            await self._write()
            await asyncio.wait([running], timeout=CLOSING)
            for task in (*beside, running):
                task.cancel()

    async def _read(self) -> None:
        take = taking(self._live, self._form)
        async for text in self._peer.messages:
            take(text)
        self._lost()

    def _lost(self) -> None:
        self._live.lost(f"the client {self._peer.why or 'hung up'}")

    async def _write(self) -> None:
        """What finds nobody is let go, so that the call can end."""
        gone = False
        async for event in self._live.events():
            if not gone and not await self._sent(event):
                gone = True
                self._lost()
        ending = self._live.ending
        if not gone and ending is not None and self._live.extended:  # a data channel has no close frame
            await self._sent(goodbye(ending))

    async def _sent(self, event: Event) -> bool:
        """Whether there is somebody to send to."""
        text = self._form.write(event)
        try:
            await self._peer.send(text if isinstance(text, str) else text.decode())
        except LargeEventError as error:
            if event.get("type") == "error":  # not even that: the client could not be told
                return False
            kind = event.get("type")
            self._live.tell(Problem("event_too_large", f"{kind} was not sent: {error}.", type="server_error"))
        except PeerError:
            return False
        return True

    async def _expire(self) -> None:
        longest = self._server.settings.longest
        await asyncio.sleep(longest)
        told = f"a call lasts {longest:g} s at most"
        self._live.end(GOING, told, Problem("session_expired", f"{told}; connect again to go on"))
