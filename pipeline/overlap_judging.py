"""The judging stage: while the user speaks or has just paused, the brain's heads and a scorer say what it is.

It follows the newest sound and never falls behind: at most one judgement is asked for at a time, and what was
captured meanwhile is skipped. It decides nothing, and writes no word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import HocketError
from .events import (
    Duck,
    EndOfTurnScored,
    Hush,
    Overlap,
    OverlapScored,
    PlaybackStarted,
    Remember,
    Resume,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StopThinking,
    Think,
    Unduck,
)
from .levels import SILENCE, decibels
from .mechanisms import Mechanisms
from .overlap import Burst, OverlapConfig, OverlapScorer, describe
from .overlap_level import background
from .ports import CAPTURE_RATE, Compute, Emit, Judgement
from .prompt import BLOCK, Human, Prompt
from .ring import AudioRing
from .segments import SEGMENT, segments
from .trace import Entry

HOP = 20 * CAPTURE_RATE
"""Of a turn longer than one segment (25 s) the newest 5 to 25 s are judged: what is read stays a growing
piece, which an engine that remembers it takes in once, but for 5 s in every 20."""
BEFORE = 2 * CAPTURE_RATE
"""Samples before an onset whose quieter part is its background."""
SHORT = 2 * CAPTURE_RATE
"""Samples of a turn that are judged as one burst: a cough after a word makes no noise of the word."""
HEARD = 0.3
"""Seconds of speech that tell how loud a user is."""

Loudest = Callable[[float, float], float]
"""The agent's voice at the sink between so many seconds ago and so many, in dBFS; see ``Meter.loudest``."""


@dataclass(slots=True)
class _Speech:
    """The newest stretch of speech."""

    onset: Sample
    voice: float
    end: Sample | None = None
    quiet: float | None = None
    told: Overlap | None = None
    "What was said about it last."
    judgement: Judgement | None = None
    "The newest of it."

    @property
    def over(self) -> bool:
        return self.end is not None


@dataclass(slots=True)
class _Floor:
    """What is going on, as far as facts and orders tell."""

    turn: Sample | None = None
    "Where the open turn begins, while it is listened to."
    number: int = 0
    first: Sample = Sample(0)  # noqa: RUF009  # a whole number by another name
    "Onset of the first speech in that turn."
    overlap: Sample | None = None
    "Onset of the speech over the agent's voice, until it is decided on."
    lowered: bool = False
    speech: _Speech | None = None
    level: float | None = None
    "Of the user in the turn that is not answered yet."
    usual: float | None = None
    done: int = field(default=0)
    "Sample up to which sound was judged."


