"""An item of Full-Duplex-Bench as a conversation of ours: both channels at one rate, and labels.

What the benchmark annotates is taken as it stands. It leaves open where a turn begins, and where a hesitating
turn ends: that is taken from its transcript, else from the user's channel, and ``about`` says which.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audio_io.wav import read_sound
from pipeline.errors import SoundFileError, UserError
from pipeline.ports import PLAYOUT_RATE, Pcm

from . import recording as recordings
from .audible import stretches
from .fdb import CLEAN, INPUT, OUTPUT, FdbItem, Task, Word
from .labels import WANTS_REPLY, Kind, Labels, Pause, UserTurn, check
from .recording import Recording

RATE = PLAYOUT_RATE
"""Samples per second of imported conversations: that of our own."""
LOWEST = 8000
"""Samples per second below which speech is not scored."""
SHORT = 0.1
"""Seconds by which an output may end before its input: the last block of a streaming agent."""
KINDS = {
    Task.INTERRUPTION: Kind.BARGE_IN,
    Task.BACKCHANNEL: Kind.BACKCHANNEL,
    Task.OTHER: Kind.ASIDE,
    Task.BACKGROUND: Kind.NOISE,
}
"""What is said over the agent, by task."""
SOURCE = "source"
STARTS = "starts"


def conversation(item: FdbItem) -> tuple[Recording, Labels]:
    """Sound and labels of an item. Raises UserError naming what is missing or does not fit."""
    recording = _recording(item.folder / INPUT, item.folder / OUTPUT)
    labels = labels_of(item, recording.user)
    recordings.fit(recording, labels)
    return recording, labels


def clean_conversation(item: FdbItem) -> tuple[Recording, Labels] | None:
    """v1.5's item without the overlap, one turn long; None where it has none. Raises UserError."""
    files = [item.folder / name for name in CLEAN]
    if not files[0].exists():
        return None
    recording = _recording(*files)
    start, end = _heard(recording.user, len(recording.user), files[0])
    turn = UserTurn(1, Kind.QUESTION, start, end, text=item.context)
    about = {SOURCE: f"Full-Duplex-Bench {item.version}, {item.task}, clean", STARTS: "the sound"}
    name = f"{item.name}-clean"
    return recording, check(Labels(name, RATE, recording.length, (turn,), f"{item.kind}-clean", about=about))


def labels_of(item: FdbItem, user: Pcm) -> Labels:
    """The item's annotation in samples at RATE. Raises UserError for marks outside the recording."""
    for mark in item.marks:
        if round(mark.start * RATE) >= len(user):
            raise UserError(
                f"{item.name}: the annotation at {mark.start:g} s lies beyond the sound, "
                f"which is {len(user) / RATE:.2f} s long"
            )
    make = {Task.PAUSE: _hesitation, Task.TURN: _smooth}.get(item.task, _over)
    about = {
        SOURCE: f"Full-Duplex-Bench {item.version}, {item.task}",
        STARTS: "the transcript" if item.spoken else "the sound",
    }
    turns = tuple(make(item, user))
    return check(Labels(item.name, RATE, len(user), turns, item.kind, about=about))


def _hesitation(item: FdbItem, user: Pcm) -> list[UserTurn]:
    start, end = _span(item, user, len(user))
    pauses = tuple(Pause(_at(mark.start), _at(mark.end)) for mark in item.marks)
    return [UserTurn(1, Kind.QUESTION, start, end, pauses, _text(item.spoken))]


def _smooth(item: FdbItem, user: Pcm) -> list[UserTurn]:
    """The turn ends where the benchmark says, which is up to 80 ms from where its sound does."""
    end = _at(item.marks[0].start)
    start, _ = _span(item, user, end)
    said = [word for word in item.spoken if word.start < item.marks[0].start]
    return [UserTurn(1, Kind.QUESTION, start, end, text=_text(said))]


def _over(item: FdbItem, user: Pcm) -> list[UserTurn]:
    """What the user says first, if it can be told, and what comes over the agent."""
    mark = item.marks[0]
    start, end = _at(mark.start), min(_at(mark.end), len(user))
    turns = []
    if item.spoken or any(piece.start + piece.end < 2 * start for piece in stretches(user, RATE)):
        turns.append(UserTurn(1, Kind.QUESTION, *_span(item, user, start), text=item.context))
    kind = KINDS[item.task]
    turns.append(UserTurn(len(turns) + 1, kind, start, end, text=mark.text, reply=kind in WANTS_REPLY))
    return turns


def _span(item: FdbItem, user: Pcm, high: int) -> tuple[int, int]:
    """Where the user's speech before ``high`` begins and ends."""
    told = [word for word in item.spoken if _at(word.start) < high]
    if told:
        return _at(told[0].start), min(_at(told[-1].end), high)
    return _heard(user, high, item.folder / INPUT)


def _heard(user: Pcm, high: int, file: Path) -> tuple[int, int]:
    """From the first to the last sound before ``high``.

    Annotations lie some 80 ms beside the sound, so a stretch over it counts by its middle.
    """
    pieces = [piece for piece in stretches(user, RATE) if piece.start < high]
    inside = [piece for piece in pieces if piece.start + piece.end < 2 * high]
    if not pieces:
        raise UserError(
            f"{file} is silent before {high / RATE:.2f} s, where the annotation has the user speaking"
        )
    return pieces[0].start, min((inside or pieces)[-1].end, high)


def _text(words: list[Word] | tuple[Word, ...]) -> str:
    return " ".join(word.text.strip() for word in words)


def _at(seconds: float) -> int:
    return round(seconds * RATE)


def _recording(user: Path, agent: Path) -> Recording:
    """Both files as one recording; whichever is shorter is silent at its end."""
    sent, played = (_mono(file) for file in (user, agent))
    if (lacking := (len(sent) - len(played)) / RATE) > SHORT:
        raise SoundFileError(
            f"{agent} ends {lacking:.2f} s before {user.name}; "
            "it must be as long, sample 0 of both at one instant"
        )
    length = max(len(sent), len(played))
    both = [np.pad(pcm, (0, length - len(pcm))) for pcm in (sent, played)]
    return recordings.from_channels(np.stack(both, axis=1), RATE, str(user.parent))


def _mono(file: Path) -> Pcm:
    pcm = read_sound(file, RATE)
    import soundfile  # loads libsndfile: only who reads a recording pays

    told = soundfile.info(file)
    if told.channels != 1:
        raise SoundFileError(
            f"{file} has {told.channels} channels; Full-Duplex-Bench's sound is mono, one file a side"
        )
    if told.samplerate < LOWEST:
        raise SoundFileError(
            f"{file} has {told.samplerate} samples a second; speech is scored from {LOWEST} on"
        )
    return pcm
