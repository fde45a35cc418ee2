"""How far the sink is with each reply, how far the ear is, and the facts that follow from it.

Loop side. It must never change what is played: it only reads the playout's progress.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.clock import now
from pipeline.errors import BugError, ConfigError
from pipeline.events import (
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    StageFailed,
    Turn,
)
from pipeline.ports import PLAYOUT_RATE, Emit
from pipeline.records import Measured, Said

from . import alignment
from .playout import Playout
from .reply import Reply

Observe = Callable[[Said | Measured], None]
"""Takes what is for the screen and the trace."""

FARTHEST = 2.0
"""Seconds of output latency that can be accounted for."""


@dataclass(frozen=True, slots=True)
class PlaybackConfig:
    """How sound is let through the gate and followed to the ear."""

    ahead: float = 0.3
    "Seconds of committed sound in the playout's hands; a stall of the loop longer than this is heard."
    poll: float = 0.02
    "Seconds between looks at the sink's progress while something is on its way."
    reached: float = 0.1
    "Seconds of sound between two PlaybackReached, word borders aside."
    ramp: float = 0.01
    "Seconds from full volume to silence when the gain changes."
    fade_in: float = 0.02
    "Seconds from silence to full volume when a held voice goes on."
    tail: float = 0.06
    "Seconds of silence that are still played after a reply's last sound."
    watchdog: float = 0.5
    "Seconds without a pull, while there is something to play, after which the sink is reported."
    turns: int = 4
    "Turns whose heard words stay known."

    def __post_init__(self) -> None:
        if not 0.15 <= self.ahead <= 0.4:
            raise ConfigError(f"ahead must lie between 0.15 and 0.4 s, not {self.ahead}")
        if not 0 < self.poll <= self.ahead / 3:
            raise ConfigError(f"poll must be above 0 and at most a third of ahead, not {self.poll}")


class Ear:
    """Follows the replies that the gate has let through."""

    def __init__(self, playout: Playout, emit: Emit, observe: Observe, config: PlaybackConfig) -> None:
        self.leaving: list[Reply] = []
        "Replies that are over, but that the sink may still be fading."
        self._playout = playout
        self._emit = emit
        self._observe = observe
        self._config = config
        self._latency = 0.0
        self._generations: dict[int, Reply] = {}
        self._told = _Told()
        self._quiet_looks = 0
        self._pulls = 0

    @property
    def latency(self) -> float:
        """Seconds from a pull to the ear."""
        return self._latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        if not 0 <= seconds <= FARTHEST:
            raise BugError(f"an output latency lies between 0 and {FARTHEST:g} s, not {seconds}")
        self._latency = seconds

    def expect(self, reply: Reply) -> None:
        """The gate has opened for this reply, under a new generation of its own."""
        if reply not in self._generations.values():
            self._told = _Told(missing=self._playout.progress.missing)
        self._generations[reply.generation] = reply

    def look(self, active: Reply | None) -> None:
        """Take in where the sink is, and where it left what it does not play any more."""
        progress = self._playout.progress  # read first: what departed before it is then sure to be listed
        for generation, position in self._playout.departures():
            if (left := self._generations.pop(generation, None)) is not None:
                left.played = max(left.played, position)
        sounding = self._generations.get(progress.generation)
        if sounding is not None:
            sounding.reach(progress.position, progress.generation)
        moment = now()
        for reply in [*self.leaving, *([active] if active else [])]:
            reply.follow(moment)
        for reply in [reply for reply in self.leaving if sounding is not reply]:
            if progress.seen > reply.generation:
                self._settle(reply)

    def at(self, reply: Reply) -> int:
        """Playout samples of this reply that have reached the ear by now."""
        return reply.ear(now() - self._latency) if self._latency else reply.played

    def tell(self, reply: Reply) -> None:
        """Emit what is new about the active reply: that it started, how far it is, that it starved."""
        progress = self._playout.progress
        if not reply.started and reply.onset is not None and reply.played > reply.onset:
            reply.started = True
            self._emit(PlaybackStarted(Turn(reply.turn)))
        if reply.started:
            self._tell_reached(reply, self.at(reply))
        dry = reply.position == reply.fed and not (reply.exhausted and reply.fed == reply.made)
        if reply.started and dry and progress.missing > self._told.missing and self._told.dry_at != reply.fed:
            self._told.dry_at = reply.fed
            self._emit(PlaybackStarved(Turn(reply.turn)))
        self._told.missing = progress.missing

    def tell_end(self, reply: Reply) -> None:
        """The active reply was played to its end: what is still on its way to the ear cannot be recalled."""
        spoken = alignment.phrase_at(reply.spoken, reply.played)
        if spoken is not None and reply.played > self._told.ear:
            self._emit(PlaybackReached(Turn(reply.turn), spoken.number, reply.played - spoken.start))
        self._observe(Said(reply.turn, alignment.whole(reply.spoken), whole=True))
        self._emit(PlaybackEnded(Turn(reply.turn)))

    def watch(self, *, waiting: bool) -> None:
        """Count looks at a sink that does not pull; report it when sound waited too long, once per stall.

        Looks, not seconds, so that a loop which stalled accuses nobody. A sink that pulls nothing lets go of
        nothing either: replies that wait to leave are given up then.
        """
        moved = self._playout.progress.pulls != self._pulls
        self._pulls = self._playout.progress.pulls
        self._quiet_looks = 0 if moved or not (waiting or self.leaving) else self._quiet_looks + 1
        if self._quiet_looks != round(self._config.watchdog / self._config.poll):
            return
        for reply in list(self.leaving):
            self._settle(reply)
        if waiting:
            told = f"the sink took nothing for {self._config.watchdog:g} s while it had sound to play"
            self._emit(StageFailed("playout", told))

    def _tell_reached(self, reply: Reply, ear: int) -> None:
        spoken = alignment.phrase_at(reply.spoken, ear)
        if spoken is None or ear <= self._told.ear:
            return
        text = alignment.heard(reply.spoken, ear)
        if text == self._told.text and ear - self._told.ear < self._config.reached * PLAYOUT_RATE:
            return
        self._told.ear = ear
        self._emit(PlaybackReached(Turn(reply.turn), spoken.number, ear - spoken.start))
        if text != self._told.text:
            self._told.text = text
            self._observe(Said(reply.turn, text, whole=False))

    def _settle(self, reply: Reply) -> None:
        reply.settled = True
        self.leaving.remove(reply)
        for generation in [key for key, value in self._generations.items() if value is reply]:
            del self._generations[generation]


@dataclass(slots=True)
class _Told:
    """What was last told about the active reply."""

    ear: int = 0
    text: str = ""
    missing: int = 0
    dry_at: int = -1
