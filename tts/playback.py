"""Who may be heard: turns orders into gates, and feeds the playout what the gate lets through.

Synchronous, for the loop's thread; every order may come in any state, twice, or too late. It must never
decide when someone speaks (the policy does) and never let a draft's sound reach the playout before a commit.
"""

from __future__ import annotations

from collections import deque

from pipeline.errors import BugError
from pipeline.ports import PLAYOUT_RATE, Emit, Phrase

from . import alignment
from .ear import Ear, Observe, PlaybackConfig
from .playout import Gate, Playout
from .reply import Account, Reply

REMEMBERED = 64
"""Finished turns and drafts whose late phrases and orders are still known to be stale."""
MOST_DRAFTS = 8
"""Drafts that may wait for a commit at one time; the oldest goes when there are more."""
QUIETEST = 0.01
"""A ducked voice is never muted: its position would go on while nobody could hear it."""


class Playback:
    """The replies of one session and the one that is at the gate."""

    def __init__(self, playout: Playout, emit: Emit, observe: Observe, config: PlaybackConfig) -> None:
        self.active: Reply | None = None
        "The committed reply that is not over."
        self.held = False
        self.stale = 0
        "Phrases that came too late."
        self.ear = Ear(playout, emit, observe, config)
        self._playout = playout
        self._config = config
        self._replies: dict[tuple[int, int], Reply] = {}
        self._turns: dict[int, Reply] = {}
        self._hushed: deque[int] = deque(maxlen=REMEMBERED)
        self._gone: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._newest = 0
        self._generation = 0
        self._gain = 1.0
        self._hold_at = 0

    # --- phrases -----------------------------------------------------------------------------------------

    def admit(self, phrase: Phrase) -> Reply | None:
        """The reply in which this phrase now waits; None when it is stale. Raises as ``Reply.take``."""
        key = (phrase.turn, phrase.draft)
        reply = self._replies.get(key)
        if reply is None:
            if self._is_stale(*key):
                self.stale += 1
                return None
            reply = self._replies[key] = Reply(*key)
            others = [other for other in self.drafts if other is not reply]
            for index, other in enumerate(others, start=1):
                if other.turn == reply.turn or index <= len(others) - MOST_DRAFTS:
                    self._finish(other, "superseded")
        reply.take(phrase)
        return reply

    @property
    def drafts(self) -> list[Reply]:
        """Replies that were not committed, oldest first."""
        return [reply for reply in self._replies.values() if not reply.generation]

    @property
    def busy(self) -> bool:
        """True while looking at the sink, or for phrases and orders, can matter."""
        return bool(self._replies or self.ear.leaving)

    def _is_stale(self, turn: int, draft: int) -> bool:
        committed = turn in self._turns or turn < self._newest
        return committed or turn in self._hushed or (turn, draft) in self._gone

    # --- orders ------------------------------------------------------------------------------------------

    def commit(self, turn: int, draft: int) -> None:
        """Let this draft be heard from now on, in place of whatever was; a stale one changes nothing."""
        if self._is_stale(turn, draft):
            return
        reply = self._replies.setdefault((turn, draft), Reply(turn, draft))
        if self.active is not None:
            self._look()
            self._finish(self.active, "superseded")
        for other in [other for other in self.drafts if other.turn <= turn and other is not reply]:
            self._finish(other, "superseded")
        self.active, self.held, self._gain, self._newest = reply, False, 1.0, turn
        self._turns[turn] = reply
        while len(self._turns) > self._config.turns:
            del self._turns[next(iter(self._turns))]
        self._open_for(reply, soft=False, ramp=self._config.ramp)
        self.feed()

    def drop(self, turn: int, draft: int) -> None:
        """Forget a draft, committed or not; its turn may still be answered by another one.

        If a few samples of it had left when the order came, they fade out and count for nothing.
        """
        reply = self._replies.get((turn, draft))
        if reply is None:
            self._forget(turn, draft)
            return
        self._look()
        if self._turns.get(turn) is reply:
            del self._turns[turn]
        self._finish(reply, "drop")

    def duck(self, turn: int, gain: float) -> None:
        """Lower this turn's voice to ``gain`` (1 is full)."""
        if self._at_gate(turn) is not None:
            self._gain = min(1.0, max(QUIETEST, gain))
            self._publish(self._config.ramp)

    def unduck(self, turn: int) -> None:
        """Bring this turn's voice back to full."""
        self.duck(turn, 1.0)

    def hold(self, turn: int, fade: float) -> None:
        """Fade out and freeze; nothing is flushed."""
        reply = self._at_gate(turn)
        if reply is None or self.held:
            return
        self._look()
        self._hold_at = reply.position
        self.held = True
        self._publish(fade)

    def resume(self, turn: int) -> None:
        """Go on, at full volume, from the last word border before the hold."""
        reply = self._at_gate(turn)
        if reply is None or not self.held:
            return
        self._look()
        reply.rewind(self._hold_at)
        self.held, self._gain = False, 1.0
        self._open_for(reply, soft=reply.played > 0, ramp=self._config.fade_in)
        self.feed()

    def hush(self, turn: int, fade: float) -> None:
        """Stop this turn for good: fade out, flush, take no more of it. What was heard stays known."""
        if turn not in self._hushed:
            self._hushed.append(turn)
        self._look()
        for reply in [reply for reply in self._replies.values() if reply.turn == turn]:
            self._finish(reply, "hush", fade)

    def close(self) -> None:
        """Stop everything."""
        self._look()
        for reply in list(self._replies.values()):
            self._finish(reply, "closed")

    def _at_gate(self, turn: int) -> Reply | None:
        return self.active if self.active is not None and self.active.turn == turn else None

    # --- what was heard ----------------------------------------------------------------------------------

    def heard(self, turn: int) -> tuple[str, int, bool]:
        """(text, playout samples, whole) of a turn's reply that reached the ear by now.

        Known for the last few turns, also after a hush; ("", 0, False) for others. What was pulled shortly
        before a hush is still on its way: one output latency later the answer is final.
        """
        reply = self._turns.get(turn)
        if reply is None:
            return "", 0, False
        self._look()
        if reply.ended and reply.most is None:
            return alignment.whole(reply.spoken), reply.played, True
        samples = self.ear.at(reply)
        samples = samples if reply.most is None else min(samples, reply.most)
        return alignment.heard(reply.spoken, samples), samples, False

    def shorten(self, turn: int, samples: int) -> str | None:
        """Whoever listens says that no more than so many samples of the reply were heard; it only ever
        shortens. The words heard; None for a turn that is not known (any more)."""
        reply = self._turns.get(turn)
        if reply is None:
            return None
        reply.most = samples if reply.most is None else min(samples, reply.most)
        return self.heard(turn)[0]

    def account(self, turn: int) -> Account | None:
        """Where the samples of a turn's reply went; None for a turn that is not known (any more)."""
        reply = self._turns.get(turn)
        if reply is None:
            return None
        self._look()
        return reply.account

    def left(self, turn: int) -> float:
        """Seconds of sound that are made for this turn and not yet played."""
        found = [reply.left for reply in self._replies.values() if reply.turn == turn]
        return max(found, default=0) / PLAYOUT_RATE

    # --- the sink ----------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Look at the sink, tell what happened, feed it. Raises BugError when a pull failed inside."""
        if self._playout.fault is not None:
            raise BugError(f"the playout failed: {self._playout.fault!r}") from self._playout.fault
        self._look()
        reply = self.active
        if reply is not None:
            self.ear.tell(reply)
            if not self.held and reply.exhausted and reply.position >= self._end_of(reply):
                self._finish(reply, "silent tail", ended=True)
                self.ear.tell_end(reply)
        waiting = self.active is not None and not self.held and self.active.fed > self.active.position
        self.ear.watch(waiting=waiting)
        self.feed()

    def feed(self) -> None:
        """Give the playout what it may have of the active reply."""
        reply = self.active
        if reply is None or self.held:
            return
        reply.forget()
        most = round(self._config.ahead * PLAYOUT_RATE)
        while reply.fed < reply.made:
            room = min(most - (reply.fed - reply.position), self._playout.room)
            if room <= 0:
                return
            number, pcm = reply.piece(room)
            self._playout.feed(number, reply.fed, pcm)
            reply.fed += len(pcm)

    def _look(self) -> None:
        self.ear.look(self.active)

    def _end_of(self, reply: Reply) -> int:
        return min(reply.made, reply.last_audible + round(self._config.tail * PLAYOUT_RATE))

    def _finish(self, reply: Reply, reason: str, fade: float | None = None, *, ended: bool = False) -> None:
        """Nothing more of this reply; what the sink already has of it fades out."""
        del self._replies[reply.turn, reply.draft]
        self._forget(reply.turn, reply.draft)
        reply.end(reason)
        reply.ended = ended
        if reply is self.active:
            self.active, self.held = None, False
            self.ear.leaving.append(reply)
            self._generation += 1
            ramp = self._config.ramp if fade is None else fade
            self._playout.publish(Gate(self._generation, 0, 0, open=False, ramp=ramp))
        else:
            reply.settled = True

    def _forget(self, turn: int, draft: int) -> None:
        """Late phrases of this draft are stale. Canned words (draft 0) may be said again in the same turn."""
        if draft and (turn, draft) not in self._gone:
            self._gone.append((turn, draft))

    def _open_for(self, reply: Reply, *, soft: bool, ramp: float) -> None:
        self._generation += 1
        reply.generation = self._generation
        self.ear.expect(reply)
        self._publish(ramp, soft=soft)

    def _publish(self, ramp: float, *, soft: bool = False) -> None:
        reply = self.active
        assert reply is not None, "only an active reply has a gate of its own"
        name = (self._generation, reply.turn, reply.draft)
        self._playout.publish(Gate(*name, self._gain, open=not self.held, ramp=ramp, soft=soft))
