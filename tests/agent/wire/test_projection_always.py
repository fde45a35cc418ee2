"""What is true of a client's events whatever happens: over random conversations, and over simulated ones."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from client_ledger import wrong
from client_scene import SESSION, Client
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import valid
from turn_scene import at

from agent.turn import Agent
from agent.turn_state import Writing
from agent.wire.projection import Projection
from agent.wire.told import (
    Asked,
    BufferCleared,
    CallAnswered,
    CallWanted,
    Cancelled,
    Cleared,
    Event,
    Given,
    ItemCut,
    ItemGone,
    ItemPut,
    ItemShown,
    Spent,
    Written,
)
from pipeline.events import (
    Draft,
    DraftFinished,
    Ending,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    InterruptRequested,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    ReplyRequested,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    TextEntered,
    Turn,
)
from pipeline.records import Said, Thought, Transcribed
from pipeline.trace import Entry
from sim.cast import fakes
from sim.evidence import Evidence
from sim.script import scenario
from sim.world import play

WORDS = ("It", " is", " twelve,", " as", " far", " as", " I", " know.")


class Life(Client):
    """A conversation in which anything that can happen does, as it is told to."""

    def __init__(self, carrier: str, *, own: bool, brain: bool, answers: bool) -> None:
        super().__init__(carrier, own=own, brain=brain, answers=answers, nudge_after=3.0)
        self.speaking = False
        self.count = 0
        self.begun = 0.0

    def live(self, what: str) -> None:
        """Let it happen, where it can."""
        getattr(self, f"_{what}")()

    # the user

    def _speech(self) -> None:
        here = at(self.now - 0.02)
        self.tell(self.now, SpeechPaused(here) if self.speaking else SpeechStarted(here))
        self.speaking = not self.speaking

    def _type(self) -> None:
        self.tell(self.now, TextEntered("hello"))

    def _put(self) -> None:
        self.count += 1
        content = [{"type": "input_text", "text": "hello"}]
        item = {"id": f"mine_{self.count}", "type": "message", "role": "user", "content": content}
        self.told(ItemPut(item, "root" if self.count % 3 == 0 else None), Asked({"metadata": {"n": "1"}}))
        self.tell(self.now, TextEntered("hello"))

    def _commit(self) -> None:
        self.tell(self.now, InputCommitted(at(self.now)))

    def _give(self) -> None:
        since = self.now - 0.3
        if self.speaking:  # as when the client takes the turns over
            self._speech()
        self.tell(self.now, InputBegan(at(since)))
        self.told(Given(since, self.now, False))
        self.tell(self.now, InputGiven(Span(at(since), at(self.now))))

    def _clear(self) -> None:
        self.told(Cleared())
        self.tell(self.now, InputWithdrawn(at(self.now)))

    def _ask(self) -> None:
        self.told(Asked({"metadata": {"a": "b"}}))
        self.tell(self.now, ReplyRequested("unprompted", written=True))

    def _greet(self) -> None:
        self.tell(self.now, ReplyRequested("greeting"))

    def _cancel(self) -> None:
        self.told(Cancelled())
        self.tell(self.now, InterruptRequested(Turn(0)))

    def _let_go(self) -> None:
        self.told(BufferCleared())
        self.tell(self.now, InterruptRequested(Turn(0)))

    def _cut(self) -> None:
        for event in self.events[::-1]:
            if event["type"] == "response.content_part.added":
                item_id = event["item_id"]
                known = self.projection.item(item_id)
                if known is not None:
                    words = known.item["content"][0].get("transcript", "").split()
                    text = " ".join(words[: len(words) // 2])
                    self.told(ItemCut(item_id, 100, text), ItemShown(item_id))
                return

    def _delete(self) -> None:
        for event in self.events[::-1]:
            if event["type"] == "conversation.item.added":
                self.told(ItemGone(event["item"]["id"]), ItemShown(event["item"]["id"]))
                return

    # the brain

    def _living(self) -> tuple[int, Writing] | None:
        state = self.state
        if state.writing is not None and state.writing.ending is None:
            return state.turn if state.agent is Agent.SILENT else state.turn + 1, state.writing
        if state.reply is not None and state.reply.draft and state.reply.ending is None:
            return state.turn, state.reply
        return None

    def _think(self) -> None:
        if (living := self._living()) is not None:
            self.told(Thought(living[0], living[1].draft, "heard: some words\n"))

    def _phrase(self) -> None:
        if (living := self._living()) is not None:
            turn, draft = living
            self.tell(self.now, PhraseDrafted(Turn(turn), Draft(draft.draft), draft.phrases, "It is."))

    def _finish(self, how: Ending = Ending.COMPLETE) -> None:
        if (living := self._living()) is not None:
            self.tell(self.now, DraftFinished(Turn(living[0]), Draft(living[1].draft), how))

    def _fail(self) -> None:
        self._finish(Ending.FAILED)

    def _call(self) -> None:
        if self.state.agent is not Agent.SILENT:
            self.count += 1
            self.told(CallWanted(self.state.turn, f"call_{self.count}", "clock", "{}"))

    def _answer_call(self) -> None:
        if self.state.agent is not Agent.SILENT and self.count:
            self.told(CallAnswered(self.state.turn, {"metadata": None}))

    def _spend(self) -> None:
        self.told(Spent(self.state.turn, input_tokens=30, audio_tokens=20, output_tokens=5))

    def _write(self) -> None:
        self.count += 1
        key, beside = f"key_{self.count}", self.count % 2 == 0
        self.told(Written(key, thought="heard: hm\n", beside=beside, asked={"metadata": {"k": "v"}}))
        self.told(Written(key, text="One"), Written(key, text=" two", state="completed"))

    def _transcribe(self) -> None:
        self.told(Transcribed(max(1, self.state.turn), "some words", True, "whisper"))

    # the voice

    def _start(self) -> None:
        if self.state.agent is Agent.DUE:
            self.begun, self.heard = 0, ""
            self.tell(self.now, PlaybackStarted(Turn(self.state.turn)))

    def _reach(self) -> None:
        self._start()
        if self.state.agent in (Agent.SPEAKING, Agent.HELD):
            turn = self.state.turn
            self.sounds(turn)
            self.tell(self.now, PlaybackReached(Turn(turn), 0, round(24_000 * 0.2 * (self.begun + 1))))
            self.begun += 1
            self.heard = "".join(WORDS[: int(self.begun)])
            if self.state.turn == turn and self.state.agent is not Agent.SILENT:
                self.told(Said(turn, self.heard, False))

    def _end(self) -> None:
        if self.state.agent in (Agent.SPEAKING, Agent.HELD):
            turn = Turn(self.state.turn)
            self.told(Said(turn, "".join(WORDS), True))
            self.tell(self.now, PlaybackEnded(turn))

    def _starve(self) -> None:
        if self.state.agent in (Agent.SPEAKING, Agent.HELD):
            self.tell(self.now, PlaybackStarved(Turn(self.state.turn)))

    def _lose_voice(self) -> None:
        self.tell(self.now, StageFailed("voice", "it broke"))

    def _judge(self, kind: Overlap = Overlap.BARGE_IN) -> None:
        self.tell(self.now, OverlapScored(at(self.now), kind, "heard as 'error: no'"))

    def _excuse(self) -> None:
        self._judge(Overlap.BACKCHANNEL)

    def _wait(self) -> None:
        return


HAPPENS = sorted(
    name[1:] for name, what in vars(Life).items() if callable(what) and name[1] != "_" and name[0] == "_"
)
HAPPENS.remove("living")
OFTEN = ["speech", "speech", "phrase", "start", "reach", "reach", "end", "wait", "think", "finish"]


@settings(max_examples=150, deadline=None)
@given(
    happens=st.lists(
        st.tuples(st.sampled_from(HAPPENS + OFTEN * 2), st.sampled_from((0.05, 0.2, 0.6, 1.5))), max_size=60
    ),
    carrier=st.sampled_from(("websocket", "webrtc")),
    own=st.booleans(), brain=st.booleans(), answers=st.booleans(),
)  # fmt: skip
def test_every_response_ends_once_and_every_id_is_known(
    happens: list[tuple[str, float]], carrier: str, own: bool, brain: bool, answers: bool
) -> None:
    life = Life(carrier, own=own, brain=brain, answers=answers)
    life.now = 0.5
    for what, seconds in happens:
        life.until(life.now + seconds)
        life.live(what)
    life.tell(life.now + 0.1, SessionClosed("closed by the client"))
    assert wrong(life.events) == []
    assert life.projection.response_in_progress is None
    assert not life.projection.unsettled


# --- simulated conversations --------------------------------------------------------------------------------


def told(evidence: Evidence, carrier: str, *, settling: bool) -> tuple[Projection, list[Event]]:
    """What a client of this conversation would have been told."""
    counts = Counter[str]()

    def ids(kind: str) -> str:
        counts[kind] += 1
        return f"{kind}_{counts[kind]}"

    projection = Projection(carrier=carrier, ids=ids, session=SESSION)
    events = list[Event]()
    for entry, after in pairwise([*evidence.entries, Entry(0, 1e6, evidence.entries[-1].item)]):
        events += projection.see(entry.item, entry.at)
        if settling and projection.unsettled and after.at > entry.at:
            events += projection.settle(entry.at)  # as a loop does that comes round
    return projection, events + projection.settle(1e6)


def bare(event: Event) -> Event:
    """An event without the name that every one has for itself."""
    return {name: each for name, each in event.items() if name != "event_id"}


@pytest.mark.parametrize("seed", [5, 6, 7, 9])  # all kinds of events and endings that the first 12 bring
def test_a_simulated_conversation_is_told_whole_and_valid(seed: int) -> None:
    cast = fakes()
    evidence = play(cast.recast(scenario(seed)), cast)
    for carrier in ("websocket", "webrtc"):
        projection, events = told(evidence, carrier, settling=True)
        for event in events:
            valid(event)
        assert wrong(events) == []
        assert [bare(event) for event in told(evidence, carrier, settling=False)[1]] == [
            bare(event) for event in events
        ], "when it is settled moves no event to another place"
        replies = {exchange.turn: exchange.reply for exchange in evidence.exchanges}
        spoken = [event["item"]["id"] for event in events if event["type"] == "response.output_item.done"]
        words = dict[Turn, str]()
        for known in filter(None, map(projection.item, spoken)):
            text = known.item["content"][0]["transcript"]
            words[Turn(known.turn)] = f"{words.get(Turn(known.turn), '')} {text}".strip()
        assert words == {turn: reply for turn, reply in replies.items() if turn in words}
