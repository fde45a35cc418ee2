"""Sweeps: the same short conversation with one moment moved in fine steps, thousands of times, each checked.

``resume``: the user pauses and goes on, at every instant of drafting, thinking, speaking and committing.
``barge-in``: the user talks over a reply that is written beside its thought, at every instant of it; three in
four are false alarms. In one case of three the brain confirms what was thought early; in the others that
becomes notes. A case is a function of its number alone. Nothing here may print.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice

from agent.turn import TurnConfig
from pipeline.clock import monotonic
from pipeline.ports import CAPTURE_RATE

from . import sweep_checks as checks
from . import sweep_confirmed as confirmed
from .explore import _worked, digest
from .sweep_booth import Case, Mind, Record, hold
from .sweep_phases import forgotten, hushed_late, phase, taken_over
from .thinker import Manner
from .words import BACKCHANNEL, COUGH, LONG

WHATS = ("resume", "barge-in")
MINDS = (
    Mind("instant, holding", Manner(), pace=0.0),
    Mind("20 ms, holding", Manner()),
    Mind("20 ms, speak-first", Manner(holds=False, listens="notes"), "speak-first"),
    Mind("20 ms, think-fully", Manner(holds=False), "think-fully"),
)
POLICIES = (("defaults", TurnConfig()), ("fixed 200 ms", TurnConfig.fixed(0.2)))
FIRST_SOUNDS = (0.03, 0.3)
LAGS = (0.057, 0.03, 0.108)
WINDOW = 1.6
"""Seconds after the end of the first words in which the user goes on."""
DENSER = 1.5
"""Two in five of these moments lie in its first quarter, where drafts begin, speak up and are committed."""
REPLY = 2.6
"""Seconds after a reply's first sample in which the user talks over it."""
BURSTS = (("delta", "echo", "foxtrot"), (BACKCHANNEL,), (BACKCHANNEL,), (COUGH,))
"""Over a reply: words that take the floor, an mm-hm judged by its words, one judged by its sound, a cough."""
SCORED = 0.25
"""Seconds after its onset at which the third of these is judged by its sound."""
_GOLDEN, _SILVER, _BRONZE = 0.6180339887498949, 0.41421356237309515, 0.7320508075688772
_CHUNK = 25
ALWAYS: tuple[checks.Check, ...] = (
    checks.it_ends_in_good_order,
    checks.no_sample_leaves_uncommitted,
    checks.no_reply_misses_words,
    checks.every_word_is_answered,
    checks.history_is_what_left_the_sink,
)
NOTED: tuple[checks.Check, ...] = (checks.no_finished_thought_is_lost, checks.no_thought_counts_twice)
"""Where thoughts become notes."""
CONFIRMED: tuple[checks.Check, ...] = (
    confirmed.an_answer_is_what_it_would_have_been,
    confirmed.what_is_confirmed_was_written_before,
    confirmed.nothing_written_before_is_written_again,
    confirmed.a_dropped_thought_predicts_the_next,
)
"""Where the brain confirms, and notes stand in no prompt."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case."""

    number: int
    violations: tuple[str, ...]
    phase: str
    forgotten: bool
    late: float
    "Seconds after a hush at which the last sample left."
    virtual: float
    digest: str
    confirming: bool
    "The brain was one that confirms."
    taken: tuple[int, int] = (0, 0)
    "Tokens of the replies' thoughts that were taken over from earlier ones, and all of them."


@dataclass(slots=True)
class Tally:
    """What a sweep found."""

    what: str
    count: int = 0
    virtual: float = 0.0
    wall: float = 0.0
    processor: float = 0.0
    "Seconds of work of all processes."
    forgotten: int = 0
    "Conversations in which a reply was cut off before a word of it was heard, and no other gave its answer."
    late: float = 0.0
    violations: list[tuple[int, str]] = field(default_factory=list)
    phases: Counter[str] = field(default_factory=Counter)
    confirming: Counter[str] = field(default_factory=Counter)
    "The phases of those whose brain confirms."
    taken: tuple[int, int] = (0, 0)
    "As in ``Outcome``, where the brain confirms."
    digest: str = ""


