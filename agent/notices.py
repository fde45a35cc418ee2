"""What an application is told of its session: typed events, read off the trace by one pure projection.

Names are those that users of LiveKit Agents know, as frozen values instead of loose ones. It decides nothing,
keeps no history, and must never be asked what the runtime knows: it knows the trace, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from agent.speech import SpeechHandle
from agent.turn_quiet import NUDGE
from pipeline.events import (
    CommitDraft,
    DropDraft,
    Fact,
    Hold,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Resume,
    Say,
    SessionClosed,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    TextEntered,
)
from pipeline.records import Measured, Said, Speculated, ToolRan, Transcribed
from pipeline.trace import Item


@dataclass(frozen=True, slots=True)
class UserStateChangedEvent:
    """The user began to speak or fell silent, as the detector tells it."""

    old_state: str
    new_state: str
    "``listening`` or ``speaking``."


@dataclass(frozen=True, slots=True)
class AgentStateChangedEvent:
    """What the agent does with the floor."""

    old_state: str
    new_state: str
    "``listening``, ``thinking`` (a reply is due and not heard yet) or ``speaking``."


@dataclass(frozen=True, slots=True)
class AgentFalseInterruptionEvent:
    """The voice stopped for speech over it that was none for the agent, and goes on."""

    turn: int


@dataclass(frozen=True, slots=True)
class UserInputTranscribedEvent:
    """What a recogniser made of the user's words; there are none where no ear is configured."""

    turn: int
    transcript: str
    is_final: bool
    source: str


@dataclass(frozen=True, slots=True)
class ConversationItemAddedEvent:
    """One side of an exchange as the conversation has it: words that were given, or words that were heard."""

    turn: int
    role: str
    "``user`` or ``assistant``."
    text: str
    "Of a user: what was typed, or the newest transcript; empty where nobody wrote down what was said."
    interrupted: bool = False
    "The reply was not heard to its end."


@dataclass(frozen=True, slots=True)
class FunctionToolsExecutedEvent:
    """A tool ran, or could not; the reply goes on with its result."""

    turn: int
    name: str
    arguments: str
    "JSON text as the brain wrote it."
    output: str
    "What it gave back, or what went wrong."
    is_error: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class SpeechCreatedEvent:
    """The agent is about to speak."""

    turn: int
    source: str
    "``say``: words that were given · ``generate_reply``: words that the brain writes."
    user_initiated: bool
    "The application asked for it, by ``say`` or ``generate_reply``."
    speech_handle: SpeechHandle | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class MetricsCollectedEvent:
    """A latency, or what writing ahead of the turn's end came to."""

    turn: int
    metrics: Measured | Speculated


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """A stage, or a callback of the application, failed; the session goes on where it can."""

    source: str
    error: str


@dataclass(frozen=True, slots=True)
class CloseEvent:
    """The session is over."""

    reason: str


Event: TypeAlias = (
    UserStateChangedEvent | AgentStateChangedEvent | AgentFalseInterruptionEvent | UserInputTranscribedEvent
    | ConversationItemAddedEvent | FunctionToolsExecutedEvent | SpeechCreatedEvent | MetricsCollectedEvent
    | ErrorEvent | CloseEvent
)  # fmt: skip

NAMES: dict[str, type[Event]] = {
    "user_state_changed": UserStateChangedEvent,
    "agent_state_changed": AgentStateChangedEvent,
    "agent_false_interruption": AgentFalseInterruptionEvent,
    "user_input_transcribed": UserInputTranscribedEvent,
    "conversation_item_added": ConversationItemAddedEvent,
    "function_tools_executed": FunctionToolsExecutedEvent,
    "speech_created": SpeechCreatedEvent,
    "metrics_collected": MetricsCollectedEvent,
    "error": ErrorEvent,
    "close": CloseEvent,
}
"""The kinds by the names under which LiveKit's users ask for them."""
_OPEN = 8
"""Turns of which what was given is kept until they are over."""


