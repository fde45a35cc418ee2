"""Many scored conversations as one set of figures, each with its n and its interval. Pure; hides nothing.

What a reader should not lean on (a rate of fewer than 10 events, a p99 of fewer than 300) is marked by
``Rate.small`` and left None; the report decides what to print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .rates import FEW, P99_NEEDS, Distribution, Rate, distribution, rate
from .score import Score, TurnScore
from .summary_overlap import Overlaps, overlaps
from .summary_pauses import Operating, by_length, operating

__all__ = ["FEW", "P99_NEEDS", "Distribution", "Rate", "Summary", "distribution", "rate", "summarise"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one set of conversations."""

    conversations: int
    turns: int
    "Sounds of the user, turns proper or not."
    seconds: float
    voice_to_voice: Distribution | None
    "From the labelled end of the user's speech to the first audible sample of the reply."
    to_body: Distribution | None
    "The same to the first utterance of the reply that is no mere filler."
    missed: Rate
    "Turns that wanted a reply and got no sound within the window."
    cut_ins: Rate
    "Turns proper in which the agent began to be audible before the labelled end."
    pauses: Mapping[float, Rate]
    "Cut-ins per labelled pause, by its length in seconds rounded to tenths."
    stop: Distribution | None
    resumed: Rate
    yields: Rate
    "Backchannels that silenced the agent."
    overlap: float
    "Seconds in which both were audible, whatever the user's sound was."
    doubles: int
    unprompted: int
    unscored: tuple[str, ...]
    cold: Distribution | None
    "Voice-to-voice of the first turn of every conversation that has more; they are in the whole too."
    took_floor: Rate
    "Takeover: turns that wanted a reply in which 300 ms or more of one were audible in the window."
    blips: int
    "Replies whose first sound was shorter than any word and stood by itself."
    pauses_inside: Mapping[float, Rate]
    "The agent began in the pause itself."
    pauses_sounded: Mapping[float, Rate]
    "The agent was audible in the pause, whenever it had begun."
    operating: tuple[Operating, ...]
    overlaps: Overlaps
    turns_proper: int
    "Turns with which the user took the floor."
    overlap_proper: float
    "Seconds of the agent's voice under those."
    interruptions: int
    "Beginnings of the agent's voice before the end of a turn proper."
    agent_seconds: float
    gaps: int
    "Silences of 120 ms to 1.5 s inside the agent's speech, away from the user's."
    longest_gap: float
    "Seconds; 0 without any."
    answered_by: tuple[str, ...]
    "Who answered (see ``kinds``); more than one must not be read together."
    warnings: tuple[str, ...]

    @property
    def interruption_rate(self) -> float | None:
        """I_A: the agent's interruptions per turn proper; may exceed 1."""
        return self.interruptions / self.turns_proper if self.turns_proper else None

    @property
    def overlap_per_minute(self) -> float:
        """Seconds of overlap with turns proper, per minute of recording: talking on over a cough is right."""
        return 60 * self.overlap_proper / self.seconds if self.seconds else 0.0

    @property
    def gaps_per_minute(self) -> float | None:
        """Silences per minute of the agent's audible speech."""
        return 60 * self.gaps / self.agent_seconds if self.agent_seconds else None


def summarise(scores: Sequence[Score]) -> Summary:
    """The figures of these conversations together. Equal names make them one cluster."""
    turns = [turn for one in scores for turn in one.turns]
    proper = [turn for turn in turns if turn.floor]
    due = [turn for turn in turns if turn.voice_to_voice is not None]
    stops = [turn.stop for turn in turns if turn.stop is not None]
    missed = [turn.censored for turn in due]
    lengths = [gap.seconds for one in scores for gap in one.gaps]
    return Summary(
        conversations=len(scores),
        turns=len(turns),
        seconds=sum(one.seconds for one in scores),
        voice_to_voice=distribution(_grouped(scores, lambda turn: turn.voice_to_voice), sum(missed)),
        to_body=distribution(
            _grouped(scores, lambda turn: turn.to_body),
            sum(turn.body_censored or turn.censored for turn in due),
        ),
        missed=rate(missed),
        cut_ins=rate(turn.cut_in for turn in proper),
        pauses=by_length(turns, lambda pause: pause.cut),
        stop=distribution(
            _grouped(scores, lambda turn: turn.stop.latency if turn.stop else None),
            sum(stop.censored for stop in stops),
        ),
        resumed=rate(stop.resumed for stop in stops),
        yields=rate(turn.yielded for turn in turns if turn.yielded is not None),
        overlap=sum(turn.overlap for turn in turns),
        doubles=sum(turn.doubles for turn in turns),
        unprompted=sum(one.unprompted for one in scores),
        unscored=_told(scores, lambda one: one.unscored),
        cold=_cold(scores),
        took_floor=rate(turn.took_floor for turn in turns if turn.took_floor is not None),
        blips=sum(turn.blip for turn in turns),
        pauses_inside=by_length(turns, lambda pause: pause.inside),
        pauses_sounded=by_length(turns, lambda pause: pause.heard),
        operating=operating(turns),
        overlaps=overlaps(scores),
        turns_proper=len(proper),
        overlap_proper=sum(turn.overlap for turn in proper),
        interruptions=sum(turn.interruptions for turn in turns),
        agent_seconds=sum(one.agent_seconds for one in scores),
        gaps=len(lengths),
        longest_gap=max(lengths, default=0.0),
        answered_by=tuple(sorted({one.answered_by for one in scores if one.answered_by})),
        warnings=_told(scores, lambda one: one.warnings),
    )


def _cold(scores: Sequence[Score]) -> Distribution | None:
    """Of conversations with a second turn to compare the first with."""
    groups: defaultdict[str, list[float]] = defaultdict(list)
    censored = 0
    for one in scores:
        waits = [turn.voice_to_voice for turn in one.turns if turn.voice_to_voice is not None]
        if len(waits) > 1:
            groups[one.conversation].append(waits[0])
            censored += next(turn.censored for turn in one.turns if turn.voice_to_voice is not None)
    return distribution(groups, censored)


def _told(scores: Sequence[Score], pick: Callable[[Score], Sequence[str]]) -> tuple[str, ...]:
    return tuple(f"{one.conversation}, {what}" for one in scores for what in pick(one))


def _grouped(scores: Sequence[Score], pick: Callable[[TurnScore], float | None]) -> dict[str, list[float]]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for one in scores:
        groups[one.conversation] += [value for turn in one.turns if (value := pick(turn)) is not None]
    return dict(groups)
