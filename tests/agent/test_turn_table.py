"""The turn policy, walked: every reachable state with every fact, and random conversations that add up."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from agent.turn import RULES, Agent, Cell, State, TurnConfig, User, advance, cell_of
from agent.turn_pause import end
from agent.turn_state import Writing
from pipeline.errors import BugError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    Draft,
    DraftFinished,
    DraftStarted,
    DropDraft,
    Duck,
    Ending,
    EndOfTurnScored,
    Fact,
    Hold,
    Hush,
    InputBegan,
    InputCommitted,
    InputGiven,
    InputWithdrawn,
    InterruptRequested,
    Listened,
    Order,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    Remember,
    ReplyRequested,
    Resume,
    RunTool,
    Sample,
    Say,
    SessionClosed,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    TimerRang,
    ToolCalled,
    ToolReturned,
    Turn,
    Unduck,
)

CONFIGS = [
    TurnConfig(), TurnConfig(barge_in=False), TurnConfig(barge_in=False, nudge_after=0.9),
]  # fmt: skip
NAMES = ["barge-in", "open echo", "nudges"]
ASKED = TurnConfig(answers=False)
STEP = 0.06
KINDS: set[type[Fact]] = set(Fact.__args__)  # type: ignore[attr-defined]  # a union knows its members


def facts(state: State, now: float, *, client: bool = True) -> Iterator[Fact]:
    """One or more of every kind of fact, live as far as this state allows, and some stale ones."""
    here = state.where(now)
    just = Sample(max(0, here - 800))
    yield SpeechStarted(just)
    yield SpeechStarted(just, Sample(max(0, just - 32_000)))
    yield SpeechPaused(just)
    scored = max(just, state.paused_at, state.writing.end if state.writing else 0)
    for source in ("words", "sound", "level"):
        yield from (EndOfTurnScored(Sample(scored), p, source) for p in (0.0, 0.6, 1.0))
        yield from (OverlapScored(max(just, state.onset), kind, "", source) for kind in Overlap)
    yield EndOfTurnScored(just, 1.0, "sound")
    yield EndOfTurnScored(Sample(here + 16_000), 1.0, "sound")
    yield EndOfTurnScored(Sample(0), 0.5)
    yield Listened(Span(just, here))
    yield AudioLost(Span(just, here))
    yield TextEntered("text")
    yield InputCommitted(here)
    if client:
        yield from (InputBegan(here), InputGiven(Span(just, here)), InputWithdrawn(here))
    yield ReplyRequested("greeting")
    yield ReplyRequested("a reminder", written=True)
    yield from (InterruptRequested(turn) for turn in (Turn(0), state.turn, Turn(state.turn - 1)))
    yield TimerRang()
    yield from (StageFailed(stage, "?") for stage in ("voice", "brain", "other"))
    yield SessionClosed("bye")
    if state.agent is Agent.SILENT and state.user is User.QUIET:
        yield ToolCalled(state.turn, Draft(1), "of a draft that is gone", True, 2.0)
        yield ToolReturned(state.turn, Draft(1), "of a draft that is gone")
    reply, next_turn = state.turn, Turn(state.turn + 1)
    for draft in dict.fromkeys(w.draft for w in (state.writing, state.reply, Writing(Draft(0))) if w):
        turn = next_turn if state.agent is not Agent.SILENT and draft == _number(state.writing) else reply
        yield DraftStarted(turn, draft, Span(just, here))
        yield PhraseDrafted(turn, draft, 0, "word")
        yield DraftFinished(turn, draft, Ending.COMPLETE)
        yield DraftFinished(turn, draft, Ending.FAILED)
        for effects in (False, True) if draft else ():
            yield ToolCalled(turn, draft, f"{draft} {effects} {now}", effects, 2.0)
        yield ToolReturned(turn, draft, "never run")
        yield from (ToolReturned(turn, draft, call) for call in _running(state, draft))
    for turn in (reply, Turn(reply - 1)):
        yield PlaybackStarted(turn)
        yield PlaybackReached(turn, state.phrase, state.heard - state.before + 960)
        yield PlaybackReached(turn, state.phrase + 1, 480)
        yield PlaybackStarved(turn)
        yield PlaybackEnded(turn)


def _number(draft: Writing | None) -> Draft | None:
    return None if draft is None else draft.draft


def _running(state: State, draft: Draft) -> tuple[str, ...]:
    return next((w.running for w in (state.writing, state.reply) if w and w.draft == draft), ())


def _sketch(draft: Writing | None) -> object:
    return draft and (draft.draft == 0, min(draft.phrases, 1), draft.ending, draft.voiceless)


def _doing(draft: Writing | None) -> str:
    """What its calls make of a draft; the weightiest counts."""
    if draft is None:
        return "none"
    waits, runs = draft.waiting and "waits", draft.running and "runs"
    return waits or (draft.acted and "acted") or runs or ""


def sketch(state: State, now: float) -> object:
    """What of a state can make a rule behave differently."""
    wait = None if state.wake_at is None else state.wake_at > now + STEP
    speaks = state.user is User.TALKING and state.agent is Agent.SILENT
    high = speaks and state.sound is not None and state.sound.probability >= 0.9
    sure = None if state.user is not User.PAUSED else end(state, CONFIGS[0])
    score = sure is not None and (sure > 0.3) + (sure >= 0.8)
    stands = state.writing is not None and state.writing.end >= state.where(now)
    due = state.agent is Agent.DUE
    reply = state.reply and (state.reply.draft == 0, state.reply.ending, due and state.reply.empty)
    return (
        state.user, state.agent, state.asked, state.typed, state.excused, state.starving, state.closed, wait,
        score, high, stands and speaks, state.aside is None, state.awaited,
        state.nudge_at is None, state.muted is None, state.ended_at is None,
        _sketch(state.writing), reply,
    )  # fmt: skip


def acting(state: State, _now: float) -> object:
    """The same, coarser in all but what the drafts' calls are about."""
    return (
        state.user, state.agent, state.asked, state.typed, state.excused, state.closed, state.muted is None,
        _doing(state.writing), _doing(state.reply),
    )  # fmt: skip


