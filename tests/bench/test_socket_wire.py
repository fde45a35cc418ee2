"""Dialling a server: everything that can go wrong is one sentence, and no secret is in it."""

import asyncio
import socket

import pytest
from websockets.asyncio.server import serve as listen

from bench.socket_wire import connect
from pipeline.clock import run
from pipeline.errors import PeerError, UserError


def answering(status):
    """A port of this machine at which every call gets this HTTP status; gives what dialling it raised."""

    async def main():
        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(PeerError) as raised:
                await connect(f"ws://127.0.0.1:{port}/v1/realtime?model=m&key=secret")
        return str(raised.value)

    return run(main)


@pytest.mark.parametrize(
    ("status", "complaint"),
    [
        (401, "a call without a key; name one with --key-env (HTTP 401)"),
        (403, "a call without a key; name one with --key-env (HTTP 403)"),
        (404, "nothing at this path (HTTP 404); OpenAI-Realtime servers listen at /v1/realtime"),
        (429, "allows no more calls"),
        (503, "refused the connection (HTTP 503)"),
    ],
)
def test_what_a_server_refuses_is_told_with_what_to_do_and_without_secrets(status, complaint):
    said = answering(status)
    assert complaint in said and "secret" not in said


def test_where_no_server_is_that_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(PeerError, match=f"no server answers at ws://127.0.0.1:{port}/x"):
        run(lambda: connect(f"ws://127.0.0.1:{port}/x"))


def test_a_port_that_takes_calls_and_says_nothing_is_given_up():
    async def main():
        over = asyncio.Event()

        async def silent(reader, writer):
            await reader.read()
            writer.close()
            await writer.wait_closed()
            over.set()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(PeerError, match=r"gave no handshake within 0\.2 s; is it a server\?"):
                await connect(f"ws://127.0.0.1:{port}/x", patience=0.2)
            await over.wait()

    run(main)


def test_a_key_comes_from_the_environment_and_an_absent_one_is_named(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(UserError, match="there is no environment variable MY_KEY; export it"):
        run(lambda: connect("ws://127.0.0.1:9/x", "MY_KEY"))


def test_a_server_that_hangs_up_is_quoted():
    async def main():
        async def hang_up(connection):
            await connection.close(1011, "out of memory")

        async with listen(hang_up, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            wire = await connect(f"ws://127.0.0.1:{port}/x")
            with pytest.raises(PeerError, match=r"closed the connection .* \(code 1011, out of memory\)"):
                await wire.receive()
            with pytest.raises(PeerError, match="closed the connection"):
                await wire.send("hello")
            await wire.close()

    run(main)


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (b"\x82\x7f" + (2**25).to_bytes(8, "big") + b"x" * 64, "sent a message of more than 16 MiB"),
        (b"\x81\x02\xff\xfe", "sent text that is no UTF-8"),
        (b"\xff\x00", "broke the rules of WebSocket"),
    ],
)
def test_frames_that_nobody_can_use_are_told_apart_from_a_server_that_hangs_up(frame, complaint):
    async def main():
        async def send_raw(connection):
            connection.transport.write(frame)
            await connection.wait_closed()

        async with listen(send_raw, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            wire = await connect(f"ws://127.0.0.1:{port}/x")
            with pytest.raises(PeerError, match=complaint):
                await wire.receive()
            await wire.close()

    run(main)
