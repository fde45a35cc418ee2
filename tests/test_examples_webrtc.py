"""The two applications with an agent in a page of their own: short, and they answer on 127.0.0.1."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "webrtc_app"

aiohttp = pytest.importorskip("aiohttp", reason="the applications need the extra web")

from aiohttp import web  # noqa: E402

from agent.launch import Parts  # noqa: E402
from model.scripted import Answer, ScriptedEngine  # noqa: E402
from pipeline.clock import run  # noqa: E402
from pipeline.compute import InlineCompute  # noqa: E402
from tts.tone import ToneVoice  # noqa: E402


def _loaded(name: str) -> dict[str, Any]:
    """The application, with a brain that needs no loading."""
    found = runpy.run_path(str(FOLDER / name))
    engine = ScriptedEngine(lambda _: Answer("Soup."))
    found["server"]._own = Parts(InlineCompute(engine, engine.cost), engine.facts(), ToneVoice())
    return found


def _lines(name: str) -> int:
    """Lines that do something: without the docstring, and without empty ones."""
    text = (FOLDER / name).read_text("utf-8")
    code = text.split('"""')[2] if name.endswith(".py") else text
    return sum(bool(line.strip()) for line in code.splitlines())


def test_they_are_short() -> None:
    assert _lines("index.html") < 40
    assert _lines("with_aiohttp.py") < 20 and _lines("with_fastapi.py") < 20


def test_with_aiohttp_the_page_its_pass_and_a_call_are_there() -> None:
    async def main() -> None:
        app = _loaded("with_aiohttp.py")["app"]
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            async with asyncio.timeout(10), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
                async with client.get("/") as reply:
                    assert "hocket-agent" in await reply.text()
                async with client.get("/voice/element.js") as reply:
                    assert reply.status == 200 and reply.content_type == "text/javascript"
                async with client.get("/pass") as reply:
                    secret = (await reply.json())["token"]
                headers = {"Authorization": f"Bearer {secret}"}
                async with client.ws_connect("/voice/v1/realtime", headers=headers) as ws:
                    assert (await ws.receive_json())["type"] in ("session.created", "response.created")
        finally:
            await runner.cleanup()

    run(main)


def test_with_fastapi_the_agent_is_mounted_and_lives_with_the_application() -> None:
    pytest.importorskip("uvicorn", reason="the application's own way to be run")
    found = _loaded("with_fastapi.py")
    app, server = found["app"], found["server"]

    async def main() -> None:
        async with app.router.lifespan_context(app):
            assert not server.ending and server.built
        assert server.ending
        assert [route.path for route in app.routes][-3:] == ["/voice", "/", "/pass"]

    run(main)
