"""A short conversation for sweeps: what the user says is laid out to the sample, the sink is followed to it.

Leaner than ``sim.world``: no script, no faults, no drawn lags, so that thousands fit into minutes. It must
never decide anything by the runtime's state, except when the conversation is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import Agent as Floor
from agent.turn import TurnConfig, User
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import HocketError
from pipeline.events import Overlap, OverlapScored, Sample
from pipeline.mechanisms import Mechanisms
from pipeline.paced import PacedCompute
from pipeline.ports import CAPTURE_RATE, FRAME, PLAYOUT_RATE, Compute, EdgeReport, Emit, Pcm, PlayoutSource
from pipeline.ring import AudioRing
from pipeline.thinking import ThinkingConfig
from pipeline.trace import Entry, Trace

from .detector import LateDetector
from .evidence import Evidence, Sound, Supply
from .stamp import NUMBERS, read
from .thinker import Asked, Manner, Thinker
from .user import Uttered
from .voice import StampedVoice, Utterance
from .words import speech

PULL = FRAME * PLAYOUT_RATE // CAPTURE_RATE
TICK = FRAME / CAPTURE_RATE
REST = 0.3
"""Seconds of silence on both sides after which the conversation is over."""
LONGEST = 20.0
"""Seconds after which it is over in any case."""
RUSH = 2.0
"""How much faster the agent speaks than elsewhere in the simulated world, to save time."""
BLOCK = 0.32
"""Seconds of sound between two thoughts while listening: short, as the questions are."""


@dataclass(frozen=True, slots=True)
class Mind:
    """A brain, the way it is used, and its pace."""

    name: str
    manner: Manner
    speaking: str = "auto"
    pace: float = 0.02
    "Seconds per token of each generation; 0: none."


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation of a sweep, complete."""

    number: int
    mind: Mind
    policy: str
    turn: TurnConfig
    first_sound: float
    "Seconds until the voice's first chunk."
    lag: float
    "Seconds by which the detector is late."
    first: tuple[str, ...]
    second: tuple[str, ...]
    lead: int
    "Capture samples before the first word."
    offset: int
    """Where the second words begin: capture samples after the end of the first ones; or, with ``over``, after
    the first audible sample of the reply."""
    over: bool = False
    scored: float = 0.0
    "Seconds after the second words' onset at which their sound is judged a backchannel; 0: never."
    phase: float = 0.0
    "Seconds of a frame by which the sink pulls after the microphone gave a frame, in [0, 0.02)."


@dataclass(frozen=True)
class Record:
    """What a conversation left behind: as for every simulated one, and what the brain and the sink know."""

    case: Case
    evidence: Evidence
    asked: tuple[Asked, ...]
    left: tuple[tuple[float, float], ...]
    "(start, end) of what left in each block of the sink, from its first sample that is not zero to its last."
    open_streams: int
    "Generations of the brain that nobody had ended when the conversation was over."
    open_jobs: int
    "Drafts that the decoder still knew then."
    captured: Pcm
    "All that the microphone gave."


class SteadyDetector(LateDetector):
    """Late by a constant."""

    def __init__(self, lag: float) -> None:
        super().__init__(0)
        self._lag = round(lag * CAPTURE_RATE)

    def _hear(self, loud: bool) -> None:
        if loud != self._loud:
            self._loud = loud
            self._changes.append((self._at + self._lag, loud))


