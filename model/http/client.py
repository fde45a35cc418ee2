"""One request at one address: sent, read as it streams, and aborted by closing it. No retries, no memory.

Every wait has a deadline on the loop's clock. A redirect is never followed, because what is said and the key
would go where nobody chose to send them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx

from pipeline.clock import now
from pipeline.desk import closed
from pipeline.errors import ModelError, PeerError

from .config import HttpConfig
from .dialect import Ask, Bit, Dialect, checked
from .events import EventReader, glimpse, parsed
from .keys import Key, local
from .openai_chat import said
from .server import Server

_DRAIN = 0.25
"""Seconds that are waited for a server's count of tokens once its answer has ended."""
_BUSY = frozenset([408, 425, 429, 500, 502, 503, 504, 529])
"""Answers after which asking again may help."""
_SHORT = 1 << 16
"""Bytes of an error's text that are read."""
_BROKEN = (TimeoutError, OSError, PeerError)
_UNREADABLE = (
    KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError,
)  # fmt: skip
"""What reading an event of a form that no dialect knows comes to."""
_LONG = 1 << 23
"""Bytes of any other JSON answer: a hosted list of models has a few hundred KB."""


class Unreachable(PeerError):
    """An address did not answer, or not to the end: asking again or elsewhere may help."""

    def __init__(self, why: str, after: float = 0.0, *, loading: bool = False) -> None:
        super().__init__(why)
        self.after = after
        "Seconds that the server asked to be left alone."
        self.loading = loading
        "It is there, and not ready yet (503)."


class Refused(ModelError):
    """The server will not do what was asked, however often it is asked."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take."""

    first_by: float
    "Moment on the loop's clock by which it must have given a token."
    between: float
    "Seconds from one token to the next."
    whole_by: float
    "Moment by which it must have ended."


