"""What an engine asks of a network, whatever runs it, and what a streamed segment carries along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HearState:
    """The encoder after some whole positions of one segment; a value, so it can be kept and gone back to."""

    conv1: Floats
    "(1, channels, 1)"
    conv2: Floats
    "(1, width, 1)"
    mix0: Floats
    "(1, width, 4)"
    mix1: Floats
    "(1, width, 4)"
    past: Floats
    "(layers, 2, 1, heads, frames, size): keys and values at 25 Hz."

    @property
    def bytes(self) -> int:
        return sum(a.nbytes for a in (self.conv1, self.conv2, self.mix0, self.mix1, self.past))


class Network(Protocol):
    """The parts of an audio-native language model. Every method raises ModelError when the run fails."""

    def begin(self) -> HearState:
        """The state before a segment's first sample."""
        ...

    def hear(self, features: Floats, state: HearState) -> tuple[Floats, Floats, HearState]:
        """features (8k, channels), k >= 1 -> audio positions (k, width), cues (2k, C), the next state."""
        ...

    def feel(self, cues: Floats) -> Floats:
        """A whole segment's cues (2n, C), n >= 1 -> the vector (width,) added to ``<audio_end>``."""
        ...

    def embed(self, tokens: Sequence[int]) -> Floats:
        """Token ids -> embeddings (n, width)."""
        ...

    def empty(self) -> Floats:
        """Keys and values of no positions, shape (layers, 2, heads, 0, size)."""
        ...

    def read(self, embeds: Floats, past: Floats) -> tuple[Floats, Floats]:
        """embeds (t, width), t >= 1, past (layers, 2, heads, p, size) -> logits (t, vocabulary), present
        (layers, 2, heads, p + t, size)."""
        ...
