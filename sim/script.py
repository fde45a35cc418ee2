"""What a simulated user does, as data drawn from a seed; nothing in a run rolls dice for it.

A scenario is a value: take one act or one fault out and all the others stay the same. It must never depend on
anything but its seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TypeAlias

from agent.turn import Agent, TurnConfig, User

from .faults import Fault, Moment, closing_row, draw_faults, draw_moments, late_mail, talks_over
from .words import ACT, BACKCHANNEL, COUGH, FETCH, LONG, MUMBLE, NOTHING, PLAIN, SLOW, STOP, UNSURE

SHORTEST = 20.0
"""Virtual seconds that every conversation lasts at least."""
CLOSURE = 0.09
"""Seconds of silence within a word, as before a plosive: the level fades in it, a detector hardly sees it."""


@dataclass(frozen=True, slots=True)
class Speak:
    """A turn of the user, begun when the agent has been silent for ``after`` seconds."""

    words: tuple[str, ...]
    after: float = 0.6
    pauses: tuple[tuple[int, float], ...] = ()
    "(number of the word before which the user hesitates, seconds)."


@dataclass(frozen=True, slots=True)
class Overlap:
    """Words over the agent's voice, so many seconds after it was first heard; "" stands for a short pause."""

    words: tuple[str, ...]
    delay: float


@dataclass(frozen=True, slots=True)
class Outlast:
    """Words begun so many seconds before the agent's voice will end."""

    words: tuple[str, ...]
    lead: float


@dataclass(frozen=True, slots=True)
class Hasten:
    """A turn, and more words as soon as it is committed, before any reply is heard."""

    words: tuple[str, ...]
    more: tuple[str, ...]
    delay: float = 0.05


@dataclass(frozen=True, slots=True)
class Type:
    """A typed turn when the agent has been silent for ``after`` seconds."""

    text: str
    after: float = 0.5


@dataclass(frozen=True, slots=True)
class Push:
    """A turn whose end is told explicitly, ``at`` seconds after its first word (push to talk)."""

    words: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Ask:
    """The application asks the agent to speak when it has been silent for ``after`` seconds."""

    after: float = 0.5


@dataclass(frozen=True, slots=True)
class Rest:
    """Silence."""

    seconds: float


