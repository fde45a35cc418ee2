"""A conversation as two aligned channels, the user as sent and the agent as played, and whether labels fit.

Refuses what would give a wrong score silently: one channel, or one sound in both; no samples, or other than
numbers; a constant offset; swapped or silent channels; another length or rate than the labels', or labels
outside of it. What only makes a score doubtful is in ``recording_warnings``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_io.wav import write_wav
from pipeline.errors import SoundFileError
from pipeline.ports import Pcm

from .audible import audible
from .labels import Kind, Labels, LabelsError, UserTurn

OFFSET = 0.002
"""Largest constant offset of a channel: -54 dBFS. Near the -45 dBFS of audibility it would pass for sound."""
PRESENT = 0.25
"""Share of a labelled turn's windows, pauses left out, in which its channel must be audible."""
SPEECH = frozenset({Kind.QUESTION, Kind.BARGE_IN, Kind.BACKCHANNEL})
"""Kinds that the user says aloud, so that their channel must hold them; the others may be faint or brief."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Both channels of a conversation, equally long; sample k of both is one instant."""

    user: Pcm
    agent: Pcm
    rate: int

    @property
    def length(self) -> int:
        return len(self.user)


def from_channels(samples: np.ndarray, rate: int, source: str) -> Recording:
    """A recording from samples of shape (length, channels): channel 0 the user, channel 1 the agent.

    Raises SoundFileError for anything but two channels of sound.
    """
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if channels != 2:
        raise SoundFileError(
            f"{source} has {channels} channel{'s'[: channels != 1]}; a conversation has 2: "
            "first the user as sent, then the agent as played, sample-aligned"
        )
    if not len(samples):
        raise SoundFileError(f"{source} holds no samples; record a conversation first")
    if not np.isfinite(samples).all():
        raise SoundFileError(f"{source} holds samples that are not numbers; export it again as PCM")
    user, agent = (np.ascontiguousarray(samples[:, side], np.float32) for side in (0, 1))
    for name, channel in (("user", user), ("agent", agent)):
        if abs(offset := _offset(channel)) > OFFSET:
            raise SoundFileError(
                f"{source}: the {name}'s channel has a constant offset of {offset:+.4f} of full scale "
                f"(at most {OFFSET:g}); remove it with a high-pass filter and score again"
            )
    return Recording(user, agent, rate)


def _offset(channel: Pcm) -> float:
    """The smaller of mean and median: lopsided speech moves the first, a lopsided noise the second."""
    return min(float(np.mean(channel, dtype=np.float64)), float(np.median(channel)), key=abs)


def load(path: Path) -> Recording:
    """A recording from any sound file with two channels. Raises SoundFileError."""
    if not path.is_file():
        raise SoundFileError(f"there is no sound file {path}; name a stereo recording of a conversation")
    if not path.stat().st_size:
        raise SoundFileError(f"{path} is empty (0 bytes); record a conversation first")
    import soundfile  # loads libsndfile: only who scores a file pays

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise SoundFileError(
            f"{path} cannot be read as sound ({error}); accepted are WAV, FLAC and OGG with two channels"
        ) from error
    return from_channels(samples, int(rate), str(path))


def save(recording: Recording, path: Path) -> None:
    """Write both channels as 16-bit stereo WAV. Raises SoundFileError."""
    write_wav(path, np.stack([recording.user, recording.agent], axis=1), recording.rate)


def fit(recording: Recording, labels: Labels) -> None:
    """Check that these labels belong to this recording. Raises LabelsError or SoundFileError."""
    if len(recording.agent) != recording.length:
        raise SoundFileError(
            f"the user's channel has {recording.length} samples and the agent's {len(recording.agent)}; "
            "sample k of both must be one instant: cut or pad them to one length, from one start"
        )
    if labels.rate != recording.rate:
        raise LabelsError(
            f"the labels count {labels.rate} samples a second and the recording has {recording.rate}; "
            "label positions are samples of the recording itself: convert one of them"
        )
    for turn in labels.turns:
        if turn.end > recording.length:
            raise LabelsError(
                f"turn {turn.number} is labelled up to {labels.seconds(turn.end):.2f} s, but the recording "
                f"ends at {labels.seconds(recording.length):.2f} s; the labels belong to a different "
                "recording, or it was cut"
            )
    if labels.length != recording.length:
        raise LabelsError(
            f"the labels describe {labels.length} samples and the recording has {recording.length}; "
            "they belong to different recordings, or one was cut"
        )
    _sides(recording, labels)


def _sides(recording: Recording, labels: Labels) -> None:
    """Check that each channel holds its own side, as far as the labels tell."""
    user, agent = (audible(channel, recording.rate) for channel in (recording.user, recording.agent))
    if user.any() and np.array_equal(recording.user, recording.agent):
        raise SoundFileError(
            "both channels hold the same sound: a mono mix cannot be scored; record the user as sent in "
            "channel 0 and the agent as played in channel 1"
        )
    turns = [turn for turn in labels.turns if turn.kind in SPEECH]
    missing = [turn for turn in turns if _share(user, turn, recording.rate) < PRESENT]
    if not missing:
        return
    crossed = [turn for turn in missing if _share(agent, turn, recording.rate) >= PRESENT]
    if 2 * len(crossed) > len(turns):
        raise SoundFileError(
            f"the channels look swapped: in {len(crossed)} of {len(turns)} labelled turns the user's speech "
            "lies in channel 1, not in channel 0; the user comes first, the agent second"
        )
    if not user.any():
        raise SoundFileError(
            f"the user's channel is silent throughout, though {len(turns)} turns are labelled in it; "
            "channel 0 holds the user as sent to the agent"
        )
    turn = missing[0]
    raise LabelsError(
        f"turn {turn.number} is labelled from {labels.seconds(turn.start):.2f} to "
        f"{labels.seconds(turn.end):.2f} s, but the user's channel is silent there; "
        "the labels belong to another recording or are shifted"
    )


def _share(heard: np.ndarray, turn: UserTurn, rate: int) -> float:
    """Share of the 10 ms windows wholly inside the turn's speech that are audible; 1 when there is none."""
    size = rate // 100
    chosen = np.zeros(len(heard), bool)
    chosen[-(-turn.start // size) : turn.end // size] = True
    for pause in turn.pauses:
        chosen[pause.start // size : -(-pause.end // size)] = False
    return float(heard[chosen].mean()) if chosen.any() else 1.0
