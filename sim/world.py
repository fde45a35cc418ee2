"""The simulated world around one session: microphone, loudspeaker, user, fakes, faults, and the record.

Everything runs on the virtual loop, in one task besides the session's own. It must never touch the line's
samples or orders other than through the ports that a real edge, brain and voice have.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import Agent as Floor
from agent.turn import Cell, State, cell_of
from agent.turn import User as Person
from pipeline.calls import Wanted
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import DeviceError, HocketError
from pipeline.events import (
    AudioLost,
    CommitDraft,
    EndOfTurnScored,
    Fact,
    InputBegan,
    InputGiven,
    InputWithdrawn,
    Overlap,
    OverlapScored,
    PlaybackStarted,
    Sample,
    Span,
    StageFailed,
    Turn,
)
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Trace

from . import faults
from .cast import Cast, fakes
from .evidence import Evidence, Sound, Supply
from .faults import Director, Mailbox, Moment
from .hands import Deed, hands
from .script import Scenario
from .stamp import NUMBERS, read
from .user import Hooks, User, Uttered
from .voice import StampedVoice, Utterance
from .words import FETCH

PULL = FRAME * PLAYOUT_RATE // CAPTURE_RATE
"""Playout samples per frame."""
TICK = FRAME / CAPTURE_RATE
ECHO = 0.1
"""Gain of the loudspeaker in the microphone where the echo is open: -20 dB."""
AUDIBLE = 0.01
"""Amplitude from which the user hears the agent."""
ENDING = 8.0
"""Seconds past the script that the world waits for the state in which the conversation is to be closed."""
TOLD_EVERY = 1600
"""Samples of a gap in capture that are told at once: every 100 ms while it lasts."""


@dataclass(slots=True)
class World:
    """One conversation: an AudioEdge, and the user and the director on the other side of it."""

    scenario: Scenario
    sound: Callable[[tuple[str, ...]], Pcm]
    pulled: list[Pcm] = field(default_factory=list)
    "Blocks with sound in them, and the silent one after each."
    pulled_at: list[float] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    stalled: list[tuple[float, float]] = field(default_factory=list)
    late: list[tuple[float, float]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    cells: Counter[Cell] = field(default_factory=Counter)
    _session: AgentSession | None = None
    uttered: list[Uttered] = field(default_factory=list)
    _emit: Emit | None = None
    _mail: Mailbox | None = None
    _ring: AudioRing | None = None
    _last_audible: float = float("-inf")
    _sounded: bool = False
    _missing: int = 0
    _untold: int = 0
    _stall_until: float = 0.0
    _commits: int = 0
    _speaking: int = 0
    _called: int = 0

    # --- the port ----------------------------------------------------------------------------------------

    def report(self) -> EdgeReport:
        return EdgeReport("simulated", self.scenario.echo, self.scenario.latency)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """Frames of 20 ms until the script is over. Raises DeviceError where a fault says so."""
        self._ring, self._emit = ring, emit
        user = User(self.scenario.acts, self.scenario.encore, self._hooks(), self.uttered)
        director = Director(self.scenario.moments, self._act)
        gaps = faults.at(self.scenario.faults, "frame")
        stalls = faults.at(self.scenario.faults, "pull")
        block = np.zeros(PULL, np.float32)
        start, frame = now(), 0
        while True:
            await asyncio.sleep(max(0.0, start + (frame + 1) * TICK - now()))
            user.step(frame)
            ending = user.over and now() >= self.scenario.shortest
            director.look((self._state.user, self._state.agent), ending=ending)
            if ending and frame * TICK > self._deadline(user):
                return
            if (gap := gaps.get(frame)) is not None:
                if gap.kind == "lost":
                    raise DeviceError("the simulated microphone was unplugged")
                self._missing += round(gap.seconds * CAPTURE_RATE / FRAME)
            self._capture(user.frame(frame), block)
            if (stall := stalls.get(frame)) is not None:
                self._stall(stall.seconds)
            if now() >= self._stall_until:
                block = self._pull(source)
            frame += 1

    def _deadline(self, user: User) -> float:
        waits = any(moment.action == "close" for moment in self.scenario.moments)
        return max(user.ended, self.scenario.shortest) + (ENDING if waits else 0.0)

    def _capture(self, voice: Pcm, played: Pcm) -> None:
        """A frame reaches the ring, unless the microphone gives none: then the gap is told while it lasts."""
        assert self._ring is not None and self._emit is not None, "the edge is running"
        if self._missing:
            self._missing -= 1
            self._untold += FRAME
        if self._untold and (self._untold >= TOLD_EVERY or not self._missing):
            gap = self._ring.lose(self._untold)
            self._untold = 0
            self.lost.append((gap.start, gap.end))
            self._emit(AudioLost(gap))
            return
        if self._untold:
            return
        if self.scenario.echo == "open":
            voice = voice + ECHO * played[np.arange(FRAME) * PULL // FRAME]
        self._ring.write(voice)

    def _pull(self, source: PlayoutSource) -> Pcm:
        block = source.pull(PULL)
        sounds = bool(block.any())
        if sounds or self._sounded:
            self.pulled.append(block)
            self.pulled_at.append(now())
        self._sounded = sounds
        if sounds and float(np.abs(block).max()) > AUDIBLE:
            self._last_audible = now()
        return block

    def _stall(self, seconds: float) -> None:
        self.stalled.append((now(), now() + seconds))
        self._stall_until = now() + seconds

    # --- the user and the director -------------------------------------------------------------------------

    @property
    def session(self) -> AgentSession:
        assert self._session is not None, "the world was not started"
        return self._session

    @property
    def _state(self) -> State:
        return self.session._running.conductor.state

    def _hooks(self) -> Hooks:
        return Hooks(
            sound=self.sound,
            type=lambda text: self.session.type(text),
            commit=lambda: self.session.commit(),
            ask=lambda: self.session.say("greeting"),
            silent_for=lambda: now() - self._last_audible,
            left=lambda: self.session._running.speaking.left(self._speaking),
            committed=lambda: self._commits,
        )

    def _act(self, moment: Moment) -> None:
        """What a moment asks for."""
        assert self._ring is not None and self._emit is not None, "the edge is running"
        here = Sample(self._ring.end)
        match moment.action:
            case "type":
                self.session.type("kilo")
            case "commit":
                self.session.commit()
            case "say":
                self.session.say("greeting")
            case "call":
                self._call()
            case "interrupt":
                self.session.interrupt()
            case "ask":
                self.session._speeches.write("told to", "lima")  # as generate_reply, for any brain
            case "begins":
                self._press(here, moment.seconds)
            case "gives":
                self._emit(InputGiven(Span(Sample(max(0, here - 3200)), here)))
            case "withdraws":
                self._emit(InputWithdrawn(here))
            case "close":
                self.session.close("the scenario ends here")
            case "gap":
                self._missing += 1
            case "stall":
                self._stall(1.0 + moment.seconds)
            case "late mail" if self._mail is not None:
                self.late.append((now(), now() + moment.seconds))
                self._mail.hold(moment.seconds)
            case "voice fails":
                self._emit(StageFailed("voice", "told to"))
            case "stage fails":
                self._emit(StageFailed("encoder", "told to"))
            case "barge-in" | "backchannel" | "noise" as kind:
                self._emit(OverlapScored(here, Overlap(kind), "told to", "sound"))
            case "sounds over" | "sounds open" as kind:
                self._emit(EndOfTurnScored(here, 0.97 if kind == "sounds over" else 0.03, "sound"))

    def _press(self, here: Sample, seconds: float) -> None:
        """The user holds a key for so long, then an answer is asked for; elsewhere a begin means nothing."""
        assert self._emit is not None, "the edge is running"
        if (self._state.user, self._state.agent) != (Person.QUIET, Floor.SILENT):
            self._emit(InputBegan(here))
            return
        self.session.take_turns("client")
        self.session.begin_turn()
        asyncio.get_running_loop().call_later(seconds, self._release)

    def _release(self) -> None:
        if not self.session.over and not self._state.closed:
            self.session.commit()
            self.session._speeches.write("told to", "")  # as generate_reply, for any brain
            self.session.take_turns("detector")

    def _call(self) -> None:
        """The newest draft wants to look something up, whatever its brain says."""
        state, tools = self._state, self.session._running.ground.tools
        draft = state.writing or state.reply
        if draft is None or not draft.draft:
            return
        over = state.writing is not None and state.agent is not Floor.SILENT
        self._called += 1
        wanted = Wanted(FETCH, f'{{"number": {-self._called}}}')
        tools.ask(Turn(state.turn + over), draft.draft, wanted, lambda: None)

    # --- the record ----------------------------------------------------------------------------------------

    def see(self, entry: Entry) -> None:
        """Note an entry with the loop's time, and which cell of the policy a fact is about to meet."""
        self.entries.append(Entry(entry.seq, now(), entry.item))
        if isinstance(entry.item, Fact):
            cell = cell_of(self._state, entry.item, now())
            if cell is not None:
                self.cells[cell] += 1
        if isinstance(entry.item, CommitDraft):
            self._commits += 1
        if isinstance(entry.item, PlaybackStarted):
            self._speaking = entry.item.turn


