"""How calls end, go on and are joined, over real sockets on 127.0.0.1."""

from __future__ import annotations

import json

import aiohttp
import pytest
from stand_in import StandIn, StandInServer, call, play, until, until_closed

from agent.serve.listening import Where
from agent.serve.live import Live


def test_a_call_that_fails_is_1011_without_a_word_of_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            await ws.send_json({"type": "break"})
            await ws.receive_json()
            await ws.receive_json()
            server.made[0].close("now")
            told = await until_closed(ws)
            assert told[-1]["error"]["code"] == "server_error" and ws.close_code == 1011
            assert "canary" not in json.dumps(told)

    with caplog.at_level("DEBUG"):
        play(scene)
    assert "ModelError" in caplog.text and "canary" not in caplog.text


def test_the_first_signal_lets_a_turn_end_and_then_closes_with_1001() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            await ws.receive_json()
            await server.drain()
            await until_closed(ws)
            assert ws.close_code == 1001
        async with call(client) as late:
            told = await until_closed(late)
            assert told[0]["error"]["code"] == "server_ending" and late.close_code == 1013

    play(scene, StandInServer(turn=0.05))


def test_somebody_who_joins_hears_and_says_the_same_and_the_call_outlives_them() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            created = await ws.receive_json()
            where = f"/v1/realtime?call_id={created['session']['id']}"
            async with call(client, where) as beside:
                assert (await beside.receive_json())["session"]["id"] == created["session"]["id"]
                await beside.send_json({"type": "hello"})
                assert (await beside.receive_json())["event"] == {"type": "hello"}
                assert (await ws.receive_json())["event"] == {"type": "hello"}
            await ws.send_json({"type": "again"})
            assert (await ws.receive_json())["event"] == {"type": "again"}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/v1/realtime?call_id=call_none")
        assert refused.value.status == 404

    play(scene)


def test_a_conversation_is_gone_on_with_once_by_its_token() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            token = (await ws.receive_json())["session"]["hocket"]["resume"]
            await ws.send_json({"type": "hello"})
            await ws.receive_json()
        for resumed, turns in ((True, 1), (False, 0)):
            async with call(client, f"/v1/realtime?resume={token}") as ws:
                assert (await ws.receive_json())["session"]["hocket"]["resumed"] is resumed
                assert len(server.made[-1].exchanges) == turns

    play(scene)


def test_a_client_that_comes_back_before_we_saw_it_go_takes_its_call_along() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as old:
            token = (await old.receive_json())["session"]["hocket"]["resume"]
            await old.send_json({"type": "hello"})
            await old.receive_json()
            async with call(client, f"/v1/realtime?resume={token}") as new:
                assert (await new.receive_json())["session"]["hocket"]["resumed"] is True
                await until_closed(old)
                assert old.close_code == 1001 and len(server.made[-1].exchanges) == 1

    play(scene)


def test_a_fault_inside_one_call_ends_that_call_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as other, call(client) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "fail"})
            assert (await until_closed(ws))[-1]["error"]["code"] == "server_error" and ws.close_code == 1011
            await other.receive_json()
            await other.send_json({"type": "hello"})
            assert (await other.receive_json())["type"] == "echo"
            assert len(server.calls) == 1

    with caplog.at_level("DEBUG"):
        play(scene)
    assert "RuntimeError at " in caplog.text and "canary" not in caplog.text


def test_a_client_that_goes_during_the_last_turn_is_not_waited_for() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            await ws.receive_json()
            (live,) = server.calls.values()
            live.finish("the server is ending")
        assert await live.over(2.0)

    play(scene, StandInServer(turn=9.0))


def test_somebody_who_joined_a_call_that_never_was_is_let_go() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        live = Live(StandIn(), "webrtc")
        async with server.listed(live), call(client, f"/v1/realtime?call_id={live.id}") as early:
            await early.send_str("{")  # is read once it has joined
            await until(lambda: live.call.events)
            live.end(1000, "it was never connected")
            live.dismiss()
            await until_closed(early)
            assert early.close_code == 1001
            async with call(client, f"/v1/realtime?call_id={live.id}") as late:
                await until_closed(late)
                assert late.close_code == 1001

    play(scene)


def test_a_conversation_is_not_lost_to_a_session_that_was_refused() -> None:
    async def scene(client: aiohttp.ClientSession, server: StandInServer, _: Where) -> None:
        async with call(client) as ws:
            token = (await ws.receive_json())["session"]["hocket"]["resume"]
            await ws.send_json({"type": "hello"})
            await ws.receive_json()
        bad, _until = server.secret({"bad": True})
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(
                f"/v1/realtime?resume={token}", headers={"Authorization": f"Bearer {bad}"}
            )
        assert refused.value.status == 400
        async with call(client, f"/v1/realtime?resume={token}") as ws:
            assert (await ws.receive_json())["session"]["hocket"]["resumed"] is True

    play(scene)
