"""One conversation: builds the line, owns its tasks, and carries the conductor's orders to the stages.

The only place that creates tasks. They start in the order of the line and stop in reverse, each with a
deadline: a session ends within two seconds whatever state it is in. A failing stage ends its own session,
nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from agent.conductor import Routes
from agent.conversation import Conversation, Exchange
from agent.line import Line, SessionConfig, build_line
from agent.receipt import Receipt
from agent.turn import User
from pipeline.channel import Channel, Full
from pipeline.clock import now
from pipeline.errors import BugError, HocketError, UserError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    Draft,
    DropDraft,
    Duck,
    Fact,
    Hold,
    Hush,
    InputCommitted,
    Remember,
    ReplyRequested,
    Resume,
    Sample,
    Say,
    SessionClosed,
    StageFailed,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    Unduck,
)
from pipeline.overlap import OverlapScorer
from pipeline.ports import (
    AudioEdge,
    BrainFacts,
    Compute,
    Phrase,
    Said,
    Voice,
    VoiceDetector,
    Window,
)
from pipeline.trace import Entry, Trace

MOST_TYPED = 1000
"""Characters of a typed turn: what a small brain's context holds beside a spoken turn and its history."""
CLOSING = 2.0
"""Seconds within which a session ends in every state."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who speaks: what an application says about its assistant."""

    instructions: str = ""
    "Told to brains that obey instructions; the session says so where a brain does not."
    greeting: str | None = None
    "Spoken at the start; None waits for the user."
    failed: str = "Sorry, something went wrong. Please say that again."
    "Spoken instead of a reply that could not be made."
    nudge: str = "Are you still there?"
    "Spoken once into a long silence after a reply, where the turn policy is told to (``nudge_after``)."


