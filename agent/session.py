"""One conversation: builds the line, owns its tasks, and lets another brain take over between two turns.

The only place that creates tasks. They start in the order of the line and stop in reverse, each with a
deadline: a session ends within two seconds whatever state it is in. A failing stage ends its own session,
nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from agent.change import Change
from agent.client_controls import ClientControls
from agent.conversation import Exchange
from agent.line import Around, Line, SessionConfig, build_line
from agent.notices import SpeechCreatedEvent
from agent.orders import Orders
from agent.persona import Agent, briefing
from agent.receipt import Receipt
from agent.tools import as_tools
from pipeline.channel import FullError
from pipeline.clock import now
from pipeline.errors import HocketError, UserError
from pipeline.events import AudioLost, ReplyRequested, Sample, SessionClosed, StageFailed
from pipeline.overlap import OverlapScorer
from pipeline.ports import AudioEdge, BrainFacts, Compute, Voice, VoiceDetector
from pipeline.records import Decided, Window
from pipeline.trace import Entry, Trace

__all__ = ["CLOSING", "Agent", "AgentSession", "SessionConfig"]

CLOSING = 2.0
"""Seconds within which a session ends in every state."""
_STOPPING = 1.8
"""Of these, for the stages to stop."""


class AgentSession(ClientControls):
    """A conversation of one user and one agent: ``async with`` it, ``start`` and ``aclose``, or ``run``.

    ``start`` returns once it is live, ``run`` when it is over; what can be done with it is in ``Controls``,
    and what a client at a distance may do besides in ``ClientControls``.
    """

    def __init__(
        self,
        agent: Agent,
        *,
        edge: AudioEdge,
        brain: Compute,
        voice: Voice,
        detector: VoiceDetector,
        trace: Trace,
        config: SessionConfig | None = None,
        observe: Callable[[Window], None] | None = None,
        scorer: OverlapScorer | None = None,
        ear: Compute | None = None,
        history: Sequence[Exchange] = (),
    ) -> None:
        """The caller keeps ownership of edge, brain, voice and ear, and closes them after the session.

        ``observe`` gets every 32 ms window's level and speech score, for meters. ``scorer`` tells a barge-in
        from a backchannel in place of the usual one. ``ear`` (a Recogniser's methods) writes the user's words
        down beside the brain, for ``user_input_transcribed``. ``history``: exchanges before this session.
        """
        config = config or SessionConfig()
        super().__init__(agent, trace, edge, config.turn)
        self._brain = brain
        self._voice = voice
        self._detector = detector
        self._config = config
        self._history = tuple(history)
        self._scorer = scorer
        self._ear = ear
        self._observe = observe or (lambda window: None)
        self._orders = Orders(lambda: self._running, lambda: self.agent, self._speeches, self._make_changes)
        self._changes: list[Change] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._life: asyncio.Task[Receipt] | None = None
        self._begun = asyncio.Event()
        self._stopping = False

    # --- beginning and ending -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin the conversation; returns once it is live, which is when the first sound was captured.

        Raises the HocketError of a stage that failed before that, UserError where it was started before.
        """
        if self._life is not None or self._over:
            state = self._over or "is running"
            raise UserError(f"a session is started once, and this one {state}: make another")
        self._life = asyncio.create_task(self._live(), name="session")
        self._life.add_done_callback(_look_at)
        try:
            await self._begun.wait()
        except asyncio.CancelledError:
            await self._end_now()
            raise
        if self.over:
            await self.wait()

    async def wait(self) -> Receipt:
        """Until the conversation is over. Raises the HocketError of the stage that ended it."""
        if self._life is None:
            raise UserError("the session has not been started: await session.start() first")
        await asyncio.wait([self._life])
        if self._life.cancelled():
            raise UserError("the session was closed before it was live")
        return self._life.result()

    async def run(self) -> Receipt:
        """Hold the conversation until its sound ends, ``close`` is called, or a stage fails for good.

        Raises the HocketError of the stage that failed; what was said until then stays readable.
        """
        try:
            await self.start()
            return await self.wait()
        except asyncio.CancelledError:
            await self._end_now()
            raise

    async def aclose(self) -> None:
        """End the conversation and wait until it is over, two seconds at most, in any state, any number of
        times. It raises nothing: a stage that failed is told by ``wait`` and by the event ``error``."""
        if self._life is None:
            self._over = self._over or "is closed"
        elif self._line is None:
            await self._end_now()
        elif not self._life.done():
            try:
                self.close()
                await asyncio.wait([self._life], timeout=CLOSING)
                self._life.cancel()
            except FullError:  # whoever takes no facts does not take this one either
                await self._end_now()

    async def __aenter__(self) -> AgentSession:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises the HocketError of the stage that ended the session, unless the block itself raises."""
        await self.aclose()
        if error is None and self._life is not None and self._life.done() and not self._life.cancelled():
            self._life.result()

    async def _end_now(self) -> None:
        """Without a last word to the policy: it was cancelled, or has not begun."""
        if self._life is not None and not self._life.done():
            self._life.cancel()
            await asyncio.wait([self._life], timeout=CLOSING)

    async def _live(self) -> Receipt:
        """All of the conversation. However it ends, nothing of it runs on."""
        try:
            line = self._line = self._build(await self._brain.call("facts"))
            if self.agent.greeting:
                self._emit(ReplyRequested("greeting"))
            works = line.stages() | {"edge": self._edge.run(line.ring, line.meter, self._emit)}
            self._tasks = {name: asyncio.create_task(work, name=name) for name, work in works.items()}
            await self._until_over(line)
        finally:
            self._stopping = True
            try:
                await _stop(self._tasks.values())
            finally:
                self._bury()
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return line.watch.receipt()

    async def _until_over(self, line: Line) -> None:
        """Until a stage has ended; then the conductor sees the end, so that the last turn is remembered."""
        first = asyncio.create_task(line.ring.wait_for(Sample(1)), name="first sound")
        first.add_done_callback(self._is_live)
        try:
            done: list[asyncio.Task[None]] = []
            while not done:
                await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)
                done = [task for task in self._tasks.values() if task.done()]  # none: only a mind went
            await self._wind_down(done)
        finally:
            first.cancel()

    async def _wind_down(self, done: list[asyncio.Task[None]]) -> None:
        conductor = self._tasks["conductor"]
        failed = next((task for task in done if not task.cancelled() and task.exception()), None)
        if failed is not None and failed is not conductor:
            self._emit(StageFailed(failed.get_name(), str(failed.exception())))
        if not conductor.done():
            why = f"{failed.get_name()} failed" if failed else "the sound ended"
            self._emit(SessionClosed(why))
            await asyncio.wait([conductor], timeout=CLOSING / 2)
        elif failed is conductor:  # it cannot tell any more
            self.trace.record(StageFailed("conductor", str(failed.exception())))
            self.trace.record(SessionClosed("conductor failed"))

    def _is_live(self, first: asyncio.Task[None]) -> None:
        if not first.cancelled() and first.exception() is None:
            self._begun.set()

    def _bury(self) -> None:
        """Nothing is live any more: whoever waits for something is told."""
        self._over = "is over"
        self._begun.set()
        self._speeches.close()
        for change in self._changes:
            change.done.set()

    def _build(self, facts: BrainFacts) -> Line:
        told = briefing(self.agent, facts, self._tools(self.agent))
        around = Around(
            self._edge.report(), self._voice, self._detector, self._config, self._facts, self.trace,
            self._orders.routes(), self._observe, self._emit, self._openings.emit, self._note,
            lambda: self._edge.report().echo, self._scorer, as_tools(self.agent.tools),
            self._ear,
        )  # fmt: skip
        line = build_line(around, self._brain, facts, told.instructions, told.tools)
        for exchange in self._history:
            line.conversation.remember(exchange)
        return line

    # --- what happens --------------------------------------------------------------------------------------

    def _note(self, entry: Entry) -> None:
        """What is recorded, for whoever has to know: first the session itself, then the application."""
        self._orders.see(entry)
        self._look_at_given(entry)
        if isinstance(entry.item, AudioLost):
            self._look_at_edge()  # after a gap it may be another device
        for event in self._events.see(entry.item):
            if isinstance(event, SpeechCreatedEvent):
                event = replace(event, speech_handle=self._speeches.of(event.turn))
            self._subscriptions.tell(event)

    def _callback_failed(self, text: str) -> None:
        failed = StageFailed("application", text)
        if self._over or self._orders.closed or len(self._facts) >= self._facts.size:  # nobody takes it
            self.trace.record(failed)
        else:
            self._emit(failed)

    # --- another brain, another agent ---------------------------------------------------------------------

    async def use_brain(self, brain: Compute) -> Compute:
        """Go on with another brain, which gets all that was heard so far: at once where nobody has the floor,
        else after the present turn, which the old one finishes. Gives back the old one, for the caller to
        close, or to come back to.

        Raises ModelError of a brain that cannot be used, UserError when the session ends before it is.
        """
        self._need_live("use_brain")
        return await self._change(Change(brain, await self._met(brain)))

    async def update_agent(self, agent: Agent) -> None:
        """Go on as another agent: instructions, tools, canned words. When, and what it raises: as above. In a
        tool that the present turn waits for, awaiting either of them would be a circle: start a task."""
        self._need_live("update_agent")
        as_tools(agent.tools)  # what cannot be a tool is told at once
        await self._change(Change(agent=agent))

    async def _met(self, brain: Compute) -> BrainFacts:
        """What this brain is, unless the session ends before it says so."""
        assert self._life is not None, "it is live"
        asking = asyncio.create_task(brain.call("facts"), name="facts")
        asking.add_done_callback(_look_at)
        try:
            await asyncio.wait([asking, self._life], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise UserError("the session ended before the change could be made")
            facts: BrainFacts = asking.result()
            return facts
        finally:
            asking.cancel()

    async def _change(self, change: Change) -> Compute:
        self._need_live("a change of brain or agent")
        self._changes.append(change)
        try:
            if self._orders.floor_is_free and not self._stopping:
                self._make_changes()
            await change.done.wait()
        finally:
            if change in self._changes:
                self._changes.remove(change)
        if change.problem is not None:
            raise change.problem
        if change.before is None:
            raise UserError("the session ended before the change could be made")
        if change.leaving:
            await asyncio.wait(change.leaving, timeout=CLOSING)
        return change.before

    def _make_changes(self) -> None:
        """Nobody has the floor: what waits for that is done now, in the order of asking."""
        while self._changes:
            change = self._changes.pop(0)
            try:
                self._make(change)
            except Exception as error:  # noqa: BLE001  # told to whoever asked; the conversation goes on as it was
                self._running.ground.tools.suit(as_tools(self.agent.tools))
                change.problem = error
            change.done.set()

    def _make(self, change: Change) -> None:
        line, old = self._running, self._running.mind
        brain = old.brain if change.brain is None else change.brain
        facts, agent = change.facts or old.facts, change.agent or self.agent
        told = briefing(agent, facts, self._tools(agent))
        line.ground.tools.suit(as_tools(agent.tools))
        line.change(brain, facts, told.instructions, told.tools)
        self.agent, change.before = agent, old.brain
        for name, work in line.mind.stages().items():
            change.leaving.append(self._tasks[name])
            self._tasks[name].add_done_callback(_look_at)
            self._tasks[name].cancel()
            self._tasks[name] = asyncio.create_task(work, name=name)
        if not facts.obeys_instructions:
            self._speeches.forgo_instructions()
        self.trace.record(Decided(f"from here on {facts.name} thinks"))


def _look_at(task: asyncio.Task[Any]) -> None:
    """An error that nobody waits for is no warning at the end of the program: it was told as an event."""
    if not task.cancelled():
        task.exception()


async def _stop(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel in reverse order of starting, within CLOSING in all."""
    deadline, tasks = now() + _STOPPING, list(tasks)
    for task in reversed(tasks):
        task.cancel()
        if not task.done():
            await asyncio.wait([task], timeout=max(deadline - now(), 0.0))
    if late := [task for task in tasks if not task.done()]:
        await asyncio.wait(late, timeout=0.05)
    if stuck := [task.get_name() for task in late if not task.done()]:
        raise HocketError(f"these stages did not stop within {CLOSING:g} s: {', '.join(stuck)}")
