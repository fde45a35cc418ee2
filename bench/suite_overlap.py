"""The suite of overlap: everything that is said or sounds while the agent speaks, and some of it in silence.

The bundled brain's answers last two seconds, too short to be talked over again and again. So the agent under
test holds a talk here (``texts.TALK``, given to the session as words to say; the labels tell), and the
scripted user speaks into it, after a question of their own: an agent may learn how loud its user is. An agent
that can only be spoken to is asked to tell a story instead.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.ports import Voice

from . import sounds
from .cast import other, user
from .item import Actor, Item, conversations
from .labels import Kind
from .mix import louder
from .numbers import sums
from .people import people
from .script import Cue, Script, When
from .stimuli import Stimulus, spoken
from .suite_core import MONOLOGUE
from .suite_core import barge_in as over_answers
from .texts import ASIDES, BEHIND, NODS, OPENER, TALK

SUITE = "overlap"
OFFSETS = (0.5, 1.5, 3.0)
"""Seconds after the agent's onset at which a barge-in begins."""
EVENTS = 5
"""Per conversation of what wants no reply."""
BARGE_INS = 3
LEVELS = (-20.0, -26.0, -32.0)
"""dBFS of tics and noises in turn; speech lies at -23."""
NOD_LONGEST = 0.7
"""Seconds of a backchannel, at most."""
TURNED_AWAY = -6.0
"""Decibels of what the user says to somebody else, against what they say to the agent."""
BACKGROUND = {"background-20dB": -20.0, "background-10dB": -10.0, "background-5dB": -5.0}
"""Decibels of other people's speech against the user's."""
ECHOES = tuple((level, delay) for level in (-20.0, -10.0, 0.0) for delay in (0.02, 0.15))
"""Decibels and seconds of the agent's own voice in the microphone, before the canceller."""
ECHO_SHARE = 0.1
"""Of the minutes asked for, per combination."""
_SPOKEN_OVER = ("backchannel", "tic", "noise", "aside", *BACKGROUND)
_IN_SILENCE = ("tic-silent", "noise-silent", "aside-silent", "background-10dB-silent")
_PEOPLE = {
    f"people-{kind}": kind
    for kind in (Kind.BARGE_IN, Kind.BACKCHANNEL, Kind.TIC, Kind.ASIDE, Kind.NOISE)
}  # fmt: skip
SCENARIOS = (
    "barge-in", "recovery", *_SPOKEN_OVER, *_IN_SILENCE, "barge-in-echo", "echo", *_PEOPLE,
)  # fmt: skip
OVER_WIRE = tuple(name for name in SCENARIOS if "echo" not in name)
"""An echo needs the harness's hand between loudspeaker and microphone of a session."""
_TOLD = "holds a talk, words given by the harness"

Make = Callable[[Voice, int, random.Random, int], Awaitable[Stimulus]]
"""``(voice, conversation, draw, place)``: one event."""


def items(
    scenario: str, count: int, seed: int, *, minutes: float = 5.0, folder: Path | None = None
) -> list[Item]:  # fmt: skip
    """The conversations of one scenario, with ``count`` events. ``minutes`` / 10 per echo. Raises KeyError.

    ``folder``: people's recordings; without one their scenarios are empty. Raises PeopleError.
    """
    talk: dict[str, Any] = {"monologue": TALK, "held": True, "about": {"agent": _TOLD}, "greets": False}
    held = partial(conversations, scenario, seed=seed, actor=Actor.BRAIN)
    match scenario:
        case "barge-in":
            return held(count, BARGE_INS, build=_barge_in, **talk | {"greets": True})
        case "barge-in-echo":
            about = {"agent": _TOLD, "condition": "echo at -10 dB after 60 ms, cancelled"}
            talk |= {"echo": -10.0, "about": about, "greets": True}
            return held(count, BARGE_INS, build=_barge_in, **talk)
        case "recovery":
            return held(count, BARGE_INS, build=over_answers)
        case "echo":
            return [_echo(level, delay, seed, ECHO_SHARE * minutes) for level, delay in ECHOES]
        case _ if scenario in _SPOKEN_OVER:
            return held(count, EVENTS, build=partial(_spoken_over, _MADE[scenario]), **talk)
        case _ if scenario in _IN_SILENCE:
            make = _MADE[scenario.removesuffix("-silent")]
            return held(count, EVENTS, build=partial(_in_silence, make))
        case _ if scenario in _PEOPLE:
            own = people(folder).of(_PEOPLE[scenario]) if folder else []
            if not own:
                return []
            each = BARGE_INS if scenario == "people-barge-in" else EVENTS
            return held(len(own), each, build=partial(_recorded, own, each), **talk)
    raise KeyError(scenario)


