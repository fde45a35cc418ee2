"""Opus as the harness uses it, between packets and samples, with places on the sender's clock kept exact.

The codec is libopus through PyAV, which comes with the extra ``web``. Must never hide a delay: what coding
and the change of rate add are the constants here, and ``bench validate`` measures them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_io.resample import Resampler
from audio_io.rtc import opus
from audio_io.rtc.av_opus import AvCodec, AvEncoder
from audio_io.rtc.framing import TICKS
from pipeline.ports import PLAYOUT_RATE, Pcm

RTP_RATE = TICKS
PACKET = opus.STEP
LOOKAHEAD = opus.LOOKAHEAD
TURNING = 0.001
"""Seconds that the change from 48 to 24 kHz takes."""


class Encoder:
    """Mono sound to Opus packets of 20 ms, coded for speech."""

    def __init__(self, rate: int) -> None:
        """``rate`` is one that Opus knows: 8000, 12000, 16000, 24000 or 48000."""
        self._codec, self._size = AvEncoder(rate, opus.BITRATE), round(PACKET * rate)
        self._rest: Pcm = np.zeros(0, np.float32)

    def push(self, pcm: Pcm) -> list[bytes]:
        """Take any number of samples; the packets that are full now."""
        sound = np.concatenate((self._rest, pcm))
        whole = len(sound) // self._size * self._size
        self._rest = sound[whole:]
        return [
            self._codec.encode(sound[begin : begin + self._size]) for begin in range(0, whole, self._size)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Some of a track."""

    stamp: int
    "Where its first sample lies on the sender's clock, at PLAYOUT_RATE; the first packet's first is at 0."
    pcm: Pcm


class TrackDecoder:
    """Opus packets with RTP timestamps to sound at PLAYOUT_RATE. Lost packets leave a hole in the stamps.

    Reordered and doubled packets are left out: a decoder cannot go back.
    """

    def __init__(self) -> None:
        self.lost = 0
        "Samples missing at PLAYOUT_RATE where packets are; a sender's silence without packets is no loss."
        self.bad = 0
        "Packets that were empty or could not be decoded."
        self.old = 0
        "Packets that came after newer ones."
        self._codec = AvCodec()
        self._turn = Resampler(RTP_RATE, PLAYOUT_RATE)
        self.pad = self._turn.delay * PLAYOUT_RATE // RTP_RATE
        "Samples by which a packet's sound begins before its stamp: what the change of rate kept of the last."
        self._first: int | None = None
        self._wide = 0
        "The timestamp of the packet before, counted on beyond 32 bits."
        self._due = self._number = 0

    def push(self, payload: bytes, timestamp: int, number: int) -> Heard | None:
        """The sound of the next packet, with its 32-bit timestamp and 16-bit number; None where it has none.

        All of a packet comes at once, the last TURNING of it as the first of the next: stamps allow for it.
        """
        begun = self._place(timestamp, number)
        if begun is None:
            self.old += 1
            return None
        sound = self._codec.decode(payload)
        if sound is None:
            self.bad += 1
            return None
        if begun != self._due:
            self._turn.reset()
        head = np.zeros(self.pad if begun != self._due or not begun else 0, np.float32)
        self._due = begun + len(sound)
        turned = self._turn.push(sound)
        return Heard(begun // 2 - self.pad, np.concatenate((head, turned)))

    def _place(self, timestamp: int, number: int) -> int | None:
        """Where a packet begins, in 48ths of a millisecond since the first; None: not after the last."""
        if self._first is None:
            self._first = self._wide = timestamp
        elif not 0 < (number - self._number) % 2**16 < 2**15:
            return None
        else:
            moved = (timestamp - self._wide) % 2**32
            missing = (number - self._number) % 2**16 - 1
            self._wide += moved if moved < 2**31 else moved - 2**32
            if missing:
                self.lost += max(self._wide - self._first - self._due, 0) // 2
        self._number = number
        return self._wide - self._first
