"""The decoding stage: one draft at a time, from a prompt to phrases.

A draft is written before anyone knows whether the turn is over; nothing here decides that. Interrupting is an
order looked at between tokens, never a cancellation. Thoughts leave as ``Thought``, words as ``Phrase``: two
types, and only the second reaches a voice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from .channel import Channel, Full
from .clock import now
from .errors import BugError, HocketError
from .events import (
    Draft,
    DraftFinished,
    DraftStarted,
    Ending,
    EndOfTurnScored,
    Overlap,
    OverlapScored,
    PhraseDrafted,
    Span,
    StageFailed,
    StartDraft,
    Turn,
)
from .phrases import Phraser, ThinkSplitter, speakable
from .ports import Compute, Emit, Limits, Phrase, Piece, Thought
from .prompt import Human, Prompt, Reply, Text
from .reading import Read, Reader
from .ring import AudioRing
from .segments import segments


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Bounds on one draft, and what is said instead of a guess."""

    max_tokens: int = 320
    "Thought and answer together."
    patience: float = 8.0
    "Seconds without a token after which a draft is given up, so that a hung engine never keeps its lane."
    ask_again: str = "Sorry, I did not catch that. Please ask me again."
    "Said the first time the brain is unsure of what it heard."
    show_heard: str = "I heard: {heard}. I can add and subtract, and tell how your voice sounds."
    "Said the second time in a row; ``{heard}`` is what it made of the sound."
    heard_nothing: str = "I am a practice brain. I can add and subtract, and tell how your voice sounds."
    "Said the second time in a row when it made nothing of the sound."


@dataclass(slots=True, eq=False)
class _Job:
    """A wanted draft and what became of it."""

    order: StartDraft
    history: Prompt
    typed: str | None
    user: Human | None = None
    "What the user gave; None until all of its sound was captured."
    committed: bool = False
    dropped: bool = False
    doubt: bool = False
    phrases: int = 0
    wait: asyncio.Timeout | None = None
    "While a token is awaited: what ends the waiting."

    def give_up(self) -> None:
        """Write no more; a wait for the engine ends at once."""
        self.dropped = True
        self.await_until(0.0)

    def await_until(self, deadline: float) -> None:
        """Move the deadline of the present wait, if it has not come already."""
        if self.wait is not None and not self.wait.expired():
            self.wait.reschedule(deadline)


