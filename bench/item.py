"""One conversation to be held, as data: which agent, which room, and how the user's part is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

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
    echo_delay: float = 0.06
    "Seconds from playing a sample to its echo in the microphone."
    monologue: str = ""
    "What the agent says unasked, as its greeting and whenever it is over or the script asks for it."
    greets: bool = True
    "Begin with the monologue."
    held: bool = False
    """The monologue is something to talk over: it is begun when the script says so (``Script.prompts``), not
    as soon as it is over."""
    about: dict[str, str] = field(default_factory=dict)
    "For the labels: what is special about this conversation's sound."

    @property
    def name(self) -> str:
        """Its folder below the run's."""
        return f"{self.scenario}/{self.number:03d}"


def conversations(
    scenario: str, count: int, each: int, seed: int, actor: Actor,
    build: Callable[[int, int, Voice], Awaitable[Script]], **others: Any,
) -> list[Item]:  # fmt: skip
    """As many conversations of ``each`` events as ``count`` needs, every one with a seed of its own.

    ``others`` are fields of every item.
    """
    found = []
    for number in range(-(-count // each)):
        own = seed * 1000 + number
        held = min(each, count - number * each)
        found.append(Item(scenario, number, own, actor, partial(build, own, held), **others))
    return found
