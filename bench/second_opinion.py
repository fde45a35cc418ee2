"""The same recording scored by another ruler: how far do the figures depend on what counts as sound?

The scorer measures by energy. Here a voice detector says where the agent speaks, that is written as a channel
of its own, and the same scorer scores it; only the ruler differs. Pure, given a fresh detector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audio_io.resample import resample
from pipeline.ports import CAPTURE_RATE, Pcm, VoiceDetector

from .labels import Labels
from .recording import Recording
from .score import Score, TurnScore, score
from .stats import percentile

SPEECH = 0.5
"""Score of a window from which it counts as speech."""
ON = 0.2
"""RMS of the channel that stands for the agent's speech."""
FAR = 0.1
"""Seconds of difference beyond which two rulers disagree about one event."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure by both rulers, over all events that both could measure: second minus first, seconds."""

    n: int
    p50: float
    worst: float
    "Largest in size, signed."
    far: int
    "Events that differ by more than FAR."


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the second ruler says beside the first."""

    resolution: float
    "Seconds of one window of the second ruler: below it nothing is a disagreement."
    turns: int
    voice_to_voice: Difference | None
    stop: Difference | None
    replied: int
    "Turns in which only one of the two heard a reply."
    cut_in: int
    "Turns in which only one of the two heard the agent begin before the user's end."
    user_end: Difference | None
    "Where the second ruler hears the user's speech end, from the labelled end."


def speech(pcm: Pcm, rate: int, detector: VoiceDetector) -> Pcm:
    """A channel that is loud exactly where the detector hears speech; as long as ``pcm``."""
    detector.reset()
    heard = resample(pcm, rate, CAPTURE_RATE)
    size = detector.window
    whole = np.pad(heard, (0, -len(heard) % size))
    told = [detector.score(np.ascontiguousarray(window)) >= SPEECH for window in whole.reshape(-1, size)]
    places = np.arange(len(pcm)) * CAPTURE_RATE // rate // size
    loud = np.array([*told, False])[np.minimum(places, len(told))]
    sign = np.where(np.arange(len(pcm)) % 2, -ON, ON)
    return np.where(loud, sign, 0.0).astype(np.float32)


def rescore(recording: Recording, labels: Labels, detector: VoiceDetector) -> Score:
    """The score with the detector's ears for the agent; the user's side is the labels' as ever."""
    agent = speech(recording.agent, recording.rate, detector)
    return score(Recording(recording.user, agent, recording.rate), labels)


def second_opinion(
    conversations: Sequence[tuple[Recording, Labels]], detector: Callable[[], VoiceDetector]
) -> Opinion:
    """Both rulers over all these conversations. Raises LabelsError, SoundFileError as ``score`` does."""
    pairs: list[tuple[TurnScore, TurnScore]] = []
    ends: list[float] = []
    window = 0
    for recording, labels in conversations:
        ears = detector()
        window = ears.window
        first, second = score(recording, labels), rescore(recording, labels, ears)
        pairs += zip(first.turns, second.turns, strict=True)
        ends += _user_ends(recording, labels, ears)
    replied = [
        (a, b) for a, b in pairs
        if a.voice_to_voice is not None and b.voice_to_voice is not None and not (a.censored or b.censored)
    ]  # fmt: skip
    stops = [
        (a.stop.latency, b.stop.latency) for a, b in pairs
        if a.stop and b.stop and not (a.stop.censored or b.stop.censored)
    ]  # fmt: skip
    return Opinion(
        window / CAPTURE_RATE, len(pairs),
        _difference([(b.voice_to_voice or 0.0) - (a.voice_to_voice or 0.0) for a, b in replied]),
        _difference([b - a for a, b in stops]),
        sum(a.censored != b.censored for a, b in pairs),
        sum(a.cut_in != b.cut_in for a, b in pairs),
        _difference(ends),
    )  # fmt: skip


def _user_ends(recording: Recording, labels: Labels, detector: VoiceDetector) -> Iterator[float]:
    """For every turn that is followed by quiet, where the detector hears its speech end, from the label."""
    loud = np.flatnonzero(speech(recording.user, recording.rate, detector))
    for place, turn in enumerate(labels.turns):
        until = labels.turns[place + 1].start if place + 1 < len(labels.turns) else recording.length
        inside = loud[(loud >= turn.start) & (loud < min(until, turn.end + recording.rate))]
        if len(inside):
            yield float(inside[-1] + 1 - turn.end) / recording.rate


def _difference(found: Sequence[float]) -> Difference | None:
    if not found:
        return None
    far = sum(abs(one) > FAR for one in found)
    return Difference(len(found), percentile(found, 0.5), max(found, key=abs), far)


def told(opinion: Opinion, name: str) -> list[str]:
    """The disagreement in lines for a person."""
    lines = [
        f"second opinion by {name} (windows of {1000 * opinion.resolution:.0f} ms) on {opinion.turns} turns: "
        f"reply or none differs in {opinion.replied}, cut-in or not in {opinion.cut_in}"
    ]
    figures = (
        ("voice to voice", opinion.voice_to_voice), ("stop latency", opinion.stop),
        ("the user's end beside its label", opinion.user_end),
    )  # fmt: skip
    for figure, one in figures:
        if one is not None:
            lines.append(
                f"  {figure}: {1000 * one.p50:+.0f} ms p50, {1000 * one.worst:+.0f} ms at most, "
                f"{one.far} of {one.n} by more than {1000 * FAR:.0f} ms"
            )
    return lines
