"""What is answered over HTTP: calls, secrets, health, the page and what it needs to begin. No framework.

Never a 500 for what a client sent, and never a word about what was wrong inside.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from agent.wire.fault import place_of

from .door import PAGE_COOKIE, PAGE_LIFE
from .message import Refused, Reply, Request, told
from .multipart import fields

if TYPE_CHECKING:
    from .server import Server

SDP = "application/sdp"
LARGEST_OFFER = 32 * 1024
LARGEST_SESSION = 256 * 1024
CALLS = "/v1/realtime/calls"
_log = logging.getLogger("hocket.serve")
_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
Route: TypeAlias = Callable[["Server", Request], Awaitable[Reply]]


async def answer(server: Server, request: Request) -> Reply:
    """The reply, whatever was asked; a fault of ours is told as one, without its text."""
    try:
        reply = await _answered(server, request)
    except Refused as refused:
        _log.info("refused: %d %s", refused.status, refused.problem.code)
        reply = refused.reply()
    except Exception as error:  # noqa: BLE001  # the last border: a request must not end without a reply
        _log.error("a request failed: %s at %s", *place_of(error))
        reply = Refused(500, "server_error", "this went wrong inside the server").reply()
    origin = server.door.foreign(request)
    return Reply(
        reply.status, reply.body, reply.type,
        {**_ALWAYS, "Cache-Control": "no-store", **_shared(origin, request), **reply.headers},
    )  # fmt: skip


async def _answered(server: Server, request: Request) -> Reply:
    path = request.path
    if path == "/healthz" and request.method in ("GET", "HEAD"):
        return healthz(server)
    server.door.look(request)
    methods = _methods(server, path)
    if not methods:
        raise Refused(404, "not_found", "there is nothing under this name")
    if request.method == "OPTIONS" and server.door.foreign(request):
        return Reply(204, b"", "text/plain")
    route = methods.get("GET" if request.method == "HEAD" else request.method)
    if route is None:
        refused = Refused(405, "method_not_allowed", f"here are taken: {', '.join(methods)}")
        return Reply(405, refused.reply().body, headers={"Allow": ", ".join(methods)})
    return await route(server, request)


def _methods(server: Server, path: str) -> dict[str, Route]:
    """What can be done under a name."""
    if path in _ROUTES:
        return _ROUTES[path]
    call, _, act = path.removeprefix(f"{CALLS}/").partition("/")
    if path.startswith(f"{CALLS}/") and call and act == "hangup":
        return {"POST": hang_up}
    if server.page is not None and path in server.page:
        return {"GET": page}
    return {}


def _shared(origin: str, request: Request) -> dict[str, str]:
    """What lets a page of another host that may call read the reply (CORS)."""
    if not origin:
        return {}
    wanted = request.headers.get("access-control-request-headers", "authorization, content-type")
    clean = "".join(each for each in wanted[:500] if each.isalnum() or each in "-_, ")
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": clean,
        "Access-Control-Expose-Headers": "Location, Retry-After",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def healthz(server: Server) -> Reply:
    """For whoever watches over the server: 503 once it takes no more calls."""
    places, ending = server.places, server.ending
    state = {
        "ok": not ending, "busy": server.pulse.busy, "sessions": places.taken,
        "capacity": server.settings.most,
    }  # fmt: skip
    return told(503 if ending else 200, state, {"Cache-Control": "no-store"})


async def upgrade(server: Server, request: Request) -> Reply:
    """A plain GET where a WebSocket is meant."""
    raise Refused(426, "websocket_expected", "open a WebSocket here, or POST an offer to " + CALLS)


async def make_call(server: Server, request: Request) -> Reply:
    """An offer, alone or in a form beside its session."""
    from .rtc_call import answer_offer

    caller = await server.door.caller(request)
    server.ready()
    kind = request.headers.get("content-type", "")
    plain = kind.partition(";")[0].strip().lower()
    session: dict[str, Any] | None = None
    if plain == SDP:
        offer = await request.body(LARGEST_OFFER)
    elif plain == "multipart/form-data":
        form = fields(await request.body(LARGEST_OFFER + LARGEST_SESSION + 4096), kind)
        if "sdp" not in form:
            raise Refused(400, "bad_sdp", "the form has no part `sdp`", param="sdp")
        offer = form["sdp"]
        session = _object(form["session"], "session") if "session" in form else None
    else:
        raise Refused(415, "unsupported_type", f"send the offer as {SDP}, or in multipart/form-data")
    try:
        text = offer.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "bad_sdp", "an offer is text") from None
    call_id, sdp = await answer_offer(server, caller, request, text, session)
    return Reply(201, sdp.encode(), SDP, {"Location": f"{request.root}{CALLS}/{call_id}"})


async def hang_up(server: Server, request: Request) -> Reply:
    """End a call."""
    call_id = request.path.removeprefix(f"{CALLS}/").partition("/")[0]
    (await server.find(call_id, request)).end(1000, "hung up")
    return Reply(200, b"", "text/plain")


async def client_secrets(server: Server, request: Request) -> Reply:
    """A secret for one call, bound to a session that is checked now."""
    await server.door.owner(request)
    server.ready()
    body = await request.body(LARGEST_SESSION)
    asked = _object(body, "") if body.strip() else {}
    session = asked.get("session")
    if session is not None and not isinstance(session, dict):
        raise Refused(400, "invalid_type", "session is an object", param="session")
    seconds = _seconds(asked.get("expires_after"))
    shown = checked(server, session or {})
    value, until = server.secret(session, seconds)
    return told(200, {"value": value, "expires_at": int(until), "session": shown})


def checked(server: Server, session: dict[str, Any]) -> dict[str, Any]:
    """The whole session object that these wishes lead to. Raises Refused (400)."""
    from agent.wire.refusal import WireError
    from agent.wire.settings import preview

    try:
        return preview(session, server.config, server.built) | {"id": f"sess_{secrets.token_hex(12)}"}
    except WireError as error:
        problem = error.problem
        raise Refused(400, problem.code, problem.message, param=problem.param) from None


def _seconds(after: object) -> float:
    from .server import LONGEST, SHORTEST, USUAL

    if after is None:
        return USUAL
    seconds = after.get("seconds", USUAL) if isinstance(after, dict) else None
    anchor = after.get("anchor", "created_at") if isinstance(after, dict) else None
    if type(seconds) is not int or not SHORTEST <= seconds <= LONGEST:
        raise Refused(
            400, "invalid_value", f"seconds are {SHORTEST} to {LONGEST}, a whole number",
            param="expires_after.seconds",
        )  # fmt: skip
    if anchor != "created_at":
        raise Refused(400, "invalid_value", "the anchor is created_at", param="expires_after.anchor")
    return float(seconds)


async def bootstrap(server: Server, request: Request) -> Reply:
    """What our own page needs to begin a call: a secret for one, and where to go with it."""
    from agent.cli import VERSION

    await server.door.page(request)
    server.ready()
    value, until = server.secret()
    built = server.built
    return told(200, {
        "token": value, "expires_at": int(until), "realtime": f"{request.root}/v1/realtime",
        "ice_servers": server.ice_servers, "brain": built.facts.name, "voice": built.voice.name,
        "version": VERSION,
    })  # fmt: skip


async def let_in(server: Server, request: Request) -> Reply:
    """A page shows the key, and may fetch secrets from then on."""
    await server.door.owner(request)
    return Reply(204, b"", "text/plain", {"Set-Cookie": cookie(server, request)})


async def page(server: Server, request: Request) -> Reply:
    """A file of the page; opened with an invitation, a cookie takes its place in the address."""
    assert server.page is not None
    given = request.query.get("key", "")
    if given and request.method == "GET" and (value := server.door.welcome_page(given)):
        server.invited()
        headers = {"Location": f"{request.root}/", "Set-Cookie": _set(value, request)}
        return Reply(303, b"", "text/plain", headers)
    return server.page.reply(request)


def cookie(server: Server, request: Request) -> str:
    """A new one, as a header."""
    return _set(server.door.new_page(), request)


def _set(value: str, request: Request) -> str:
    secure = "; Secure" if request.secure else ""
    path = request.root or "/"
    return f"{PAGE_COOKIE}={value}; Path={path}; Max-Age={PAGE_LIFE:.0f}; HttpOnly; SameSite=Strict{secure}"


def _object(body: bytes, param: str) -> dict[str, Any]:
    """A JSON object. Raises Refused (400, 413)."""
    if len(body) > LARGEST_SESSION:
        raise Refused(413, "body_too_large", f"at most {LARGEST_SESSION} bytes are taken here")
    from agent.wire.codec import read_json
    from agent.wire.refusal import WireError

    try:
        value = read_json(body)
    except WireError:
        value = None
    if not isinstance(value, dict):
        raise Refused(400, "invalid_json", "this is no JSON object that can be read", param=param or None)
    return value


_ROUTES: dict[str, dict[str, Route]] = {
    "/v1/realtime": {"GET": upgrade},
    CALLS: {"POST": make_call},
    "/v1/realtime/client_secrets": {"POST": client_secrets},
    "/config.json": {"GET": bootstrap},
    "/let-in": {"POST": let_in},
}