def case(what: str, number: int) -> Case:
    """The case of this number: combinations go round, moments are spread by the golden ratio."""
    mind, rest = _mind(number), number // 4
    voice, rest = FIRST_SOUNDS[rest % 2], rest // 2
    shared = {
        "lead": 6400 + number * 37 % 512,
        "phase": round(number * _SILVER % 1 * 0.0199, 6),
        "lag": LAGS[rest // 2 % 3],
    }
    if what == "resume":
        (policy, turn), step = POLICIES[rest % 2], rest // 2
        offset = round((step * _GOLDEN % 1) ** DENSER * WINDOW * CAPTURE_RATE)
        return Case(
            number, mind, policy, turn, voice, first=("alpha", "bravo"), second=BURSTS[0], offset=offset,
            **shared,  # type: ignore[arg-type]
        )  # fmt: skip
    kind, step = rest % 4, rest // 4
    offset = round(step * _GOLDEN % 1 * REPLY * CAPTURE_RATE)
    return Case(
        number, mind, *POLICIES[0], voice, first=("alpha", "bravo", LONG), second=BURSTS[kind], offset=offset,
        over=True, scored=SCORED if kind == 2 else 0.0, **shared,  # type: ignore[arg-type]
    )  # fmt: skip


def _mind(number: int) -> Mind:
    """Each in turn; one in three confirms, spread by a square root of its own."""
    mind = MINDS[number % 4]
    if abs(number * _BRONZE % 1 - 0.5) > 1 / 6:
        return mind
    return replace(mind, name=f"{mind.name}, confirming", manner=replace(mind.manner, confirms=True))


def live(what: str, number: int) -> Outcome:
    """One conversation, checked; what it dies of is a finding too."""
    given = case(what, number)
    confirming = given.mind.manner.confirms
    try:
        record = hold(given)
    except Exception as error:  # noqa: BLE001  # whatever a conversation dies of is a finding about its number
        found = (f"it died of {type(error).__name__}: {error}",)
        return Outcome(
            number, found, "dead", forgotten=False, late=0.0, virtual=0.0, digest="", confirming=confirming
        )
    return Outcome(
        number, tuple(checks.violations(record, checks_of(record))), phase(record),
        forgotten=forgotten(record), late=hushed_late(record), virtual=record.evidence.ended,
        digest=digest(record.evidence), confirming=confirming, taken=taken_over(record),
    )  # fmt: skip


def checks_of(record: Record) -> tuple[checks.Check, ...]:
    """By the brain; and where nothing was asked over the voice, nothing of the reply may be lost."""
    harmless = record.case.over and record.case.second != BURSTS[0]
    known = (*ALWAYS, *(CONFIRMED if record.case.mind.manner.confirms else NOTED))
    return (*known, checks.nothing_of_the_reply_is_lost) if harmless else known


def sweep(
    what: str, numbers: Iterable[int], *, processes: int = 1, tell: Callable[[Tally], None] | None = None
) -> Tally:
    """Live through these cases and add up; ``tell`` sees the tally grow."""
    tally, summed, began = Tally(what), sha256(), monotonic()
    for outcomes, worked in _outcomes(what, iter(numbers), processes):
        for outcome in outcomes:
            _add(tally, outcome)
            summed.update(outcome.digest.encode())
        tally.processor += worked
        tally.wall = monotonic() - began
        if tell is not None:
            tell(tally)
    tally.digest = summed.hexdigest()
    return tally


def _outcomes(
    what: str, numbers: Iterator[int], processes: int
) -> Iterator[tuple[list[Outcome], float]]:
    """In the order of the numbers, however many processes work."""
    chunks = iter(lambda: tuple(islice(numbers, _CHUNK)), ())
    if processes == 1:
        yield from (_work(what, chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(_work, what, chunk) for chunk in chunks]
        for each in waiting:
            yield each.result()


def _work(what: str, numbers: tuple[int, ...]) -> tuple[list[Outcome], float]:
    before = _worked()
    outcomes = [live(what, number) for number in numbers]
    return outcomes, _worked() - before


def _add(tally: Tally, outcome: Outcome) -> None:
    tally.count += 1
    tally.virtual += outcome.virtual
    tally.phases[outcome.phase] += 1
    if outcome.confirming:
        tally.confirming[outcome.phase] += 1
        tally.taken = (tally.taken[0] + outcome.taken[0], tally.taken[1] + outcome.taken[1])
    tally.forgotten += outcome.forgotten
    tally.late = max(tally.late, outcome.late)
    tally.violations += [(outcome.number, found) for found in outcome.violations]
