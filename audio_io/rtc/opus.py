"""The codec of a call: Opus, by libopus where its library is found, else through PyAV."""

from __future__ import annotations

from typing import Protocol

from pipeline.ports import Pcm

from . import libopus
from .av_opus import AvDecoder, AvEncoder
from .libopus import LibDecoder, LibEncoder

STEP = 0.020
"""Seconds of sound per packet that we send."""
LOOKAHEAD = 0.0065
"""Seconds by which coded sound comes out later: libopus's encoder looks ahead (312 samples at 48 kHz)."""
BITRATE = 32_000
"""Of a voice, mono: what browsers send."""


class Encoder(Protocol):
    """Sound to packets."""

    def encode(self, pcm: Pcm) -> bytes:
        """One packet of STEP seconds."""
        ...

    def expect_loss(self, share: float) -> None:
        """This share of the packets gets lost on its way: code so that the rest stands for them."""
        ...


class Decoder(Protocol):
    """Packets to sound."""

    def decode(self, payload: bytes) -> Pcm | None:
        """The sound of the next packet; None for one that holds none or breaks the format."""
        ...

    def conceal(self, samples: int, following: bytes | None = None) -> Pcm:
        """Exactly so much in the place of what was lost, ``following`` being the packet after it if known."""
        ...


def encoder(rate: int, bitrate: int = BITRATE) -> Encoder:
    """For mono sound at a rate that Opus knows. Raises UserError where the extra ``web`` is missing."""
    return LibEncoder(rate, bitrate) if libopus.library() else AvEncoder(rate, bitrate)


def decoder(rate: int) -> Decoder:
    """To mono sound at a rate that Opus knows. Raises UserError where the extra ``web`` is missing."""
    return LibDecoder(rate) if libopus.library() else AvDecoder(rate)
