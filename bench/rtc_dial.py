"""Dials a WebRTC agent: one POST with our SDP, its SDP back, and one sentence for what can go wrong.

A key is read from the environment when dialling and goes into one header and nowhere else.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from audio_io.rtc.caller import RtcCall
from audio_io.rtc.extra import web
from pipeline.errors import PeerError, UserError

from .rtc_wire import Call
from .socket_wire import PATIENCE, headers, refused, shown

PATH = "/v1/realtime/calls"
"""Where servers take offers, for an address without a path."""
SCHEME = "webrtc+"
"""Before http:// or https:// in an address."""
LARGEST = 256 * 1024
"""Bytes of the largest answer that is read; parsing SDP takes time that grows with its square."""


async def ring(url: str, key_env: str = "", patience: float = PATIENCE) -> Call:
    """Call a server. Raises UserError for an address or key that cannot be used, PeerError for the rest."""
    where, keys = shown(url), headers(key_env)
    call = RtcCall(where)
    try:
        answer = await _post(url, await call.offer(), keys, key_env, patience)
        await call.accept(answer, patience)
    except BaseException:
        await call.close()
        raise
    return call


async def _post(url: str, sdp: str, keys: dict[str, str], key_env: str, patience: float) -> str:
    aiohttp, where = web("aiohttp"), shown(url)
    timeout = aiohttp.ClientTimeout(total=patience)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(
            url, data=sdp, headers={"Content-Type": "application/sdp"} | keys, allow_redirects=False
        ) as reply:  # fmt: skip
            body = await _read(reply, where)
            if reply.status not in (200, 201):
                raise PeerError(refused(where, reply.status, key_env, PATH))
            return body
    except TimeoutError:
        raise PeerError(f"{where} did not answer the offer within {patience:g} s; is it a server?") from None
    except aiohttp.ClientConnectorError as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise PeerError(f"no server answers at {where} ({why}); start it, or check host and port") from None
    except aiohttp.ClientError as error:
        raise PeerError(f"{where} does not speak HTTP as it should ({type(error).__name__})") from None


async def _read(reply: object, where: str) -> str:
    body = b""
    async for chunk in reply.content.iter_chunked(65536):  # type: ignore[attr-defined]
        body += chunk
        if len(body) > LARGEST:
            raise PeerError(
                f"{where} answered the offer with more than {LARGEST // 1024} KiB; that is no SDP"
            )
    return body.decode("utf-8", errors="replace")


def rtc_address(url: str) -> str:
    """The http address in ``webrtc+http://…``, the usual path where none is named. Raises UserError."""
    parts = urlsplit(url.removeprefix(SCHEME))
    if not url.startswith(SCHEME) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(
            f"{shown(url)!r} is no address of a WebRTC server; accepted are {SCHEME}http://host:port/path "
            f"and {SCHEME}https://…"
        )
    try:
        parts.port  # noqa: B018  # raises for a port that is no number
    except ValueError:
        raise UserError(f"{shown(url)!r} names a port that is no number from 0 to 65535") from None
    return urlunsplit(parts._replace(path=PATH if parts.path in ("", "/") else parts.path, fragment=""))
