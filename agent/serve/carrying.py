"""How a call is carried over a WebSocket: which form its events take, and who may join one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.wire.told import Event, Problem
from pipeline.channel import Channel

from .config import ServeConfig
from .door import Caller
from .live import GOING, LATER, NORMAL, POLICY, Live, error_event
from .message import Refused, Request
from .socket_call import Socket, SocketCall

if TYPE_CHECKING:
    from .server import Accept, Server

PACKED = "hocket.msgpack"
PLAIN = "realtime"


@dataclass(frozen=True, slots=True)
class Form:
    """How events are written on one socket."""

    protocol: str | None
    read: Callable[[str | bytes], object]
    "Raises WireError."
    write: Callable[[Event], str | bytes]


def form_of(offered: tuple[str, ...]) -> Form:
    """The form that a client asked for by its subprotocols; JSON where it offered none that is known."""
    from agent.wire.codec import as_json, as_packed, read_json, read_packed
    from agent.wire.refusal import WireError

    def packed(data: str | bytes) -> object:
        if isinstance(data, str):
            raise WireError(Problem("invalid_frame", f"With {PACKED} events come in binary frames."))
        return read_packed(data)

    def plain(data: str | bytes) -> object:
        if isinstance(data, bytes):
            raise WireError(
                Problem("invalid_frame", f"Events come in text frames; offer {PACKED} to send binary ones.")
            )
        return read_json(data)

    if PACKED in offered:
        return Form(PACKED, packed, as_packed)
    return Form(PLAIN if PLAIN in offered else None, plain, as_json)


def taking(live: Live, form: Form) -> Callable[[str | bytes], None]:
    """Gives each message to the call; one that cannot be read is answered by an ``error`` event."""
    from agent.wire.refusal import WireError

    def take(data: str | bytes) -> None:
        try:
            event = form.read(data)
        except WireError as error:
            live.tell(error.problem)
            return
        try:
            live.call.take(event)
        except Exception as error:  # noqa: BLE001  # a fault of ours ends the call in order, and says so
            live.fail(error)

    return take


async def hold_socket(server: Server, caller: Caller, request: Request, accept: Accept) -> None:
    """A call of its own, to its end. Raises Refused before the socket is taken, but for a full server: a page
    can read no status there, so it is told by an event and 1013."""
    form = form_of(request.protocols())
    try:
        server.ready()
        place = server.places.take(request.peer)
    except Refused as full:
        socket = await accept(form.protocol)
        await _goodbye(socket, form, full.problem, LATER)
        return
    try:
        with server.door.spending(caller):
            live = await server.begin(caller, request)
        async with server.listed(live):
            socket = await accept(form.protocol)
            call = SocketCall(
                socket, live, take=taking(live, form), write=form.write, config=server.settings,
                begun=place.settle,
            )  # fmt: skip
            await call.hold()
    finally:
        place.leave()


async def _goodbye(socket: Socket, form: Form, problem: Problem, code: int) -> None:
    try:
        await socket.send(form.write(error_event(problem)))
    except ConnectionError:
        return
    await socket.close(code, problem.code)


async def hold_joined(live: Live, request: Request, accept: Accept, config: ServeConfig) -> None:
    """Somebody beside the client: hears and says events until either is gone. The call goes on without it."""
    form = form_of(request.protocols())
    socket = await accept(form.protocol)
    events, take = live.join(), taking(live, form)
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_listen(socket, take, events))
            code = await _speak(socket, events, form, config.backlog)
            reading.cancel()
        await socket.close(GOING if live.ending else code, "the call is over" if live.ending else "")
    finally:
        live.part(events)


async def _listen(socket: Socket, take: Callable[[str | bytes], None], events: Channel[Event]) -> None:
    while (data := await socket.receive()) is not None:
        take(data)
    events.close()


async def _speak(socket: Socket, events: Channel[Event], form: Form, backlog: float) -> int:
    async for event in events:
        try:
            async with asyncio.timeout(backlog):
                await socket.send(form.write(event))
        except TimeoutError:
            return POLICY
        except ConnectionError:
            break
    return NORMAL
