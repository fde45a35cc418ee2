"""The projection from a trace to an application's events, as a table."""

from __future__ import annotations

import pytest

from agent.notices import (
    NAMES,
    AgentFalseInterruptionEvent,
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    Event,
    FunctionToolsExecutedEvent,
    MetricsCollectedEvent,
    Projection,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Duck,
    Hold,
    Hush,
    Listened,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    Remember,
    ReplyRequested,
    Resume,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    TextEntered,
    Think,
    Turn,
)
from pipeline.ports import Phrase
from pipeline.records import Decided, Measured, Said, Speculated, Thought, ToolRan, Transcribed
from pipeline.trace import Item

AT, ONE, FIRST, SECOND = Sample(0), Turn(1), Draft(1), Draft(2)
SPAN = Span(AT, Sample(16_000))


def user(old: str, new: str) -> Event:
    return UserStateChangedEvent(old, new)


def agent(old: str, new: str) -> Event:
    return AgentStateChangedEvent(old, new)


LISTENS, THINKS, SPEAKS = "listening", "thinking", "speaking"
DUE = [agent(LISTENS, THINKS), SpeechCreatedEvent(1, "generate_reply", user_initiated=False)]

TABLE: dict[str, list[tuple[Item, list[Event]]]] = {
    "a question and its answer": [
        (SpeechStarted(AT), [user(LISTENS, SPEAKS)]),
        (Think(ONE, SPAN), []),
        (Listened(SPAN), []),
        (Transcribed(1, "what is", False, "ear"), [UserInputTranscribedEvent(1, "what is", False, "ear")]),
        (SpeechPaused(AT), [user(SPEAKS, LISTENS)]),
        (StartDraft(ONE, FIRST, SPAN), []),
        (Thought(1, 1, "heard: what is it"), []),
        (Phrase(1, 1, 0, "It is this."), []),
        (CommitDraft(ONE, FIRST), DUE),
        (Transcribed(1, "what is it", True, "e"), [UserInputTranscribedEvent(1, "what is it", True, "e")]),
        (PlaybackStarted(ONE), [agent(THINKS, SPEAKS)]),
        (Measured(1, "a latency", 0.3), [MetricsCollectedEvent(1, Measured(1, "a latency", 0.3))]),
        (PlaybackReached(ONE, 0, 480), []),
        (Said(1, "It", whole=False), []),
        (
            Said(1, "It is this.", whole=True),
            [
                ConversationItemAddedEvent(1, "user", "what is it"),
                ConversationItemAddedEvent(1, "assistant", "It is this."),
            ],
        ),
        (PlaybackEnded(ONE), []),
        (Remember(ONE, None), [agent(SPEAKS, LISTENS)]),
    ],
    "a reply that is cut": [
        (CommitDraft(ONE, FIRST), DUE),
        (PlaybackStarted(ONE), [agent(THINKS, SPEAKS)]),
        (Said(1, "It", whole=False), []),
        (Hush(ONE), []),
        (Remember(ONE, 480), [ConversationItemAddedEvent(1, "user", ""), agent(SPEAKS, LISTENS)]),
        (Said(1, "It is", whole=False), [ConversationItemAddedEvent(1, "assistant", "It is", True)]),
    ],
    "a turn that deserves no answer": [
        (CommitDraft(ONE, FIRST), DUE),
        (Remember(ONE, 0), [ConversationItemAddedEvent(1, "user", ""), agent(THINKS, LISTENS)]),
    ],
    "a commit that is taken back is the same speech again": [
        (CommitDraft(ONE, FIRST), DUE),
        (SpeechStarted(AT), [user(LISTENS, SPEAKS)]),
        (DropDraft(ONE, FIRST), [agent(THINKS, LISTENS)]),
        (SpeechPaused(AT), [user(SPEAKS, LISTENS)]),
        (CommitDraft(ONE, SECOND), [agent(LISTENS, THINKS)]),
    ],
    "typed words": [
        (TextEntered("two plus two"), []),
        (StartDraft(ONE, FIRST, Span(AT, AT)), []),
        (CommitDraft(ONE, FIRST), [DUE[0], SpeechCreatedEvent(1, "generate_reply", user_initiated=True)]),
        (Remember(ONE, 0), [ConversationItemAddedEvent(1, "user", "two plus two"), agent(THINKS, LISTENS)]),
    ],
    "a greeting answers nobody": [
        (ReplyRequested("greeting"), []),
        (Say(ONE, "greeting"), [DUE[0], SpeechCreatedEvent(1, "say", user_initiated=True)]),
        (PlaybackStarted(ONE), [agent(THINKS, SPEAKS)]),
        (Said(1, "Hello.", whole=True), [ConversationItemAddedEvent(1, "assistant", "Hello.")]),
        (Remember(ONE, None), [agent(SPEAKS, LISTENS)]),
    ],
    "a nudge is nobody's wish": [
        (Say(ONE, "nudge"), [DUE[0], SpeechCreatedEvent(1, "say", user_initiated=False)]),
    ],
    "an excuse for a reply that failed is the same speech, and the user did say something": [
        (CommitDraft(ONE, FIRST), DUE),
        (StageFailed("brain", "it broke"), [ErrorEvent("brain", "it broke")]),
        (DropDraft(ONE, FIRST), [agent(THINKS, LISTENS)]),
        (Say(ONE, "failed"), [agent(LISTENS, THINKS)]),
        (
            Said(1, "Sorry.", whole=True),
            [ConversationItemAddedEvent(1, "user", ""), ConversationItemAddedEvent(1, "assistant", "Sorry.")],
        ),
    ],
    "an excuse for a draft that failed in the pause is an answer to the user too": [
        (DropDraft(ONE, FIRST), []),
        (Say(ONE, "failed"), [DUE[0], SpeechCreatedEvent(1, "say", user_initiated=False)]),
        (
            Said(1, "Sorry.", whole=True),
            [ConversationItemAddedEvent(1, "user", ""), ConversationItemAddedEvent(1, "assistant", "Sorry.")],
        ),
    ],
    "a false interruption": [
        (CommitDraft(ONE, FIRST), DUE),
        (PlaybackStarted(ONE), [agent(THINKS, SPEAKS)]),
        (SpeechStarted(AT), [user(LISTENS, SPEAKS)]),
        (Duck(ONE, 0.3), []),
        (Hold(ONE), []),
        (Resume(ONE), [AgentFalseInterruptionEvent(1)]),
        (Resume(ONE), []),
    ],
    "a tool": [
        (
            ToolRan(1, 1, "call-1", "look", "{}", "seen", failed=False, seconds=0.5),
            [FunctionToolsExecutedEvent(1, "look", "{}", "seen", is_error=False, seconds=0.5)],
        ),
    ],
    "what writing ahead came to": [
        (Speculated(1, True, 2, 9, 0, 0.1), [MetricsCollectedEvent(1, Speculated(1, True, 2, 9, 0, 0.1))]),
    ],
    "an older turn's news": [
        (CommitDraft(Turn(2), FIRST), [DUE[0], SpeechCreatedEvent(2, "generate_reply", False)]),
        (PlaybackStarted(ONE), []),
        (DropDraft(Turn(3), SECOND), []),
    ],
    "the end, while the user speaks": [
        (Decided("because"), []),
        (SpeechStarted(AT), [user(LISTENS, SPEAKS)]),
        (SessionClosed("enough"), [user(SPEAKS, LISTENS), CloseEvent("enough")]),
    ],
}


@pytest.mark.parametrize("name", TABLE)
def test_a_trace_brings_these_events(name: str) -> None:
    projection = Projection()
    for item, events in TABLE[name]:
        assert list(projection.see(item)) == events, item


def test_every_kind_of_event_has_one_name_and_stands_in_the_table() -> None:
    told = {type(event) for rows in TABLE.values() for _, events in rows for event in events}
    assert told == set(NAMES.values()) == set(Event.__args__)  # type: ignore[attr-defined]
    for name, kind in NAMES.items():
        words = "".join(word.capitalize() for word in name.split("_"))
        assert kind.__name__ == f"{words}Event"


def test_words_of_turns_that_never_end_are_not_kept_for_ever() -> None:
    projection = Projection()
    for turn in range(1, 1000):
        list(projection.see(Transcribed(turn, "word", True, "ear")))
    assert len(projection._given) <= 8
