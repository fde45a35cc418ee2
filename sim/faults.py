"""What goes wrong, as data: faults keyed by (site, nth call), and actions keyed by a moment of the policy.

Keyed so, that taking one out leaves the others where they are. Nothing here may decide during a run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agent.turn import RULES, Agent, User
from pipeline.clock import now
from pipeline.events import Fact, PlaybackEnded, PlaybackReached, PlaybackStarted, PlaybackStarved

SITES = ("brain", "voice", "frame", "pull", "mail")
"""``brain``: a generation · ``voice``: a phrase · ``frame``: 20 ms of capture · ``pull``: 20 ms of playout ·
``mail``: a fact of the speaking stage on its way to the conductor."""
LATE = (PlaybackEnded, PlaybackStarved, PlaybackReached)
"""Facts that may be late: they tell of the past, and nothing is decided on their being there."""


Later: TypeAlias = Callable[[float, Callable[[Fact], None], Fact], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """The nth call at a site goes wrong."""

    site: str
    nth: int
    "Counted from 0."
    kind: str
    """brain: start, middle, slow · voice: start, middle, hang, mute · frame: gap, lost · pull: stall ·
    mail: the name of a fact."""
    seconds: float = 0.0
    "How long a gap, a stall or a delay lasts."


@dataclass(frozen=True, slots=True)
class Moment:
    """An action when the policy has been in a joint state for a while."""

    row: tuple[User, Agent]
    nth: int
    "The nth visit of that state, counted from 0."
    delay: float
    action: str
    "One of ACTIONS or BY_CLIENT, or ``close``."
    seconds: float = 0.0
    "How long mail is kept back or the sink stalls."


ACTIONS = (
    "type", "commit", "say", "gap", "voice fails", "stage fails", "barge-in", "backchannel", "noise", "stall",
    "late mail", "gap", "sounds over", "sounds open", "interrupt", "ask", "call",
)  # fmt: skip
"""What may happen at a moment; ``close`` beside these ends the conversation."""
BY_CLIENT = ("begins", "gives", "withdraws")
"""What a client that tells turns itself does, in two conversations of three."""
ROWS = tuple(RULES)
_OVER = [row for row in ROWS if row[0] is not User.QUIET and row[1] is not Agent.SILENT]
_ALONE = [row for row in ROWS if row not in _OVER]
_PAIRS = [(row, action) for row in _ALONE for action in ACTIONS]
_OVER += [_OVER[-1]]  # a voice is held only briefly after a burst: try twice as often


def at(faults: Sequence[Fault], site: str) -> dict[int, Fault]:
    """The faults of one site by call number."""
    return {fault.nth: fault for fault in faults if fault.site == site}


def kinds(faults: Sequence[Fault], site: str) -> dict[int, str]:
    """The kinds of fault of one site by call number."""
    return {nth: fault.kind for nth, fault in at(faults, site).items()}


def draw_faults(dice: random.Random) -> tuple[Fault, ...]:
    """None in half of the conversations, else a few."""
    if dice.random() < 0.5:
        return ()
    unplugged = (Fault("frame", dice.randrange(1000, 1150), "lost"),) if dice.random() < 0.05 else ()
    return (*unplugged, *(_fault(dice) for _ in range(dice.randint(1, 3))))


def _fault(dice: random.Random) -> Fault:
    match dice.choice(("brain", "brain", "voice", "voice", "frame", "pull", "mail")):
        case "brain":
            return Fault("brain", dice.randrange(8), dice.choice(["start", "middle", "slow"]))
        case "voice":
            return Fault("voice", dice.randrange(8), dice.choice(["start", "middle", "hang"] + 3 * ["mute"]))
        case "frame":
            return Fault("frame", dice.randrange(50, 900), "gap", dice.uniform(0.1, 0.8))
        case "pull":
            return Fault("pull", dice.randrange(100, 900), "stall", dice.choice([0.1, 0.4, 1.6, 1.6]))
    kind = dice.choice(LATE).__name__
    nth = dice.randrange(60 if kind == "PlaybackReached" else 4)
    return Fault("mail", nth, kind, dice.uniform(0.02, 0.3))


def draw_moments(seed: int, dice: random.Random) -> tuple[Moment, ...]:
    """Actions at successive visits of one state, all pairs in turn as the seeds go by, and how it ends."""
    count = len(ACTIONS)
    if talks_over(seed):
        turn, index = divmod(seed // 3 * 2 + seed % 3, len(_OVER))
        chosen = [(k // 2, _OVER[index], ACTIONS[(5 * turn + k) % count]) for k in range(count)]
        chosen += [(0, *_PAIRS[(seed * 3 + k) % len(_PAIRS)]) for k in range(3)]
    else:
        turn, index = divmod(seed // 3, len(_ALONE))
        chosen = [(k // 2, _ALONE[index], ACTIONS[(5 * turn + k) % count]) for k in range(count)]
    if turn % 3:
        chosen += [((turn + k) % 3, chosen[0][1], action) for k, action in enumerate(BY_CLIENT)]
    moments = [
        Moment(row, nth, dice.uniform(0, 0.06), action, dice.uniform(0.2, 0.5)) for nth, row, action in chosen
    ]
    return (*moments, Moment(closing_row(seed), 0, dice.uniform(0, 0.12), "close"))


def talks_over(seed: int) -> bool:
    """Whether this seed's user talks over the agent's voice: two in three do."""
    return seed % 3 != 0


def late_mail(dice: random.Random) -> tuple[Moment, ...]:
    """Whenever the user talks over the voice, the news of its end comes late."""
    row = (User.TALKING, Agent.SPEAKING)
    return tuple(Moment(row, nth, 0.0, "late mail", dice.uniform(0.15, 0.6)) for nth in range(8))


def closing_row(seed: int) -> tuple[User, Agent]:
    """The joint state in which this seed's conversation is closed."""
    return ROWS[seed % len(ROWS)]


