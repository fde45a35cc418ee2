"""The listening half of an engine: audio segments to embeddings, each 80 ms position encoded once.

A position's features depend only on its segment's sound up to its end, so they are kept under the digest of
that sound; a growing segment continues from the streaming state kept under its longest known beginning. Both
memories are bounded and forgetful: losing an entry costs time only.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from pipeline.errors import ModelError
from pipeline.ports import Pcm
from pipeline.prompt import BLOCK, Audio

from .frontend import features, silence
from .graphs import Floats, HearState, Network

_SHORT = 4
"""Positions rather encoded twice, should the segment grow, than in a run of their own while a draft waits."""


@dataclass(frozen=True, slots=True)
class _Position:
    """What one position of sound became."""

    embedding: Floats
    cues: Floats


@dataclass(frozen=True, slots=True)
class _Tail:
    """Where a stream can go on: the front end's history and the encoder's state."""

    history: Pcm
    state: HearState

    @property
    def bytes(self) -> int:
        return self.history.nbytes + self.state.bytes


class Ear:
    """Streams segments through the encoder. Not thread-safe: it belongs to the engine's thread."""

    def __init__(self, network: Network, *, positions: int, state_bytes: int, stride: int = 64) -> None:
        """Keep features of at most ``positions`` positions and streaming states of at most ``state_bytes``;
        encode at most ``stride`` positions at once."""
        self._network = network
        self._room, self._state_room, self._stride = positions, state_bytes, stride
        self._known: OrderedDict[bytes, _Position] = OrderedDict()
        self._tails: OrderedDict[bytes, _Tail] = OrderedDict()
        self._tail_bytes = 0
        self.encoded = 0
        "Positions encoded since the start; a warm segment adds only its new ones."

    def embeddings(self, audio: Audio, start: int, stop: int) -> Floats:
        """Positions ``start`` to ``stop`` of a segment, shape (stop - start, width). Raises ModelError."""
        return np.stack([p.embedding for p in self._positions(audio, stop)[start:]])

    def features(self, audio: Audio, start: int, stop: int) -> tuple[Floats, Floats]:
        """Embeddings (stop - start, width) and cues (2 (stop - start), 5). Raises ModelError."""
        positions = self._positions(audio, stop)[start:]
        return np.stack([p.embedding for p in positions]), np.concatenate([p.cues for p in positions])

    def ending(self, audio: Audio) -> Floats:
        """The vector that the whole segment adds to its ``<audio_end>``: (width,). Raises ModelError."""
        cues = np.concatenate([p.cues for p in self._positions(audio, audio.positions)])
        return self._network.feel(cues)

    def _positions(self, audio: Audio, count: int) -> list[_Position]:
        digests = audio.digests()[:count]
        found: list[_Position] = []
        for digest in digests:
            position = self._known.get(digest)
            if position is None:
                found = self._encode(audio, digests)
                break
            found.append(position)
        for digest, position in zip(digests, found, strict=True):
            self._known[digest] = position
            self._known.move_to_end(digest)
        while len(self._known) > self._room:
            self._known.popitem(last=False)
        return found

    def _encode(self, audio: Audio, digests: tuple[bytes, ...]) -> list[_Position]:
        """All positions, those after the longest known beginning freshly encoded."""
        done, tail = self._resume(digests)
        positions = [self._known[digest] for digest in digests[:done]]
        whole = min(len(audio.pcm) // BLOCK, len(digests))
        if whole < len(digests) and whole - done <= _SHORT:
            whole = done
        while done < len(digests):
            # A padded last position is a dead end: a segment that grows goes on from a state before it.
            upto = min(done + self._stride, whole if done < whole else len(digests))
            fresh, tail = self._step(audio.pcm[done * BLOCK : upto * BLOCK], upto - done, tail)
            positions += fresh
            if done < whole:
                self._keep(digests, done, upto, tail)
            done = upto
        return positions

    def _step(self, pcm: Pcm, count: int, tail: _Tail) -> tuple[list[_Position], _Tail]:
        if not np.isfinite(pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        padded = np.zeros(count * BLOCK, np.float32)
        padded[: len(pcm)] = pcm
        frames, history = features(padded, tail.history)
        audio, cues, state = self._network.hear(frames, tail.state)
        if not (np.isfinite(audio).all() and np.isfinite(cues).all()):
            raise ModelError(
                "the encoder made no numbers of this sound (not numbers); the request is given up"
            )
        self.encoded += count
        positions = [_Position(audio[i].copy(), cues[2 * i : 2 * i + 2].copy()) for i in range(count)]
        return positions, _Tail(history, state)

    def _resume(self, digests: tuple[bytes, ...]) -> tuple[int, _Tail]:
        known = 0
        while known < len(digests) and digests[known] in self._known:
            known += 1
        for count in range(known, 0, -1):
            tail = self._tails.get(digests[count - 1])
            if tail is not None:
                return count, tail
        return 0, _Tail(silence(), self._network.begin())

    def _keep(self, digests: tuple[bytes, ...], done: int, upto: int, tail: _Tail) -> None:
        """Keep the newest state of a stream in place of the one it went on from."""
        for digest in (*digests[done - 1 : done], digests[upto - 1]):
            old = self._tails.pop(digest, None)
            self._tail_bytes -= old.bytes if old is not None else 0
        self._tails[digests[upto - 1]] = tail
        self._tail_bytes += tail.bytes
        while self._tail_bytes > self._state_room:
            _, forgotten = self._tails.popitem(last=False)
            self._tail_bytes -= forgotten.bytes