def giving(state: State, _now: float) -> object:
    """The same, coarser in all but what its client gives and nobody answered."""
    return (
        state.user, state.agent, state.asked, state.typed, state.closed, state.muted is None, state.given,
        state.unanswered is None, state.ended_at is None, state.writing is None,
    )  # fmt: skip


def walk(
    config: TurnConfig, sketch: Callable[[State, float], object] = sketch
) -> Iterator[tuple[State, Fact, float, State | None, tuple[Order, ...]]]:
    """Every step between reachable states; the next state is None where the fact is impossible."""
    start = State().anchored(0, 0.0)
    seen, todo = {sketch(start, 1.0)}, deque([(start, 1.0)])
    while todo:
        state, before = todo.popleft()
        times = [before + STEP] if state.wake_at is None else [before + STEP, max(before, state.wake_at)]
        for now in times:
            for fact in facts(state, now, client=sketch is giving):
                try:
                    after, orders = advance(state, fact, now, config)
                except BugError:
                    yield state, fact, now, None, ()
                    continue
                yield state, fact, now, after, orders
                if (mark := sketch(after, now)) not in seen:
                    seen.add(mark)
                    todo.append((after, now))


@pytest.fixture(scope="module")
def steps() -> list[tuple[State, Fact, float, State | None, tuple[Order, ...]]]:
    return [
        *(step for config in CONFIGS for step in walk(config)), *walk(CONFIGS[0], acting),
        *walk(ASKED, giving),
    ]  # fmt: skip


Steps = list[tuple[State, Fact, float, State | None, tuple[Order, ...]]]


def test_the_rows_are_exactly_the_reachable_states(steps: Steps) -> None:
    assert {(state.user, state.agent) for state, *_ in steps} == set(RULES)


