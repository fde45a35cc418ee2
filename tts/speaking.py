"""The speaking stage: phrases in, sound at the gate, facts about what the ear has heard out.

It accepts nothing but ``Phrase``: a thought cannot be spoken. It must never voice a draft before its commit,
and never decide when to commit, hold or hush: those are orders.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipeline.channel import Channel, ClosedError, EmptyError
from pipeline.clock import now
from pipeline.errors import BugError, ConfigError, VoiceError
from pipeline.events import StageFailed
from pipeline.ports import PLAYOUT_RATE, Emit, Phrase, Voice
from pipeline.records import Measured

from .ear import Observe, PlaybackConfig
from .playback import Playback
from .playout import Playout
from .reply import Account, Reply
from .utterance import MakeResampler, utter


@dataclass(frozen=True, slots=True)
class SpeakingConfig:
    """How phrases become sound."""

    playback: PlaybackConfig = field(default_factory=PlaybackConfig)
    uncommitted: float = 8.0
    "Seconds of a draft's sound, of its first phrase only, that may wait at the gate."
    committed: float = 8.0
    "Seconds of unplayed sound of a committed reply from which on its next phrase waits."
    patience: float = 5.0
    "Seconds a voice may take for its next chunk before its phrase is given up."
    first_lead: float = 0.01
    "Seconds of silence kept before a reply's first sound."
    clause_lead: float = 0.06
    "The same for a later phrase, after one that ends inside a sentence."
    sentence_lead: float = 0.2
    "The same for a later phrase, after one that ends a sentence."

    def __post_init__(self) -> None:
        for name in ("uncommitted", "committed", "patience"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be above 0 s, not {getattr(self, name)}")


class Speaking:
    """One session's voice. ``run`` synthesises; the orders are plain methods for the loop's thread.

    Facts: PlaybackStarted, PlaybackReached, PlaybackEnded, PlaybackStarved, StageFailed (``voice``: a phrase
    was skipped; ``playout``: the sink stopped pulling). A reply ends only when a phrase with ``final`` came.
    """

    def __init__(
        self,
        voice: Voice,
        phrases: Channel[Phrase],
        playout: Playout,
        emit: Emit,
        observe: Observe,
        config: SpeakingConfig,
        *,
        resampler: MakeResampler,
    ) -> None:
        self._voice = voice
        self._phrases = phrases
        self._emit = emit
        self._observe = observe
        self._config = config
        self._resampler = resampler
        self._playback = Playback(playout, emit, observe, config.playback)
        self._news = asyncio.Event()
        self._scope: asyncio.Timeout | None = None
        self._making: Reply | None = None
        self._aborted = ""
        self._taking = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._fault: Exception | None = None

    # --- orders ------------------------------------------------------------------------------------------

    def commit(self, turn: int, draft: int) -> None:
        """The draft may be heard; sound that was made for it starts with the sink's next pull."""
        self._playback.commit(turn, draft)
        self._reconsider()

    def drop(self, turn: int, draft: int) -> None:
        """Forget the draft's words and sound; its turn may be answered by another draft."""
        self._playback.drop(turn, draft)
        self._reconsider()

    def duck(self, turn: int, gain: float) -> None:
        """Lower the voice, if this turn has it."""
        self._playback.duck(turn, gain)

    def unduck(self, turn: int) -> None:
        """Bring the voice back to full, if this turn has it."""
        self._playback.unduck(turn)

    def hold(self, turn: int, fade: float = 0.03) -> None:
        """Fade out and freeze the position."""
        self._playback.hold(turn, fade)
        self._reconsider()

    def resume(self, turn: int) -> None:
        """Go on from the last word border before the hold."""
        self._playback.resume(turn)
        self._reconsider()

    def hush(self, turn: int, fade: float = 0.03) -> None:
        """Stop the turn for good: its sound is flushed, its synthesis aborted, its late phrases dropped."""
        self._playback.hush(turn, fade)
        self._reconsider()

    # --- what is known -----------------------------------------------------------------------------------

    @property
    def output_latency(self) -> float:
        """Seconds from a pull to the ear. Setting it raises BugError outside [0, 2]."""
        return self._playback.ear.latency

    @output_latency.setter
    def output_latency(self, seconds: float) -> None:
        self._playback.ear.latency = seconds

    @property
    def stale(self) -> int:
        """Phrases that came too late and were not spoken."""
        return self._playback.stale

    def heard(self, turn: int) -> tuple[str, int, bool]:
        """(text, playout samples, whole) of the turn's reply that reached the ear; see ``Playback.heard``."""
        return self._playback.heard(turn)

    def shorten(self, turn: int, samples: int) -> str | None:
        """No more than so many samples of the turn's reply were heard: its words so far. None: not known."""
        return self._playback.shorten(turn, samples)

    def account(self, turn: int) -> Account | None:
        """Where the samples of the turn's reply went; None for a turn that is not known (any more)."""
        return self._playback.account(turn)

    def left(self, turn: int) -> float:
        """Seconds of sound made for this turn and not yet played: when to write the next phrase."""
        return self._playback.left(turn)

    # --- the stage ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Speak until the channel is closed and what was committed is played out, or until cancelled.

        Raises BugError when something other than a Phrase comes, or when an invariant of the playback breaks.
        """
        try:
            await self._prepare()
            while True:
                reply = self._next()
                if reply is not None:
                    await self._make(reply)
                elif self._phrases.closed and not len(self._phrases) and self._playback.active is None:
                    return
                else:
                    await self._wait()
                if self._fault is not None:
                    raise self._fault
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._closed = True
            self._playback.close()

    async def _prepare(self) -> None:
        """Let a voice that has something to start, such as a process, start it before it is needed."""
        prepare: Callable[[], Awaitable[None]] | None = getattr(self._voice, "prepare", None)
        if prepare is None:
            return
        try:
            await prepare()
        except VoiceError as error:
            self._emit(StageFailed("voice", str(error)))

    def _next(self) -> Reply | None:
        """The reply whose next phrase shall be made now: the committed one first, then the newest draft."""
        if self._wanted(self._playback.active):
            return self._playback.active
        drafts = self._playback.drafts
        if any(draft.made for draft in drafts):
            return None
        return next((draft for draft in reversed(drafts) if draft.waiting), None)

    def _wanted(self, reply: Reply | None) -> bool:
        return bool(reply and reply.waiting and reply.left < self._config.committed * PLAYOUT_RATE)

    async def _wait(self) -> None:
        """Until a phrase comes, or, where phrases wait for an order or for room, until something changed."""
        replies = (self._playback.active, *self._playback.drafts)
        if any(reply is not None and reply.waiting for reply in replies):
            await self._changed()
            return
        self._taking, self._aborted = True, ""
        try:
            async with asyncio.timeout(None) as self._scope:
                self._take(await self._phrases.get())
        except TimeoutError:
            if self._fault is None:
                raise
        except ClosedError:
            if self._playback.active is not None:
                await self._changed()
        finally:
            self._taking, self._scope = False, None

    async def _changed(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _take(self, item: object) -> None:
        if type(item) is not Phrase:
            raise BugError(f"a voice speaks phrases only, not {type(item).__name__}")
        self._playback.admit(item)
        self._arm()

    # --- one phrase --------------------------------------------------------------------------------------

    async def _make(self, reply: Reply) -> None:
        """Synthesise a reply's next phrase, until it is whole, stale, failed or has to make way."""
        lead = self._lead(reply)
        phrase = reply.begin()
        self._making, self._aborted = reply, ""
        problem = ""
        try:
            async with asyncio.timeout(self._config.patience) as self._scope:
                await self._stream(reply, phrase, lead)
        except TimeoutError:
            problem = f"{self._voice.name} gave no sound for {self._config.patience:g} s"
        except VoiceError as error:
            problem = str(error)
        finally:
            self._making, self._scope = None, None
        if self._aborted:
            return
        reply.finish(failed=bool(problem))
        if problem:
            where = f"phrase {phrase.number} of turn {phrase.turn}"
            self._emit(StageFailed("voice", f"{where} was skipped: {problem}"))
        self._arm()

    async def _stream(self, reply: Reply, phrase: Phrase, lead: float) -> None:
        began: float | None = now()
        sound = utter(self._voice, phrase.text, lead=lead, resampler=self._resampler)
        async with contextlib.aclosing(sound) as stream:
            async for chunk in stream:
                if self._aborted:
                    return
                reply.add(chunk.pcm, chunk.words)
                if began is not None and len(chunk.pcm):
                    self._observe(Measured(phrase.turn, "phrase to first sound", now() - began))
                    began = None
                self._arm()
                self._playback.feed()
                await self._room_for(reply)
                self._extend()

    async def _room_for(self, reply: Reply) -> None:
        """Stand still while a draft that is not committed has as much sound as it may have."""
        limit = self._config.uncommitted * PLAYOUT_RATE
        while not reply.generation and reply.made >= limit:
            if self._scope is not None and self._scope.when() is not None:
                self._scope.reschedule(None)
            await self._changed()

    def _lead(self, reply: Reply) -> float:
        """Seconds of silence that the next phrase of this reply may begin with."""
        if not reply.spoken:
            return self._config.first_lead
        ended = reply.spoken[-1].text.rstrip("\"')]”’ ").endswith((".", "!", "?", ":", "…"))
        return self._config.sentence_lead if ended else self._config.clause_lead

    def _extend(self) -> None:
        """The voice gave sound: its patience begins anew."""
        if self._scope is not None and not self._aborted:
            self._scope.reschedule(now() + self._config.patience)

    # --- changes of mind ---------------------------------------------------------------------------------

    def _reconsider(self) -> None:
        """After an order or a look at the sink: abort what became stale, wake what waits."""
        making = None if self._aborted else self._making
        if making is not None and making.over:
            self._abort("stale")
        elif making is not None and self._must_yield(making):
            self._abort("makes way")
            making.put_back()
        self._news.set()
        self._arm()

    def _must_yield(self, making: Reply) -> bool:
        """A draft makes way for the committed reply, which somebody is waiting to hear."""
        return not making.generation and self._wanted(self._playback.active)

    def _abort(self, why: str) -> None:
        """Leave the wait for the voice, at once; closing its stream stops the synthesis."""
        self._aborted = why
        if self._scope is not None and not self._scope.expired():
            self._scope.reschedule(now())

    def _arm(self) -> None:
        """Look at the sink in a little while, as long as anything is on its way; otherwise cost nothing."""
        if self._timer is None and self._playback.busy and self._fault is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._config.playback.poll, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._take_waiting()
            self._playback.tick()
        except Exception as error:  # noqa: BLE001  # a timer's error has no caller: ``run`` raises it
            self._fault = error
            self._abort("fault")
        self._reconsider()

    def _take_waiting(self) -> None:
        """Take phrases while ``run`` is busy: a later reply's must not block an earlier one's."""
        with contextlib.suppress(EmptyError, ClosedError):
            while not self._taking:
                self._take(self._phrases.get_now())
