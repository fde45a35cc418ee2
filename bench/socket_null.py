"""A server of the Realtime protocol that answers exactly ``delay`` after the user's marked end, with a beep.

The smallest subset a client needs: session, speech_started, response, sound, truncate. It models nothing and
knows the end by a mark in the sound (``nulls.marked``). Its media clock is what its packets' arrivals say.
``python -m bench.socket_null`` serves in a process of its own, so that it shares no thread with the harness.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from pipeline import clock as clocks
from pipeline.clock import now
from pipeline.errors import PeerError
from pipeline.ports import PLAYOUT_RATE, Pcm

from .audible import THRESHOLD
from .nulls import EndMark, beep
from .socket_wire import Wire
from .targets.openai_realtime import PATH, decoded, encoded, parsed

CHUNK = PLAYOUT_RATE // 10
"""Samples per delta."""
QUIET = 0.3
"""Seconds of quiet after which a loud packet is the user beginning anew."""


@dataclass(slots=True)
class NullServer:
    """One conversation's far end. ``delay`` seconds; ``reply`` at PLAYOUT_RATE."""

    wire: Wire
    delay: float
    reply: Pcm = field(default_factory=beep)
    truncated: list[tuple[str, int]] = field(default_factory=list)
    "Items and the milliseconds that a client said were heard of them."
    _count: int = 0
    _taken: int = 0
    _zero: float = math.inf
    _loud: float = -math.inf
    _until: float = -math.inf
    _answers: list[asyncio.Task[None]] = field(default_factory=list)

    async def run(self) -> None:
        """Until the client hangs up."""
        mark = EndMark(PLAYOUT_RATE)
        await self._put("session.created", session={"model": "null", "type": "realtime"})
        async with asyncio.TaskGroup() as group:
            with suppress(PeerError):
                while True:
                    event = parsed(await self.wire.receive())
                    match event["type"]:
                        case "session.update":
                            await self._put("session.updated", session=event["session"] | {"model": "null"})
                        case "conversation.item.truncate":
                            told = (str(event["item_id"]), int(event["audio_end_ms"]))
                            self.truncated.append(told)
                            await self._put(
                                "conversation.item.truncated", item_id=told[0], content_index=0,
                                audio_end_ms=told[1],
                            )  # fmt: skip
                        case "input_audio_buffer.append":
                            ends = await self._hear(decoded(event["audio"]), mark)
                            self._answers += [group.create_task(self._answer(end)) for end in ends]
            for answer in self._answers:
                answer.cancel()

    async def _hear(self, pcm: Pcm, mark: EndMark) -> list[int]:
        """Keep the media clock, say when the user begins; the marked ends in this packet."""
        arrived = now()
        self._taken += len(pcm)
        self._zero = min(self._zero, arrived - self._taken / PLAYOUT_RATE)
        if len(pcm) and float(np.sqrt(np.mean(pcm**2))) > THRESHOLD:
            if arrived - self._loud > QUIET:
                started = round(1000 * (self._taken - len(pcm)) / PLAYOUT_RATE)
                await self._put("input_audio_buffer.speech_started", audio_start_ms=started, item_id="user")
            self._loud = arrived
        return mark.hear(pcm)

    async def _answer(self, end: int) -> None:
        """The beep at its time on the media clock, or at once where that is over."""
        await asyncio.sleep(max(self._zero + end / PLAYOUT_RATE + self.delay - now(), 0.0))
        self._count += 1
        names = {"response_id": f"resp_{self._count}", "item_id": f"item_{self._count}"}
        place = names | {"output_index": 0, "content_index": 0}
        with suppress(PeerError):
            await self._put(
                "response.created", response={"id": names["response_id"], "status": "in_progress"}
            )
            for begin in range(0, len(self.reply), CHUNK):
                piece = encoded(self.reply[begin : begin + CHUNK])
                await self._put("response.output_audio.delta", **place, delta=piece)
            await self._put("response.output_audio.done", **place)
            await self._put("response.done", response={"id": names["response_id"], "status": "completed"})

    async def _put(self, kind: str, **fields: Any) -> None:
        await self.wire.send(json.dumps({"type": kind, "event_id": "event", **fields}))


async def serve(port: int, ready: asyncio.Future[int] | None = None) -> None:
    """Serve on this machine until cancelled; ``?delay=0.2`` in the address chooses the delay of one call."""
    from websockets.asyncio.server import ServerConnection
    from websockets.asyncio.server import serve as listen

    from .socket_wire import SocketWire

    async def talk(connection: ServerConnection) -> None:
        asked = urlsplit(connection.request.path if connection.request else PATH)
        query = dict(parse_qsl(asked.query))
        reply = beep(float(query.get("reply", "0.8")))
        with suppress(PeerError):
            await NullServer(
                SocketWire(connection, "the client"), float(query.get("delay", "0")), reply
            ).run()

    async with listen(talk, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        found = int(next(iter(server.sockets)).getsockname()[1])
        if ready is not None:
            ready.set_result(found)
        sys.stdout.write(f"{found}\n")
        sys.stdout.flush()
        await server.serve_forever()


def main(
    arguments: Sequence[str] | None = None, serve: Callable[[int], Awaitable[None]] = serve,
    name: str = "bench.socket_null", about: str | None = __doc__,
) -> None:  # fmt: skip
    """``python -m bench.socket_null --port 0``: prints the port, serves until it is killed.

    Another null server gives its own ``serve``, module name and docstring.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    given = parser.parse_args(arguments)
    with suppress(KeyboardInterrupt):
        clocks.run(lambda: serve(given.port))


if __name__ == "__main__":
    main()
