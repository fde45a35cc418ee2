"""Real WebRTC on 127.0.0.1, from the offer over HTTP to the end of the call."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from stand_in import StandInServer

pytest.importorskip("aiortc", reason="WebRTC needs the extra web")

from agent.serve.config import ServeConfig
from agent.serve.listening import listening
from audio_io.rtc.caller import RtcCall
from audio_io.rtc.config import RtcConfig
from pipeline.clock import run
from pipeline.errors import PeerError

SDP = {"Content-Type": "application/sdp"}
Scene = Callable[[aiohttp.ClientSession, StandInServer, RtcCall], Awaitable[None]]


def play(scene: Scene, key: str = "", setup: float = 10.0) -> StandInServer:
    rtc = RtcConfig(addresses=("127.0.0.1",), setup=setup)
    server = StandInServer(key, serve=ServeConfig(rtc=rtc))

    async def main() -> None:
        async with (
            asyncio.timeout(20),
            listening(server, "127.0.0.1", 0) as where,
            aiohttp.ClientSession(where.url) as client,
        ):
            caller = RtcCall(where.url)
            try:
                await scene(client, server, caller)
            finally:
                await caller.close()
            await all_left(server, 5.0)

    run(main)
    assert not server.calls
    return server


async def all_left(server: StandInServer, within: float) -> None:
    async with asyncio.timeout(within):
        while server.places.taken:  # noqa: ASYNC110  # a place tells nobody that it is free
            await asyncio.sleep(0.02)


async def event(caller: RtcCall) -> object:
    while not isinstance(found := await caller.receive(), str):
        pass
    return json.loads(found)


def test_a_call_is_made_joined_by_events_and_hung_up_over_http() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, caller: RtcCall) -> None:
        session = {"instructions": "Be brief.", "hocket": {"events": True}}
        value, _ = server.secret(session)
        headers = {**SDP, "Authorization": f"Bearer {value}"}
        offer = re.sub("max-message-size:[0-9]+", "max-message-size:1000", await caller.offer())
        async with client.post("/v1/realtime/calls", data=offer, headers=headers) as reply:
            assert reply.status == 201 and reply.content_type == "application/sdp"
            place, answer = reply.headers["Location"], await reply.text()
        assert place == f"/v1/realtime/calls/{server.made[0].id}"
        await caller.accept(answer, 10.0)
        created = await event(caller)
        assert isinstance(created, dict) and created["session"]["hocket"]["resume"]
        assert server.made[0].session == session
        caller.tell('{"type":"hello"}')
        assert await event(caller) == {"type": "echo", "event": {"type": "hello"}}
        caller.tell("{")
        broken = await event(caller)
        assert isinstance(broken, dict) and broken["error"]["code"] == "invalid_json"
        caller.tell(
            json.dumps({"type": "long", "text": "x" * 65_500})
        )  # its echo is more than the caller takes
        large = await event(caller)
        assert isinstance(large, dict) and large["error"]["code"] == "event_too_large"
        caller.tell('{"type":"hello"}')
        assert await event(caller) == {"type": "echo", "event": {"type": "hello"}}, "and the call goes on"
        other, _ = server.secret()
        async with client.post(f"{place}/hangup", headers={"Authorization": f"Bearer {other}"}) as reply:
            assert reply.status == 404
        async with client.post("/v1/realtime/calls", data="v=0", headers=headers) as reply:
            assert reply.status == 401, "the secret was spent"
        async with client.post(f"{place}/hangup", headers=headers) as reply:
            assert reply.status == 200
        said = await event(caller)
        assert isinstance(said, dict) and said.pop("event_id").startswith("event_")
        assert said == {"type": "hocket.goodbye", "code": 1000, "why": "hung up"}
        with pytest.raises(PeerError):
            while True:
                await caller.receive()

    play(scene, "a-key-of-sixteen-letters")


def test_a_form_brings_its_session_and_a_bad_one_makes_no_call() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, caller: RtcCall) -> None:
        offer = await caller.offer()
        for session, status in ('{"bad": true}', 400), ("[]", 400), ("{", 400), ('{"type": "realtime"}', 201):
            form = aiohttp.FormData()
            form.add_field("sdp", offer, content_type="application/sdp")
            form.add_field("session", session, content_type="application/json")
            async with client.post("/v1/realtime/calls", data=form) as reply:
                assert reply.status == status, session
        assert [made.session for made in server.made] == [{"type": "realtime"}]
        assert server.places.taken == 1
        await server.cut()

    play(scene)


@pytest.mark.parametrize("offer", [b"", b"v=0", b"\xff", b"v=0\r\n" * 5000, b"a=" + b"x" * 30_000])
def test_an_offer_that_is_none_is_400_and_costs_no_place(offer: bytes) -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: RtcCall) -> None:
        async with client.post("/v1/realtime/calls", data=offer, headers=SDP) as reply:
            told = await reply.json()
            assert reply.status == 400 and told["error"]["code"] == "bad_sdp" and told["error"]["message"]
        assert not server.made and server.places.taken == 0

    play(scene)


def test_a_client_that_never_comes_gives_its_place_back() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, caller: RtcCall) -> None:
        async with client.post("/v1/realtime/calls", data=await caller.offer(), headers=SDP) as reply:
            assert reply.status == 201
        assert server.places.pending == 1
        await all_left(server, 2.0)
        assert server.places.pending == 0 and not server.calls

    play(scene, setup=0.3)
