"""A simulated user: plays acts into the microphone, guided by nothing but what can be heard.

One step per frame of 20 ms. It must never look at the runtime's state, except to time an overlap to the end
of a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.ports import CAPTURE_RATE, FRAME, Pcm

from .script import Act, Ask, Hasten, Outlast, Overlap, Push, Rest, Speak, Type

PATIENCE = 6.0
"""Seconds that a user waits for silence, or for the agent's voice, before going on."""


@dataclass(frozen=True, slots=True)
class Uttered:
    """Words that the user spoke without a pause."""

    words: tuple[str, ...]
    start: int
    "Capture sample."
    end: int
    alone: bool
    "True when the user had the floor: it was no talk over the agent's voice."


@dataclass(slots=True)
class Hooks:
    """What a user can do besides speaking, and what they can hear."""

    sound: Callable[[tuple[str, ...]], Pcm]
    "Words as sound."
    type: Callable[[str], None]
    commit: Callable[[], None]
    ask: Callable[[], object]
    silent_for: Callable[[], float]
    "Seconds since the agent's voice was last heard; infinity before the first time."
    left: Callable[[], float]
    "Seconds of the reply that are still to come, as far as they exist."
    committed: Callable[[], int]
    "How many turns were committed."


@dataclass(slots=True)
class User:
    """Plays a script. ``frame`` gives the microphone's sound."""

    acts: tuple[Act, ...]
    encore: tuple[Act, ...]
    hooks: Hooks
    uttered: list[Uttered] = field(default_factory=list)
    over: bool = False
    "The acts are over; what follows is encore."
    ended: float = 0.0
    "When they were."
    _now: float = 0.0
    _at: int = 0
    _sound: list[tuple[int, Pcm]] = field(default_factory=list)
    _steps: Iterator[object] | None = None

    def step(self, frame: int) -> None:
        """Live through the 20 ms before the end of this frame."""
        self._at, self._now = frame * FRAME, frame * FRAME / CAPTURE_RATE
        if self._steps is None:
            self._steps = self._play()
        next(self._steps, None)

    def frame(self, frame: int) -> Pcm:
        """Capture samples of this frame, shape (FRAME,)."""
        start = frame * FRAME
        out = np.zeros(FRAME, np.float32)
        self._sound = [(begin, pcm) for begin, pcm in self._sound if begin + len(pcm) > start]
        for begin, pcm in self._sound:
            first, last = max(begin, start), min(begin + len(pcm), start + FRAME)
            if first < last:
                out[first - start : last - start] += pcm[first - begin : last - begin]
        return out

    def _play(self) -> Iterator[None]:
        yield from self._perform(self.acts)
        self.over, self.ended = True, self._now
        while self.encore:
            yield from self._perform(self.encore)

    def _perform(self, acts: tuple[Act, ...]) -> Iterator[None]:
        for act in acts:
            match act:
                case Speak():
                    yield from self._silence(act.after)
                    yield from self._speak(act.words, act.pauses)
                    yield from self._voice()
                case Overlap() | Outlast():
                    yield from self._overlap(act)
                case Hasten():
                    yield from self._hasten(act)
                case Type():
                    yield from self._silence(act.after)
                    self.hooks.type(act.text)
                    yield from self._voice()
                case Push():
                    yield from self._push(act)
                case Ask():
                    yield from self._silence(act.after)
                    self.hooks.ask()
                    yield from self._voice()
                case Rest():
                    yield from self._wait(act.seconds)

    def _hasten(self, act: Hasten) -> Iterator[None]:
        yield from self._silence(0.6)
        before = self.hooks.committed()
        yield from self._speak(act.words)
        until = self._now + PATIENCE
        while self.hooks.committed() == before and self._now < until:
            yield
        yield from self._wait(act.delay)
        yield from self._speak(act.more)
        yield from self._voice()

    def _push(self, act: Push) -> Iterator[None]:
        yield from self._silence(0.6)
        begun, pushed = self._now, False
        for _ in self._speak(act.words):
            if not pushed and self._now - begun >= act.at:
                self.hooks.commit()
                pushed = True
            yield
        while not pushed:
            yield
            if self._now - begun >= act.at:
                self.hooks.commit()
                pushed = True
        yield from self._voice()

    def _overlap(self, act: Overlap | Outlast) -> Iterator[None]:
        yield from self._voice()
        if isinstance(act, Overlap):
            yield from self._wait(act.delay)
        else:
            until = self._now + PATIENCE
            while self.hooks.left() > act.lead and self._now < until:
                yield
        words = act.words
        while "" in words:
            first = words[: words.index("")]
            yield from self._speak(first, alone=False)
            yield from self._wait(0.3)
            words = words[len(first) + 1 :]
        yield from self._speak(words, alone=False)

    def _silence(self, least: float) -> Iterator[None]:
        until = self._now + PATIENCE
        while self.hooks.silent_for() < least and self._now < until:
            yield

    def _voice(self) -> Iterator[None]:
        until = self._now + PATIENCE
        while self.hooks.silent_for() > 0.1 and self._now < until:
            yield

    def _wait(self, duration: float) -> Iterator[None]:
        until = self._now + duration
        while self._now < until:
            yield

    def _speak(
        self, words: tuple[str, ...], pauses: tuple[tuple[int, float], ...] = (), *, alone: bool = True
    ) -> Iterator[None]:
        """Lay words onto the microphone and wait until they are over."""
        at = self._at + 37 * (len(self.uttered) % 8)
        cuts = [0, *(index for index, _ in pauses), len(words)]
        gaps = [0.0, *(gap for _, gap in pauses)]
        for gap, first, last in zip(gaps, cuts, cuts[1:], strict=False):
            at += round(gap * CAPTURE_RATE)
            pcm = self.hooks.sound(words[first:last])
            self._sound.append((at, pcm))
            self.uttered.append(Uttered(words[first:last], at, at + len(pcm), alone))
            at += len(pcm)
        while self._at < at:
            yield

