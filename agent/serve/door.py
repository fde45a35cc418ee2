"""The door: who may come in. Looks at a request's head only; nothing is made before it has said yes.

Checked in this order: the name under which the server was asked (a page that rebinds its name to this machine
has another), the page that asks (exact list; its own pages always), then the key, a single-use secret, or an
application's own judgement. Without any of these the server is this machine's alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.clock import epoch

from .addresses import LOCAL, host_of, is_loopback, same_host
from .config import ServeConfig
from .message import Refused, Request
from .secrets import Passes, same

Admit: TypeAlias = Callable[[Request], bool | Awaitable[bool]]
"""An application's judgement: may this request make calls here?"""

SECRET = "ek_"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Before the key, where a browser offers it as a WebSocket subprotocol."""
PAGE_COOKIE = "hocket_page"
PAGE_LIFE = 12 * 3600.0
"""Seconds for which a page that was let in may fetch secrets."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_HOW = "give it as `Authorization: Bearer …`"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a secret stands for."""

    session: Mapping[str, Any] | None = None
    "The session that it was made for, checked."


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may make a call."""

    secret: str = ""
    "Spent when the call is made; empty: the owner of the key, or this machine."
    session: Mapping[str, Any] | None = None

    @property
    def owns(self) -> bool:
        """True for who may do more than make one call: fetch secrets, join and end any call."""
        return not self.secret


class Door:
    """One server's."""

    def __init__(
        self,
        config: ServeConfig,
        key: str = "",
        *,
        hosts: tuple[str, ...] = (),
        admit: Admit | None = None,
        date: Callable[[], float] = epoch,
    ) -> None:
        """``hosts``: names and addresses that are this server's beside those in the settings."""
        self._config, self._key, self._admit = config, key, admit
        self._hosts = {name.lower() for name in (*LOCAL, *config.hosts, *hosts)}
        self._origins = frozenset(origin.lower() for origin in config.origins)
        self.secrets: Passes[Bound] = Passes(SECRET, date)
        self.invitations: Passes[bool] = Passes("", date, most=100)
        "One-time keys of pages."
        self.pages: Passes[bool] = Passes("", date, most=1000)
        "Cookies of pages that were let in."
        self.date = date

    @property
    def open(self) -> bool:
        """Whether everybody on this machine, and nobody else, may come in."""
        return not self._key and self._admit is None

    # --- the place it was asked from ------------------------------------------------------------------------

    def look(self, request: Request) -> None:
        """The name it was asked under, and the page that asks. Raises Refused (400, 403)."""
        host = host_of(request.headers.get("host", ""))
        if not host:
            raise Refused(400, "invalid_host", "a request names the server it wants in its Host header")
        if (self.open or self._config.hosts) and host not in self._hosts:
            raise Refused(
                403, "host_not_allowed",
                "this server does not answer to that name; its owner can add it to [serve] hosts",
            )  # fmt: skip
        if self.open and not self._near(request):
            raise Refused(
                403, "key_needed",
                "without a key this server is for programs on its own machine: set HOCKET_API_KEY",
            )  # fmt: skip
        origin = request.headers.get("origin")
        if origin is not None and not self.welcome(origin, request):
            raise Refused(
                403, "origin_not_allowed",
                "pages of that origin may not call here; its owner can add it to [serve] origins",
            )  # fmt: skip

    def welcome(self, origin: str, request: Request) -> bool:
        """Whether a page of this origin may call."""
        return same_host(origin, request.headers.get("host", "")) or origin.lower() in self._origins

    def foreign(self, request: Request) -> str:
        """The origin of a page of another host that may call; empty for our own pages and for no page."""
        origin = request.headers.get("origin", "")
        return origin if origin.lower() in self._origins else ""

    @staticmethod
    def _near(request: Request) -> bool:
        """Of this machine, and not handed on by a proxy on it."""
        return is_loopback(request.peer) and not any(name in request.headers for name in _FORWARDED)

    # --- who asks -------------------------------------------------------------------------------------------

    async def caller(self, request: Request) -> Caller:
        """Who it is. Raises Refused (401)."""
        given = credential(request)
        if given.startswith(SECRET):
            bound = self.secrets.look(given)
            if bound is not None:
                return Caller(given, bound.session)
            if not self.open:  # an open server asks for nothing; clients that insist on a secret make one up
                raise _spent()
        if self._key and given and same(given, self._key):
            return Caller()
        if self._admit is not None and await self._judged(request):
            return Caller()
        if self.open:
            return Caller()
        wrong = "this key is not the server's" if given else f"a key is needed: {_HOW}"
        raise Refused(401, "invalid_api_key", wrong)

    async def owner(self, request: Request) -> None:
        """Raises Refused where it is not the key's owner: a secret makes one call and nothing else."""
        if not (await self.caller(request)).owns:
            raise Refused(401, "invalid_api_key", f"this needs the server's key, not a secret: {_HOW}")

    @contextmanager
    def spending(self, caller: Caller) -> Iterator[None]:
        """While a call is made: its secret is spent, unless nothing comes of it. Raises Refused (401)."""
        with ExitStack() as stack:
            if not caller.owns:
                try:
                    stack.enter_context(self.secrets.spending(caller.secret))
                except LookupError:
                    raise _spent() from None
            yield

    async def _judged(self, request: Request) -> bool:
        assert self._admit is not None
        found = self._admit(request)
        return bool(await found if inspect.isawaitable(found) else found)

    async def page(self, request: Request) -> None:
        """Raises Refused where the page that asks was not let in, or is another server's."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "origin_not_allowed", "only a page of this server may fetch this")
        if self._key and (cookie := request.cookie(PAGE_COOKIE)) and self.pages.look(cookie):
            return
        await self.owner(request)

    def invite(self) -> str:
        """A page's key for one opening; goes into the URL that is shown to a person."""
        return self.invitations.mint(True, PAGE_LIFE)

    def welcome_page(self, invitation: str) -> str:
        """The cookie for a page that was opened with its invitation; empty where that is not good."""
        return self.new_page() if self.invitations.take(invitation) else ""

    def new_page(self) -> str:
        """The cookie of a page that was let in."""
        return self.pages.mint(True, PAGE_LIFE)


def _spent() -> Refused:
    return Refused(401, "invalid_api_key", "this secret is unknown, used or too old; fetch another")


def credential(request: Request) -> str:
    """The key or secret that a client shows: as Bearer, or as a WebSocket subprotocol."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    for name in request.protocols():
        if name.startswith(KEY_PROTOCOL):
            return name.removeprefix(KEY_PROTOCOL)
    return ""
