"""The suite of turns: who has finished, who has not, and what a room, a line or a crowd does to the answer.

Scenarios are data, as in ``suite_core``; equal seeds make equal conversations. Every scenario's figures stand
alone: none may be pooled with another's.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import islice
from pathlib import Path

from pipeline.errors import UserError
from pipeline.ports import Pcm, Voice

from .beds import MakeBed, babble, closed, pink, under_speech
from .cast import everybody, user
from .item import Actor, Item, conversations
from .labels import Kind
from .mix import REVERBERATION, in_room, through_telephone
from .numbers import Sum, spell, sums
from .people import people
from .score import WINDOW
from .script import Cue, Script, When
from .stimuli import Gap, Stimulus, composed, spoken
from .texts import BEHIND
from .think_items import draw_chain

SUITE = "turns"
PAUSES = (0.3, 0.6, 1.0, 1.5, 2.5)
"""Seconds of the silent hesitations."""
UM_PAUSES = (1.0,)
"""Seconds of silence after an "um"."""
TRAP_PAUSES = (0.6,)
"""Seconds between what sounds like a whole question and its rest."""
TURNS = 6
"""Questions per conversation."""
PATIENCE = WINDOW + 0.4
"""Seconds to wait for a reply: in babble many do not come, and every one of them is waited for."""
SILENCE = 60.0
"""Seconds in which a user says nothing."""
CONDITIONS = {
    "babble-20dB": "babble, 20 dB SNR", "babble-10dB": "babble, 10 dB SNR", "babble-5dB": "babble, 5 dB SNR",
    "pink-10dB": "pink noise, 10 dB SNR", "own-10dB": "the user's own noise, 10 dB SNR",
    "room": f"room, RT60 {REVERBERATION:g} s, direct sound as strong as the rest",
    "telephone": "telephone, 300-3400 Hz, 8 kHz mu-law",
}  # fmt: skip
"""Sound that every question of these scenarios has; every second question has a pause of 0.6 s."""
PEOPLE = ("people", "people-hesitation")
SCENARIOS = (
    "smooth", "hesitation", "um", "correction", "trap", "long", "silence", *CONDITIONS, *PEOPLE,
)  # fmt: skip
OVER_WIRE = SCENARIOS
"""Nothing here needs access to a session."""

Ask = Callable[[Voice, int, random.Random], Awaitable[Stimulus]]
"""``(voice, place, draw)``: the question at this place of a conversation."""


def items(
    scenario: str, count: int, seed: int, *, minutes: float = 5.0, folder: Path | None = None
) -> list[Item]:  # fmt: skip
    """The conversations of one scenario, with ``count`` events; per length where pauses have several.

    ``folder``: people's recordings; without one their scenarios are empty. Raises KeyError, PeopleError.
    """
    held = partial(conversations, scenario, seed=seed, actor=Actor.BRAIN)
    match scenario:
        case "smooth" | "correction" | "long":
            return held(count, TURNS, build=partial(_asked, scenario, _ASKED[scenario]))
        case "hesitation" | "um" | "trap":
            lengths = {"hesitation": PAUSES, "um": UM_PAUSES, "trap": TRAP_PAUSES}[scenario]
            ask = partial(_ASKED[scenario], lengths)
            return held(count * len(lengths), TURNS, build=partial(_asked, scenario, ask))
        case "silence":
            return held(max(1, count // 10), 1, build=_nobody)
        case "people" | "people-hesitation":
            own = people(folder).of(Kind.QUESTION, pauses=scenario != "people") if folder else []
            return held(len(own), TURNS, build=partial(_recorded, own)) if own else []
        case "own-10dB" if folder is None or not people(folder).beds:
            return []
        case _ if scenario in CONDITIONS:
            about = {"condition": CONDITIONS[scenario]}
            return held(count, TURNS, build=_conditioned(scenario, seed, folder), about=about)
    raise KeyError(scenario)


# --- scripts -----------------------------------------------------------------------------------------------


async def _asked(
    name: str, ask: Ask, seed: int, count: int, voice: Voice, *, bed: Pcm | None = None
) -> Script:  # fmt: skip
    """Questions one after another, all by the user of this conversation."""
    draw, who = random.Random(f"{name} {seed}"), user(voice, seed)
    cues = []
    for place in range(count):
        stimulus = await ask(who, _nth(seed, place), draw)
        cues.append(Cue(stimulus, When.AFTER_REPLY, draw.uniform(0.7, 1.1), PATIENCE))
    return Script(cues, bed=bed)


def _nth(seed: int, place: int) -> int:
    """The number of a question in its scenario, over all conversations."""
    return seed % 1000 * TURNS + place


async def _nobody(seed: int, count: int, voice: Voice) -> Script:
    """A user who is there and says nothing."""
    return Script([], least=SILENCE, limit=SILENCE)


async def _recorded(own: list[Stimulus], seed: int, count: int, voice: Voice) -> Script:
    """The folder's questions in their order."""
    draw, at = random.Random(f"people {seed}"), _nth(seed, 0)
    return Script(
        [Cue(one, When.AFTER_REPLY, draw.uniform(0.7, 1.1)) for one in own[at : at + count]]
    )  # fmt: skip


