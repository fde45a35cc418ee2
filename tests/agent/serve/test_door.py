from __future__ import annotations

import asyncio
from itertools import product

import pytest

from agent.serve.addresses import host_of, is_loopback, own_addresses, same_host
from agent.serve.config import ServeConfig
from agent.serve.door import PAGE_COOKIE, Bound, Door, credential
from agent.serve.message import Refused, Request

KEY = "a-key-of-sixteen-letters"


def asked(peer: str = "127.0.0.1", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("GET", "/v1/realtime", {}, {"host": "localhost:8765", **named}, peer)


def status(door: Door, request: Request) -> int:
    async def come() -> int:
        try:
            door.look(request)
            await door.caller(request)
        except Refused as refused:
            return refused.status
        return 200

    return asyncio.run(come())


def test_every_mixture_of_key_name_page_and_address_is_let_in_exactly_where_it_may() -> None:
    hosts = {
        "localhost:8765": True,
        "127.0.0.1:8765": True,
        "[::1]:8765": True,
        "evil.example": False,
        "": False,
    }
    origins = {None: True, "own": True, "https://other.example": False, "null": False, "file://": False}
    peers = {"127.0.0.1": True, "::1": True, "::ffff:127.0.0.1": True, "192.168.1.9": False, "": False}
    shown = {None: False, KEY: True, f"{KEY}x": False}
    for (host, known), (origin, welcome), (peer, near), (key, right) in product(
        hosts.items(), origins.items(), peers.items(), shown.items()
    ):
        headers = {"host": host}
        if origin is not None:
            headers["origin"] = f"http://{host}" if origin == "own" else origin
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        request = Request("GET", "/", {}, headers, peer)
        open_door, locked = Door(ServeConfig(), date=lambda: 0.0), Door(ServeConfig(), KEY, date=lambda: 0.0)
        welcome = welcome and bool(host)
        assert (status(open_door, request) == 200) == (known and welcome and near), headers
        assert (status(locked, request) == 200) == (bool(host) and welcome and right), headers


def test_a_proxy_on_this_machine_does_not_open_the_door_to_others() -> None:
    assert status(Door(ServeConfig()), asked(x_forwarded_for="203.0.113.7")) == 403
    assert (
        status(Door(ServeConfig(), KEY), asked(x_forwarded_for="203.0.113.7", authorization=f"Bearer {KEY}"))
        == 200
    )


def test_names_in_the_settings_are_the_servers_own_and_then_no_others_are() -> None:
    door = Door(ServeConfig(hosts=("voice.example",)), KEY)
    bearer = f"Bearer {KEY}"
    assert status(door, asked(host="voice.example", authorization=bearer)) == 200
    assert status(door, asked(host="other.example", authorization=bearer)) == 403


def test_a_key_comes_as_bearer_or_as_a_subprotocol() -> None:
    assert credential(asked(authorization=f"bearer {KEY}")) == KEY
    assert credential(asked(authorization=f"Basic {KEY}")) == ""
    offered = f"realtime, openai-insecure-api-key.{KEY}"
    assert credential(asked(sec_websocket_protocol=offered)) == KEY


def test_a_secret_is_spent_by_the_call_that_it_makes_and_by_no_failed_attempt() -> None:
    async def main() -> None:
        now = [0.0]
        door = Door(ServeConfig(), KEY, date=lambda: now[0])
        secret = door.secrets.mint(Bound({"instructions": "x"}), 60)
        caller = await door.caller(asked(authorization=f"Bearer {secret}"))
        assert caller.session == {"instructions": "x"} and not caller.owns
        with pytest.raises(KeyError), door.spending(caller):
            raise KeyError("the offer was bad")
        with door.spending(caller), pytest.raises(Refused), door.spending(caller):
            pass
        with pytest.raises(Refused):
            await door.caller(asked(authorization=f"Bearer {secret}"))

    asyncio.run(main())


def test_a_secret_dies_of_age_and_the_oldest_goes_when_there_are_too_many() -> None:
    now = [0.0]
    door = Door(ServeConfig(), KEY, date=lambda: now[0])
    old = door.secrets.mint(Bound(), 60)
    for _ in range(999):
        door.secrets.mint(Bound(), 60)
    assert door.secrets.look(old)
    door.secrets.mint(Bound(), 60)
    assert door.secrets.look(old) is None and len(door.secrets) == 1000
    now[0] = 60.0
    assert len(door.secrets) == 0


def test_an_application_may_judge_in_place_of_the_key() -> None:
    async def friendly(request: Request) -> bool:
        return request.cookie("who") == "friend"

    door = Door(ServeConfig(), admit=friendly)
    assert status(door, asked("203.0.113.7", host="any.example", cookie="a=b; who=friend")) == 200
    assert status(door, asked("203.0.113.7", host="any.example")) == 401


def test_a_page_is_let_in_once_by_its_invitation_and_then_by_its_cookie() -> None:
    async def main() -> None:
        door = Door(ServeConfig(), KEY)
        invitation = door.invite()
        cookie = door.welcome_page(invitation)
        assert cookie and not door.welcome_page(invitation) and not door.welcome_page("")
        await door.page(asked(cookie=f"{PAGE_COOKIE}={cookie}"))
        for headers in ({}, {"cookie": f"{PAGE_COOKIE}=x"}):
            with pytest.raises(Refused):
                await door.page(asked(**headers))
        with pytest.raises(Refused):
            await door.page(asked(cookie=f"{PAGE_COOKIE}={cookie}", sec_fetch_site="cross-site"))
        with pytest.raises(Refused):
            await door.owner(asked(cookie=f"{PAGE_COOKIE}={cookie}"))

    asyncio.run(main())


def test_addresses_are_read_as_what_they_are() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "LOCALHOST", "::ffff:127.0.0.1")))
    assert not any(
        map(is_loopback, ("", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.nip.io"))
    )
    assert host_of("[::1]:80") == "::1" and host_of("A.example.") == "a.example" and host_of("[") == ""
    assert (
        same_host("http://a:1", "A:1") and not same_host("http://a", "a:1") and not same_host("ftp://a", "a")
    )
    assert not any(map(is_loopback, own_addresses()))
