"""Many explained conversations as one set of figures. Pure; hides nothing: who prints withholds.

What needs a trace is None where no conversation has one, and ``unknown`` says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from .bootstrap import share_of
from .explain import UNKNOWN, Explained
from .explain_ahead import POSITION
from .explain_parts import NAMES
from .explain_socket import SOCKET_MEANING, SOCKET_STOP_MEANING
from .explain_stop import STOPS
from .explain_words import latencies
from .stats import GROUPS, Interval, percentile
from .summary import Distribution, Rate, distribution, rate


@dataclass(frozen=True, slots=True)
class Spread:
    """Some durations in seconds; signed."""

    n: int
    mean: float
    p50: float
    p90: float
    p95: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Thinking:
    """Thought tokens that answers rest on, by what could be heard when they were written."""

    user: int
    agent: int
    exposed: int
    late: int
    turns: int
    hidden: float
    "Share of all that was written before the first answer word while the user or the agent was heard."
    interval: Interval | None
    "95 %, turns drawn with replacement."


@dataclass(frozen=True, slots=True)
class Figures:
    """What explains one section's scores."""

    conversations: int
    traced: int
    told: int
    "Conversations with a server's messages."
    replies: int
    "That came within the window, known or not what they consist of."
    parts: dict[str, Spread] = field(default_factory=dict)
    "Terms of voice-to-voice by name, signed; their means add up to ``whole``'s."
    whole: Spread | None = None
    credit: Spread | None = None
    "Of the replies whose sound was ready before the decision: by how much."
    socket: dict[str, Spread] = field(default_factory=dict)
    socket_stop: dict[str, Spread] = field(default_factory=dict)
    content: Distribution | None = None
    "From the labelled end to the first answer-bearing word; a reply without one counts as the window."
    right: Rate | None = None
    "Answers that were right by the reply's text; a refusal is not right."
    refused: int = 0
    stop: dict[str, Spread] = field(default_factory=dict)
    stopped: int = 0
    "Stops in conversations with a trace; those without parts were silent before any order."
    holds: int = 0
    false_holds: Rate | None = None
    "Of the holds: those under which the user wanted no floor, by the labels."
    resume: Spread | None = None
    "From a hold to going on."
    hits: Rate | None = None
    drafts: int = 0
    dropped: int = 0
    ahead: int = 0
    wasted: int = 0
    saved: Spread | None = None
    unread: Spread | None = None
    "Positions (80 ms) of sound that an answering draft still had to take in when it began."
    uncommitted: int | None = None
    stale: int | None = None
    thinking: Thinking | None = None
    starved: int | None = None
    gaps: Spread | None = None
    spoken: float = 0.0
    kept: Spread | None = None
    "Of cut replies: seconds remembered minus seconds played."
    kept_words: dict[int, int] = field(default_factory=dict)
    "Words remembered minus words played, and how often."
    unknown: tuple[str, ...] = ()


def figures_of(told: Sequence[Explained], replies: int) -> Figures:
    """Of one section's conversations; ``replies``: how many the recordings show within the window."""
    traced = [one for one in told if one.source == "trace"]
    terms = [part.terms for one in traced for part in one.parts]
    totals = [part.total for one in traced for part in one.parts]
    stops = [stop.terms for one in traced for stop in one.stops]
    over = [part.terms for one in told for part in one.socket]
    ended = [stop.terms for one in told for stop in one.socket_stops]
    answers = [answer for one in told for answer in one.answers]
    content = _content(traced)
    base = Figures(
        conversations=len(told), traced=len(traced), replies=replies,
        told=sum(one.source == "events" for one in told),
        parts=_by_name(NAMES, terms), whole=spread(totals),
        credit=spread([part.credit for one in traced for part in one.parts if part.credit]),
        socket=_by_name(tuple(SOCKET_MEANING), over),
        socket_stop=_by_name(tuple(SOCKET_STOP_MEANING), ended),
        content=content,
        right=rate(one.right for one in answers) if answers else None,
        refused=sum(one.refused for one in answers),
        stop=_by_name(STOPS, stops), stopped=sum(one.stopped for one in traced),
        thinking=_thinking(traced),
        spoken=sum(one.spoken for one in told),
        unknown=tuple(_unknown(told, traced)),
    )  # fmt: skip
    return _clean(_ahead(_held(base, traced), traced), traced)