def _echo(level: float, delay: float, seed: int, minutes: float) -> Item:
    """Nobody but the agent, in a room that gives its voice back."""

    async def alone(voice: Voice) -> Script:
        return Script([], greeting=True, least=60.0 * minutes, limit=60.0 * minutes)

    name = f"echo{level:+.0f}dB-{1000 * delay:.0f}ms"
    return Item(name, 0, seed, Actor.BRAIN, alone, echo=level, echo_delay=delay, monologue=MONOLOGUE)


# --- scripts -----------------------------------------------------------------------------------------------


async def _question(voice: Voice, seed: int) -> Cue:
    """What begins a conversation in which the agent is not addressed again."""
    one = next(sums(seed))
    return Cue(await spoken(user(voice, seed), one.text, expected=str(one.answer)), When.AFTER_REPLY, 0.8)


async def _opener(voice: Voice, seed: int) -> Stimulus:
    return await spoken(user(voice, seed), OPENER)


async def _barge_in(seed: int, count: int, voice: Voice) -> Script:
    """Questions over the agent's talk, at every offset from its onset in turn; it begins again after each."""
    asked, who = sums(seed), user(voice, seed)
    cues = []
    for place, one in enumerate(islice(asked, count)):
        stimulus = await spoken(who, one.text, Kind.BARGE_IN, expected=str(one.answer))
        cues.append(Cue(stimulus, When.ANEW, OFFSETS[(place + seed) % len(OFFSETS)]))
    return Script(cues, greeting=True, opener=await _opener(voice, seed), leave=True)


async def _spoken_over(make: Make, seed: int, count: int, voice: Voice) -> Script:
    """A question; then events over the agent's talk, two to three seconds apart."""
    draw = random.Random(f"over {seed}")
    cues = [await _question(voice, seed)]
    for place in range(count):
        stimulus = await make(voice, seed, draw, seed % 1000 * EVENTS + place)
        cues.append(Cue(stimulus, When.OVER, draw.uniform(2.4, 3.2)))
    return Script(cues, opener=await _opener(voice, seed), leave=True, tail=3.0)


async def _in_silence(make: Make, seed: int, count: int, voice: Voice) -> Script:
    """A question, so that there is a conversation; then events while nobody speaks."""
    draw = random.Random(f"silent {seed}")
    cues = [await _question(voice, seed)]
    for place in range(count):
        stimulus = await make(voice, seed, draw, seed % 1000 * EVENTS + place)
        cues.append(Cue(stimulus, When.IN_SILENCE, draw.uniform(3.2, 3.8)))
    return Script(cues, tail=3.2)


async def _recorded(own: list[Stimulus], each: int, seed: int, count: int, voice: Voice) -> Script:
    """The folder's recordings in their order, over the agent's talk."""
    draw, at = random.Random(f"people {seed}"), seed % 1000 * each
    cues = [await _question(voice, seed)]
    for place, one in enumerate(own[at : at + count]):
        if one.kind is Kind.BARGE_IN:
            cues.append(Cue(one, When.ANEW, OFFSETS[(place + seed) % len(OFFSETS)]))
        else:
            cues.append(Cue(one, When.OVER, draw.uniform(2.4, 3.2)))
    return Script(cues, opener=await _opener(voice, seed), leave=True, tail=3.0)


# --- events ------------------------------------------------------------------------------------------------


async def _nod(voice: Voice, seed: int, draw: random.Random, place: int) -> Stimulus:
    """A spoken backchannel no longer than NOD_LONGEST, or a hum; every third is a hum."""
    if place % 3:
        for text in draw.sample(NODS, len(NODS)):
            said = await spoken(user(voice, seed), text, Kind.BACKCHANNEL)
            if said.seconds <= NOD_LONGEST:
                return louder(said, -3.0)  # people nod more softly than they ask
    return sounds.made("hum", draw.randrange(1 << 30), -26.0)


async def _sound(
    names: tuple[str, ...], voice: Voice, seed: int, draw: random.Random, place: int
) -> Stimulus:  # fmt: skip
    name, level = names[place % len(names)], LEVELS[place // len(names) % len(LEVELS)]
    return sounds.made(name, draw.randrange(1 << 30), level)


async def _aside(voice: Voice, seed: int, draw: random.Random, place: int) -> Stimulus:
    """To somebody else: the same person, turned away."""
    said = await spoken(user(voice, seed), draw.choice(ASIDES), Kind.ASIDE)
    return louder(said, TURNED_AWAY)


async def _behind(gain: float, voice: Voice, seed: int, draw: random.Random, place: int) -> Stimulus:
    """Somebody else, further away."""
    said = await spoken(other(voice, seed, 1 + place), draw.choice(BEHIND), Kind.ASIDE)
    return louder(said, gain)


_MADE: dict[str, Make] = {
    "backchannel": _nod,
    "tic": partial(_sound, sounds.TICS),
    "noise": partial(_sound, sounds.NOISES),
    "aside": _aside,
    **{name: partial(_behind, gain) for name, gain in BACKGROUND.items()},
}