def play(scenario: Scenario, cast: Cast | None = None) -> Evidence:
    """Live through a scenario on the virtual loop. Raises StallError where the world stands still."""
    return simulate(partial(_play, scenario, cast or fakes()), seed=scenario.seed)


async def _play(scenario: Scenario, cast: Cast) -> Evidence:
    world = World(scenario, cast.sound)
    player = cast.brain(scenario)
    voice = StampedVoice(fails=faults.kinds(scenario.faults, "voice"))
    compute, trace = InlineCompute(player.service, player.cost), Trace()
    deeds: list[Deed] = []
    tools = hands(scenario.seed, deeds) if scenario.tools else ()
    session = world._session = AgentSession(
        Agent(greeting=scenario.greeting, tools=tools), edge=world, brain=compute, voice=voice,
        detector=cast.detector(scenario), trace=trace, config=SessionConfig(turn=scenario.turn),
    )  # fmt: skip
    loop = asyncio.get_running_loop()
    # The one seam that is not a port: facts on their way to the conductor may be late.
    world._mail = Mailbox(session._emit, scenario.faults, loop.call_at)
    session._emit = world._mail  # type: ignore[method-assign]
    trace.subscribe(world.see)
    failure = ""
    try:
        await session.run()
    except HocketError as error:
        failure = f"{type(error).__name__}: {error}"
    await compute.close()
    return replace(_evidence(world, voice, failure), deeds=tuple(deeds))


