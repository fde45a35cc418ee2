"""The hearing stage: when does the user speak. Windows of sound become scores, scores become two facts.

Starts and pauses alternate strictly and their positions never go back. Whether a pause ends the turn is not
decided here, and nothing is guessed about sound that was lost.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .channel import ClosedError
from .events import EndOfTurnScored, Sample, Span, SpeechPaused, SpeechStarted
from .levels import BLOCK, LevelsConfig, began, by_block, decibels, ended, faded, room, sounds
from .ports import CAPTURE_RATE, FRAME, Emit, Pcm, SharedDetector, VoiceDetector
from .records import Window
from .ring import AudioRing

GAP = CAPTURE_RATE // 10
"""Lost samples that may pass for silence: 100 ms."""


@dataclass(frozen=True, slots=True)
class HysteresisConfig:
    """When scores count as speech.

    The defaults were measured with Silero on 600 spoken digits of four people (FSDD; truth: the first and
    last 10 ms frame within 35 dB of the loudest). Milliseconds after the truth, p5/p50/p90: start told
    33/65/165, start reported -29/-9/26, pause told 46/85/111, pause reported 14/53/79; 3 words of 600 were
    split in two. Asking for two silent windows (``pause = 0.064``) tells the pause 32 ms later and splits 2.
    """

    start: float = 0.5
    "Score from which a window may start speech."
    sure: float = 0.75
    "Score from which a single window starts speech; between ``start`` and this it takes ``onset`` seconds."
    onset: float = 0.064
    "Seconds of such windows that start speech."
    stop: float = 0.35
    "Score under which a window is silent while speech goes on."
    pause: float = 0.032
    "Seconds of silent windows that pause speech; short, because a draft begins with the pause."
    rise: float = 0.05
    "The reported start reaches back over windows that score at least this: weak consonants come first."
    reach: float = 0.256
    "Seconds that it reaches back at most."
    idle: float = 1.0
    "Seconds without any captured sound, as from a muted microphone, that pause speech."
    refresh: float = 10.0
    "Seconds of silence after which the detector forgets what it heard, so that its state cannot drift."

    def __post_init__(self) -> None:
        if not 0.0 <= self.rise <= self.stop <= self.start <= self.sure <= 1.0:
            limits = f"{self.rise}, {self.stop}, {self.start}, {self.sure}"
            raise ValueError(f"scores need 0 <= rise <= stop <= start <= sure <= 1, got {limits}")
        for name in ("onset", "pause", "reach", "idle", "refresh"):
            if not 0.0 <= getattr(self, name) <= 3600.0:
                raise ValueError(f"{name} must be 0 to 3600 seconds, got {getattr(self, name)}")


class Hysteresis:
    """From scores to starts and pauses. Pure; give it every window in order."""

    def __init__(self, config: HysteresisConfig, window: int) -> None:
        """``window`` is the detector's, in capture samples."""
        self._config = config
        self._window = window
        self.talking = False
        self._floor = 0
        self._rising: int | None = None
        self._run: int | None = None

    def suit(self, config: HysteresisConfig) -> None:
        """Other thresholds from the next window on."""
        self._config = config

    def hear(self, at: Sample, score: float) -> SpeechStarted | SpeechPaused | None:
        """The fact that the window beginning at ``at`` brings, if any."""
        return self._pause(at, score) if self.talking else self._start(at, score)

    def cut(self, at: Sample) -> SpeechPaused | None:
        """Nothing is known from here on: close what is open, and let nothing later reach back before it."""
        at = Sample(max(at, self._floor))
        talking, self.talking = self.talking, False
        self._floor, self._rising, self._run = at, None, None
        return SpeechPaused(at) if talking else None

    def _start(self, at: Sample, score: float) -> SpeechStarted | None:
        config = self._config
        if score < config.rise:
            self._rising = None
        elif self._rising is None:
            self._rising = at
        if score < config.start:
            self._run = None
            return None
        self._run = at if self._run is None else self._run
        if score < config.sure and at + self._window - self._run < round(config.onset * CAPTURE_RATE):
            return None
        begun = self._run if self._rising is None else self._rising
        begun = max(begun, self._run - round(config.reach * CAPTURE_RATE), self._floor)
        self.talking, self._floor, self._rising, self._run = True, begun, None, None
        return SpeechStarted(Sample(begun))

    def _pause(self, at: Sample, score: float) -> SpeechPaused | None:
        if score >= self._config.stop:
            self._run = None
            return None
        self._run = at if self._run is None else self._run
        if at + self._window - self._run < round(self._config.pause * CAPTURE_RATE):
            return None
        ended = max(self._run, self._floor)
        self.talking, self._floor, self._rising, self._run = False, ended, None, None
        return SpeechPaused(Sample(ended))


