"""What the shipped end-of-turn head says in every labelled silence of a recording, offline.

It reads the user's channel only, in steps of 80 ms as a session does, and no session is run: nothing that the
agent did changes a score. A folder of conversations, questions of the think suite and people's labelled
recordings are all turned into the same thing first. A sound that stands in a folder many times is one
question and judged once: copies are no further evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from audio_io.resample import resample
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Judgement, Pcm
from pipeline.prompt import BLOCK, Audio, Human, Prompt

from . import labels as manifests
from . import recording as recordings
from .kinds import APART, kind_of
from .labels import Kind
from .operating import Silence
from .pictures_data import APART as SCENARIOS_APART
from .report import conversations
from .stimuli import Stimulus
from .think_stimuli import Long

PRE_ROLL = 0.2
"""Seconds before a turn's first sample from which the head hears it, as the shipped policy has it."""
HORIZON = 2.0
"""Seconds after a turn's end that are judged; no patience that is swept and matters is longer."""
LONGEST = 24.0
"""Seconds of sound before a silence that are heard at most: a brain takes 25 s at once."""
FLOOR = 10 ** (-70 / 20)
"""Noise that a microphone always has, where a stimulus is judged by itself: as ``bench.edge`` adds it."""


_Shape: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]
"""A turn's length and where its pauses lie in it, in samples."""
ALIKE = 0.1
"""RMS of what two sounds differ by, over that of the one, up to which they are one sound in two recordings
(-20 dB): each has noise of its own, so that no two are equal sample by sample."""


class Judges(Protocol):
    """The part of an engine that is asked."""

    def judge(self, prompt: Prompt, onset: int) -> Judgement: ...


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One turn of a user with the silence after it, at CAPTURE_RATE."""

    conversation: str
    "What is drawn anew together: a conversation, or the stimulus where it stands in several of them."
    pcm: Pcm
    start: int
    end: int
    pauses: tuple[tuple[int, int], ...]
    source: str
    "Whose voice: for the report."


def of_folder(folder: Path) -> Iterator[Turn]:
    """Every distinct question of the conversations below a folder, each once, where it is heard first.

    What was asked of known delays and scripted brains, and in echoes, is left out: those conversations check
    the harness and the runtime. Raises LabelsError, SoundFileError.
    """
    yield from _distinct(_asked(folder))


def _asked(folder: Path) -> Iterator[Turn]:
    for place in conversations(folder):
        told = manifests.load(place / "labels.json")
        asked = [turn for turn in told.turns if turn.kind is Kind.QUESTION and turn.reply]
        if not asked or kind_of(told.about) in APART or told.scenario.startswith(SCENARIOS_APART):
            continue
        sound = recordings.load(place / "conversation.wav")
        recordings.fit(sound, told)
        heard = resample(sound.user, sound.rate, CAPTURE_RATE)
        name = str(place.relative_to(folder))
        for turn in asked:
            after = [other.start for other in told.turns if other.start >= turn.end]
            until = _at(min(after, default=told.length), told.rate)
            pauses = tuple((_at(gap.start, told.rate), _at(gap.end, told.rate)) for gap in turn.pauses)
            start, end = _at(turn.start, told.rate), _at(turn.end, told.rate)
            yield _cut(Turn(name, heard[:until], start, end, pauses, told.about.get("user", "")))


def _cut(turn: Turn) -> Turn:
    """Without the sound that nobody is asked about, so that a folder's questions fit into memory."""
    first = max(0, turn.start - round(PRE_ROLL * CAPTURE_RATE))
    last = min(turn.end + round(HORIZON * CAPTURE_RATE), len(turn.pcm))
    pauses = tuple((low - first, high - first) for low, high in turn.pauses)
    start, end = turn.start - first, turn.end - first
    return replace(turn, pcm=turn.pcm[first:last].copy(), start=start, end=end, pauses=pauses)