def _evidence(world: World, voice: StampedVoice, failure: str) -> Evidence:
    line = world.session._running
    turns = {claim.turn for claim in Evidence(entries=tuple(world.entries)).claims()}
    accounts = [line.speaking.account(turn) for turn in sorted(turns)]
    playout = line.playout
    return Evidence(
        seed=world.scenario.seed,
        entries=tuple(world.entries),
        sounds=tuple(_sounds(world.pulled, world.pulled_at, voice.utterances)),
        utterances=tuple(voice.utterances),
        uttered=tuple(world.uttered),
        exchanges=line.conversation.exchanges,
        accounts=tuple(account for account in accounts if account is not None),
        supply=Supply(playout.fed, playout.delivered, playout.discarded, playout.queued),
        latency=world.scenario.latency,
        echo=world.scenario.echo,
        lost=tuple(world.lost),
        stalled=tuple(world.stalled),
        late=tuple(world.late),
        ended=now(),
        failure=failure,
        cells=world.cells,
    )


def _sounds(blocks: list[Pcm], times: list[float], utterances: list[Utterance]) -> Iterator[Sound]:
    """Who was heard when, read from the pulled samples alone."""
    if not blocks:
        return
    for mark in read(np.concatenate(blocks)):
        start, end = (times[at // PULL] + at % PULL / PLAYOUT_RATE for at in (mark.start, mark.end - 1))
        asked = [said for said in utterances if said.serial % NUMBERS == mark.first and said.at <= start]
        serial = asked[-1].serial if asked else -1
        yield Sound(start, end, serial, mark.second, mark.end - mark.start)
