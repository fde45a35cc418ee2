"""The gate at the sink and the sound that may pass it: the last place where anything stale is stopped.

``pull`` runs in a device's thread. It must never wait, lock, raise, or play what the published gate does not
name.

Why this needs no lock. Two threads share four things. (1) The queue: a ``deque`` to which only the loop
appends and from which only the sink takes; both are single C calls under the GIL (and locked per object
where there is none), and blocks are immutable. (2) The gate: one reference, replaced as a whole by the loop
and read once per pull, so that a block of sound obeys one gate and never half of two. (3) ``progress``: one
reference to an immutable value, replaced by the sink. (4) Departures: a bounded ``deque`` in the other
direction. Blocks and gates carry a generation that only grows, so that the sink can tell the stale
(smaller: discard) from what it has not been allowed yet (greater: leave), in whatever order it sees a new
gate and the first blocks behind it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from pipeline.errors import BugError
from pipeline.ports import PLAYOUT_RATE, Pcm

CAPACITY = 2 * PLAYOUT_RATE
"""Playout samples that the queue holds at most, stale ones included."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What may be heard from now on."""

    generation: int
    "Counts every change of what is to be heard: a commit, a resume from an earlier place, a hush."
    turn: int
    draft: int
    gain: float = 1.0
    open: bool = True
    "False: fade out and freeze the position."
    ramp: float = 0.01
    "Seconds from full volume to silence; lesser changes of gain take their share of it."
    soft: bool = False
    "True: the sound begins from silence (a resume), not at its gain."


NOBODY = Gate(0, 0, 0, open=False)
"""Nothing may be heard."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some sound of a reply, and where it belongs."""

    generation: int
    turn: int
    draft: int
    phrase: int
    start: int
    "Playout sample of the reply."
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class Progress:
    """What the sink has done, as of its last pull."""

    generation: int = 0
    "Of what sounds, or is frozen."
    position: int = 0
    "Playout sample of that reply which is next."
    seen: int = 0
    "Generation of the newest gate it has obeyed."
    pulls: int = 0
    missing: int = 0
    "Samples that it wanted and did not have while the gate was open."
    turn: int = 0
    "Whose reply that is; 0: nobody's."
    delivered: int = 0
    "Samples of replies pulled so far, of all turns."