@dataclass(slots=True)
class Projection:
    """From a trace's items, in order, to events."""

    user: str = "listening"
    agent: str = "listening"
    _floor: int = 0
    "The turn that is due or sounds; 0: none."
    _created: int = 0
    _requested: bool = False
    "The fact that the policy looks at is a wish of the application."
    _typed: str | None = None
    _given: dict[int, str] = field(default_factory=dict)
    "What the user gave in the newest turns, in words."
    _asked: set[int] = field(default_factory=set)
    "Turns in which the user gave nothing."
    _listed: int = 0
    "The newest turn whose user's side was told."
    _over_turn: int = 0
    "The newest turn that has ended."
    _held: bool = False

    def see(self, item: Item) -> Iterator[Event]:
        """The events that this item brings, in order."""
        if isinstance(item, Fact):
            self._requested = isinstance(item, ReplyRequested)
            self._typed = item.text if isinstance(item, TextEntered) else None
        match item:
            case SpeechStarted():
                yield from self._user("speaking")
            case SpeechPaused():
                yield from self._user("listening")
            case CommitDraft(turn, _) | Say(turn, _):
                yield from self._due(turn, item)
            case PlaybackStarted(turn) if turn == self._floor:
                yield from self._agent("speaking")
            case DropDraft(turn, _) if turn == self._floor and self.agent == "thinking":
                self._floor = 0
                self._asked.discard(turn)
                yield from self._agent("listening")
            case Hold():
                self._held = True
            case Resume(turn) if self._held:
                self._held = False
                yield AgentFalseInterruptionEvent(turn)
            case Remember(turn, _):
                yield from self._over(turn)
            case Said() | Transcribed() | ToolRan() | Measured() | Speculated():
                yield from self._passed(item)
            case StageFailed(stage, error):
                yield ErrorEvent(stage, error)
            case SessionClosed(reason):
                yield from self._user("listening")
                yield CloseEvent(reason)

    def _due(self, turn: int, order: CommitDraft | Say) -> Iterator[Event]:
        fresh, self._floor, self._held = turn != self._created, turn, False
        if self._requested or (isinstance(order, Say) and fresh and order.reason == NUDGE):
            self._asked.add(turn)
        if self._typed is not None:
            self._given[turn] = self._typed
        yield from self._agent("thinking")
        if fresh:
            self._created = turn
            source = "say" if isinstance(order, Say) else "generate_reply"
            yield SpeechCreatedEvent(turn, source, self._requested or self._typed is not None)

    def _over(self, turn: int) -> Iterator[Event]:
        self._floor, self._over_turn, self._held = 0, turn, False
        yield from self._list_user(turn)
        yield from self._agent("listening")

    def _passed(self, item: Said | Transcribed | ToolRan | Measured | Speculated) -> Iterator[Event]:
        match item:
            case Transcribed(turn, text, final, source):
                self._give(turn, text)
                yield UserInputTranscribedEvent(turn, text, final, source)
            case ToolRan():
                yield FunctionToolsExecutedEvent(
                    item.turn, item.name, item.arguments, item.content, item.failed, item.seconds
                )
            case Said(turn, text, whole) if whole or turn == self._over_turn:
                yield from self._list_user(turn)
                yield ConversationItemAddedEvent(turn, "assistant", text, interrupted=not whole)
            case Measured(turn) | Speculated(turn):
                yield MetricsCollectedEvent(turn, item)

    def _give(self, turn: int, text: str) -> None:
        self._given[turn] = text
        while len(self._given) > _OPEN:
            del self._given[next(iter(self._given))]

    def _list_user(self, turn: int) -> Iterator[Event]:
        """The user's side of an exchange, once, before the agent's."""
        text, asked = self._given.pop(turn, ""), turn in self._asked
        self._asked.discard(turn)
        if turn > self._listed:
            self._listed = turn
            if not asked:
                yield ConversationItemAddedEvent(turn, "user", text)

    def _user(self, state: str) -> Iterator[Event]:
        if state != self.user:
            old, self.user = self.user, state
            yield UserStateChangedEvent(old, state)

    def _agent(self, state: str) -> Iterator[Event]:
        if state != self.agent:
            old, self.agent = self.agent, state
            yield AgentStateChangedEvent(old, state)
