"""A loudspeaker made of numbers: where arriving sound is heard, and what is taken back unheard.

Sound begins at the sample at which it arrives, or after what is still to be played; nothing waits for a
block. Positions are samples at PLAYOUT_RATE since the recording began. Pure: the caller says what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.ports import PLAYOUT_RATE, Pcm


@dataclass(frozen=True, slots=True)
class Cut:
    """An utterance that was stopped."""

    item: str
    heard: int
    "Samples of it that were played."
    dropped: int
    "Samples of it that had arrived and were not."


@dataclass(slots=True)
class _Item:
    got: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    start: int
    pcm: Pcm
    item: str


class Sink:
    """Plays one agent's sound; implements ``pipeline.ports.PlayoutSource``."""

    def __init__(self, jitter: float = 0.0) -> None:
        """``jitter`` seconds are waited whenever sound begins anew: the jitter buffer of a real client."""
        self.gaps = 0
        "How often an utterance ran dry before its end."
        self.gap_samples = 0
        self.late = 0
        "Samples that came for an utterance after it had been stopped; never played."
        self._jitter = round(jitter * PLAYOUT_RATE)
        self._pieces: list[_Piece] = []
        self._items: dict[str, _Item] = {}
        self._cut: set[str] = set()
        self._pulled = self._end = 0
        self._last = ""

    def arrive(self, item: str, pcm: Pcm, at: int) -> None:
        """Sound that came at this position."""
        if item in self._cut:
            self.late += len(pcm)
            return
        if not len(pcm):
            return
        known = self._items.setdefault(item, _Item())
        start = self._end
        if at > self._end or (at == self._end and not known.got):
            start = max(at, self._pulled) + self._jitter
            if known.got and item == self._last:
                self.gaps += 1
                self.gap_samples += start - self._end
        self._pieces.append(_Piece(start, pcm, item))
        known.got += len(pcm)
        self._end, self._last = start + len(pcm), item

    def ended(self, item: str) -> None:
        """Nothing more will come for this utterance."""
        if item in self._items:
            self._items[item].ended = True

    def flush(self, at: int) -> list[Cut]:
        """Stop at this position: what is not played by then never will be. Says what was cut, in order."""
        at = max(at, self._pulled)
        unheard: dict[str, int] = {}
        kept: list[_Piece] = []
        for piece in self._pieces:
            left = min(max(piece.start + len(piece.pcm) - at, 0), len(piece.pcm))
            unheard[piece.item] = unheard.get(piece.item, 0) + left
            if left < len(piece.pcm):
                kept.append(_Piece(piece.start, piece.pcm[: len(piece.pcm) - left], piece.item))
        open_ones = [
            name for name, one in self._items.items()
            if unheard.get(name) or (name == self._last and not one.ended)
        ]  # fmt: skip
        self._pieces, self._end = kept, min(self._end, at)
        cuts = []
        for name in open_ones:
            lost = unheard.get(name, 0)
            cuts.append(Cut(name, self._items.pop(name).got - lost, lost))
            self._cut.add(name)
        return cuts

    def pull(self, count: int) -> Pcm:
        """The next ``count`` samples; silence where nothing plays."""
        out = np.zeros(count, np.float32)
        until = self._pulled + count
        for piece in self._pieces:
            low, high = max(piece.start, self._pulled), min(piece.start + len(piece.pcm), until)
            if low < high:
                out[low - self._pulled : high - self._pulled] = piece.pcm[
                    low - piece.start : high - piece.start
                ]
        self._pieces = [piece for piece in self._pieces if piece.start + len(piece.pcm) > until]
        self._pulled = until
        return out