class Judging:
    """Emits ``EndOfTurnScored`` (source ``sound``) and ``OverlapScored`` (source ``sound``)."""

    def __init__(
        self,
        ring: AudioRing,
        brain: Compute,
        emit: Emit,
        scorer: OverlapScorer,
        mechanisms: Mechanisms,
        *,
        judges: bool,
        echo: Callable[[], bool],
        voice: Loudest | None = None,
        config: OverlapConfig | None = None,
    ) -> None:
        """``judges``: the brain has heads. ``echo``: whether the agent's voice may come back at all."""
        self._ring = ring
        self._emit = emit
        self._scorer = scorer
        self._mechanisms = mechanisms
        self._floor = _Floor()
        self.suit(brain, judges=judges)
        self._overlaps = mechanisms.overlap
        self._echo = echo
        self._voice: Loudest = voice or (lambda since, until: SILENCE)
        self._config = config or OverlapConfig()
        self._stride = int(self._config.stride * CAPTURE_RATE) // BLOCK * BLOCK
        self._changed = asyncio.Event()

    def suit(self, brain: Compute, *, judges: bool) -> None:
        """Ask this brain from here on; what is known of the user's voice stays."""
        if self._floor.speech is not None:
            self._floor.speech.judgement = None  # another brain's is no first of two
        self._brain, self._judges = brain, judges
        self._turns = judges and self._mechanisms.end_of_turn

    def see(self, entry: Entry) -> None:
        """Subscribe this to the session's trace: facts and orders say what is to be judged."""
        floor, item = self._floor, entry.item
        match item:
            case Think():
                if item.turn != floor.number:  # else the same turn goes on
                    floor.number, floor.first = item.turn, item.listened.end
                floor.turn, floor.overlap = item.listened.start, None
            case StopThinking():
                floor.turn = None
            case SpeechStarted():
                floor.speech = _Speech(item.at, self._voice_before(item.at))
            case SpeechPaused() if floor.speech is not None:
                floor.speech.end = Sample(max(item.at, floor.speech.onset))
                self._measure(floor.speech)
            case Duck() if floor.speech is not None:
                floor.overlap, floor.lowered = floor.speech.onset, True
            case Unduck() | Resume():
                floor.lowered = False
            case Hush() | Remember():
                floor.overlap, floor.lowered = None, False
            case PlaybackStarted():
                self._answered()
            case _:
                return
        if not floor.lowered and (floor.speech is None or floor.speech.over):
            floor.overlap = None
        self._changed.set()

    async def run(self) -> None:
        """Judge what is open until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while (start := self._start()) is not None:
                if not await self._follow(start):
                    break

    # --- what to judge ------------------------------------------------------------------------------------

    def _start(self) -> Sample | None:
        """Where the sound that is to be judged begins; None: there is none."""
        floor = self._floor
        if floor.speech is None or not (self._turns or self._overlaps):
            return None
        if floor.turn is not None:
            return floor.turn
        if floor.overlap is None or not self._overlaps:
            return None
        return Sample(max(0, self._ring.start, floor.overlap - round(self._config.lead * CAPTURE_RATE)))

    async def _follow(self, start: Sample) -> bool:
        """Judge the newest sound once, when there is more of it. False: no more of this one."""
        upto, speech = self._newest(start), self._floor.speech
        if upto is None or speech is None:
            missing = (self._stride - (self._ring.end - start) % self._stride) / CAPTURE_RATE
            await asyncio.sleep(max(missing, 0.01))
            return not self._ring.closed
        self._floor.done = upto
        brain = self._brain
        try:
            judgement = await self._judged(start, upto, speech)
        except HocketError as error:
            if brain is not self._brain:
                return True  # it was asked no more
            self._emit(StageFailed("judging", str(error)))
            self._floor.turn = self._floor.overlap = None
            return False
        if self._start() == start and self._floor.speech is speech:
            self._tell(upto, speech, judgement)
        return True

    def _newest(self, start: Sample) -> Sample | None:
        """End of the newest whole strides; None while nothing is new, or the onset lies beyond."""
        speech = self._floor.speech
        upto = start + (self._ring.end - start) // self._stride * self._stride
        if speech is None or upto <= max(self._floor.done, speech.onset, start):
            return None
        return Sample(upto)

    async def _judged(self, start: Sample, upto: Sample, speech: _Speech) -> Judgement | None:
        if not self._judges or not (self._turns or self._floor.overlap is not None or speech.over):
            return None
        hops = -(-max(0, upto - start - SEGMENT) // HOP)
        span = Span(Sample(start + hops * HOP), upto)
        onset = max(0, self._onset(speech, upto) - span.start)
        prompt = Prompt((Human(segments(self._ring, span)),))
        judgement: Judgement = await self._brain.call("judge", prompt, onset)
        return judgement

    def _onset(self, speech: _Speech, upto: int) -> Sample:
        """Where the burst begins that is judged: the newest, or the first of a short turn."""
        floor = self._floor
        whole = floor.turn is not None and upto - floor.first <= SHORT
        return min(floor.first, speech.onset) if whole else speech.onset

    # --- what to tell -------------------------------------------------------------------------------------

    def _tell(self, upto: Sample, speech: _Speech, judgement: Judgement | None) -> None:
        if judgement is not None and self._turns:
            self._emit(EndOfTurnScored(upto, judgement.end_of_turn, "sound"))
        over = self._floor.overlap is not None
        if not self._overlaps or not (over or speech.over):
            return
        burst = self._burst(speech, upto, judgement)
        speech.judgement = judgement
        scored = self._scorer.score(burst)
        kind = Overlap.UNSURE if scored is None else scored.kind
        changed = kind is not speech.told and not (scored is None and speech.told is None)
        if changed or (over and scored is None):  # over the voice every number may stand in a reason
            speech.told = kind
            self._emit(OverlapScored(upto, kind, describe(burst) if scored is None else scored.why, "sound"))

    def _burst(self, speech: _Speech, upto: Sample, judgement: Judgement | None) -> Burst:
        onset, end = self._onset(speech, upto), upto if speech.end is None else speech.end
        if speech.quiet is None:
            before = Sample(max(self._ring.start, onset - BEFORE))
            speech.quiet = background(self._ring.read(Span(before, max(before, onset))))
        return Burst(
            seconds=(end - onset) / CAPTURE_RATE,
            level=self._level(onset, end),
            background=speech.quiet,
            usual=self._floor.usual,
            voice=speech.voice,
            echo=self._echo(),
            over=self._floor.overlap is not None,
            ended=speech.over,
            judgement=judgement,
            before=speech.judgement,
        )

    def _level(self, start: Sample, end: Sample) -> float:
        start = Sample(max(start, self._ring.start))
        return decibels(self._ring.read(Span(start, Sample(min(max(start, end), self._ring.end)))))

    def _voice_before(self, onset: Sample) -> float:
        """How loud the agent was just before speech that is told only now."""
        ago = max(0, self._ring.end - onset) / CAPTURE_RATE
        return self._voice(ago + self._config.echo_within, ago)

    def _measure(self, speech: _Speech) -> None:
        assert speech.end is not None, "it has just ended"
        alone = self._floor.turn is not None
        if alone and speech.end - speech.onset >= HEARD * CAPTURE_RATE:
            self._floor.level = self._level(speech.onset, speech.end)

    def _answered(self) -> None:
        """The turn was the user's: so loud are they."""
        floor = self._floor
        if floor.level is not None:
            floor.usual = floor.level if floor.usual is None else 0.7 * floor.usual + 0.3 * floor.level
            floor.level = None
