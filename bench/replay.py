"""The user's side of recordings as stimuli: what somebody else's conversations held is said to another agent.

Open loop: the user's channel is played as it is, silence and background too, whatever the agent does. So
imported benchmarks, and people's recorded calls, run as a suite. The old agent's channel is not heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from audio_io.resample import resample
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, FRAME, Pcm, Voice

from . import labels as manifests
from . import recording as recordings
from .item import Actor, Item
from .labels import During, Labels, Pause
from .score import WINDOW
from .script import GONE, Placed, Script
from .stimuli import Stimulus
from .suites import REPLAY, Suite

MARGIN = 1.0
"""Seconds beyond the window in which a reply counts that the last turn is given at least."""


class Replay(Script):
    """Plays one channel from its first sample to its last; what is labelled in it counts as said."""

    def __init__(self, user: Pcm, labels: Labels) -> None:
        """``user`` is at CAPTURE_RATE and as long as the labels say, at their rate."""
        due = [turn.end / labels.rate for turn in labels.turns if turn.reply]
        lasts = max([len(user) / CAPTURE_RATE, *(end + WINDOW + MARGIN for end in due)])
        super().__init__([], greeting=labels.greeting, least=lasts, limit=lasts)
        self._user = user
        self._frames = 0
        self._heard_at = -1.0
        self._waiting = [_stimulus(user, labels, place) for place in range(len(labels.turns))]

    @property
    def unasked(self) -> list[Stimulus]:
        """As ``Script.unasked``."""
        return super().unasked + [stimulus for stimulus, _ in self._waiting if stimulus.reply]

    def frame(self, heard: bool) -> Pcm:
        """The next 20 ms of the recording, shape (FRAME,); silence after its end."""
        at = self._frames * FRAME
        if heard:
            self._heard_at = at
        while self._waiting and self._waiting[0][1] < at + FRAME:
            stimulus, start = self._waiting.pop(0)
            near = self._heard_at >= 0 and at - self._heard_at <= GONE * CAPTURE_RATE
            self.placed.append(Placed(stimulus, start, During.SPEAKING if near else During.SILENT))
        super().frame(heard)  # keeps the time and says when it is over
        self._frames += 1
        found = np.zeros(FRAME, np.float32)
        piece = self._user[at : at + FRAME]
        found[: len(piece)] = piece
        return found


def _stimulus(user: Pcm, labels: Labels, place: int) -> tuple[Stimulus, int]:
    """A labelled turn with its sound, and its first capture sample."""
    turn = labels.turns[place]
    start, end = (_capture(position, labels.rate) for position in (turn.start, turn.end))
    pauses = tuple(
        Pause(_capture(one.start, labels.rate) - start, _capture(one.end, labels.rate) - start)
        for one in turn.pauses
    )
    sound = user[start:end]
    return Stimulus(sound, turn.kind, pauses, turn.text, turn.expected, turn.reply, "recorded"), start


def _capture(position: int, rate: int) -> int:
    return position * CAPTURE_RATE // rate


def replay_items(folder: Path) -> list[Item]:
    """One item per conversation under ``folder``, in the scenarios that their labels name.

    Raises UserError when there is none, LabelsError or SoundFileError for one that cannot be played.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; name one with conversation.wav and labels.json in it")
    numbers: Counter[str] = Counter()
    found: list[Item] = []
    for place in _conversations(folder):
        labels = manifests.load(place / "labels.json")
        scenario = labels.scenario or REPLAY
        script = partial(_read, place, labels)
        found.append(Item(scenario, numbers[scenario], 1000 + len(found), Actor.BRAIN, script))
        numbers[scenario] += 1
    if not found:
        raise UserError(
            f"{folder} holds no conversation; one is a folder with conversation.wav and labels.json: "
            "make them with hocket bench import, or hocket bench run"
        )
    return found


def replay_suite(folder: Path) -> Suite:
    """The folder as a suite: its scenarios are those of its labels. Raises as ``replay_items``."""
    whole = replay_items(folder)
    names = tuple(dict.fromkeys(item.scenario for item in whole))

    def items(scenario: str, count: int, seed: int, *, minutes: float = 0.0) -> list[Item]:
        if scenario not in names:
            raise KeyError(scenario)
        return [item for item in whole if item.scenario == scenario][:count]

    return Suite(REPLAY, names, items, names)


def _conversations(folder: Path) -> Iterator[Path]:
    for found in sorted(folder.rglob("labels.json")):
        if (found.parent / "conversation.wav").exists():
            yield found.parent


async def _read(place: Path, labels: Labels, voice: Voice) -> Script:
    recording = recordings.load(place / "conversation.wav")
    recordings.fit(recording, labels)
    return Replay(resample(recording.user, recording.rate, CAPTURE_RATE), labels)