def spread(values: Sequence[float]) -> Spread | None:
    """None without values."""
    if not values:
        return None
    middle = sum(values) / len(values)
    half, most, nearly = (percentile(values, share) for share in (0.5, 0.9, 0.95))
    return Spread(len(values), middle, half, most, nearly, min(values), max(values))


def _by_name(names: Sequence[str], terms: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    found = {name: spread([one[name] for one in terms if name in one]) for name in names}
    return {name: one for name, one in found.items() if one is not None}


def _content(traced: Sequence[Explained]) -> Distribution | None:
    groups: dict[str, list[float]] = {}
    late = 0
    for one in traced:
        waits, never = latencies(one.answers)
        groups.setdefault(one.conversation, []).extend(waits)
        late += never
    return distribution(groups, late)


def _held(base: Figures, traced: Sequence[Explained]) -> Figures:
    holds = [hold for one in traced for hold in one.holds]
    idle = [not hold.wanted for hold in holds]
    return replace(
        base,
        holds=len(holds),
        false_holds=rate(idle) if holds else None,
        resume=spread([hold.gap for hold in holds if hold.gap is not None]),
    )


def _ahead(base: Figures, traced: Sequence[Explained]) -> Figures:
    found = [one.ahead for one in traced if one.ahead is not None]
    hits = [hit for one in found for hit in one.hits]
    return replace(
        base,
        hits=rate(hits) if hits else None,
        drafts=sum(one.drafts for one in found),
        dropped=sum(one.dropped for one in found),
        ahead=sum(one.tokens for one in found),
        wasted=sum(one.wasted for one in found),
        saved=spread([saved for one in found for saved in one.saved]),
        unread=spread([float(left) for one in found for left in one.unread]),
    )


def _clean(base: Figures, traced: Sequence[Explained]) -> Figures:
    known = [one.unasked for one in traced if one.unasked is not None]
    kept = [kept for one in traced for kept in one.kept]
    words: dict[int, int] = {}
    for one in kept:
        words[one.words] = words.get(one.words, 0) + 1
    return replace(
        base,
        uncommitted=sum(one.uncommitted for one in known) if known else None,
        stale=sum(one.stale for one in known) if known else None,
        starved=sum(one.starved for one in traced) if traced else None,
        gaps=spread([gap.seconds for one in traced for gap in one.gaps]),
        kept=spread([one.seconds for one in kept]),
        kept_words=dict(sorted(words.items())),
    )


def _thinking(traced: Sequence[Explained]) -> Thinking | None:
    found = list(chain.from_iterable(one.thinking.values() for one in traced))
    if not found:
        return None
    share = share_of([(float(one.hidden), float(one.all)) for one in found], fewest=GROUPS)
    return Thinking(
        sum(one.user for one in found), sum(one.agent for one in found), sum(one.exposed for one in found),
        sum(one.late for one in found), len(found), share.value, share.interval,
    )  # fmt: skip


def _unknown(told: Sequence[Explained], traced: Sequence[Explained]) -> list[str]:
    """What cannot be known here, in words."""
    found = []
    bare = sum(one.source == "" for one in told)
    if bare:
        found.append(
            f"{bare} of {len(told)} conversations have no trace: decomposition, content latency, stop split, "
            f"speculation, thinking, heard history and stale samples are {UNKNOWN}"
        )
    over = sum(one.source == "events" for one in told)
    if over:
        found.append(
            f"{over} of {len(told)} conversations were held over a socket: what a server does inside "
            "(words, voice, speculation, thinking, word times, what its history holds) is not known from here"
        )
    if button := sum(one.by_hand for one in told):
        found.append(
            f"in {button} of {len(told)} conversations the harness ended the turns by hand: how the agent "
            "would have found their ends is not in any wait"
        )
    if any(one.ahead is not None and one.ahead.hits and not one.ahead.unread for one in traced):
        found.append(f"positions left to take in ({1000 * POSITION:g} ms each): not in every trace")
    return found
