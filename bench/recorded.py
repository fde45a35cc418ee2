"""Human speech as stimuli: recordings in a folder, each with a manifest that says where its speech lies.

``question.wav`` needs ``question.json`` beside it, or in another folder where the recordings must stay as
they are. Every labelled turn becomes one stimulus, cut where the labels say and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from audio_io.resample import resample
from audio_io.wav import read_sound
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE

from . import labels as manifests
from .labels import LabelsError, Pause
from .stimuli import Stimulus, levelled

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")


def recorded(folder: Path, labels: Path | None = None) -> list[Stimulus]:
    """All labelled speech of a folder, sorted by file and turn, at CAPTURE_RATE and at the usual level.

    ``labels`` is where the manifests are, if not beside the recordings. Recordings without one are left out.
    Raises UserError when nothing is labelled, LabelsError and SoundFileError for what does not fit.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; name one with recordings and their labels")
    found: list[Stimulus] = []
    for sound in sorted(file for file in folder.iterdir() if file.suffix.lower() in SOUNDS):
        manifest = (labels or folder) / f"{sound.stem}.json"
        if manifest.exists():
            found += _cut(sound, manifest)
    if not found:
        raise UserError(
            f"no recording in {folder} has labels in {labels or folder}; question.wav needs question.json "
            "with schema, conversation, rate, length and turns"
        )
    return found


def _cut(sound: Path, manifest: Path) -> list[Stimulus]:
    told = manifests.load(manifest)
    whole = read_sound(sound, told.rate)
    if len(whole) != told.length:
        raise LabelsError(
            f"{manifest} describes {told.length} samples at {told.rate} Hz; {sound} has {len(whole)} there"
        )
    found = []
    for turn in told.turns:
        pcm = levelled(resample(whole[turn.start : turn.end], told.rate, CAPTURE_RATE))
        pauses = tuple(
            Pause(*((place - turn.start) * CAPTURE_RATE // told.rate for place in (gap.start, gap.end)))
            for gap in turn.pauses
        )
        voice = f"recording {sound.name}"
        found.append(Stimulus(pcm, turn.kind, pauses, turn.text, turn.expected, turn.reply, voice))
    return found