@dataclass(slots=True)
class Booth:
    """An AudioEdge with the user on its other side."""

    case: Case
    uttered: list[Uttered] = field(default_factory=list)
    captured: list[Pcm] = field(default_factory=list)
    pulled: list[Pcm] = field(default_factory=list)
    "From the first block with sound in it."
    pulled_at: list[float] = field(default_factory=list)
    session: AgentSession | None = None
    open_streams: int = 0
    open_jobs: int = 0
    thinker: Thinker = field(default_factory=Thinker)
    _track: list[tuple[int, Pcm]] = field(default_factory=list)
    _said_until: int = 0
    _quiet_since: float = 0.0
    _scored: bool = False

    def report(self) -> EdgeReport:
        return EdgeReport("booth", "none", 0.0)

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """A frame of capture and a pull every 20 ms, until both sides have been silent for REST."""
        case, start, frame = self.case, now(), 0
        self._lay(case.lead, case.first, alone=True)
        if not case.over:
            self._lay(self._said_until + case.offset, case.second, alone=True)
        while True:
            await asyncio.sleep(start + (frame + 1) * TICK - now())
            self.captured.append(self._frame(frame))
            ring.write(self.captured[-1])
            if case.phase:
                await asyncio.sleep(case.phase)
            self._pull(source, ring.end)
            self._judge(ring.end, emit)
            frame += 1
            if self._over(ring.end):
                self.open_streams = self.thinker.open
                self.open_jobs = len(self._session._running.decoding._jobs)
                return

    def _lay(self, at: int, words: tuple[str, ...], *, alone: bool) -> None:
        pcm = speech(words)
        self._track.append((at, pcm))
        self._said_until = at + len(pcm)
        if words:
            self.uttered.append(Uttered(words, at, self._said_until, alone))

    def _frame(self, frame: int) -> Pcm:
        start, out = frame * FRAME, np.zeros(FRAME, np.float32)
        for begin, pcm in self._track:
            first, last = max(begin, start), min(begin + len(pcm), start + FRAME)
            if first < last:
                out[first - start : last - start] = pcm[first - begin : last - begin]
        return out

    def _pull(self, source: PlayoutSource, captured: int) -> None:
        block = source.pull(PULL)
        loud = bool(block.any())
        if loud or self.pulled:
            self.pulled.append(block)
            self.pulled_at.append(now())
        if loud:
            self._quiet_since = now()
            if self.case.over and len(self._track) == 1:
                onset = int(np.flatnonzero(block)[0]) * CAPTURE_RATE // PLAYOUT_RATE
                self._lay(captured + onset + self.case.offset, self.case.second, alone=False)

    def _judge(self, captured: int, emit: Emit) -> None:
        """Tell once what the second words sounded like, as an overlap scorer would."""
        case = self.case
        if not case.scored or self._scored or len(self._track) < 2:
            return
        if captured >= self._track[1][0] + case.scored * CAPTURE_RATE:
            self._scored, why = True, "backchannel 1.00"
            emit(OverlapScored(Sample(captured), Overlap.BACKCHANNEL, why, source="sound"))

    def _over(self, captured: int) -> bool:
        if now() > LONGEST:
            return True
        said = captured > self._said_until + REST * CAPTURE_RATE and len(self._track) == 2
        if not said or now() < self._quiet_since + REST:
            return False
        state = self._session._running.conductor.state
        return (state.user, state.agent) == (User.QUIET, Floor.SILENT)

    @property
    def _session(self) -> AgentSession:
        assert self.session is not None, "the booth was not started"
        return self.session


def hold(case: Case) -> Record:
    """Live through one conversation on the virtual loop. Raises StallError where it stands still."""
    return simulate(partial(_hold, case), seed=case.number)


async def _hold(case: Case) -> Record:
    booth, voice = Booth(case), StampedVoice(first=case.first_sound, rush=RUSH)
    thinker = booth.thinker = Thinker(case.mind.manner, now)
    inline = InlineCompute(thinker)
    compute: Compute = PacedCompute(inline, case.mind.pace) if case.mind.pace else inline
    entries: list[Entry] = []
    trace = Trace()
    booth.session = AgentSession(
        Agent(), edge=booth, brain=compute, voice=voice, detector=SteadyDetector(case.lag), trace=trace,
        config=SessionConfig(
            turn=case.turn, mechanisms=Mechanisms(speaking_thoughts=case.mind.speaking),
            thinking=ThinkingConfig(block=BLOCK),
        ),
    )  # fmt: skip
    trace.subscribe(lambda entry: entries.append(Entry(entry.seq, now(), entry.item)))
    failure = ""
    try:
        await booth.session.run()
    except HocketError as error:
        failure = f"{type(error).__name__}: {error}"
    await compute.close()
    return _record(booth, voice, entries, failure)


def _record(booth: Booth, voice: StampedVoice, entries: list[Entry], failure: str) -> Record:
    line = booth._session._running
    turns = sorted({claim.turn for claim in Evidence(entries=tuple(entries)).claims()})
    accounts = [line.speaking.account(turn) for turn in turns]
    playout = line.playout
    evidence = Evidence(
        seed=booth.case.number,
        entries=tuple(entries),
        sounds=tuple(_sounds(booth.pulled, booth.pulled_at, voice.utterances)),
        utterances=tuple(voice.utterances),
        uttered=tuple(booth.uttered),
        exchanges=line.conversation.exchanges,
        accounts=tuple(account for account in accounts if account is not None),
        supply=Supply(playout.fed, playout.delivered, playout.discarded, playout.queued),
        ended=now(),
        failure=failure,
    )
    pulled = zip(booth.pulled_at, booth.pulled, strict=True)
    left = tuple(_left(at, block) for at, block in pulled if block.any())
    return Record(
        booth.case, evidence, tuple(booth.thinker.asked), left, booth.open_streams, booth.open_jobs,
        np.concatenate(booth.captured),
    )  # fmt: skip


def _left(at: float, block: Pcm) -> tuple[float, float]:
    places = np.flatnonzero(block)
    return at + int(places[0]) / PLAYOUT_RATE, at + (int(places[-1]) + 1) / PLAYOUT_RATE


def _sounds(blocks: list[Pcm], times: list[float], utterances: list[Utterance]) -> Iterator[Sound]:
    """Who was heard when, read from the pulled samples alone."""
    assert len(utterances) <= NUMBERS, "each utterance of a short conversation has a number of its own"
    for mark in read(np.concatenate(blocks)) if blocks else ():
        start, end = (times[at // PULL] + at % PULL / PLAYOUT_RATE for at in (mark.start, mark.end - 1))
        serial = mark.first if mark.first < len(utterances) else -1
        yield Sound(start, end, serial, mark.second, mark.end - mark.start)
