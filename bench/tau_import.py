"""``bench import tau``: τ-voice's calls; their panel from the ticks, and conversations where there is sound.

A call's sound is ``both.wav`` (left the user, right the agent), which tau2 keeps only on demand; without it a
call gives its panel and no conversation. A call that cannot be used is told in one line, the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from audio_io.resample import resample
from pipeline.errors import HocketError, SoundFileError, UserError
from pipeline.ports import PLAYOUT_RATE, Pcm

from . import recording as recordings
from .counted import counted
from .foreign_folder import keep, slug
from .recording import Recording
from .tau import events
from .tau_json import Call, lines, write_panel
from .tau_labels import to_labels
from .tau_ticks import Simulation, simulations

BOTH = "both.wav"
APART = 2
"""Ticks by which a call's sound may differ in length from them; more says that it is not laid on them."""
Tell = Callable[[str], None]


def import_tau(root: Path, out: Path, tell: Tell) -> int:
    """Read a run of tau2 into ``out``; returns the number of faults. Raises UserError for nothing usable."""
    calls: list[Call] = []
    faults = heard = 0
    tick = 0.0
    sounds = sorted(root.rglob(BOTH)) if root.is_dir() else []
    for found in simulations(root):
        if isinstance(found, UserError):
            tell(f"left out: {found}")
            faults += 1
            continue
        tick = found.seconds
        calls.append(Call(found.name, "tau", events(found.timeline)))
        try:
            heard += _sound(found, sounds, out)
        except HocketError as error:
            tell(f"{found.name}: panel only: {error}")
            faults += 1
    if not calls:
        raise UserError(f"none of the {faults} calls in {root} can be used; the lines above say why")
    for line in lines(write_panel(calls, tick, out)):
        tell(line)
    silent = len(calls) - heard
    left = f"; {silent} without a {BOTH} that can be used, so with nothing to score" if silent else ""
    read, written = counted(len(calls), "call"), counted(heard, "conversation")
    tell(f"{read} read, {written} written to {out}, {counted(faults, 'fault')}{left}")
    return faults


def _sound(call: Simulation, sounds: list[Path], out: Path) -> bool:
    """Write the call as a conversation if its sound is there."""
    files = [file for file in sounds if call.name in file.as_posix()]
    if not files:
        return False
    recording = _resampled(recordings.load(files[0]))
    lasts = len(call.ticks) * call.seconds
    if abs(recording.length / recording.rate - lasts) > APART * call.seconds:
        raise SoundFileError(
            f"{files[0]} lasts {recording.length / recording.rate:.2f} s and its ticks {lasts:.2f} s; "
            "labels from ticks would be shifted"
        )
    about = {"source": "tau-voice", "task": call.task, "resolution": f"{call.seconds:g} s"}
    labels = to_labels(call.timeline, call.name, recording.rate, recording.length, about)
    recordings.fit(recording, labels)
    keep(out / slug(call.name), recording, labels)
    return True


def _resampled(found: Recording) -> Recording:
    channels: list[Pcm] = [resample(one, found.rate, PLAYOUT_RATE) for one in (found.user, found.agent)]
    return recordings.from_channels(np.stack(channels, axis=1), PLAYOUT_RATE, BOTH)