def _conditioned(
    name: str, seed: int, folder: Path | None
) -> Callable[[int, int, Voice], Awaitable[Script]]:  # fmt: skip
    """A builder of conversations under one condition; its bed is made once for all of them."""
    kind, _, ratio = name.removesuffix("dB").partition("-")
    if not ratio:
        changed = _in_room if kind == "room" else _on_telephone
        return partial(_asked, name, changed)
    made: list[Pcm] = []
    make = {"babble": _babble(seed), "pink": _pink(seed), "own": _own(folder)}[kind]

    async def build(own: int, count: int, voice: Voice) -> Script:
        if not made:
            made.append(under_speech(await make(voice), float(ratio)))
        return await _asked(name, _mixed, own, count, voice, bed=made[0])

    return build


def _babble(seed: int) -> MakeBed:
    return lambda voice: babble(everybody(voice), BEHIND, seed)


def _pink(seed: int) -> MakeBed:
    async def make(voice: Voice) -> Pcm:
        return pink(seed)

    return make


def _own(folder: Path | None) -> MakeBed:
    async def make(voice: Voice) -> Pcm:
        found = people(folder).beds if folder else ()
        if not found:
            raise UserError("own noise needs a folder with a bed; give --people DIR")
        return closed(found[0])

    return make


# --- questions ---------------------------------------------------------------------------------------------


def _sum(draw: random.Random) -> Sum:
    return next(islice(sums(draw.randrange(1 << 30)), 1))


async def _smooth(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    one = _sum(draw)
    return await spoken(voice, one.text, expected=str(one.answer))


async def _paused(
    lengths: tuple[float, ...], voice: Voice, place: int, draw: random.Random, *, um: bool = False
) -> Stimulus:  # fmt: skip
    """A question with one pause at a word border, of every length in turn; ``um`` fills its beginning."""
    one = _sum(draw)
    at = draw.randrange(2, len(one.words))
    said: list[str | Gap] = [" ".join(one.words[:at])]
    if um:
        said += [Gap(0.1, marked=False), "um"]
    said += [Gap(lengths[place % len(lengths)]), " ".join(one.words[at:])]
    return await composed(voice, said, expected=str(one.answer))


async def _mixed(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    """Every second question has a pause."""
    return await (_paused((0.6,), voice, place, draw) if place % 2 else _smooth(voice, place, draw))


async def _in_room(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    return in_room(await _mixed(voice, place, draw), draw.randrange(1 << 30))


async def _on_telephone(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    return through_telephone(await _mixed(voice, place, draw))


async def _corrected(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    """ "what is four plus five … no, plus six": the answer is to what was meant in the end."""
    left, wrong, right = draw.randint(2, 60), draw.randint(2, 38), draw.randint(2, 38)
    said: list[str | Gap] = [
        f"what is {spell(left)} plus {spell(wrong)}", Gap(draw.uniform(0.2, 0.4)), f"no, plus {spell(right)}",
    ]  # fmt: skip
    return await composed(voice, said, expected=str(left + right))


async def _trapped(
    lengths: tuple[float, ...], voice: Voice, place: int, draw: random.Random
) -> Stimulus:  # fmt: skip
    """A whole question, a pause, and then more of it: what was answered too early is heard to be wrong."""
    left, middle, last = draw.randint(2, 50), draw.randint(2, 30), draw.randint(1, 18)
    whole, gap = f"what is {spell(left)} plus {spell(middle)}", Gap(lengths[place % len(lengths)])
    said: list[str | Gap] = [whole, gap, f"plus {spell(last)}"]
    return await composed(voice, said, expected=str(left + middle + last))


async def _long(voice: Voice, place: int, draw: random.Random) -> Stimulus:
    """Four to six numbers: what the bundled brain can just do, and must think for."""
    chain = draw_chain(draw)
    return await spoken(voice, chain.text, expected=str(chain.answer))


_ASKED: dict[str, Callable[..., Awaitable[Stimulus]]] = {
    "smooth": _smooth, "hesitation": _paused, "um": partial(_paused, um=True), "correction": _corrected,
    "trap": _trapped, "long": _long,
}  # fmt: skip
