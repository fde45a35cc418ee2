"""Who plays the brain, the ear and the user's voice in a simulated conversation.

Either fakes with declared costs, or the bundled brain itself at a declared cost, asked aloud with questions
that were made into sound before virtual time began. Nothing here may run while the world stands still.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipeline.ports import BrainFacts, Limits, Pcm, Piece, VoiceDetector
from pipeline.prompt import Prompt

from . import faults
from .brain import Prices, WordBrain
from .detector import LateDetector
from .script import Act, Hasten, Outlast, Overlap, Push, Scenario, Speak
from .words import speech

LISTENING = 0.010
"""Declared seconds of the bundled brain for 80 ms of sound: its budget on one core."""
TOKEN = 0.003
"""Declared seconds of the bundled brain for a token: its budget on one core."""
READING = 0.02
"""Declared seconds until the bundled brain's first token."""


@dataclass(frozen=True, slots=True)
class Player:
    """A brain for one conversation, as a service for ``InlineCompute``, and what its steps cost."""

    service: Any
    cost: Callable[[str, Any], float]


@dataclass(frozen=True, slots=True)
class Cast:
    """What a world needs from outside, built anew for every conversation."""

    brain: Callable[[Scenario], Player]
    detector: Callable[[Scenario], VoiceDetector]
    sound: Callable[[tuple[str, ...]], Pcm]
    "The user's words as sound at CAPTURE_RATE."
    recast: Callable[[Scenario], Scenario]
    "The scenario in the words that this cast knows."


def fakes() -> Cast:
    """Stamped words, a brain that reads them, a detector with drawn lags."""
    return Cast(_words, lambda scenario: LateDetector(scenario.seed), speech, lambda scenario: scenario)


def _words(scenario: Scenario) -> Player:
    fails = faults.kinds(scenario.faults, "brain")
    brain = WordBrain(Prices(write=scenario.write), fails, heads=scenario.heads, calls=scenario.tools)
    return Player(brain, brain.cost)


class Declared:
    """An engine whose work costs virtual time by declaration, however long it takes in fact."""

    def __init__(self, engine: Any) -> None:
        self.price = 0.0
        self._engine = engine

    def facts(self) -> BrainFacts:
        facts: BrainFacts = self._engine.facts()
        return facts

    def prefill(self, prompt: Prompt) -> int:
        """As the engine; LISTENING per position that was computed."""
        new: int = self._engine.prefill(prompt)
        self.price = LISTENING * new
        return new

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """As the engine; READING once and TOKEN per token."""
        self.price = READING
        for piece in self._engine.generate(prompt, limits):
            self.price += TOKEN
            yield piece
            self.price = 0.0

    def cost(self, method: str, _result: object) -> float:
        """What InlineCompute charges for the last step."""
        return self.price if method in ("prefill", "generate") else 0.0


def bundled() -> Cast:
    """The practice brain and the Silero detector, asked aloud in a voice of espeak-ng.

    Raises ModelError, VoiceError where one of them is not installed.
    """
    from agent.demo import QUESTIONS, spoken
    from audio_io.silero import SileroDetector
    from model.engine import load_bundled
    from pipeline.clock import run

    sounds = dict(zip([ask.text for ask in QUESTIONS], run(lambda: spoken(QUESTIONS, "")), strict=True))
    engine = load_bundled()

    def player(_scenario: Scenario) -> Player:
        declared = Declared(engine)
        return Player(declared, declared.cost)

    return Cast(
        player,
        lambda _scenario: SileroDetector(),
        lambda words: sounds[words[0]],
        lambda scenario: asking(scenario, tuple(sounds)),
    )


def asking(scenario: Scenario, texts: tuple[str, ...]) -> Scenario:
    """The scenario with one of these texts in place of every sentence."""
    dice = random.Random(f"texts {scenario.seed}")

    def put(act: Act) -> Act:
        match act:
            case Speak():
                return replace(act, words=(dice.choice(texts),), pauses=())
            case Overlap() | Outlast() | Push():
                return replace(act, words=(dice.choice(texts),))
            case Hasten():
                return replace(act, words=(dice.choice(texts),), more=(dice.choice(texts),))
        return act

    return replace(scenario, acts=tuple(map(put, scenario.acts)), encore=tuple(map(put, scenario.encore)))
