"""What every session of a load test says and when, fixed before the first call: open loop.

A session's questions stand at times that no agent can shift (Tene: coordinated omission), each followed by
the whole window in which a reply counts. Session k says the same at the same times at every level.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.turn import TurnConfig
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, FRAME, Voice

from .edge import Clock
from .item import Actor, Item
from .nulls import marked
from .numbers import Sum, sums
from .score import WINDOW
from .script import Cue, Script, When
from .stimuli import Stimulus, spoken

SUITE = "load"
LEVELS = (1, 4, 16)
PHASE = 9.0
"""Seconds within which every session asks its first question, evenly drawn: sessions are out of phase."""
EXTRA, MOST_EXTRA = 2.0, 8.0
"""Seconds from a question's window to the next question: exponential with this mean, at most this long."""
TAIL = 1.0
"""Seconds of recording after the last window."""
MOST = 4096
"""Sessions of the largest level that may be asked for."""
Say = Callable[[Sum, Voice], Awaitable[Stimulus]]


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """What a load test is asked to do."""

    out: Path
    levels: tuple[int, ...] = LEVELS
    minutes: float = 2.0
    "In which questions are asked, at each level."
    seed: int = 1
    clock: Clock = Clock.WALL
    endpoint: float | None = None
    "Of sessions in process: seconds of silence that end a turn; None: as shipped."
    all_levels: bool = False
    "Go on behind the knee."
    marked: bool = False
    "Ask with noise whose end is marked, as the null server needs it, instead of with a voice."

    def __post_init__(self) -> None:
        check_levels(self.levels)
        if not 0.25 <= self.minutes <= 60:
            raise UserError(f"minutes must be 0.25 to 60 per level, not {self.minutes:g}")
        if self.endpoint is not None and not 0.05 <= self.endpoint <= 5:
            raise UserError(f"an endpoint must be 0.05 to 5 s, not {self.endpoint:g}")

    @property
    def span(self) -> float:
        """Seconds in which questions are asked."""
        return 60.0 * self.minutes

    @property
    def turn(self) -> TurnConfig:
        """The turn policy's settings."""
        return TurnConfig() if self.endpoint is None else TurnConfig.fixed(self.endpoint)


def levels_of(text: str) -> tuple[int, ...]:
    """``1,4,16`` as numbers of sessions. Raises UserError."""
    try:
        levels = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UserError(
            f"--sessions {text!r} is no list of whole numbers; write for example 1,4,16"
        ) from None
    check_levels(levels)
    return levels


def check_levels(levels: tuple[int, ...]) -> None:
    """Raises UserError for anything but increasing numbers from 1 to MOST."""
    if not levels or min(levels) < 1 or max(levels) > MOST:
        raise UserError(f"a level has 1 to {MOST} sessions, not {', '.join(map(str, levels)) or 'none'}")
    if list(levels) != sorted(set(levels)):
        raise UserError(
            f"levels must increase, and {', '.join(map(str, levels))} do not; write for example 1,4,16"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One question in its place."""

    at: float
    "Seconds since questions began to be asked, at this level."
    stimulus: Stimulus


@dataclass(slots=True)
class Plans:
    """The parts of the users, made once and said at every level."""

    settings: LoadSettings
    _made: dict[int, list[Asked]] = field(default_factory=dict)

    async def prepare(self, sessions: int, voice: Voice) -> None:
        """Make what the first so many sessions say. Raises VoiceError."""
        for number in range(len(self._made), sessions):
            self._made[number] = [one async for one in _asked(self.settings, number, voice)]

    def of(self, number: int) -> list[Asked]:
        """What session ``number`` says; ``prepare`` must have made it."""
        return self._made[number]


def lead(sessions: int) -> float:
    """Seconds from the first call's beginning to the time from which questions are asked: all have begun."""
    return 2.0 + 0.1 * sessions


def begins(sessions: int, seed: int) -> list[float]:
    """When each session's recording begins, in seconds of its level: spread, never in step."""
    draw = random.Random(f"load begins {seed}")
    room = lead(sessions) - 1.0
    return [room * (number + draw.random()) / sessions for number in range(sessions)]


def length(sessions: int, begin: float, span: float) -> float:
    """Seconds of a recording that begins there: all end together, in whole frames."""
    frame = FRAME / CAPTURE_RATE
    return round((lead(sessions) + span + WINDOW + TAIL - begin) / frame) * frame


def cues(asked: list[Asked], sessions: int, begin: float) -> list[Cue]:
    """The questions on one recording's own clock."""
    return [Cue(one.stimulus, When.AT, lead(sessions) - begin + one.at) for one in asked]


def item(sessions: int, number: int, seed: int) -> Item:
    """One session of a level as the harness names conversations: ``load-016/003``."""
    return Item(f"{SUITE}-{sessions:03d}", number, seed * 1000 + number, Actor.BRAIN, _made_elsewhere)


async def _asked(settings: LoadSettings, number: int, voice: Voice) -> AsyncIterator[Asked]:
    draw = random.Random(f"load {settings.seed} {number}")
    say = _noise if settings.marked else _question
    at = draw.uniform(0.0, PHASE)
    for one in sums(settings.seed * 100_003 + number):
        stimulus = await say(one, voice)
        if at + stimulus.seconds > settings.span:
            return
        yield Asked(at, stimulus)
        at += stimulus.seconds + WINDOW + min(draw.expovariate(1.0 / EXTRA), MOST_EXTRA)


async def _question(one: Sum, voice: Voice) -> Stimulus:
    return await spoken(voice, one.text, expected=str(one.answer))


async def _noise(one: Sum, voice: Voice) -> Stimulus:
    return Stimulus(marked(1.0 + one.answer / 50, one.answer), text=one.text, voice="marked noise")


async def _made_elsewhere(voice: Voice) -> Script:
    raise NotImplementedError("a load test's scripts are made by load_pace.TimedScript")