class AgentSession:
    """A running conversation between one user and one agent."""

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
    ) -> None:
        """The caller keeps ownership of edge, brain and voice, and closes them after ``run``.

        ``observe`` gets every 32 ms window's level and speech score, for meters. ``scorer`` tells a barge-in
        from a backchannel in place of the usual one.
        """
        self.agent = agent
        self.trace = trace
        self._edge = edge
        self._brain = brain
        self._voice = voice
        self._detector = detector
        self._config = config or SessionConfig()
        self._scorer = scorer
        self._observe = observe or (lambda window: None)
        self._facts: Channel[Fact] = Channel(1024, full=Full.FAIL)
        self._typed: str | None = None
        self._line: Line | None = None

    # --- what an application does ------------------------------------------------------------------------

    def close(self, reason: str = "closed by the application") -> None:
        """End the conversation; ``run`` returns soon after."""
        self._emit(SessionClosed(reason))

    def say(self, text: str) -> None:
        """Speak this without a user turn, if the floor is free. Raises UserError for an empty text."""
        if not text.strip():
            raise UserError("there is nothing to say: give a text")
        self._emit(ReplyRequested(text))

    def type(self, text: str) -> None:
        """A turn by keyboard. Raises UserError for a text that is empty or longer than MOST_TYPED."""
        if not 0 < len(text.strip()) <= MOST_TYPED:
            raise UserError(f"a typed turn has 1 to {MOST_TYPED} characters, not {len(text.strip())}")
        self._emit(TextEntered(text))

    def commit(self) -> None:
        """The user's turn is over now (push to talk)."""
        self._emit(InputCommitted(Sample(self._running.ring.end)))

    @property
    def conversation(self) -> Conversation:
        """What was said and heard so far. Raises BugError before ``run``."""
        return self._running.conversation

    def receipt(self) -> Receipt:
        """Turns, latencies and endings so far."""
        return self._running.watch.receipt()

    # --- running ------------------------------------------------------------------------------------------

    async def run(self) -> Receipt:
        """Hold the conversation until its sound ends, ``close`` is called, or a stage fails for good.

        Raises the HocketError of the stage that failed; what was said until then stays readable.
        """
        facts: BrainFacts = await self._brain.call("facts")
        line = self._line = self._build(facts)
        if self.agent.greeting:
            self._emit(ReplyRequested("greeting"))
        stages = {"edge": self._edge.run(line.ring, line.meter, self._emit)}
        works: dict[str, Coroutine[Any, Any, None]] = line.stages() | stages
        tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._wind_down(tasks)
        finally:
            await _stop(tasks)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return line.watch.receipt()

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """Let the conductor see the end, so that the last turn is remembered as it was heard."""
        done = [task for task in tasks if task.done()]
        conductor = next(task for task in tasks if task.get_name() == "conductor")
        failed = next((task for task in done if not task.cancelled() and task.exception()), None)
        if failed is not None and failed is not conductor:
            self._emit(StageFailed(failed.get_name(), str(failed.exception())))
        if not conductor.done():
            why = f"{failed.get_name()} failed" if failed else "the sound ended"
            self._emit(SessionClosed(why))
            await asyncio.wait([conductor], timeout=CLOSING / 2)

    def _build(self, facts: BrainFacts) -> Line:
        return build_line(
            self.agent.instructions, self._edge.report(), self._brain, facts, self._voice, self._detector,
            self._config, self._facts, self.trace, self._routes(), self._observe, self._emit, self._note,
            lambda: self._edge.report().echo != "none", self._scorer,
        )  # fmt: skip

    def _emit(self, fact: Fact) -> None:
        self._facts.put_now(fact)

    @property
    def _running(self) -> Line:
        if self._line is None:
            raise BugError("the session has not been started: await session.run() first")
        return self._line

    # --- orders -------------------------------------------------------------------------------------------

    def _routes(self) -> Routes:
        return {
            Think: self._think,
            StopThinking: self._stop_thinking,
            StartDraft: self._start_draft,
            DropDraft: self._drop_draft,
            CommitDraft: self._commit_draft,
            Say: self._say,
            Duck: lambda order: self._running.speaking.duck(order.turn, order.gain),
            Unduck: lambda order: self._running.speaking.unduck(order.turn),
            Hold: lambda order: self._running.speaking.hold(order.turn, order.fade),
            Resume: lambda order: self._running.speaking.resume(order.turn),
            Hush: self._hush,
            Remember: self._remember,
        }

    def _note(self, entry: Entry) -> None:
        """What a fact means outside the policy."""
        if isinstance(entry.item, TextEntered):
            self._typed = entry.item.text  # the policy answers with a draft; the text waits here for it
        elif isinstance(entry.item, AudioLost):
            self._look_at_edge()  # after a gap it may be another device

    def _look_at_edge(self) -> None:
        line, report = self._running, self._edge.report()
        line.speaking.output_latency = line.watch.output_latency = report.output_latency
        line.meter.latency = report.output_latency
        line.conductor.allow_barge_in(self._config.turn.barge_in and report.echo != "open")

    def _think(self, order: Think) -> None:
        line = self._running
        line.ledger.reopened(order.turn)
        line.thinking.think(order)
        if self._config.mechanisms.prefill:
            line.encoding.think(order)

    def _stop_thinking(self, order: StopThinking) -> None:
        self._running.thinking.stop(order)
        self._running.encoding.stop(order)

    def _start_draft(self, order: StartDraft) -> None:
        typed, self._typed = self._typed, None
        early = self._running.conductor.state.user is User.TALKING
        self._running.thinking.draft(early=early)  # first, so that the draft has what was noted until now
        self._running.decoding.start(order, typed)

    def _drop_draft(self, order: DropDraft) -> None:
        self._running.decoding.drop(order.draft)
        self._running.thinking.go_on()
        self._running.speaking.drop(order.turn, order.draft)

    def _commit_draft(self, order: CommitDraft) -> None:
        line = self._running
        line.decoding.commit(order.turn, order.draft, line.conductor.state.speech)
        line.speaking.commit(order.turn, order.draft)

    def _hush(self, order: Hush) -> None:
        self._running.decoding.hush(order.turn)
        self._running.speaking.hush(order.turn, order.fade)

    def _say(self, order: Say) -> None:
        canned = {"greeting": self.agent.greeting, "failed": self.agent.failed, "nudge": self.agent.nudge}
        text = canned.get(order.reason) or order.reason
        draft = Draft(0)
        self._running.phrases.put_now(Phrase(order.turn, draft, 0, text))
        self._running.phrases.put_now(Phrase(order.turn, draft, 1, "", final=True))
        self._running.speaking.commit(order.turn, draft)

    def _remember(self, order: Remember) -> None:
        line = self._running
        text, _, whole = line.speaking.heard(order.turn)
        line.conversation.remember(Exchange(order.turn, line.decoding.remember(order.turn), text, whole))
        if text and not whole:  # a reply that was heard to its end has been told by the voice
            self.trace.record(Said(order.turn, text, whole))
        line.speaking.hush(order.turn)  # the turn is over: nothing of it may wait at the gate
        if self._config.mechanisms.prefill:
            line.encoding.base()


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel in reverse order of starting, within CLOSING in all."""
    deadline = now() + CLOSING
    for task in reversed(tasks):
        task.cancel()
        if not task.done():
            await asyncio.wait([task], timeout=max(deadline - now(), 0.05))
    stuck = [task.get_name() for task in tasks if not task.done()]
    if stuck:
        raise HocketError(f"these stages did not stop within {CLOSING:g} s: {', '.join(stuck)}")
