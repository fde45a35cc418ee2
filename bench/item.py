"""One conversation to be held, as data: which agent, which room, and how the user's part is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from pipeline.ports import Voice

from .script import Script


class Actor(StrEnum):
    """Who answers."""

    BRAIN = "brain"
    "The session under test, with its own brain and voice."
    SCRIPTED = "scripted"
    "The same session around a brain and a voice that cost nothing."
    NULL = "null"
    "No session: a source that answers after a known delay."


@dataclass(frozen=True, slots=True)
class Item:
    """One conversation to be held."""

    scenario: str
    number: int
    seed: int
    actor: Actor
    script: Callable[[Voice], Awaitable[Script]]
    "Builds the user with the user's voice."
    delay: float = 0.0
    "Of a null agent."
    echo: float | None = None
    "Decibels of the agent's playback in the microphone."
    monologue: str = ""
    "What the agent says whenever it is silent, unasked."

    @property
    def name(self) -> str:
        """Its folder below the run's."""
        return f"{self.scenario}/{self.number:03d}"


def conversations(
    scenario: str, count: int, each: int, seed: int, actor: Actor,
    build: Callable[[int, int, Voice], Awaitable[Script]],
) -> list[Item]:  # fmt: skip
    """As many conversations of ``each`` events as ``count`` needs, every one with a seed of its own."""
    found = []
    for number in range(-(-count // each)):
        own = seed * 1000 + number
        held = min(each, count - number * each)
        found.append(Item(scenario, number, own, actor, partial(build, own, held)))
    return found
