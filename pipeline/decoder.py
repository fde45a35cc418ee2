"""The decoding stage: one draft at a time, from a prompt to phrases.

A draft is written before anyone knows whether the turn is over; nothing here decides that. Interrupting is an
order looked at between tokens, never a cancellation. Thoughts leave as ``Thought``, words as ``Phrase``: two
types, and only the second reaches a voice. What a dropped draft thought becomes a note.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from .channel import Channel, Full
from .clock import now
from .draft import Job
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
from .listening.off import Off
from .listening.strategy import ListeningStrategy
from .loops import LoopGuard
from .notebook import Notebook, notes_of
from .phrases import Phraser, ThinkSplitter, speakable
from .ports import Compute, Contradiction, Emit, Limits, Phrase, Piece, Thought
from .prompt import Human, Prompt, Reply, Text
from .reading import Read, Reader
from .ring import AudioRing
from .segments import segments
from .speaking.articulation import Articulation, ArticulationConfig, Means
from .speaking.formulation import Formulating, Formulation
from .speaking.strategy import SpeakingStrategy
from .speaking.think_fully import ThinkFully
from .speculation import Ledger


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Bounds on one draft, and what is said instead of a guess."""

    max_tokens: int = 320
    "Thought and answer together, where they are one generation."
    thought_tokens: int = 300
    "Of a thought that is written beside its words; then the answer is what it has come to."
    patience: float = 8.0
    "Seconds without a token after which a draft is given up, so that a hung engine never keeps its lane."
    ask_again: str = "Sorry, I did not catch that. Please ask me again."
    "Said the first time the brain is unsure of what it heard."
    show_heard: str = "I heard: {heard}. I can add and subtract, and tell how your voice sounds."
    "Said the second time in a row; ``{heard}`` is what it made of the sound."
    heard_nothing: str = "I am a practice brain. I can add and subtract, and tell how your voice sounds."
    "Said the second time in a row when it made nothing of the sound."
    articulation: ArticulationConfig = field(default_factory=ArticulationConfig)