class Mailbox:
    """Passes facts on, some of them late; what the speaking stage tells keeps its order."""

    def __init__(self, emit: Callable[[Fact], None], faults: Sequence[Fault], later: Later) -> None:
        """``later`` is the loop's ``call_at``."""
        self._emit = emit
        self._later = later
        self._faults = {(fault.kind, fault.nth): fault.seconds for fault in faults if fault.site == "mail"}
        self._counts: dict[str, int] = {}
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Keep back what is told from now on."""
        self._until = max(self._until, now() + seconds)

    def __call__(self, fact: Fact) -> None:
        """Emit a fact, at once or when its time has come."""
        if not isinstance(fact, (*LATE, PlaybackStarted)):
            self._emit(fact)
            return
        kind = type(fact).__name__
        nth = self._counts[kind] = self._counts.get(kind, -1) + 1
        self._until = max(self._until, now() + self._faults.get((kind, nth), 0.0))
        if self._until > now():
            self._later(self._until, self._emit, fact)
        else:
            self._emit(fact)


class Director:
    """Watches the policy's joint state and lets the moments happen."""

    def __init__(self, moments: Sequence[Moment], act: Callable[[Moment], None]) -> None:
        self._waiting = [moment for moment in moments if moment.action != "close"]
        self._closing = [moment for moment in moments if moment.action == "close"]
        self._act = act
        self._row: tuple[User, Agent] | None = None
        self._since = 0.0
        self._visits: dict[tuple[User, Agent], int] = {}

    def look(self, row: tuple[User, Agent], *, ending: bool) -> None:
        """Take note of the state; ``ending``: from now on the conversation may be closed."""
        if row != self._row:
            self._visits[row] = self._visits.get(row, -1) + 1
            self._row, self._since = row, now()
        due = self._waiting + (self._closing if ending else [])
        for moment in due:
            again = moment.action == "close" or self._visits[row] >= moment.nth
            if moment.row == row and again and now() - self._since >= moment.delay:
                (self._closing if moment.action == "close" else self._waiting).remove(moment)
                self._act(moment)
                return
