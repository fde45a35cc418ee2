"""A real address on 127.0.0.1 and real signals: both are what this is about."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
from stand_in import StandInServer

from agent.serve.certificate import FILE, self_signed
from agent.serve.listening import Where, listening, until_stopped
from pipeline.clock import now, run
from pipeline.errors import UserError


def test_a_port_that_is_taken_is_told_before_anything_is_loaded() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = StandInServer()

        async def main() -> None:
            with pytest.raises(UserError, match="taken by another program"):
                async with listening(server, "127.0.0.1", other.getsockname()[1]):
                    pass

        run(main)
        assert server._group is None


@pytest.mark.parametrize("host", ["192.0.2.1", "x" * 300])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    async def main() -> None:
        with pytest.raises(UserError, match=host):
            async with listening(StandInServer(), host, 0):
                pass

    run(main)


def test_the_url_is_one_that_a_browser_opens() -> None:
    assert Where("0.0.0.0", 80, False).url == "http://127.0.0.1:80"
    assert Where("::", 443, True).url == "https://[::1]:443"


@pytest.mark.parametrize(("signals", "least", "most"), [(1, 0.3, 5.0), (2, 0.0, 0.25)])
def test_a_signal_waits_for_the_turn_and_a_second_one_does_not(
    signals: int, least: float, most: float
) -> None:
    async def main() -> float:
        server = StandInServer(turn=0.3)
        told: list[str] = []
        async with (
            asyncio.timeout(10),
            listening(server, "127.0.0.1", 0) as where,
            aiohttp.ClientSession(where.url) as client,
            client.ws_connect("/v1/realtime") as ws,
        ):
            await ws.receive_json()
            async with asyncio.TaskGroup() as group:
                stopping = group.create_task(until_stopped(server, told.append))
                await asyncio.sleep(0)
                began = now()
                for _ in range(signals):
                    os.kill(os.getpid(), signal.SIGTERM)
                    await asyncio.sleep(0.02)
                await stopping
            took = now() - began
            message = await ws.receive()
            assert message.type is aiohttp.WSMsgType.CLOSE and message.data == 1001 and told
        return took

    assert least <= run(main) <= most


def test_a_line_that_says_nothing_whole_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.serve.listening.SLOW", 0.2)

    async def main() -> None:
        async with asyncio.timeout(10), listening(StandInServer(), "127.0.0.1", 0) as where:
            reader, writer = await asyncio.open_connection("127.0.0.1", where.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: ")
            assert await reader.read() == b"" or b"408" in await reader.read()
            writer.close()

    run(main)


def test_a_call_over_tls_is_a_call(tmp_path: Path) -> None:
    tls = self_signed(["127.0.0.1"], tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / FILE))

    async def main() -> None:
        async with (
            asyncio.timeout(10),
            listening(StandInServer(), "127.0.0.1", 0, tls.context) as where,
            aiohttp.ClientSession(where.url, connector=aiohttp.TCPConnector(ssl=trusting)) as client,
            client.ws_connect("/v1/realtime", headers={"Origin": where.url}) as ws,
        ):
            assert where.url.startswith("https://")
            assert (await ws.receive_json())["type"] == "session.created"

    run(main)


def test_a_request_that_is_none_is_a_line_in_the_log_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), listening(StandInServer(), "127.0.0.1", 0) as where:
            for line in (
                b"OPTIONS canary HTTP/1.1",
                b"GET /\x00canary HTTP/1.1",
                b"canary",
                b"GET http://[canary/ HTTP/1.1",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", where.port)
                writer.write(line + b"\r\nHost: localhost\r\nX: canary\r\n\r\n")
                assert (await reader.read()).startswith(b"HTTP/1.")
                writer.close()

    with caplog.at_level("DEBUG"):
        run(main)
    assert "a request failed: " in caplog.text
    assert "canary" not in caplog.text and "Traceback" not in caplog.text
