"""One client's call: a session of its own, driven by events, told by events. Whoever carries it is elsewhere.

It understands, decides what an event asks of the session, and passes on what happens. It must never wait in
``take``, let a client's mistake harm the session, or put more into the events than the client takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.config import Config
from agent.conversation import Exchange
from agent.launch import Parts, make_session, suited
from agent.persona import Agent
from agent.receipt import Receipt
from pipeline.channel import Channel, ClosedError, Full, FullError
from pipeline.clock import now
from pipeline.errors import BugError, HocketError, UserError
from pipeline.events import Hush, Order, Remember, RunTool
from pipeline.ports import AudioEdge
from pipeline.trace import Entry

from .answering import Answering
from .client_tools import ClientTools
from .conversing import Conversing
from .counting import Counting
from .fault import place_of
from .held import Doorway, Held, agent_of, earlier
from .ids import random_id
from .later import Later
from .listening import Listening
from .pen import Pen
from .projection import Projection
from .refusal import WireError
from .requests import (
    Append,
    CancelResponse,
    Clear,
    ClearOutput,
    Commit,
    CreateItem,
    CreateResponse,
    DeleteItem,
    Playout,
    Request,
    RetrieveItem,
    TruncateItem,
    Update,
    name_of,
    session_of,
    understood,
)
from .settings import About, Settings
from .socket_edge import SocketEdge
from .told import Event, Opened, Problem, Refused, Sounded, Told
from .user_turns import milliseconds

BACKLOG = 2048
"""Events that may wait for the client: some 30 s of a reply with everything told."""
_log = logging.getLogger("hocket.call")


class Call:
    """A call of one client, over any carrier."""

    def __init__(
        self,
        built: Parts,
        config: Config,
        *,
        edge: AudioEdge,
        carrier: str,
        agent: Agent | None = None,
        session: Mapping[str, Any] | None = None,
        history: Sequence[Exchange] = (),
        call_id: str = "",
    ) -> None:
        """``built`` may be shared with other calls. ``carrier``: ``websocket`` or ``webrtc``. ``agent`` None:
        the one in the settings. ``session``: wishes that it begins with; raises WireError for a bad one.
        ``history``: what was said before, to go on with.
        """
        self.id = call_id or random_id("call")
        self.events: Channel[Event] = Channel(BACKLOG, full=Full.FAIL)
        "To the client, in order; closed when the call is over, or when the client takes too few of them."
        self._later = Later()
        "What came before the session was live, or while sound was being taken in."
        self._opened = self._live = self._finishing = self._settling = False
        self._began = 0.0
        self._group: asyncio.TaskGroup | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._ear = built.ear
        settings = Settings(About.of(built, config, carrier)).merged(session_of(dict(session or {})))
        self._held = self._built(built, config, edge, carrier, agent, settings, earlier(history))
        self._listening = Listening(self._held)
        self._conversing = Conversing(self._held, self._listening)
        self._answering = Answering(self._held)
        self._held.session.trace.subscribe(self._see)
        if isinstance(edge, SocketEdge):
            edge.connect(self._sounded, self._catch_up)

    def _built(
        self, built: Parts, config: Config, edge: AudioEdge, carrier: str, agent: Agent | None,
        settings: Settings, history: Sequence[Exchange],
    ) -> Held:  # fmt: skip
        tools = ClientTools(self._tell, writing=lambda: counting.generating > 0)
        counting, pen = Counting(built.brain, tools.settle), Pen(built.voice)
        persona = suited(config).persona
        base = agent or Agent(instructions=persona.instructions)
        own = (*base.tools, *built.tools)
        base = replace(
            base, tools=(), greeting=None if history else base.greeting,
            instructions=base.instructions or persona.instructions,
        )  # fmt: skip
        doorway = Doorway(edge, self._is_live)
        placed = edge.placed if isinstance(edge, SocketEdge) else milliseconds
        projection = Projection(carrier=carrier, session={}, place=placed)
        try:
            session = make_session(
                config, replace(built, brain=counting, voice=pen, tools=()), doorway,
                agent=agent_of(base, own, settings, tools), history=history,
            )  # fmt: skip
        except UserError as error:  # two tools of one name
            raise WireError(Problem("invalid_value", str(error), "session.tools")) from None
        return Held(
            self.id, config, base, own, edge, doorway, carrier, settings, session,
            projection, tools, built.brain, counting, pen,
            self._tell, self._start,
            greeting=persona.greeting if agent is None and not history else "",
        )  # fmt: skip

    # --- whoever carries it ---------------------------------------------------------------------------------

    def take(self, event: object) -> None:
        """One decoded client event; what is wrong with it is answered by an ``error`` event."""
        name = name_of(event)
        try:
            request = understood(event)
            if self._live and not self._later and not self._hears_on():
                self._do(request)
            else:
                self._later.put(request, name)
        except WireError as error:
            self._tell(Refused(error.problem, name))

    async def run(self) -> Receipt:
        """The call, from ``session.created`` to its end. Raises the HocketError of a stage that failed."""
        self._began = now()
        failed: HocketError | None = None
        try:
            if self._ear is not None:
                told = await self._ear.call("facts")
                about = replace(self._held.settings.about, transcripts=told.name)
                self._held.settings = replace(self._held.settings, about=about)
            async with asyncio.TaskGroup() as self._group:
                try:
                    receipt = await self._held.session.run()
                except HocketError as error:
                    failed = error
                finally:
                    self._live = False
                    for task in self._beside:
                        task.cancel()
            if failed is not None:
                raise failed
            return receipt
        finally:
            self._group = None
            self._send(self._held.projection.settle(self._at()))
            self.events.close()

    def close(self, reason: str) -> None:
        """End it; it is over soon after."""
        try:
            self._held.session.close(reason)
        except FullError:
            _log.warning("call %s: it takes nothing any more", self.id)

    def finish(self) -> None:
        """End it when the present turn is over."""
        self._finishing = True
        self._end_if_free()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What was said and heard so far: ``history`` of a call that goes on with it."""
        try:
            return self._held.session.conversation.exchanges
        except BugError:
            return ()

    # --- what the client wants ------------------------------------------------------------------------------

    def _do(self, request: Request) -> None:
        """Carry it out. Raises WireError where that cannot be."""
        try:
            self._carry_out(request)
        except UserError as error:
            raise WireError(Problem("invalid_request", str(error))) from None
        except FullError:
            raise WireError(Problem("too_many_events", "The session cannot take more events now.")) from None
        except WireError:
            raise
        except Exception as error:  # noqa: BLE001  # a fault of ours in one event must not end the call
            _log.error("call %s: %s at %s", self.id, *place_of(error))
            why = "The event could not be carried out: a fault of the server's."
            raise WireError(Problem("server_error", why, type="server_error")) from None

    def _carry_out(self, request: Request) -> None:
        listening, conversing = self._listening, self._conversing
        match request:
            case Append():
                listening.append(request)
            case Update():
                listening.update(request)
            case Commit():
                listening.commit(request)
            case Clear():
                listening.clear(request)
            case CreateItem():
                conversing.create(request)
            case RetrieveItem():
                conversing.retrieve(request)
            case DeleteItem():
                conversing.delete(request)
            case TruncateItem():
                conversing.truncate(request)
            case CreateResponse():
                self._answering.create(request)
            case CancelResponse():
                self._answering.cancel(request)
            case ClearOutput():
                listening.clear_output(request)
            case Playout():
                listening.playout(request)

    def _is_live(self) -> None:
        """The session is there, and no sound has passed yet."""
        self._open()
        self._live = True
        self._listening.begin()
        self._catch_up()

    def _hears_on(self) -> bool:
        """Sound that was given by hand is being taken in: what comes after it comes after it."""
        edge = self._held.edge
        return isinstance(edge, SocketEdge) and edge.by_client and edge.waiting > 0

    def _catch_up(self) -> None:
        """What had to wait is done, in order."""
        if self._live and not self._hears_on():
            self._listening.taken_in()
        while self._live and self._later and not self._hears_on():
            request, name = self._later.take()
            try:
                self._do(request)
            except WireError as error:
                self._tell(Refused(error.problem, name))

    def _open(self) -> None:
        """Before anything else is told."""
        if not self._opened:
            self._opened = True
            self._tell(Opened(self._held.shown()))

    def _start(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Run something beside the session."""
        if self._group is None:
            work.close()
            raise UserError("the session is over")
        task = self._group.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return task.cancel

    # --- what happens ---------------------------------------------------------------------------------------

    def _see(self, entry: Entry) -> None:
        """A trace entry, before the session's own listeners see it."""
        self._open()
        held, item = self._held, entry.item
        if isinstance(item, Order):
            held.counting.see(item)
        match item:
            case RunTool(turn):
                held.tools.turn = turn
            case Hush() if isinstance(held.edge, SocketEdge):
                held.edge.flushed()
            case Remember(turn):
                held.tools.over(turn)
                held.pen.for_one(None)
                held.counting.for_one(None)
                if isinstance(held.edge, SocketEdge):
                    held.edge.over(turn)
                self._send(held.projection.see(held.counting.spent(turn), self._at()))
                asyncio.get_running_loop().call_soon(self._conversing.over, turn)
        self._show(item)

    def _tell(self, told: Told) -> None:
        self._show(told)

    def _sounded(self, told: Sounded) -> None:
        if not self._held.pen.writing:
            self._tell(told)

    def _show(self, item: Any) -> None:
        projection = self._held.projection
        self._send(projection.see(item, self._at()))
        if projection.unsettled and not self._settling:
            self._settling = True
            asyncio.get_running_loop().call_soon(self._settle)
        if self._finishing:
            asyncio.get_running_loop().call_soon(self._end_if_free)

    def _settle(self) -> None:
        self._settling = False
        self._send(self._held.projection.settle(self._at()))
        if self._finishing:
            self._end_if_free()

    def _send(self, events: Sequence[Event]) -> None:
        for event in events:
            if event["type"] == "response.created" and event["response"]["conversation_id"] is None:
                self._answering.named(event["response"]["id"])
            try:
                self.events.put_now(event)
            except ClosedError:
                return
            except FullError:
                _log.warning("call %s: the client does not take its events", self.id)
                self.events.close()
                self.close("the client does not take its events")
                return

    def _at(self) -> float:
        return max(0.0, now() - self._began) if self._began else 0.0

    def _end_if_free(self) -> None:
        held = self._held
        busy = held.projection.response_in_progress is not None or held.projection.awaits_response
        if not busy and held.session.user_state == "listening":
            self.close("the server is ending")
