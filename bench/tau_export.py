"""``bench export --format tau``: a run of ours by τ-voice's definitions, as its JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError

from . import recording as recordings
from .counted import counted
from .export_what import of_agents
from .tau import events
from .tau_json import Call, lines, write_panel
from .tau_labels import from_recording

Tell = Callable[[str], None]


def export_tau(run: Path, out: Path, tell: Tell) -> int:
    """Write the panel of a run, a domain per scenario, and its events; returns how many conversations.

    Raises UserError for a run without any.
    """
    calls, rate = [], 1
    for place, labels in of_agents(run, tell):
        recording = recordings.load(place / "conversation.wav")
        recordings.fit(recording, labels)
        rate = recording.rate
        told = events(from_recording(recording, labels))
        calls.append(Call(labels.conversation, labels.scenario or "conversation", told))
    if not calls:
        raise UserError(f"{run} holds no conversation; one is a folder with conversation.wav and labels.json")
    for line in lines(write_panel(calls, 1 / rate, out)):
        tell(line)
    many = counted(len(calls), "conversation")
    tell(f"{many} told in {out}: same definitions, other stimuli than the benchmark's")
    return len(calls)
