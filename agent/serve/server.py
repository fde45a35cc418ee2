"""Calls to one agent, whatever framework the requests came through: ``from hocket import Server``.

Brain, voice, ear and tools are shared by all calls; everything else is each call's own. What a page or a
program may do is the door's to say, and it says it before anything is made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from agent.config import Config
from agent.conversation import Exchange
from agent.launch import Parts, parts
from agent.persona import Agent
from agent.wire.fault import place_of
from agent.wire.told import Event
from pipeline.errors import BugError
from pipeline.ports import AudioEdge

from .carrying import hold_joined, hold_socket
from .config import ServeConfig
from .door import Admit, Bound, Caller, Door, credential
from .live import CLOSING, HeldCall, Live
from .message import Refused, Reply, Request
from .page import Page
from .places import Places
from .pulse import Pulse
from .resumes import Resumes
from .secrets import same
from .socket_call import Socket
from .tidying import Tidying

if TYPE_CHECKING:
    from aiohttp import web

    from .asgi import AsgiApp

Session: TypeAlias = Mapping[str, Any] | None
Accept: TypeAlias = Callable[[str | None], Awaitable[Socket]]
"""Takes the WebSocket, by this subprotocol or by none."""
SHORTEST, LONGEST, USUAL = 10, 7200, 600
"""Seconds that a secret may be good for."""
_log = logging.getLogger("hocket.serve")


class Server:
    """``async with Server(agent): …`` takes calls through ``attach`` (aiohttp) or ``asgi`` (FastAPI, …)."""

    def __init__(
        self,
        agent: Agent | None = None,
        config: Config | None = None,
        *,
        key: str = "",
        admit: Admit | None = None,
        hosts: tuple[str, ...] = (),
        built: Parts | None = None,
    ) -> None:
        """``agent`` None: the one in the settings. ``key``: who shows it may call; ``admit`` judges in its
        place; without both only programs and pages of this machine are let in. ``built``: parts of the
        caller's own, which it closes itself."""
        self.agent, self.config = agent, config or Config()
        self.settings: ServeConfig = self.config.serve
        self.door = Door(self.settings, key, hosts=hosts, admit=admit)
        self.places = Places(self.settings)
        self.resumes = Resumes(self.settings.resume)
        self.page = Page() if self.settings.page else None
        self.pulse = Pulse()
        self.calls: dict[str, Live] = {}
        self.ending = False
        self.invited: Callable[[], None] = lambda: None
        "Called when a page was opened with its invitation, which is used up then."
        self._own, self._built = built, built
        self._group: asyncio.TaskGroup | None = None
        self._stack = AsyncExitStack()
        self._tidying = Tidying()

    # --- life -----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Server:
        """Load brain and voice. Raises ModelError, VoiceError, ConfigError."""
        async with AsyncExitStack() as stack:
            self._built = self._own or await stack.enter_async_context(parts(self.config))
            self._group = await stack.enter_async_context(asyncio.TaskGroup())
            beating = self._group.create_task(self.pulse.run(), name="pulse")
            stack.callback(beating.cancel)
            self.ending = False
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all calls, after their present turns."""
        try:
            await self.drain()
        finally:
            self._group = None
            self._tidying.stop()
            await self._stack.aclose()

    @asynccontextmanager
    async def lifespan(self, _app: Any = None) -> AsyncIterator[None]:
        """For ``FastAPI(lifespan=server.lifespan)`` and ``app.cleanup_ctx`` of aiohttp."""
        async with self:
            yield

    async def drain(self) -> None:
        """No new calls; the others may end their turns for so long as the settings say, then all are cut."""
        self.ending = True
        for live in list(self.calls.values()):
            live.finish("the server is ending")
        await self._all_over(self.settings.drain)
        await self.cut()

    async def cut(self) -> None:
        """End all calls now, with 1001."""
        self.ending = True
        for live in list(self.calls.values()):
            live.finish("the server is ending")
            live.cut("the server is ending")
        await self._all_over(CLOSING)

    async def _all_over(self, within: float) -> None:
        waiting = [live.over(within) for live in self.calls.values()]
        await asyncio.gather(*waiting)

    @property
    def built(self) -> Parts:
        """What the calls share. Raises BugError before the start."""
        if self._built is None or self._group is None:
            raise BugError("the server does not run: `async with server:` first, or attach it")
        return self._built

    # --- calls ----------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Raises Refused where no call is taken: not any more, not yet, or not while all are late."""
        if self.ending or self._group is None:
            raise Refused(503, "server_ending", "this server takes no calls now", retry=5)
        if self.pulse.busy:
            raise Refused(503, "server_busy", "this machine is too busy for another call", retry=10)

    async def begin(
        self, caller: Caller, request: Request, *, edge: AudioEdge | None = None, session: Session = None
    ) -> Live:
        """A call, not yet running. Its secret must be being spent. Raises Refused (400) for a bad session.

        ``edge`` None: sound comes and goes as events. ``session``: what a form brought, else the secret's.
        """
        from agent.wire.refusal import WireError

        name = request.query.get("resume", "") or request.headers.get("x-hocket-resume", "")
        history = await self.resumes.take(name)
        try:
            call = self.make(edge, caller.session if session is None else session, history or ())
        except WireError as error:
            self.resumes.keep(name, history or ())
            problem = error.problem
            raise Refused(400, problem.code, problem.message, param=problem.param) from None
        told: dict[str, Any] = {"ice_servers": self.ice_servers}
        if name:
            told["resumed"] = history is not None
        carrier = "websocket" if edge is None else "webrtc"
        live = Live(call, carrier, secret=caller.secret, stamp=lambda event: stamped(event, told))
        live.name = told["resume"] = self.resumes.begin(live)
        return live

    def make(self, edge: AudioEdge | None, session: Session, history: Sequence[Exchange]) -> HeldCall:
        """The call itself. Raises WireError for a bad session."""
        from agent.wire.call import Call
        from agent.wire.socket_edge import SocketEdge

        return Call(
            self.built, self.config, edge=SocketEdge() if edge is None else edge,
            carrier="websocket" if edge is None else "webrtc", agent=self.agent, session=session,
            history=history,
        )  # fmt: skip

    @asynccontextmanager
    async def listed(self, live: Live) -> AsyncIterator[None]:
        """While a call runs it can be joined and hung up; afterwards it can be gone on with for a while."""
        self.calls[live.id] = live
        try:
            yield
        finally:
            del self.calls[live.id]
            live.part_all()
            self.resumes.ended(live.name, live.exchanges)
            self._tidying.soon()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a call that no request waits for; what it raises is told in the log and hurts no other."""
        if self._group is None:
            raise BugError("the server does not run")
        self._group.create_task(_guarded(work), name=name)

    async def find(self, call_id: str, request: Request) -> Live:
        """A call that runs, for its own client's secret or the key's owner. Raises Refused (401, 404)."""
        live = self.calls.get(call_id)
        if live is not None and live.secret and same(credential(request), live.secret):
            return live
        caller = await self.door.caller(request)
        if live is None or not caller.owns:
            raise Refused(404, "call_not_found", "there is no such call, or not any more")
        return live

    def secret(self, session: Session = None, seconds: float = USUAL) -> tuple[str, float]:
        """A client's secret, good for one call, and until when (Unix seconds). Give it to a page of yours.

        ``session``: what the call is bound to begin with; it is checked when the call is made.
        """
        seconds = min(max(seconds, SHORTEST), LONGEST)
        return self.door.secrets.mint(Bound(session), seconds), self.door.date() + seconds

    @property
    def ice_servers(self) -> list[dict[str, Any]]:
        """As browsers take them."""
        return [server.for_browsers() for server in self.settings.rtc.servers]

    # --- frameworks -----------------------------------------------------------------------------------------

    async def answer(self, request: Request) -> Reply:
        """The reply to any request but a WebSocket's."""
        from .routes import answer

        return await answer(self, request)

    async def socket(self, request: Request, accept: Accept) -> Reply | None:
        """Hold a call over a WebSocket to its end. A reply: it was refused, and not accepted."""
        try:
            self.door.look(request)
            if call_id := request.query.get("call_id"):
                await hold_joined(await self.find(call_id, request), request, accept, self.settings)
                return None
            caller = await self.door.caller(request)
            if request.query.get("intent") == "transcription":
                raise Refused(400, "unsupported_intent", "transcription alone is not offered here")
            await hold_socket(self, caller, request, accept)
        except Refused as refused:
            _log.info("refused a socket: %d %s", refused.status, refused.problem.code)
            return refused.reply()
        except Exception as error:  # noqa: BLE001  # the last border; what it says may be somebody's words
            _log.error("a socket failed: %s at %s", *place_of(error))
            return Refused(500, "server_error", "this went wrong inside the server").reply()
        return None

    def attach(self, app: web.Application, prefix: str = "") -> None:
        """Take calls in an aiohttp application, below ``prefix``; starts and ends with it."""
        from .aiohttp_app import attach

        attach(self, app, prefix)

    def routes(self, prefix: str = "") -> list[web.RouteDef]:
        """The same as routes; the caller runs ``async with server``."""
        from .aiohttp_app import routes

        return routes(self, prefix)

    def asgi(self) -> AsgiApp:
        """For ``app.mount("/voice", server.asgi())``; the application needs ``lifespan=server.lifespan``."""
        from .asgi import AsgiApp

        return AsgiApp(self)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001  # one call's fault must not end the others
        _log.error("a call failed: %s at %s", *place_of(error))


def stamped(event: Event, told: Mapping[str, Any]) -> Event:
    """The event with what the server knows in ``session.hocket``."""
    session = event.get("session")
    if not isinstance(session, dict):
        return event
    return {**event, "session": {**session, "hocket": {**(session.get("hocket") or {}), **told}}}
