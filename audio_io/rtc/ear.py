"""What a caller says, from packets to the ring: in line, decoded, mended, in frames of 20 ms.

Must never write more sound than there is time (``Allowance``), nor less, nor go deaf by one packet.
"""

from __future__ import annotations

import math

import numpy as np

from pipeline.errors import PeerError
from pipeline.events import AudioLost
from pipeline.ports import CAPTURE_RATE, FRAME, Emit, Pcm
from pipeline.ring import AudioRing

from . import opus
from .allowance import Allowance
from .framing import TICKS, TINY
from .jitter import Conceal, Counts, Gone, Lineup, Piece, Play, Quiet
from .tap import Packet

DEAF = 0.5
"""Seconds of packets without a decoded sample after which the decoder is made anew."""
_PER = TICKS // CAPTURE_RATE


class Ear:
    """One caller's capture side. Belongs to the loop's thread."""

    def __init__(self, ring: AudioRing, emit: Emit, began: float) -> None:
        self.lineup = Lineup(began)
        self.rebuilt = 0
        "Decoders made anew."
        self._ring, self._emit = ring, emit
        self._zero = began - ring.end / CAPTURE_RATE
        "When sample 0 was due."
        self._allowance = Allowance(began)
        self._decoder = opus.decoder(CAPTURE_RATE)
        self._rest: Pcm = np.zeros(0, np.float32)
        self._deaf: float | None = None
        "Since when packets gave no sound."

    @property
    def counts(self) -> Counts:
        """What happened on the way."""
        return self.lineup.counts

    def deadline(self) -> float:
        """When ``hear`` has something to do though no packet came."""
        return self.lineup.deadline()

    def hear(self, at: float, *packets: Packet) -> None:
        """Take the packets that came, if any did, and write all that is due.

        Raises PeerError for a client that goes on sending faster than time passes.
        """
        pieces: list[Piece] = []
        for packet in packets:
            self.lineup.arrive(packet)
            pieces += self.lineup.due(
                -math.inf
            )  # what is next; holes are judged when all of them are in line
        for piece in pieces + self.lineup.due(at):
            if (isinstance(piece, Quiet | Gone) and piece.paced) or self._allowance.take(
                piece.ticks / TICKS, at
            ):
                self._take(piece, at)
            elif self._allowance.abused():
                raise PeerError("sent sound faster than time passes")
            elif self._ring.end / CAPTURE_RATE < at - self._zero:  # a burst after we were stuck
                self._lose(piece.ticks // _PER)

    def _take(self, piece: Piece, at: float) -> None:
        match piece:
            case Play():
                self._play(piece, at)
            case Conceal():
                self._write(self._decoder.conceal(piece.ticks // _PER, piece.following))
            case Quiet():
                self._write(np.zeros(piece.ticks // _PER, np.float32))
            case Gone():
                self._lose(piece.ticks // _PER)

    def _play(self, piece: Play, at: float) -> None:
        if len(piece.payload) <= TINY:  # silence; a decoder would take 400 ms to be loud again after it
            self._write(np.zeros((piece.ticks - piece.skip) // _PER, np.float32))
            return
        sound = self._decoder.decode(piece.payload)
        if sound is not None:
            self._deaf = None
            self._write(sound[piece.skip // _PER :])
            return
        self._write(np.zeros((piece.ticks - piece.skip) // _PER, np.float32))
        self._deaf = at if self._deaf is None else self._deaf
        if at - self._deaf >= DEAF:
            self._decoder, self._deaf = opus.decoder(CAPTURE_RATE), None
            self.rebuilt += 1

    def _write(self, pcm: Pcm) -> None:
        """In whole frames; what is left begins the next one."""
        sound = np.concatenate((self._rest, pcm)) if len(self._rest) else pcm
        whole = len(sound) // FRAME * FRAME
        for begin in range(0, whole, FRAME):
            self._ring.write(sound[begin : begin + FRAME])
        self._rest = sound[whole:]

    def _lose(self, count: int) -> None:
        """A gap on record, of whole frames."""
        whole = (count + len(self._rest)) // FRAME * FRAME
        rest = count + len(self._rest) - whole
        self._rest = np.zeros(rest, np.float32)
        if whole:
            self._emit(AudioLost(self._ring.lose(whole)))