def test_every_cell_can_be_met_and_everything_else_is_impossible(steps: Steps) -> None:
    met: set[Cell] = set()
    for state, fact, now, after, _ in steps:
        try:
            cell = cell_of(state, fact, now)
        except BugError:
            assert after is None
            continue
        if cell is None:
            assert after is not None, f"{fact} is stale in {state} and must be ignored"
        elif cell[2] not in RULES[cell[0], cell[1]]:
            assert after is None, f"{fact} has no cell in {state}"
        elif after is not None:
            met.add(cell)
    assert met == {(*row, kind) for row, cells in RULES.items() for kind in cells}


def test_every_state_was_told_every_kind_of_fact(steps: Steps) -> None:
    told: dict[tuple[User, Agent], set[type[Fact]]] = {row: set() for row in RULES}
    for state, fact, *_ in steps:
        told[state.user, state.agent].add(type(fact))
    assert all(kinds == KINDS for kinds in told.values())


def test_a_cell_refuses_only_speech_that_does_not_alternate(steps: Steps) -> None:
    for state, fact, now, after, _ in steps:
        if after is None and not isinstance(fact, ToolCalled):
            try:
                cell = cell_of(state, fact, now)
            except BugError:
                continue
            assert cell is not None
            if cell[2] in RULES[cell[0], cell[1]]:
                assert isinstance(fact, SpeechStarted | SpeechPaused), (state, fact)
                assert (state.muted is None) == isinstance(fact, SpeechPaused)


def test_no_deadline_lies_in_the_past_and_no_wait_lacks_one(steps: Steps) -> None:
    for state, _, now, after, _ in steps:
        if after is None:
            continue
        moved = after.wake_at != state.wake_at
        assert after.wake_at is None or not moved or after.wake_at >= now, after
        waiting = after.agent is not Agent.SILENT or after.user is User.PAUSED
        assert not waiting or after.wake_at is not None, f"nothing would ever end {after}"


def test_a_walked_state_is_consistent(steps: Steps) -> None:
    for _, _, _, after, _ in steps:
        if after is None:
            continue
        assert after.user is not User.PAUSED or after.writing is not None
        early = after.user is User.TALKING and after.agent is Agent.SILENT
        assert after.writing is None or early or after.user is User.PAUSED
        assert after.nudge_at is None or (after.user, after.agent) == (User.QUIET, Agent.SILENT)
        assert (after.agent is not Agent.SILENT) == (after.reply is not None)
        assert after.closed <= (after.wake_at is None)
        assert after.since <= after.onset