class Decoding:
    """Turns prompts into drafts.

    ``run`` is a lane; start two, so that the next turn can be drafted while a long reply is still written.
    """

    def __init__(
        self,
        brain: Compute,
        ring: AudioRing,
        history: Callable[[], Prompt],
        phrases: Channel[Phrase],
        emit: Emit,
        observe: Callable[[Thought], None],
        *,
        threshold: float | None,
        config: DecoderConfig,
    ) -> None:
        self._brain = brain
        self._ring = ring
        self._history = history
        self._phrases = phrases
        self._emit = emit
        self._observe = observe
        self._threshold = threshold
        self._config = config
        self._jobs: dict[Draft, _Job] = {}
        self._wanted: Channel[_Job] = Channel(16, full=Full.DROP_OLDEST)  # the oldest are given up already
        self._doubts = 0

    # --- orders, called by the conductor ---------------------------------------------------------------

    def start(self, order: StartDraft, typed: str | None = None) -> None:
        """Want this draft; an older one that was not committed is given up."""
        for other in self._jobs.values():
            if not other.committed:
                other.give_up()
        job = self._jobs[order.draft] = _Job(order, self._history(), typed)
        self._wanted.put_now(job)

    def drop(self, draft: Draft) -> None:
        """Give up this draft at the next token border."""
        if (job := self._jobs.pop(draft, None)) is not None:
            job.give_up()

    def hush(self, turn: Turn) -> None:
        """Write no more of this turn's reply."""
        for job in self._jobs.values():
            if job.order.turn == turn:
                job.give_up()

    def commit(self, turn: Turn, draft: Draft, speech: Span | None) -> None:
        """Let this draft be the reply, after checking that it heard all of the turn and knew the history.

        ``speech`` is the user's in this turn, trailing silence excepted; None or empty for a typed one.
        Raises BugError where the draft missed any of it: such a draft is never voiced.
        """
        job = self._jobs.get(draft)
        if job is None or job.dropped:
            raise BugError(f"turn {turn}: draft {draft} was committed but is not alive")
        heard = job.order.listened
        if speech and not (heard.start <= speech.start and speech.end <= heard.end):
            raise BugError(f"turn {turn}: draft {draft} heard {heard}, the user spoke {speech}")
        if job.history != self._history():
            raise BugError(f"turn {turn}: draft {draft} was written under another history")
        job.committed = True

    def remember(self, turn: Turn) -> Human | None:
        """What the user gave in this committed turn, and forget the turn's drafts."""
        jobs = [job for job in self._jobs.values() if job.order.turn == turn]
        for job in jobs:
            del self._jobs[job.order.draft]
            job.give_up()
        committed = next((job for job in jobs if job.committed), None)
        if committed is None:
            return None
        self._doubts = self._doubts + 1 if committed.doubt else 0
        return committed.user

    # --- the stage ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write wanted drafts until cancelled."""
        while True:
            job = await self._wanted.get()
            if not job.dropped:
                await self._write(job)

    async def _write(self, job: _Job) -> None:
        self._emit(DraftStarted(job.order.turn, job.order.draft, job.order.listened))
        try:
            async with asyncio.timeout(self._config.patience) as job.wait:
                await self._ring.wait_for(job.order.listened.end)
                job.user = self._given(job)
                await self._generate(job, job.history.then(job.user, Reply()))
        except TimeoutError:
            if not job.dropped:
                why = f"the brain gave no token for {self._config.patience:g} s"
                self._emit(StageFailed("brain", why))
            await self._finish(job, Ending.DROPPED if job.dropped else Ending.FAILED)
            return
        except HocketError as error:
            self._emit(StageFailed("brain", str(error)))
            await self._finish(job, Ending.FAILED)
            return
        finally:
            job.wait = None
        await self._finish(job, Ending.DROPPED if job.dropped else Ending.COMPLETE)

    def _given(self, job: _Job) -> Human:
        """Sound first, then what was typed."""
        sound = segments(self._ring, job.order.listened)
        return Human(sound if job.typed is None else (*sound, Text(job.typed)))

    async def _generate(self, job: _Job, prompt: Prompt) -> None:
        splitter, phraser, reader = ThinkSplitter(thinking=True), Phraser(), Reader()
        pieces = self._brain.stream("generate", prompt, Limits(self._config.max_tokens))
        answering = False
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in stream:
                if job.dropped:
                    return
                job.await_until(now() + self._config.patience)
                thought, answer = self._split(splitter, piece, reader)
                if thought:
                    self._observe(Thought(job.order.turn, job.order.draft, thought))
                if answer and not answering:
                    answering = True
                    read = reader.read()
                    self._score(job, read)
                    if read.doubtful(self._threshold):
                        job.doubt = True
                        await self._say(job, self._asking(read))
                        return
                for text in phraser.feed(answer):
                    await self._say(job, text)
        for text in phraser.finish():
            await self._say(job, text)

    def _split(self, splitter: ThinkSplitter, piece: Piece, reader: Reader) -> tuple[str, str]:
        thought, answer = splitter.feed(piece.text)
        if piece.last:
            more_thought, more_answer = splitter.finish()
            thought, answer = thought + more_thought, answer + more_answer
        if thought or not answer:
            reader.feed(thought, piece.logprob)
        return thought, answer

    def _score(self, job: _Job, read: Read) -> None:
        """Tell the policy what the words say: is the turn over, and was it words at all."""
        at = job.order.listened.end
        if read.heard is None or not len(job.order.listened):
            return
        if read.end_of_turn is not None:
            self._emit(EndOfTurnScored(at, read.end_of_turn))
        kind = Overlap.NOISE if read.doubtful(self._threshold) else Overlap.BARGE_IN
        self._emit(OverlapScored(at, kind))

    def _asking(self, read: Read) -> str:
        if self._doubts == 0:
            return self._config.ask_again
        if read.unclear or not read.heard:
            return self._config.heard_nothing
        return self._config.show_heard.format(heard=read.heard)

    async def _say(self, job: _Job, text: str) -> None:
        text = speakable(text)
        if not text or job.dropped:
            return
        turn, draft = job.order.turn, job.order.draft
        number, job.phrases = job.phrases, job.phrases + 1
        self._emit(PhraseDrafted(turn, draft, number, text))
        await self._phrases.put(Phrase(turn, draft, number, text))

    async def _finish(self, job: _Job, ending: Ending) -> None:
        turn, draft = job.order.turn, job.order.draft
        if not job.dropped and job.phrases:
            await self._phrases.put(Phrase(turn, draft, job.phrases, "", final=True))
        self._emit(DraftFinished(turn, draft, ending))