class Client:
    """The connections to one server's addresses."""

    def __init__(
        self, server: Server, config: HttpConfig, key: Key, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """``transport``: what carries requests, in place of the network."""
        self._server, self._config, self._key = server, config, key
        secure = any(url.startswith("https:") for url in server.urls)
        own = all(local(url) for url in server.urls)
        self._http = httpx.AsyncClient(
            transport=transport,
            verify=secure,  # making a TLS context takes 20 ms and more: only where one is needed
            trust_env=not own,  # nothing meant for this machine goes through a proxy
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=config.connect),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=8, keepalive_expiry=30.0 if secure else 4.0
            ),
        )
        self._waits: dict[object, asyncio.Timeout] = {}
        self.closed = False

    async def bits(
        self, url: str, ask: Ask, dialect: Dialect, patience: Patience
    ) -> AsyncGenerator[Bit, None]:
        """The answer's bits; closing the generator aborts the request.

        Raises Unreachable where it does not come or breaks off, Refused where it never will.
        """
        reader, finished, by = EventReader(dialect.framing), False, patience.first_by
        async with contextlib.AsyncExitStack() as stack:
            with self._told(url):
                response = await self._sent(url, ask, by)
                stack.push_async_callback(response.aclose)
                await self._good(url, response, by)
            chunks = response.aiter_bytes()
            while not reader.done:
                chunk, events = None, list[Any]()
                with self._told(url, quiet=finished):
                    async with self._deadline(min(by, patience.whole_by)):
                        chunk = await anext(chunks, None)
                    events = reader.finish() if chunk is None else reader.feed(chunk)
                wait = None
                for event in events:
                    if (bit := self._read(dialect, event, url)) is None:
                        continue
                    if bit.finish and not finished:
                        finished, wait = True, _DRAIN
                    elif bit.tokens and not finished:
                        wait = patience.between
                    yield bit
                if wait is not None:  # from now on: whoever took the bits may have taken their time
                    by = now() + wait
                if chunk is None:
                    break
            if reader.done:  # read to the very end, so that the connection serves the next request too
                with self._told(url, quiet=True):
                    async with self._deadline(now() + _DRAIN):
                        await anext(chunks, None)
        if not finished and not reader.done:
            raise Unreachable(f"{_place(url)} broke off in the middle of its answer")

    async def fetch(self, url: str, body: Mapping[str, Any] | None, within: float) -> Any:
        """A JSON answer: GET, or POST of the body. Raises Unreachable, Refused."""
        by = now() + within
        with self._told(url):
            response = await self._sent(url, body, by)
            try:
                await self._good(url, response, by)
                text = await self._body(response, by, _LONG)
            finally:
                await response.aclose()
        try:
            return parsed(text)
        except ValueError as error:
            raise Refused(
                f"{_place(url)} answers {urlsplit(url).path} with what is no JSON; is this the server's base "
                "URL? Most end with /v1"
            ) from error

    async def close(self) -> None:
        """Fail whoever waits, and let go of the connections."""
        self.closed = True
        for wait in tuple(self._waits.values()):
            if not wait.expired():
                wait.reschedule(0.0)
        await self._http.aclose()

    # --- one exchange ------------------------------------------------------------------------------------

    async def _sent(self, base: str, ask: Ask | Mapping[str, Any] | None, by: float) -> httpx.Response:
        """The response's head. ``base``: with the path, unless an Ask brings it."""
        url, body = (base + ask.path, ask.body) if isinstance(ask, Ask) else (base, ask)
        headers = {"Accept-Encoding": "identity", **self._key.headers(url)}
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
            headers["Content-Type"] = "application/json"
        method = "GET" if body is None else "POST"
        request = self._http.build_request(method, url, content=content, headers=headers)
        async with self._deadline(by):
            return await self._http.send(request, stream=True)

    async def _good(self, url: str, response: httpx.Response, by: float) -> None:
        """Raises for any answer but a good one."""
        if response.status_code == 200 and "text/html" not in response.headers.get("content-type", ""):
            return
        text = "" if response.status_code == 200 else await self._body(response, by, _SHORT)
        self._refuse(url, response, text)

    async def _body(self, response: httpx.Response, by: float, most: int) -> str:
        data, chunks = b"", response.aiter_bytes()
        while len(data) <= most:
            async with self._deadline(by):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            data += chunk
        return data[:most].decode("utf-8", "replace")

    def _refuse(self, url: str, response: httpx.Response, text: str) -> NoReturn:
        status, place = response.status_code, _place(url)
        why = self._key.hidden(_message(text))
        if status == 200:
            raise Refused(f"{place} answers with a web page; is this its base URL? Most end with /v1")
        if 300 <= status < 400:
            to = urlsplit(response.headers.get("location", "")).netloc or "another path"
            raise Refused(f"{place} sends requests on to {to}; name that address yourself if you trust it")
        if status in (401, 403):
            env = self._server.key_env
            want = f"the key in {env}"
            if not self._key.headers(url):
                want = "a request without a key; " + (
                    f"put it into {env}" if env else "name its variable (key_env)"
                )
            raise Refused(f"{place} refuses {want} ({status}): {why}")
        if status in _BUSY and "insufficient_quota" not in text:
            raise Unreachable(f"{place} answered {status}: {why}", _after(response), loading=status == 503)
        raise Refused(f"{place} refuses the request ({status}): {why}")

    # --- waiting -----------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _deadline(self, at: float) -> AsyncGenerator[None, None]:
        """Ends at a moment, or when the client is closed."""
        if self.closed:
            raise closed()
        place = object()
        try:
            async with asyncio.timeout_at(at) as wait:
                self._waits[place] = wait
                yield
        finally:
            self._waits.pop(place, None)

    @contextlib.contextmanager
    def _told(self, url: str, *, quiet: bool = False) -> Iterator[None]:
        """What goes wrong on the way, as one of ours. ``quiet``: the answer is whole; nothing matters now."""
        try:
            yield
        except (*_BROKEN, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            if self.closed:
                raise closed() from error
            if isinstance(error, Unreachable):
                raise
            if not quiet:
                raise Unreachable(f"{_place(url)} {self._key.hidden(_why(error))}") from error

    def _read(self, dialect: Dialect, event: Any, url: str) -> Bit | None:
        try:
            bit = dialect.bit(event)
            return None if bit is None else checked(bit)
        except PeerError as error:
            raise Unreachable(f"{_place(url)}: {self._key.hidden(str(error))}") from error
        except _UNREADABLE as error:
            shown = self._key.hidden(glimpse(event))
            raise Unreachable(f"{_place(url)} sent an event that does not read: {shown}") from error


def _place(url: str) -> str:
    """Host and port, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _why(error: Exception) -> str:
    if isinstance(error, PeerError):
        return f"breaks the protocol: {error}"
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return f"does not answer ({str(error) or 'no connection in time'}); is it running?"
    if isinstance(error, TimeoutError):
        return "gave no token in time"
    return f"went away ({type(error).__name__}: {error})".replace(": )", ")")


def _message(text: str) -> str:
    try:
        value = parsed(text)
    except ValueError:
        value = " ".join(text.split()) or "no reason given"
    if isinstance(value, dict):
        value = value.get("error") or value.get("detail") or value.get("message") or value
    return said(value)


def _after(response: httpx.Response) -> float:
    """Retry-After in seconds; a date is not taken."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