class Ledger:
    """An independent account of what the orders add up to."""

    def __init__(self) -> None:
        self.live: dict[Draft, Turn] = {}
        self.newest_draft = 0
        self.newest_turn = 0
        self.floor: Turn | None = None
        "The turn that is committed or said and has not ended."
        self.spoken_for = False
        "The floor's turn has words of the user."
        self.sounding = False
        self.gain = "full"
        self.ended: set[Turn] = set()
        self.effects: dict[str, bool] = {}
        "Every call that was told, and whether it changes anything."
        self.ran: set[str] = set()
        self.committed: Draft | None = None
        self.acted = False
        "A call with effects has been run for the committed draft."
        self.undone: Turn | None = None
        "The turn in which such a draft was dropped."

    def told(self, fact: Fact, state: State) -> None:
        if isinstance(fact, ToolCalled):
            self.effects[fact.call] = fact.effects
        if isinstance(fact, PlaybackStarted) and fact.turn == self.floor and state.agent is Agent.SPEAKING:
            self.sounding = True

    def ordered(self, order: Order) -> None:
        assert order.turn not in self.ended, f"{order} about a turn that has ended"
        match order:
            case StartDraft(turn, draft, _):
                assert draft == self.newest_draft + 1, "draft numbers count up and are never reused"
                assert turn not in self.live.values(), "one draft of a turn at a time"
                assert turn != self.undone, "what was done would be done again"
                self.newest_draft = draft
                self.live[draft] = turn
            case DropDraft(turn, draft):
                if draft:
                    assert self.live.pop(draft) == turn, "only a living draft can be dropped"
                if turn == self.floor:
                    assert not self.sounding, "words that were heard cannot be dropped"
                    self.undone = turn if self.acted and self.committed == draft else self.undone
                    self.committed = None
                    self.floor = None
            case CommitDraft(turn, draft):
                assert self.live[draft] == turn, "only a living draft can be committed"
                self._take(turn, spoken_for=True)
                self.committed, self.acted = draft, False
            case Say(turn, reason):
                self._take(turn, spoken_for=reason == "failed")
            case Duck() | Unduck() | Hold() | Resume():
                assert self.sounding and order.turn == self.floor, f"{order} while {self.floor} has the floor"
                self._volume(order)
            case Hush(turn, _):
                assert turn == self.floor
                self.sounding = False
            case Remember(turn, heard):
                assert turn == self.floor, "only the turn on the floor can end, and only once"
                assert heard is None or not self.sounding, "what is cut is hushed first"
                self.ended.add(turn)
                self.undone = None if turn == self.undone else self.undone
                self.live = {draft: owner for draft, owner in self.live.items() if owner != turn}
                self.floor, self.sounding, self.gain = None, False, "full"
            case RunTool(turn, draft, call):
                assert call not in self.ran, "a call runs once"
                assert self.live[draft] == turn, "only a living draft's call is run"
                assert not self.effects[call] or self.committed == draft, "no effect before its commit"
                self.ran.add(call)
                self.acted = self.acted or self.effects[call]
            case Think(turn, _) | StopThinking(turn):
                assert turn >= self.newest_turn
                self.newest_turn = turn

    def _take(self, turn: Turn, *, spoken_for: bool) -> None:
        assert self.floor is None, f"turn {turn} takes a floor that turn {self.floor} has not left"
        assert turn >= self.newest_turn
        self.floor, self.newest_turn, self.spoken_for, self.sounding = turn, turn, spoken_for, False

    def _volume(self, order: Duck | Unduck | Hold | Resume) -> None:
        match order:
            case Duck():
                assert self.gain == "full"
                self.gain = "ducked"
            case Hold():
                assert self.gain == "ducked"
                self.gain = "held"
            case Unduck():
                assert self.gain == "ducked"
                self.gain = "full"
            case Resume():
                assert self.gain == "held"
                self.gain = "full"


@pytest.mark.parametrize("config", [*CONFIGS, ASKED], ids=[*NAMES, "answers when asked"])
@pytest.mark.parametrize("seed", range(8))
def test_random_conversations_add_up(seed: int, config: TurnConfig) -> None:
    chance, calls = random.Random(seed), list[Order]()
    for _ in range(60):
        ledger, now = Ledger(), 1.0
        state = State().anchored(0, 0.0)
        for _ in range(80):
            now += chance.choice([0.01, STEP, 0.3])
            if state.wake_at is not None and state.wake_at <= now:
                now, fact = state.wake_at, TimerRang()
            else:
                usual = [f for f in facts(state, now) if not isinstance(f, SessionClosed)]
                fact = chance.choice(usual)
            try:
                state, orders = advance(state, fact, now, config)
            except BugError:
                continue
            ledger.told(fact, state)
            calls += [order for order in orders if isinstance(order, RunTool)]
            for order in orders:
                ledger.ordered(order)
            if state.agent is not Agent.SILENT:
                assert ledger.floor == state.turn
        state, orders = advance(state, SessionClosed("over"), now, config)
        for order in orders:
            ledger.ordered(order)
        assert ledger.floor is None, "a committed turn was left without an ending"
        assert not ledger.live, "a draft was left alive"
    assert calls, "no conversation ran a tool"


def test_the_ledger_bites() -> None:
    ledger = Ledger()
    ledger.ordered(StartDraft(Turn(1), Draft(1), Span(Sample(0), Sample(1))))
    ledger.ordered(CommitDraft(Turn(1), Draft(1)))
    with pytest.raises(AssertionError, match="takes a floor"):
        ledger.ordered(Say(Turn(2), "greeting"))
    ledger.ordered(Hush(Turn(1)))
    ledger.ordered(Remember(Turn(1), 0))
    with pytest.raises(AssertionError, match="has ended"):
        ledger.ordered(Remember(Turn(1), 0))
    with pytest.raises(KeyError):
        ledger.ordered(CommitDraft(Turn(2), Draft(5)))
