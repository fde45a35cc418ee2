"""A stereo record of a conversation, written to disk while it goes on: left the user, right the agent.

Both sides give positions on one clock, so that what sounded together lies together. Must never hold more than
a few seconds in memory, nor leave a file that cannot be opened, however the program ends.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm

from .formats import Format, to_int16
from .resample import Resampler
from .wav import LARGEST, create, header

SLACK = 2.0
"""Seconds that one side may run ahead; then the other is taken to be silent."""
SAVE_EVERY = 1.0
"""Seconds of sound between two times that the file on disk is made whole."""


class StereoRecorder:
    """Streams a 16-bit stereo WAV. For one thread at a time; the clock's zero is the record's first sample.

    Raises SoundFileError where the file cannot be made.
    """

    def __init__(self, path: str | Path, rate: int = PLAYOUT_RATE) -> None:
        self.path = Path(path)
        self.form = Format(rate, 2)
        self._user = _Lane(CAPTURE_RATE, rate)
        self._agent = _Lane(PLAYOUT_RATE, rate)
        self._file = create(path)
        self.fault = ""
        "Why the record ends early, if it does (a full disk); the conversation goes on without it."
        self._written = 0
        self._saved = 0
        self._save()

    @property
    def seconds(self) -> float:
        """Length of what is in the file."""
        return self._written / self.form.rate

    @property
    def late(self) -> int:
        """Samples that came for a moment already written, and were left out."""
        return self._user.late + self._agent.late

    @property
    def full(self) -> bool:
        """True when the file is as long as WAV can be (12 hours at 24 kHz); what comes then is left out."""
        return (self._written + self.form.rate) * 4 > LARGEST

    def user(self, at: int, pcm: Pcm) -> None:
        """Captured sound from capture sample ``at`` on. A gap before it is silence."""
        self._user.put(at, pcm)
        self._write()

    def agent(self, at: int, pcm: Pcm) -> None:
        """Played sound that reached the ear from playout sample ``at`` on. A gap before it is silence."""
        self._agent.put(at, pcm)
        self._write()

    def close(self) -> None:
        """Write what is left of both sides, the shorter one filled with silence. Idempotent."""
        if self._file.closed:
            return
        end = max(self._user.finish(), self._agent.finish())
        self._user.pad(end)
        self._agent.pad(end)
        self._write()
        if not self._file.closed:
            self._save()
            self._file.close()

    def _write(self) -> None:
        if self._file.closed or self.full:
            self._user.take(self._user.ready)
            self._agent.take(self._agent.ready)
            return
        slack = round(SLACK * self.form.rate)
        self._user.fill(self._agent.end - slack)
        self._agent.fill(self._user.end - slack)
        count = min(self._user.ready, self._agent.ready)
        if not count:
            return
        both = np.stack((self._user.take(count), self._agent.take(count)), axis=1)
        try:
            self._file.write(to_int16(both).astype("<i2").tobytes())
            self._written += count
            if self._written - self._saved >= SAVE_EVERY * self.form.rate:
                self._save()
        except OSError as error:
            self.fault = f"the record {self.path} ends at {self.seconds:.0f} s: {error.strerror}"
            with contextlib.suppress(OSError):
                self._file.close()

    def _save(self) -> None:
        """Make the file on disk a whole WAV of what was written so far."""
        self._file.seek(0)
        self._file.write(header(self.form, 4 * self._written))
        self._file.seek(0, 2)
        self._file.flush()
        self._saved = self._written


class _Lane:
    """One side: brought to the record's rate, gaps filled, waiting for the other side."""

    def __init__(self, rate: int, record_rate: int) -> None:
        self.late = 0
        self.end = 0
        "Record samples made so far."
        self.ready = 0
        "Record samples that wait to be written."
        self._rate, self._record_rate = rate, record_rate
        self._resampler = Resampler(rate, record_rate)
        self._at = 0
        self._parts: list[Pcm] = []

    def put(self, at: int, pcm: Pcm) -> None:
        if at > self._at:
            self._silence(at - self._at)
        behind = min(self._at - at, pcm.size) if at < self._at else 0
        self.late += behind
        self._push(pcm[behind:])

    def fill(self, end: int) -> None:
        """Silence up to record sample ``end``."""
        if end > self.end:
            self._silence(-(-(end - self.end) * self._rate // self._record_rate))

    def finish(self) -> int:
        """Let out what the resampler holds back; gives the lane's end."""
        self._add(self._resampler.flush())
        return self.end

    def pad(self, end: int) -> None:
        """After ``finish``: silence up to record sample ``end``."""
        self._add(np.zeros(max(0, end - self.end), dtype=np.float32))

    def take(self, count: int) -> Pcm:
        whole = np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=np.float32)
        self._parts = [whole[count:]] if whole.size > count else []
        self.ready = max(0, whole.size - count)
        return whole[:count]

    def _silence(self, count: int) -> None:
        while count > 0:
            part = min(count, self._rate)
            self._push(np.zeros(part, dtype=np.float32))
            count -= part

    def _push(self, pcm: Pcm) -> None:
        self._at += pcm.size
        self._add(self._resampler.push(pcm))

    def _add(self, pcm: Pcm) -> None:
        self.end += pcm.size
        self.ready += pcm.size
        if pcm.size:
            self._parts.append(pcm)
