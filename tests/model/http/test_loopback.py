"""What only a real socket shows: connections kept, closed at once, refused. Real time, short waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from http_scene import delta, finish, pieces, prompt, text, words

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.server import Server
from pipeline.clock import now, run
from pipeline.errors import ModelError
from pipeline.ports import Limits

MODELS = b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"data":[{"id":"tiny"}]}'
END = b"data: " + json.dumps(finish()).encode() + b"\n\ndata: [DONE]\n\n"


@dataclass
class Wire:
    """A server of a few lines that sees its connections come and go."""

    connections: int = 0
    requests: int = 0
    gone: list[float] = field(default_factory=list)
    "When it noticed that an asker left in the middle of an answer."
    noticed: asyncio.Event = field(default_factory=asyncio.Event)
    pace: float = 0.005
    vanish: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        if head.startswith(b"GET"):
            writer.write(MODELS)
            return True
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
        )
        await reader.readexactly(length)
        self.requests += 1
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        left: asyncio.Future[bytes] = asyncio.ensure_future(reader.read(1))  # noqa: TID251  # a server's own task
        for number, word in enumerate(words("One two three four five six seven eight")):
            if self.vanish and number == 3:
                writer.transport.abort()
                return False
            _chunk(writer, b"data: " + json.dumps(delta(word)).encode() + b"\n\n")
            await asyncio.wait([left], timeout=self.pace)
            if left.done() and left.result() == b"":
                self.gone.append(now())
                self.noticed.set()
                return False
        left.cancel()
        await asyncio.wait([left])
        _chunk(writer, END)
        _chunk(writer, b"")
        await writer.drain()
        return True


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


@asynccontextmanager
async def brains(*wires: Wire) -> AsyncIterator[HttpBrain]:
    servers = [await asyncio.start_server(wire.serve, "127.0.0.1", 0) for wire in wires]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    told = {"continues": True, "thinks": False}
    server = Server("vllm", tuple(f"http://127.0.0.1:{port}/v1" for port in ports), "tiny")
    brain = HttpBrain(server, HttpConfig(probe=False, told=told, retries=0))
    try:
        yield brain
    finally:
        await brain.close()
        for each in servers:
            each.close()
            await each.wait_closed()


def lived(story: Callable[[], Awaitable[None]]) -> None:
    run(story)


def test_one_connection_serves_one_answer_after_another() -> None:
    async def story() -> None:
        wire = Wire()
        async with brains(wire) as brain:
            for _ in range(4):
                assert text(await pieces(brain, prompt())) == "One two three four five six seven eight"
        assert (wire.connections, wire.requests) == (1, 4)

    lived(story)


def test_a_server_sees_at_once_that_nobody_listens_any_more() -> None:
    async def story() -> None:
        wire = Wire(pace=2.0)
        async with brains(wire) as brain:
            stream: Any = brain.stream("generate", prompt(), Limits())
            async with aclosing(stream) as found:
                assert (await anext(found)).text == "One"
            closed = now()
            async with asyncio.timeout(1.0):
                await wire.noticed.wait()
        assert wire.gone[0] - closed < 1.0, "it would have written on for two seconds before it looked"

    lived(story)


def test_a_connection_that_is_reset_in_mid_sentence_is_gone_on_from_elsewhere() -> None:
    async def story() -> None:
        broken, other = Wire(vanish=True), Wire()
        async with brains(broken, other) as brain:
            said = text(await pieces(brain, prompt()))
        assert said.startswith("One two three")
        assert (broken.requests, other.requests) == (1, 1)

    lived(story)


def test_nobody_at_the_port_is_an_error_that_names_it() -> None:
    async def story() -> None:
        server = await asyncio.start_server(Wire().serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        brain = HttpBrain(Server("vllm", (f"http://127.0.0.1:{port}/v1",), "tiny"))
        with pytest.raises(ModelError, match=rf"127\.0\.0\.1:{port} does not answer .* is it running"):
            await brain.call("facts")
        await brain.close()

    lived(story)