HUM = (BACKCHANNEL,) * 6
"""A backchannel that lasts longer than one is excused."""
Act: TypeAlias = Speak | Overlap | Outlast | Hasten | Type | Push | Ask | Rest


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that makes one simulated conversation."""

    seed: int
    acts: tuple[Act, ...]
    encore: tuple[Act, ...] = ()
    "Repeated after the acts until the conversation is closed."
    faults: tuple[Fault, ...] = ()
    moments: tuple[Moment, ...] = ()
    turn: TurnConfig = TurnConfig()  # noqa: RUF009  # frozen, and the defaults are what is meant
    echo: str = "none"
    "As in EdgeReport: with ``open`` the agent hears itself at -20 dB."
    latency: float = 0.0
    "Seconds from a pull to the ear."
    write: float = 0.006
    "Seconds that the brain takes per token of an answer."
    heads: bool = True
    "The brain judges sound without writing a word."
    greeting: str | None = None
    tools: bool = False
    "The agent has tools, and the user asks for them."
    shortest: float = SHORTEST


def scenario(seed: int) -> Scenario:
    """The conversation of this seed; in three of eleven the agent has tools."""
    plan = _talk(seed)
    return _asking_for_tools(plan, random.Random(f"tools {seed}")) if seed % 11 in (2, 5, 8) else plan


def _asking_for_tools(plan: Scenario, dice: random.Random) -> Scenario:
    """The same conversation, in most sentences of which something is to be looked up or done first."""

    def wish(words: tuple[str, ...]) -> tuple[str, ...]:
        first = dice.choice([(FETCH,), (ACT,), (FETCH, ACT), ()])
        if words == (STOP,) and dice.random() < 0.7:
            return (FETCH,)  # so short a burst is judged in a pause, where it is drafted
        return (*first, *words) if words[:1] and words[0] in PLAIN else words

    def put(act: Act) -> Act:
        match act:
            case Speak() | Overlap() | Outlast() | Push():
                return replace(act, words=wish(act.words))
            case Hasten():
                return replace(act, words=wish(act.words), more=wish(act.more))
            case Type():
                return replace(act, text=" ".join(wish(tuple(act.text.split()))))
        return act

    return replace(
        plan, tools=True, acts=tuple(map(put, plan.acts)), encore=tuple(map(put, plan.encore)),
        write=min(plan.write, 0.05),
    )  # fmt: skip


def _talk(seed: int) -> Scenario:
    """The conversation of this seed, as it is without tools."""
    dice = random.Random(f"scenario {seed}")
    if seed % 7 == 4:
        return _close_calls(seed, dice)
    acts: list[Act] = []
    for _ in range(dice.randint(2, 3)):
        acts.append(_turn(dice))
        if talks_over(seed):
            acts.append(_overlap(dice))
        if dice.random() < 0.4:
            acts.append(_oddity(dice))
    faults, moments = draw_faults(dice), draw_moments(seed, dice)
    return Scenario(
        seed, (*acts, Speak(("alpha", "bravo"), after=0.8)), _encore(seed, dice),
        faults=faults, moments=moments, turn=_policy(seed, dice),
        echo="open" if dice.random() < 0.12 else "none", latency=dice.choice([0.0, 0.0, 0.02, 0.2]),
        write=dice.choice([0.006, 0.05, 0.05, 0.35]), heads=_heads(seed, moments),
        greeting="Hello there, ask me something." if dice.random() < 0.3 else None,
    )  # fmt: skip


def _close_calls(seed: int, dice: random.Random) -> Scenario:
    """Short words over the last moments of a reply, or of what there is of it, whose end is told late."""
    acts: list[Act] = []
    for _ in range(4):
        word = dice.choice(PLAIN)
        short = dice.choice([(STOP,), (BACKCHANNEL,), (BACKCHANNEL,), _sentence(dice, 3)])
        acts += [Speak((word, LONG)), Outlast(short, dice.uniform(0.1, 0.18)), Rest(1.2)]
    moments = (*late_mail(dice), *draw_moments(seed, dice)[-1:])
    return Scenario(
        seed, tuple(acts), _encore(seed, dice), moments=moments, write=dice.choice([0.006, 0.35]),
        heads=seed % 5 == 0,
    )  # fmt: skip


def _heads(seed: int, moments: tuple[Moment, ...]) -> bool:
    """Most brains judge sound, so soon that a held voice hardly ever waits; where it shall, they do not."""
    return seed % 5 < 4 and all(moment.row != (User.PAUSED, Agent.HELD) for moment in moments)


def _encore(seed: int, dice: random.Random) -> tuple[Act, ...]:
    """What leads into every state in turn, so that the conversation can be closed there."""
    over = closing_row(seed)[0] is not User.QUIET and closing_row(seed)[1] is not Agent.SILENT
    if over or talks_over(seed):
        held = closing_row(seed) == (User.PAUSED, Agent.HELD)  # then only a short burst leads there
        words = dice.choice([(STOP,), *([] if held else [HUM]), (BACKCHANNEL,), _sentence(dice, 4)])
        return Speak((*_sentence(dice, 2), LONG)), Overlap(words, dice.uniform(0.3, 1.0))
    return Speak(_sentence(dice, 3)), Rest(0.5)


def _sentence(dice: random.Random, most: int = 5) -> tuple[str, ...]:
    return tuple(dice.sample(PLAIN, dice.randint(1, most)))


def _turn(dice: random.Random) -> Act:
    words = _sentence(dice)
    special = dice.random()
    for chance, word in ((0.5, LONG), (0.55, MUMBLE), (0.6, SLOW), (0.65, UNSURE)):
        if special < chance:
            words = (*words, word)
            break
    else:
        words = (NOTHING,) if special > 0.96 else words
    hesitates = dice.random() < 0.4 and len(words) > 1
    pauses = ((dice.randrange(1, len(words)), dice.choice([CLOSURE, 0.3, 0.6, 1.0])),) if hesitates else ()
    return Speak(words, dice.uniform(0.2, 1.2), pauses)


def _overlap(dice: random.Random) -> Act:
    kinds = [*["barge-in"] * 2, *["mhm"] * 3, "hum", "stop", "cough", "twice", "ponder", *["end"] * 5]
    kind = dice.choice(kinds)
    delay = dice.uniform(0.05, 1.0)
    match kind:
        case "barge-in":
            return Overlap(_sentence(dice), delay)
        case "mhm":
            return Overlap((BACKCHANNEL,), delay)
        case "hum":
            return Overlap(HUM, delay)
        case "stop":
            return Overlap((STOP,), delay)
        case "cough":
            return Overlap((COUGH,), delay)
        case "twice":
            return Overlap((BACKCHANNEL, "", STOP), delay)
        case "ponder":
            return Overlap((SLOW,), delay)
    return Outlast(dice.choice([(STOP,), _sentence(dice, 3)]), dice.uniform(0.08, 0.2))


def _oddity(dice: random.Random) -> Act:
    oddities: list[Act] = [
        Hasten(_sentence(dice), _sentence(dice, 2), dice.uniform(0, 0.2)),
        Type(" ".join(_sentence(dice)), dice.uniform(0, 0.8)),
        Push(_sentence(dice, 6), dice.uniform(0.4, 1.6)),
        Ask(dice.uniform(0.1, 0.6)),
        Rest(dice.uniform(0.5, 3)),
    ]
    return dice.choice(oddities)


def _policy(seed: int, dice: random.Random) -> TurnConfig:
    own = random.Random(f"policy {seed}")
    nudge = own.choice([0.0, 0.0, 1.0])
    if dice.random() < 0.2:
        return TurnConfig.fixed(0.25, reply_timeout=2.0, stall_timeout=1.0, nudge_after=nudge)
    return TurnConfig(
        reply_timeout=dice.choice([2.0, 10.0]), stall_timeout=dice.choice([1.0, 1.0, 1.0, 5.0]),
        nudge_after=nudge, early=own.choice([0.9, 0.9, 0.0]), adapt=own.random() < 0.8,
        adapt_after=own.choice([2, 4]),
    )  # fmt: skip