@dataclass(frozen=True, slots=True)
class Ways:
    """How drafts are thought and written; the defaults think first and write then, and keep no notes."""

    notebook: Notebook = field(default_factory=Notebook)
    listening: ListeningStrategy = field(default_factory=Off)
    speaking: SpeakingStrategy = field(default_factory=ThinkFully)
    formulating: Formulating | None = None
    "Where thoughts beside words are written; needed by strategies that want them beside."
    ledger: Ledger | None = None
    left: Callable[[int], float] = lambda turn: 0.0
    "Seconds of sound made for a turn and not yet played."
    observe: Callable[[Contradiction], None] = lambda found: None
    ahead: bool = True
    "False: no draft begins before its commit."
    holds: bool = False
    "The brain says from part of a thought only what that part bears out."


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
        ways: Ways | None = None,
    ) -> None:
        self._brain = brain
        self._ring = ring
        self._history = history
        self._phrases = phrases
        self._emit = emit
        self._observe = observe
        self._threshold = threshold
        self._config = config
        self._ways = ways or Ways()
        if self._ways.speaking.beside and self._ways.formulating is None:
            raise BugError(f"{self._ways.speaking.name} needs a stage that formulates")
        self._means = Means(
            brain, self._say, self._ways.left, self._wrote, self._ways.observe, self._doubtful,
            self._answers,
            holds=self._ways.holds, patience=config.patience,
        )  # fmt: skip
        self._jobs: dict[Draft, Job] = {}
        self._wanted: Channel[Job] = Channel(16, full=Full.DROP_OLDEST)  # the oldest are given up already
        self._doubts = 0

    # --- orders, called by the conductor ---------------------------------------------------------------

    def start(self, order: StartDraft, typed: str | None = None) -> None:
        """Want this draft; an older one that was not committed is given up."""
        for other in self._jobs.values():
            if not other.committed and not other.dropped:
                other.give_up()
                self._keep(other)
        notes = self._ways.notebook.of(order.turn, order.listened)
        job = Job(order, self._history(), typed, notes)
        job.reader = Reader(taken.reading for taken in notes)
        self._jobs[order.draft] = job
        ledger = self._ways.ledger
        job.deferred = not self._ways.ahead or (ledger is not None and not ledger.allows(order.turn))
        if not job.deferred:
            self._wanted.put_now(job)

    def drop(self, draft: Draft) -> None:
        """Give up this draft at the next token border; what it thought stays as a note."""
        if (job := self._jobs.pop(draft, None)) is not None:
            job.give_up()
            self._keep(job)

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
        job.news.set()
        if self._ways.ledger is not None:
            self._ways.ledger.committed(turn, draft)
        if job.deferred:
            self._wanted.put_now(job)

    def remember(self, turn: Turn) -> Human | None:
        """What the user gave in this committed turn, without notes, and forget the turn's drafts."""
        jobs = [job for job in self._jobs.values() if job.order.turn == turn]
        for job in jobs:
            del self._jobs[job.order.draft]
            job.give_up()
        self._ways.notebook.forget(turn)
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

    async def _write(self, job: Job) -> None:
        turn, draft = job.order.turn, job.order.draft
        self._emit(DraftStarted(turn, draft, job.order.listened))
        if self._ways.ledger is not None:
            self._ways.ledger.started(turn, draft)
        try:
            async with asyncio.timeout(self._config.patience) as job.wait:
                await self._ring.wait_for(job.order.listened.end)
                job.user = self._given(job)
                await self._generate(job, job.history.then(self._carried(job)))
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

    def _given(self, job: Job) -> Human:
        """Sound first, then what was typed."""
        sound = segments(self._ring, job.order.listened)
        return Human(sound if job.typed is None else (*sound, Text(job.typed)))

    def _carried(self, job: Job) -> Human:
        """What the user gave, with the notes that were taken meanwhile."""
        assert job.user is not None, "the user's sound is there"
        return self._ways.listening.carry(job.user, notes_of(job.notes))

    async def _generate(self, job: Job, base: Prompt) -> None:
        speaking = self._ways.speaking
        if not speaking.beside:
            await self._in_one(job, base, thinks=speaking.thinks)
            return
        assert self._ways.formulating is not None, "checked when this stage was built"

        def told(text: str) -> None:
            job.thought_over = thought.closed
            self._thought(job, text)

        thought = Formulation(
            base.then(Reply()), Limits(self._config.thought_tokens, stop=("</think>",)), job.reader, told,
            self._config.patience,
        )  # fmt: skip
        self._ways.formulating.want(thought)
        job.await_until(None)  # each of the two generations has a patience of its own
        words = Articulation(job, base, thought, speaking, self._means, self._config.articulation)
        try:
            await words.run()
        finally:
            thought.stop()

    # --- thought and words as one generation --------------------------------------------------------------

    async def _in_one(self, job: Job, base: Prompt, *, thinks: bool) -> None:
        splitter, phraser, guard = ThinkSplitter(thinking=thinks), Phraser(), LoopGuard()
        pieces = self._brain.stream(
            "generate", base.then(Reply(thinking=thinks)), Limits(self._config.max_tokens)
        )
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in stream:
                if job.dropped:
                    return
                job.await_until(now() + self._config.patience)
                self._wrote(job)
                answer = self._split(job, splitter, piece)
                if answer and thinks and await self._doubtful(job):
                    return
                if answer.strip():
                    self._answers(job)
                for text in phraser.feed(answer):
                    await self._say(job, text)
                if guard.feed(piece.token):
                    break
        for text in phraser.finish():
            await self._say(job, text)

    def _split(self, job: Job, splitter: ThinkSplitter, piece: Piece) -> str:
        """Take the piece's thought in; what of it is answer."""
        thought, answer = splitter.feed(piece.text)
        if piece.last:
            more_thought, more_answer = splitter.finish()
            thought, answer = thought + more_thought, answer + more_answer
        if thought or not answer:
            job.reader.feed(thought, piece.logprob)
            self._thought(job, thought)
        job.thought_over = job.thought_over or splitter.closed
        return answer

    # --- what both have in common -------------------------------------------------------------------------

    def _thought(self, job: Job, text: str) -> None:
        """A token of thought was written (or, without text, something else about the thought changed)."""
        job.news.set()
        if job.dropped or not text:
            return
        if self._ways.speaking.beside:
            self._wrote(job)
        job.thought_tokens += 1
        self._observe(Thought(job.order.turn, job.order.draft, text))

    def _wrote(self, job: Job) -> None:
        if self._ways.ledger is not None:
            self._ways.ledger.wrote(job.order.turn, job.order.draft)

    def _keep(self, job: Job) -> None:
        """The thought of a draft that is not wanted any more, for the next one."""
        order, notebook = job.order, self._ways.notebook
        if notebook.take(
            order.turn, order.draft, order.listened, job.reader.reading,
            tokens=job.thought_tokens, cut=not job.thought_over,
        ) and self._ways.ledger is not None:  # fmt: skip
            self._ways.ledger.kept(order.turn, order.draft, job.thought_tokens)

    async def _doubtful(self, job: Job) -> bool:
        """Tell the policy what was heard, once; True when that was too little and was asked again."""
        if job.judged:
            if job.thought_over:
                self._score(job, job.reader.read())
            return False
        read = job.reader.read()
        job.judged = True
        if job.thought_over:
            self._score(job, read)
        if read.doubtful(self._threshold):
            job.doubt = True
            self._overlap(job, Overlap.NOISE)
            await self._say(job, self._asking(read))
            return True
        if job.answers:
            self._overlap(job, Overlap.BARGE_IN)
        return False

    def _answers(self, job: Job) -> None:
        """The first word of an answer was written: only what deserves one is a barge-in."""
        if not job.answers:
            job.answers = True
            if job.judged and not job.doubt:
                self._overlap(job, Overlap.BARGE_IN)

    def _score(self, job: Job, read: Read) -> None:
        """Tell the policy, once, what the words say: is the turn over."""
        if job.scored:
            return
        job.scored = True
        if read.heard is not None and len(job.order.listened) and read.end_of_turn is not None:
            self._emit(EndOfTurnScored(job.order.listened.end, read.end_of_turn))

    def _overlap(self, job: Job, kind: Overlap) -> None:
        """Tell the policy whether it was words at all."""
        read = job.reader.read()
        if read.heard is None or not len(job.order.listened):
            return
        self._emit(OverlapScored(job.order.listened.end, kind, f"heard as {read.heard!r}"))

    def _asking(self, read: Read) -> str:
        if self._doubts == 0:
            return self._config.ask_again
        if read.unclear or not read.heard:
            return self._config.heard_nothing
        return self._config.show_heard.format(heard=read.heard)

    async def _say(self, job: Job, text: str) -> None:
        text = speakable(text)
        if not text or job.dropped:
            return
        turn, draft = job.order.turn, job.order.draft
        number, job.phrases = job.phrases, job.phrases + 1
        job.words += len(text.split())
        self._emit(PhraseDrafted(turn, draft, number, text))
        if self._ways.ledger is not None:
            self._ways.ledger.phrase(turn, draft)
        await self._phrases.put(Phrase(turn, draft, number, text))

    async def _finish(self, job: Job, ending: Ending) -> None:
        turn, draft = job.order.turn, job.order.draft
        if not job.dropped and job.phrases:
            await self._phrases.put(Phrase(turn, draft, job.phrases, "", final=True))
        self._emit(DraftFinished(turn, draft, ending))
