"""Opus as the harness uses it, between packets and samples, with places on the sender's clock kept exact.

The codec is libopus through PyAV, which comes with the extra ``web``. Must never hide a delay: what coding
and the change of rate add are the constants here, and ``bench validate`` measures them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from audio_io.resample import Resampler
from pipeline.errors import UserError
from pipeline.ports import PLAYOUT_RATE, Pcm

RTP_RATE = 48_000
"""Opus always counts its time so (RFC 7587, 4.1)."""
PACKET = 0.020
"""Seconds of sound per packet that we send."""
LOOKAHEAD = 0.0065
"""Seconds by which coded sound comes out later: libopus's encoder looks ahead (312 samples at 48 kHz)."""
TURNING = 0.001
"""Seconds that the change from 48 to 24 kHz takes."""
BITRATE = 32_000
"""Of the user's voice, mono: what browsers send."""


def web(name: str) -> Any:
    """A module of the extra ``web``. Raises UserError when it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"WebRTC needs {name.partition('.')[0]}, which cannot be loaded ({error}); "
            "install it with: pip install 'hocket[web]'"
        ) from None


class Encoder:
    """Mono sound to Opus packets of 20 ms, coded for speech."""

    def __init__(self, rate: int) -> None:
        """``rate`` is one that Opus knows: 8000, 12000, 16000, 24000 or 48000."""
        self._av = web("av")
        self._rate, self._at = rate, 0
        self._codec = self._av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = rate, "mono", "s16"
        self._codec.bit_rate, self._codec.time_base = BITRATE, Fraction(1, rate)
        self._codec.options = {"application": "voip"}
        self._rest: Pcm = np.zeros(0, np.float32)

    def push(self, pcm: Pcm) -> list[bytes]:
        """Take any number of samples; the packets that are full now."""
        size, sound = round(PACKET * self._rate), np.concatenate((self._rest, pcm))
        whole = len(sound) // size * size
        self._rest = sound[whole:]
        return [self._packet(sound[begin : begin + size]) for begin in range(0, whole, size)]

    def _packet(self, pcm: Pcm) -> bytes:
        whole = (np.clip(pcm, -1.0, 1.0) * 32767.0).round().astype("<i2")
        frame = self._av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._at, Fraction(1, self._rate)
        self._at += len(pcm)
        (packet,) = self._codec.encode(frame)  # one in, one out: the size of libopus's own frame
        return bytes(packet)


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
        av = web("av")
        self._packet, self._fault = av.Packet, av.FFmpegError
        self._create = av.CodecContext.create
        self._codec: Any = None
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
        sound = self._decoded(payload)
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

    def _decoded(self, payload: bytes) -> Pcm | None:
        """Mono at 48 kHz. An empty payload would end libav's decoder for good, so it never gets one."""
        if not payload:
            return None
        if self._codec is None:
            self._codec = self._create("libopus", "r")
            self._codec.sample_rate, self._codec.layout = RTP_RATE, "mono"
        try:
            frames = self._codec.decode(self._packet(payload))
        except self._fault:
            self._codec = None
            return None
        if not frames:
            return None
        blocks = [_mono(frame) for frame in frames]
        return np.concatenate(blocks)


def _mono(frame: Any) -> Pcm:
    """A frame's samples, all channels mixed, full scale 1.0."""
    found = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if found.shape[0] == channels and channels > 1:
        found = found.T
    mixed = found.reshape(-1, channels).mean(axis=1)
    return np.asarray(mixed / 32768.0 if "s16" in frame.format.name else mixed, np.float32)