def _distinct(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Each sound once; one that stands in several conversations is drawn by itself, not with its first."""
    firsts: dict[_Shape, list[tuple[Turn, set[str]]]] = {}
    for turn in turns:
        known = firsts.setdefault(_shape(turn), [])
        for first, places in known:
            if _alike(first, turn):
                places.add(turn.conversation)
                break
        else:
            known.append((turn, {turn.conversation}))
    for number, (turn, places) in enumerate(chain.from_iterable(firsts.values()), 1):
        yield turn if len(places) == 1 else replace(turn, conversation=f"stimulus {number}")


def _shape(turn: Turn) -> _Shape:
    return turn.end - turn.start, tuple((low - turn.start, high - turn.start) for low, high in turn.pauses)


def _alike(one: Turn, other: Turn) -> bool:
    """Of one shape: the same sound, but for each recording's own noise."""
    first, second = (turn.pcm[turn.start : turn.end].astype(np.float64) for turn in (one, other))
    return float(np.sum((first - second) ** 2)) <= ALIKE**2 * float(np.sum(first**2))


def of_questions(items: Iterable[Long]) -> Iterator[Turn]:
    """Questions of the think suite."""
    for item in items:
        yield of_stimulus(item.name, item.stimulus())


def of_recordings(found: Iterable[Stimulus]) -> Iterator[Turn]:
    """People's speech as ``bench.recorded`` cuts it; each recording counts as a conversation of its own."""
    for place, one in enumerate(found):
        yield of_stimulus(f"{one.voice} {place}", one)


def of_stimulus(name: str, one: Stimulus) -> Turn:
    """A stimulus by itself, in a quiet room."""
    lead, tail = round(PRE_ROLL * CAPTURE_RATE), round(HORIZON * CAPTURE_RATE)
    whole = np.concatenate([np.zeros(lead, np.float32), one.pcm, np.zeros(tail, np.float32)])
    noise = np.random.default_rng(len(one.pcm)).normal(0.0, FLOOR, len(whole))
    pauses = tuple((lead + gap.start, lead + gap.end) for gap in one.pauses)
    sound: Pcm = (whole + noise).astype(np.float32)
    return Turn(name, sound, lead, lead + len(one.pcm), pauses, one.voice)


def scored(turns: Iterable[Turn], engine: Judges) -> Iterator[Silence]:
    """Every labelled silence of these turns. Raises ModelError, UserError for an engine without judgement."""
    for turn in turns:
        for start, end in turn.pauses:
            yield Silence(turn.conversation, _curve(turn, start, end, engine), (end - start) / CAPTURE_RATE)
        horizon = min(turn.end + round(HORIZON * CAPTURE_RATE), len(turn.pcm))
        yield Silence(turn.conversation, _curve(turn, turn.end, horizon, engine), None)


def judging(brain: Path | None) -> Judges:
    """The engine of a brain that judges. Raises CheckpointError, UserError where it has no such head."""
    from model.engine import load_bundled, load_engine

    engine = load_bundled() if brain is None else load_engine(str(brain))
    if not engine.facts().judges:
        said = f"the brain {engine.facts().name} has no end-of-turn head; name one that has"
        raise UserError(said)
    return engine


def _curve(turn: Turn, stop: int, until: int, engine: Judges) -> tuple[tuple[float, float], ...]:
    """What is said at each whole 80 ms of sound that ends in the silence from ``stop`` to ``until``."""
    first = max(0, turn.start - round(PRE_ROLL * CAPTURE_RATE), stop - round(LONGEST * CAPTURE_RATE))
    found = []
    for count in range(-(-(stop - first) // BLOCK), (until - first) // BLOCK + 1):
        if count:
            sound = Audio(turn.pcm[first : first + count * BLOCK].copy())
            judged = engine.judge(Prompt((Human((sound,)),)), 0)
            found.append(((first + count * BLOCK - stop) / CAPTURE_RATE, judged.end_of_turn))
    return tuple(found)


def _at(position: int, rate: int) -> int:
    return position * CAPTURE_RATE // rate
