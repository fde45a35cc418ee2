"""Synthetic conversations: bursts of noise as speech at known samples, so the right answer is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from bench.labels import During, Kind, Labels, Pause, UserTurn
from bench.recording import Recording

RATE = 24_000


def burst(seconds: float, *, seed: int = 1, level: float = 0.1) -> np.ndarray:
    """Noise with syllables: loud from its first sample to its last, never 10 ms below the threshold."""
    count = round(seconds * RATE)
    noise = np.random.default_rng(seed).normal(0.0, 1.0, count)
    swell = 0.6 + 0.4 * np.cos(2 * np.pi * 4 * np.arange(count) / RATE)
    sound = np.clip(level * swell * noise, -1, 1)
    if count:
        sound[0] = sound[-1] = level
    return sound.astype(np.float32)


@dataclass
class Stage:
    """A conversation being laid out in seconds."""

    seconds: float
    floor: float | None = None
    turns: list[UserTurn] = field(default_factory=list)
    greeting: bool = False
    name: str = "made"

    def __post_init__(self) -> None:
        count = round(self.seconds * RATE)
        random = np.random.default_rng(7)
        level = 0.0 if self.floor is None else 10 ** (self.floor / 20)
        self.user, self.agent = (random.normal(0, level or 1e-9, count).astype(np.float32) for _ in range(2))

    def says(
        self,
        at: float,
        seconds: float,
        kind: Kind = Kind.QUESTION,
        pauses: Sequence[tuple[float, float]] = (),
        reply: bool = True,
    ) -> int:
        """The user speaks, silent in ``pauses`` (on the conversation's clock). Returns the end sample."""
        start = round(at * RATE)
        self.put(self.user, at, burst(seconds, seed=len(self.turns)))
        silent = tuple(Pause(round(low * RATE), round(high * RATE)) for low, high in pauses)
        for pause in silent:
            self.user[pause.start : pause.end] = 0
        end = start + round(seconds * RATE)
        self.turns.append(
            UserTurn(len(self.turns) + 1, kind, start, end, silent, during=During.UNKNOWN, reply=reply)
        )
        return end

    def answers(self, at: float, seconds: float, sound: np.ndarray | None = None) -> None:
        """The agent is audible from ``at`` on."""
        self.put(self.agent, at, burst(seconds, seed=99) if sound is None else sound)

    def put(self, channel: np.ndarray, at: float, sound: np.ndarray) -> None:
        start = round(at * RATE)
        room = channel[start : start + len(sound)]
        room += sound[: len(room)]

    @property
    def recording(self) -> Recording:
        return Recording(self.user, self.agent, RATE)

    @property
    def labels(self) -> Labels:
        return Labels(self.name, RATE, len(self.user), tuple(self.turns), greeting=self.greeting)


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return Stage


@pytest.fixture
def sound() -> Callable[..., np.ndarray]:
    return burst
