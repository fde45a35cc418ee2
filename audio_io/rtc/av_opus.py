"""Opus through PyAV: for the harness's own ends of calls, and for ours where libopus cannot be loaded.

PyAV shows no concealment, so a lost packet is the one before it again, fading.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from audio_io.resample import Resampler
from pipeline.ports import Pcm

from .extra import web
from .framing import TICKS

FADE = 0.5
"""By which each repetition of the sound before a loss is softer."""


class AvEncoder:
    """Mono sound at ``rate`` to one Opus packet of 20 ms per call, coded for speech."""

    def __init__(self, rate: int, bitrate: int) -> None:
        """``rate`` is one that Opus knows: 8000, 12000, 16000, 24000 or 48000."""
        self._av = web("av")
        self._rate, self._at = rate, 0
        self._codec = self._av.CodecContext.create("libopus", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = rate, "mono", "s16"
        self._codec.bit_rate, self._codec.time_base = bitrate, Fraction(1, rate)
        self._codec.options = {"application": "voip"}

    def encode(self, pcm: Pcm) -> bytes:
        """A packet of exactly 20 ms."""
        whole = (np.clip(pcm, -1.0, 1.0) * 32767.0).round().astype("<i2")
        frame = self._av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._at, Fraction(1, self._rate)
        self._at += len(pcm)
        (packet,) = self._codec.encode(frame)  # one in, one out: the size of libopus's own frame
        return bytes(packet)

    def expect_loss(self, share: float) -> None:
        """Nothing: libav sets this only before the first packet."""


class AvCodec:
    """Opus packets to mono sound at 48 kHz. Made anew after a packet that cannot be decoded."""

    def __init__(self) -> None:
        av = web("av")
        self._packet, self._fault, self._create = av.Packet, av.FFmpegError, av.CodecContext.create
        self._codec: Any = None

    def decode(self, payload: bytes) -> Pcm | None:
        """Mono at 48 kHz. An empty payload would end libav's decoder for good, so it never gets one."""
        if not payload:
            return None
        if self._codec is None:
            self._codec = self._create("libopus", "r")
            self._codec.sample_rate, self._codec.layout = TICKS, "mono"
        try:
            frames = self._codec.decode(self._packet(payload))
        except self._fault:
            self._codec = None
            return None
        return np.concatenate([_mono(frame) for frame in frames]) if frames else None


class AvDecoder:
    """Opus packets to mono sound at ``rate``; 1 ms later than libopus's own."""

    def __init__(self, rate: int) -> None:
        self._codec, self._turn = AvCodec(), Resampler(TICKS, rate)
        self._last: Pcm = np.zeros(0, np.float32)
        self._owed = round(self._turn.delay * rate / TICKS)

    def decode(self, payload: bytes) -> Pcm | None:
        """The packet's sound; None for one that cannot be decoded."""
        sound = self._codec.decode(payload)
        if sound is None:
            return None
        turned = self._turn.push(sound)
        if self._owed:  # once: what the change of rate keeps back
            turned, self._owed = np.concatenate((np.zeros(self._owed, np.float32), turned)), 0
        self._last = turned
        return turned

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """The sound before again, fading."""
        made: list[Pcm] = []
        for _ in range(-(-samples // max(1, len(self._last)))):
            self._last = np.asarray(FADE * self._last, np.float32)
            made.append(self._last)
        again = np.concatenate(made)[:samples]
        return np.pad(again, (0, samples - len(again))).astype(np.float32)


def _mono(frame: Any) -> Pcm:
    """A frame's samples, all channels mixed, full scale 1.0."""
    found = frame.to_ndarray()
    channels = len(frame.layout.channels)
    if found.shape[0] == channels and channels > 1:
        found = found.T
    mixed = found.reshape(-1, channels).mean(axis=1)
    return np.asarray(mixed / 32768.0 if "s16" in frame.format.name else mixed, np.float32)
