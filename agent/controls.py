"""What an application does with a live session, and what it may know of it.

Everything asked for is a fact that the policy decides on; nothing here waits, creates a task or moves sound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.conversation import Conversation
from agent.line import Line
from agent.notices import Projection
from agent.persona import Agent, notes
from agent.receipt import Receipt
from agent.speech import Speeches, SpeechHandle
from agent.subscriptions import Callback, Kind, Subscriptions
from agent.tools import as_tools
from pipeline.channel import Channel, Full
from pipeline.errors import BugError, UserError
from pipeline.events import Fact, SessionClosed, TextEntered
from pipeline.ports import BrainFacts
from pipeline.prompt import ToolSpec
from pipeline.trace import Trace

INSTRUCTED = "(For your next words, from the application and not from the speaker: {instructions})"
"""How instructions for one reply are told to the brain: in the place of the user's turn, or after it."""
UNPROMPTED = "Go on, and say what is called for now."


class Controls:
    """One session's."""

    def __init__(self, agent: Agent, trace: Trace) -> None:
        self.agent = agent
        self.trace = trace
        self._line: Line | None = None
        self._over = ""
        "Why there is no session any more."
        self._facts: Channel[Fact] = Channel(1024, full=Full.FAIL)
        self._subscriptions = Subscriptions(self._callback_failed)
        self._speeches = Speeches(lambda fact: self._emit(fact), self._subscriptions.call)
        self._events = Projection()

    # --- what an application does -------------------------------------------------------------------------

    def say(self, text: str) -> SpeechHandle:
        """Speak this when the floor is free, without a user turn.

        Raises UserError for an empty text, without a live session, or when too many speeches wait already.
        """
        if not text.strip():
            raise UserError("there is nothing to say: give a text")
        self._need_live("say")
        return self._speeches.say(text)

    def generate_reply(
        self, *, user_input: str | None = None, instructions: str | None = None
    ) -> SpeechHandle:
        """Let the brain speak: to these words of the user, at once, or unprompted when the floor is free.

        ``instructions`` count for this reply alone. Raises UserError as ``say``, and where the brain takes no
        instructions: then it answers to a user's words and to nothing else.
        """
        facts = self._need_live("generate_reply").mind.facts
        if not facts.obeys_instructions and (instructions or user_input is None):
            raise UserError(f"{facts.name} takes no instructions: give user_input alone, or say(text)")
        if user_input is None:
            aside = INSTRUCTED.format(instructions=instructions or UNPROMPTED)
            return self._speeches.write(instructions or "unprompted", aside)
        _check_typed(user_input, facts.typed)
        aside = "\n" + INSTRUCTED.format(instructions=instructions) if instructions else ""
        return self._speeches.answer(user_input, aside)

    def interrupt(self) -> SpeechHandle | None:
        """Be silent: what sounds or is due ends here, what waits is withdrawn. What sounds, to await its end.

        Raises UserError without a live session.
        """
        self._need_live("interrupt")
        return self._speeches.interrupt()

    def type(self, text: str) -> None:
        """A turn by keyboard. Raises UserError for a text that is empty or longer than the brain takes."""
        _check_typed(text, self._running.mind.facts.typed)
        self._emit(TextEntered(text))

    def close(self, reason: str = "closed by the application") -> None:
        """End the conversation; who waits for its end is told soon after."""
        if not self._over:
            self._emit(SessionClosed(reason))

    def on(self, event: Kind, callback: Callback | None = None) -> Callable[..., Any]:
        """Call this with every such event, named by its type or as ``agent_state_changed``; without a
        callback it is a decorator, as in ``@session.on("close")``. Plain functions only; what one raises is
        told as an ``error`` and hurts nobody. Raises UserError for anything else."""
        if callback is None:
            return lambda given: self.on(event, given)
        self._subscriptions.on(event, callback)
        return callback

    def off(self, event: Kind, callback: Callback) -> None:
        """Call it no more. Raises UserError when it was not subscribed."""
        self._subscriptions.off(event, callback)

    # --- what it may know -----------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """What was said and heard so far. Raises BugError before the start."""
        return self._running.conversation

    @property
    def agent_state(self) -> str:
        """``initializing``, ``listening``, ``thinking`` or ``speaking``."""
        return "initializing" if self._line is None else self._events.agent

    @property
    def user_state(self) -> str:
        """``listening`` or ``speaking``."""
        return self._events.user

    @property
    def current_speech(self) -> SpeechHandle | None:
        """What the agent is due to say, or says."""
        return self._speeches.current

    @property
    def brain(self) -> BrainFacts:
        """What the present brain is and can do. Raises BugError before the start."""
        return self._running.mind.facts

    def notes(self) -> tuple[str, ...]:
        """What a person should know, a sentence each: what this brain will not do with this agent, and what
        limits how far it works ahead. Raises BugError before the start."""
        mind = self._running.mind
        told = (*notes(self.agent, mind.facts, self._tools(self.agent)), mind.ahead.why)
        return tuple(note for note in told if note)

    def receipt(self) -> Receipt:
        """Turns, latencies and endings so far."""
        return self._running.watch.receipt()

    # --- within -------------------------------------------------------------------------------------------

    def _emit(self, fact: Fact) -> None:
        self._facts.put_now(fact)

    @property
    def _running(self) -> Line:
        if self._line is None:
            raise BugError("the session has not been started: await session.run() first")
        return self._line

    @property
    def over(self) -> bool:
        """True when the session has ended: nothing of it runs any more."""
        return bool(self._over)

    def _need_live(self, what: str) -> Line:
        if self._line is None or self._over:
            state = self._over or "has not been started: await session.start() first"
            raise UserError(f"{what} needs a live session, and this one {state}")
        return self._line

    @staticmethod
    def _tools(agent: Agent) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in as_tools(agent.tools))

    def _callback_failed(self, text: str) -> None:
        raise NotImplementedError


def _check_typed(text: str, most: int) -> None:
    if not 0 < len(text.strip()) <= most:
        raise UserError(f"a typed turn has 1 to {most} characters, not {len(text.strip())}")