class Playout:
    """The bounded buffer between the voice and one sink, at PLAYOUT_RATE. A ``PlayoutSource``."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.fault: Exception | None = None
        "What went wrong inside a pull, if anything did: a bug, to be reported by whoever watches."
        self.fed = 0
        self.delivered = 0
        "Samples that left through a pull."
        self.discarded = 0
        "Samples that were stale when the sink came to them. fed = delivered + discarded + queued."
        self._gate = NOBODY
        self._queue: deque[Block] = deque()
        self._departed: deque[tuple[int, int]] = deque(maxlen=64)
        self._fed_upto: int | None = None
        # From here on only the sink writes.
        self._sounding = 0
        self._position = 0
        self._turn = 0
        self._gain = 0.0
        self._used = 0
        self._pulls = 0
        self._missing = 0

    # --- the loop's side ---------------------------------------------------------------------------------

    @property
    def gate(self) -> Gate:
        """The gate that the next pull will obey."""
        return self._gate

    @property
    def queued(self) -> int:
        """Samples in the queue, stale ones included."""
        return self.fed - self.delivered - self.discarded

    @property
    def room(self) -> int:
        """Samples that may be fed now."""
        return max(0, CAPACITY - self.queued)

    def publish(self, gate: Gate) -> None:
        """Replace the gate. Raises BugError if its generation goes back or changes its draft."""
        old = self._gate
        if gate.generation < old.generation:
            raise BugError(f"a gate of generation {gate.generation} cannot follow one of {old.generation}")
        if gate.generation == old.generation and (gate.turn, gate.draft) != (old.turn, old.draft):
            raise BugError(f"generation {gate.generation} belongs to turn {old.turn}, draft {old.draft}")
        if gate.generation != old.generation:
            self._fed_upto = None
        self._gate = gate

    def feed(self, phrase: int, start: int, pcm: Pcm) -> None:
        """Append sound of the draft that the gate names; ``start`` follows on what was fed before.

        Raises BugError when there is no room, a gap, or nobody at the gate.
        """
        gate = self._gate
        if not gate.turn:
            raise BugError("sound was fed to a gate that lets nobody through")
        if self._fed_upto not in (None, start):
            raise BugError(f"sound at {start} does not follow what was fed up to {self._fed_upto}")
        if len(pcm) > self.room:
            raise BugError(f"{len(pcm)} samples were fed where {self.room} have room")
        if not len(pcm):
            return
        self._fed_upto = start + len(pcm)
        self.fed += len(pcm)
        self._queue.append(Block(gate.generation, gate.turn, gate.draft, phrase, start, pcm))

    def departures(self) -> list[tuple[int, int]]:
        """Generations that the sink has left since the last call, each with its final position."""
        found = []
        while self._departed:
            found.append(self._departed.popleft())
        return found

    # --- the sink's side ---------------------------------------------------------------------------------

    def pull(self, count: int) -> Pcm:
        """The next ``count`` samples; silence where there is nothing to hear. Never blocks, never raises."""
        try:
            return self._fill(self._gate, count)
        except Exception as error:  # noqa: BLE001  # a device's thread must go on; whoever watches reports it
            self.fault = error
            return np.zeros(max(0, count), np.float32)

    def _fill(self, gate: Gate, count: int) -> Pcm:
        out = np.zeros(max(0, count), np.float32)
        at = 0
        while at < count:
            wanted = gate.gain if gate.open and gate.generation == self._sounding else 0.0
            if wanted == 0.0 and self._gain == 0.0:
                if gate.generation == self._sounding:
                    break
                self._adopt(gate)
                continue
            block = self._head(gate)
            if block is not None:
                at += self._play(block, out[at:], wanted, gate.ramp)
            elif wanted == 0.0:
                self._gain = 0.0
            else:
                self._missing += count - at
                break
        self._head(gate)
        self._pulls += 1
        self.progress = Progress(
            self._sounding, self._position, gate.generation, self._pulls, self._missing, self._turn,
            self.delivered,
        )  # fmt: skip
        return out

    def _adopt(self, gate: Gate) -> None:
        """Let go of what sounded before and turn to what the gate names."""
        self._departed.append((self._sounding, self._position))
        self._sounding, self._position, self._turn = gate.generation, 0, gate.turn
        self._gain = gate.gain if gate.open and not gate.soft else 0.0

    def _head(self, gate: Gate) -> Block | None:
        """The next block of what sounds; what is stale before it goes, what is not yet allowed stays."""
        while self._queue:
            block = self._queue[0]
            if block.generation == self._sounding:
                return block
            if block.generation >= gate.generation:
                return None
            self._queue.popleft()
            self.discarded += len(block.pcm) - self._used
            self._used = 0
        return None

    def _play(self, block: Block, out: Pcm, wanted: float, ramp: float) -> int:
        """Copy some of a block, moving the gain towards ``wanted``; return how much."""
        pcm = block.pcm[self._used : self._used + len(out)]
        count = len(pcm)
        if self._gain == wanted:
            np.multiply(pcm, wanted, out=out[:count])
        else:
            step = 1.0 / max(1.0, ramp * PLAYOUT_RATE)
            count = min(count, math.ceil(abs(wanted - self._gain) / step))
            way = step * np.arange(1, count + 1)
            rising = wanted > self._gain
            gains = np.minimum(self._gain + way, wanted) if rising else np.maximum(self._gain - way, wanted)
            out[:count] = pcm[:count] * gains
            self._gain = float(gains[-1])
        self._used += count
        self._position = block.start + self._used
        self.delivered += count
        if self._used == len(block.pcm):
            self._queue.popleft()
            self._used = 0
        return count