class Hearing:
    """Reads the ring window by window and tells what it hears."""

    def __init__(
        self,
        ring: AudioRing,
        detector: VoiceDetector,
        emit: Emit,
        observe: Callable[[Window], None],
        config: HysteresisConfig | None = None,
        levels: LevelsConfig | None = None,
    ) -> None:
        """``observe`` gets every window's score and level, for meters and traces."""
        self._ring = ring
        self._detector = detector
        self._shared = detector if isinstance(detector, SharedDetector) else None
        self._emit = emit
        self._observe = observe
        self._config = config or HysteresisConfig()
        self._hysteresis = Hysteresis(self._config, detector.window)
        self._talks = asyncio.Event()
        "Set while somebody speaks."
        self._quiet_since = ring.end
        self._levels = levels or LevelsConfig()
        self._latest = 0
        "No position is told before this one."
        self._known: tuple[int, NDArray[np.float64]] = (0, np.zeros(0))
        "Levels that were read last, and the position that they end at."
        self._room = -math.inf
        "Level of the room as it was before speech; unknown, and so no reason to cut anything, at first."

    def suit(self, config: HysteresisConfig) -> None:
        """Other thresholds from the next window on."""
        self._config = config
        self._hysteresis.suit(config)

    async def watch(self) -> None:
        """Tell that speech has faded, or that it is back, before the detector can be sure that it paused.

        A guess, and told as one: the turn may have ended here, so a draft may begin.
        """
        cursor, known = self._ring.cursor(), False
        while True:
            if not self._hysteresis.talking:
                known = False
                await self._talks.wait()
                cursor.at = Sample(cursor.at + max(0, self._ring.end - cursor.at) // FRAME * FRAME)
            try:
                at, pcm = await cursor.read(FRAME)
            except ClosedError:
                return
            if not self._hysteresis.talking or self._gap(at) is not None:
                known = False
                continue
            end = at + len(pcm)
            gone = faded(self._before(end), self._levels, self._room)
            if gone and not known:
                since = Sample(end - round(self._levels.faded * CAPTURE_RATE))
                self._emit(EndOfTurnScored(since, 1.0, "level"))
            elif known and not gone:
                self._emit(EndOfTurnScored(Sample(end), 0.0, "level"))
            known = gone

    def _placed(self, fact: SpeechStarted | SpeechPaused) -> SpeechStarted | SpeechPaused:
        """The same fact where the level says that the sound began or ended."""
        before, at = self._before(fact.at), int(fact.at)
        if isinstance(fact, SpeechStarted):
            alone = before[max(0, len(before) - max(0, at - self._latest) // BLOCK) :]
            found = room(alone, self._levels)
            self._room = self._room if found is None else found
            at -= BLOCK * began(before, self._levels)
            fact = replace(fact, sounds=self._sounds(at))
        else:
            at -= BLOCK * ended(before, self._levels, self._room)
        lost = self._ring.gaps(Span(Sample(max(self._ring.start, at)), fact.at))
        self._latest = max(self._latest, at, *(gap.end for gap in lost))
        return replace(fact, at=Sample(self._latest))

    def _sounds(self, at: int) -> Sample | None:
        """Where sounds began that lead up to speech at a position; nothing reaches back over earlier speech
        or over lost sound."""
        since = max(self._ring.start, self._latest, at - round(self._levels.loud_over * CAPTURE_RATE))
        if at - since < BLOCK:
            return None
        lost = [gap.end for gap in self._ring.gaps(Span(Sample(since), Sample(at))) if len(gap) > GAP]
        blocks = (at - max(since, *lost, since)) // BLOCK
        pcm = self._ring.read(Span(Sample(at - blocks * BLOCK), Sample(at)))
        back = sounds(by_block(pcm), self._levels)
        return Sample(at - BLOCK * back) if back else None

    def _before(self, at: int) -> NDArray[np.float64]:
        """Levels of the last seconds before a position; what was read for an earlier one is kept."""
        blocks = min(at - self._ring.start, round(self._levels.floor_over * CAPTURE_RATE)) // BLOCK
        until, known = self._known
        fresh = at - until
        if not 0 <= fresh <= blocks * BLOCK or fresh % BLOCK or fresh // BLOCK + len(known) < blocks:
            fresh, known = blocks * BLOCK, known[:0]
        newest = by_block(self._ring.read(Span(Sample(at - fresh), Sample(at))))
        levels = np.concatenate((known, newest))[-blocks:] if blocks else newest
        self._known = at, levels
        return levels

    async def run(self) -> None:
        """Listen to what is captured from now on until the sound ends or the session cancels."""
        cursor = self._ring.cursor()
        self._quiet_since = cursor.at
        while True:
            expected = cursor.at
            idle = self._config.idle if self._hysteresis.talking else None
            try:
                async with asyncio.timeout(idle):
                    at, pcm = await cursor.read(self._detector.window)
            except TimeoutError:
                self._lose(self._ring.end)
                continue
            except ClosedError:
                self._lose(self._ring.end)
                self._talks.set()  # whoever watches sees that nothing more comes
                return
            if at != expected:
                self._lose(expected)
            gap = self._gap(at)
            if gap is None:
                self._hear(at, pcm, await self._scored(pcm))
            else:
                self._lose(gap.start)

    async def _scored(self, pcm: Pcm) -> float:
        if self._shared is not None:
            return await self._shared.scored(pcm)
        return self._detector.score(pcm)

    def _hear(self, at: Sample, pcm: Pcm, score: float) -> None:
        self._observe(Window(at, score, decibels(pcm)))
        fact = self._hysteresis.hear(at, score)
        if fact is not None:
            self._emit(self._placed(fact))
            if isinstance(fact, SpeechStarted):
                self._talks.set()
            else:
                self._talks.clear()
        end = Sample(at + len(pcm))
        if self._hysteresis.talking or score >= self._config.stop:
            self._quiet_since = end
        elif end - self._quiet_since >= self._config.refresh * CAPTURE_RATE:
            self._detector.reset()
            self._quiet_since = end

    def _lose(self, at: Sample) -> None:
        """What comes next does not continue what was heard."""
        self._detector.reset()
        paused = self._hysteresis.cut(at)
        if paused is not None:
            self._talks.clear()
            self._latest = max(self._latest, paused.at)
            self._emit(paused)

    def _gap(self, at: Sample) -> Span | None:
        """Lost capture that this window touches and that is too long to be taken for silence."""
        end = at + self._detector.window
        around = Span(Sample(max(self._ring.start, at - GAP)), self._ring.end)
        for gap in self._ring.gaps(around):
            if gap.start < end and at < gap.end and len(gap) > GAP:
                return gap
        return None
