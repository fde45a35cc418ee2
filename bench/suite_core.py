"""The core suite: what a voice agent must do before anything else is worth measuring.

Scenarios are data: which agent, which room, and a script whose every draw follows from the seed. They know
nothing of clocks, files or scores.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import islice

from pipeline.ports import Voice

from .item import Actor, Item, conversations
from .labels import Kind
from .nulls import DELAYS
from .numbers import Sum, sums
from .script import Cue, Script, When
from .stimuli import hesitating, spoken

SUITE = "core"
PAUSES = (0.3, 0.6, 1.0)
"""Seconds of the hesitations."""
OFFSETS = (0.4, 0.8, 1.2)
"""Seconds after the reply's onset at which it is interrupted."""
ECHOES = (-20.0, 0.0)
"""Decibels of the playback in the microphone."""
TURNS = 5
"""Questions per conversation."""
NULL_TURNS = 5
"""Questions per delay of a null agent."""
MONOLOGUE = (
    "I am going to speak for a while, so that you can hear whether I take my own voice for yours. "
    "Nobody else is in the room. If I stop before the end, I have heard myself, and that would be a mistake. "
    "Seven and eight make fifteen, and fifteen and nine make twenty four. That was all; I begin again."
)
"""What the agent says over and over in the echo scenarios."""


SCENARIOS = ("smooth", "hesitation", "barge-in", "overhead", "null", "echo", "machine")
"""Names that a run can be narrowed to. ``machine`` is measured in processes of its own (``machine.py``)."""


def items(scenario: str, count: int, seed: int, *, minutes: float = 5.0) -> list[Item]:
    """The conversations of one scenario, with ``count`` events in all.

    ``minutes`` is the length of each echo recording. Raises KeyError for a name not in SCENARIOS.
    """
    match scenario:
        case "smooth" | "overhead":
            actor = Actor.BRAIN if scenario == "smooth" else Actor.SCRIPTED
            return conversations(scenario, count, TURNS, seed, actor, smooth)
        case "hesitation":
            events, each = count * len(PAUSES), 2 * len(PAUSES)
            return conversations(scenario, events, each, seed, Actor.BRAIN, hesitation)
        case "barge-in":
            return conversations(scenario, count, len(OFFSETS), seed, Actor.BRAIN, barge_in)
        case "null":
            build = partial(smooth, seed, NULL_TURNS)
            return [Item(f"null-{delay:.2f}s", 0, seed, Actor.NULL, build, delay=delay) for delay in DELAYS]
        case "echo":
            alone = partial(_nobody, 60.0 * minutes)
            names = {level: f"echo{level:+.0f}dB" for level in ECHOES}
            return [
                Item(name, 0, seed, Actor.BRAIN, alone, echo=level, monologue=MONOLOGUE)
                for level, name in names.items()
            ]
        case "machine":
            return []
    raise KeyError(scenario)


# --- scripts -----------------------------------------------------------------------------------------------


async def smooth(seed: int, count: int, voice: Voice) -> Script:
    """Whole questions, one after another."""
    draw = random.Random(f"smooth {seed}")
    return Script([await _question(voice, one, draw) for one in islice(sums(seed), count)])


async def hesitation(seed: int, count: int, voice: Voice) -> Script:
    """Questions with one pause each, at a word border, of every length in turn."""
    draw = random.Random(f"hesitation {seed}")
    cues = []
    for place, one in enumerate(islice(sums(seed), count)):
        at = draw.randrange(2, len(one.words))
        parts = (" ".join(one.words[:at]), " ".join(one.words[at:]))
        length = PAUSES[(place + seed) % len(PAUSES)]
        stimulus = await hesitating(voice, parts, (length,), expected=str(one.answer))
        cues.append(Cue(stimulus, When.AFTER_REPLY, _gap(draw)))
    return Script(cues)


async def barge_in(seed: int, count: int, voice: Voice) -> Script:
    """A question, and another one spoken over its answer, at every offset in turn."""
    draw = random.Random(f"barge-in {seed}")
    asked: Iterator[Sum] = sums(seed)
    cues = []
    for place in range(count):
        cues.append(await _question(voice, next(asked), draw))
        one = next(asked)
        stimulus = await spoken(voice, one.text, Kind.BARGE_IN, expected=str(one.answer))
        cues.append(Cue(stimulus, When.AFTER_ONSET, OFFSETS[(place + seed) % len(OFFSETS)]))
    return Script(cues)


async def _nobody(seconds: float, voice: Voice) -> Script:
    """A user who says nothing for this long."""
    return Script([], greeting=True, least=seconds, limit=seconds)


async def _question(voice: Voice, one: Sum, draw: random.Random) -> Cue:
    return Cue(await spoken(voice, one.text, expected=str(one.answer)), When.AFTER_REPLY, _gap(draw))


def _gap(draw: random.Random) -> float:
    """Seconds of silence before the next question; uneven, so that no turn keeps step with a block."""
    return draw.uniform(0.7, 1.1)
