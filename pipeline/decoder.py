"""The decoding stage: one draft at a time, from a prompt to phrases.

A draft is written before anyone knows whether the turn is over; nothing here decides that. Interrupting is an
order looked at between tokens, never a cancellation. Thoughts leave as ``Thought``, words as ``Phrase``: two
types, and only the second reaches a voice. What a dropped draft thought is kept for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .calling import remembered
from .channel import Channel, Full
from .draft import Job
from .errors import BugError, HocketError
from .events import (
    Draft,
    DraftFinished,
    DraftStarted,
    Ending,
    PhraseDrafted,
    Span,
    StageFailed,
    StartDraft,
    Turn,
)
from .keeping import keep
from .notebook import notes_of
from .phrases import speakable
from .ports import Compute, Emit, Limits, Phrase
from .prompt import Called, Human, Prompt, Text
from .reading import Reader
from .records import Thought
from .ring import AudioRing
from .segments import segments
from .speaking.acting import ActingConfig
from .speaking.articulation import ArticulationConfig, Means
from .speaking.beside import Beside
from .speaking.whole import Whole
from .telling import Telling
from .understanding import Understanding
from .ways import Ways


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
    show_heard: str = "I heard: {heard}. Ask me a sum, a word to spell, or how your voice sounds."
    "Said the second time in a row; ``{heard}`` is what it made of the sound."
    heard_nothing: str = "I am a practice brain. Ask me a sum, a word to spell, or how your voice sounds."
    "Said the second time in a row when it made nothing of the sound."
    lost: str = "Sorry, I lost the thread there."
    "Said when the brain fails in the middle of a reply that is being heard."
    articulation: ArticulationConfig = field(default_factory=ArticulationConfig)
    acting: ActingConfig = field(default_factory=ActingConfig)


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
        self._config = config
        self._ways = ways or Ways()
        if self._ways.speaking.beside and self._ways.formulating is None:
            raise BugError(f"{self._ways.speaking.name} needs a stage that formulates")
        if self._ways.speaking.beside and self._ways.tools is not None and not self._ways.alone:
            raise BugError(f"{self._ways.speaking.name} writes beside its thought: calls must stand alone")
        self._limits = Limits(config.max_tokens)
        self._understanding = Understanding(
            emit, threshold,
            ask_again=config.ask_again, show_heard=config.show_heard, heard_nothing=config.heard_nothing,
        )  # fmt: skip
        self._means = Means(
            brain, self._say, self._ways.left, self._wrote, self._ways.observe, self._doubtful,
            self._understanding.answers,
            holds=self._ways.holds, patience=config.patience,
        )  # fmt: skip
        self._jobs: dict[Draft, Job] = {}
        self._left: Job | None = None
        """The newest draft that was dropped: what its tools did is not undone, and what the user gave is not
        lost, though an excuse, or a question to say it again, is all that was heard."""
        self._wanted: Channel[Job] = Channel(16, full=Full.DROP_OLDEST)  # the oldest are given up already

    # --- orders, called by the conductor ---------------------------------------------------------------

    def start(self, order: StartDraft, typed: str | None = None, aside: str = "") -> None:
        """Want this draft; an older one that was not committed is given up. ``aside``: for this reply alone,
        said to the brain after what the user gave, and never remembered."""
        for other in self._jobs.values():
            if not other.committed and not other.dropped:
                other.give_up()
                self._keep(other)
        notes = self._ways.notebook.of(order.turn, order.listened)
        job = Job(order, self._history(), typed, notes, aside=aside)
        if self._ways.speaking.thinks:
            job.predicted = self._ways.listening.predicted(notes_of(notes))
        if self._ways.listening.joins:
            job.reader = Reader(taken.reading for taken in notes)
        self._jobs[order.draft] = job
        ledger = self._ways.ledger
        job.deferred = not self._ways.ahead or (ledger is not None and not ledger.allows(order.turn))
        if not job.deferred:
            self._wanted.put_now(job)

    def drop(self, draft: Draft) -> None:
        """Give up this draft at the next token border; what it thought is kept for the next one."""
        if (job := self._jobs.pop(draft, None)) is not None:
            job.give_up()
            self._keep(job)
            if job.committed or job.failed or job.user is not None:
                self._left = job

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

    def called(self, turn: Turn, heard: str) -> tuple[Called, ...]:
        """The calls of this committed turn's reply, as the history keeps them; ask before ``remember``."""
        job = self._replied(turn)
        if job is None:
            return ()
        dropped = job is self._left  # then what was heard are not its words
        return remembered(job.steps, "" if dropped else heard)

    def _replied(self, turn: Turn) -> Job | None:
        """The draft that is or was this turn's reply."""
        jobs = (*self._jobs.values(), *([] if self._left is None else [self._left]))
        return next((job for job in jobs if job.order.turn == turn and job.committed), None)

    def remember(self, turn: Turn) -> Human | None:
        """What the user gave in this turn, without notes, also where no reply could be made of it; and forget
        the turn's drafts."""
        committed, left = self._replied(turn), self._left
        jobs = [job for job in self._jobs.values() if job.order.turn == turn]
        for job in jobs:
            del self._jobs[job.order.draft]
            job.give_up()
        self._ways.notebook.forget(turn)
        self._left = None
        if committed is None:
            return left.user if left is not None and left.order.turn == turn else None
        self._understanding.remember(committed)
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
        human = self._ways.listening.carry(job.user, notes_of(job.notes))
        return replace(human, parts=(*human.parts, Text(job.aside))) if job.aside else human

    async def _generate(self, job: Job, base: Prompt) -> None:
        speaking, tools, acting = self._ways.speaking, self._ways.tools, self._config.acting

        def thinks(text: str, *, confirmed: bool = False) -> None:
            self._thought(job, text, confirmed=confirmed)

        if not speaking.beside:
            limits = replace(self._limits, predicted=job.predicted)
            words = Whole(job, base, self._means, thinks, limits, tools=tools, acting=acting)
            await words.run(thinks=speaking.thinks)
            return
        assert self._ways.formulating is not None, "checked when this stage was built"
        limits = Limits(self._config.thought_tokens, predicted=job.predicted)
        beside = Beside(
            job, base, self._means, thinks, limits, speaking, self._ways.formulating,
            self._config.articulation, tools=tools, acting=acting,
        )  # fmt: skip
        await beside.run()

    # --- what both have in common -------------------------------------------------------------------------

    def _thought(self, job: Job, text: str, *, confirmed: bool) -> None:
        """A token of thought was written or confirmed, or (no text) something else about it changed."""
        job.news.set()
        if job.dropped:
            return
        if job.telling is None:
            turn, draft = job.order.turn, job.order.draft
            job.telling = Telling(self._observe, turn, draft, predicted=bool(job.predicted))
        if confirmed:
            job.telling.confirm(text)
            if self._ways.ledger is not None:
                self._ways.ledger.confirmed(job.order.turn, job.order.draft, job.telling.confirmed)
            return
        job.telling.write(text)
        if not text:
            return
        if self._ways.speaking.beside:
            self._wrote(job)
        job.thought_tokens += 1

    def _wrote(self, job: Job) -> None:
        if self._ways.ledger is not None:
            self._ways.ledger.wrote(job.order.turn, job.order.draft)

    def _keep(self, job: Job) -> None:
        """The thought of a draft that is not wanted any more, for the next one."""
        ways = self._ways
        keep(job, ways.notebook, ways.listening, ways.ledger, self._ring.end)

    async def _doubtful(self, job: Job) -> bool:
        """Tell the policy what was heard; True when that was too little and was asked again."""
        instead = self._understanding.instead(job)
        if instead is not None:
            await self._say(job, instead)
        return instead is not None

    async def _say(self, job: Job, text: str) -> None:
        text = speakable(text)
        if not text or job.dropped:
            return
        turn, draft = job.order.turn, job.order.draft
        number, job.phrases = job.phrases, job.phrases + 1
        job.words += len(text.split())
        job.said.append(text)
        self._emit(PhraseDrafted(turn, draft, number, text))
        if self._ways.ledger is not None:
            self._ways.ledger.phrase(turn, draft)
        await self._phrases.put(Phrase(turn, draft, number, text))

    async def _finish(self, job: Job, ending: Ending) -> None:
        turn, draft = job.order.turn, job.order.draft
        job.failed = ending is Ending.FAILED
        if ending is Ending.FAILED and job.committed and job.phrases:
            await self._say(job, self._config.lost)
            ending = Ending.COMPLETE  # as far as it goes; what failed was told by ``StageFailed``
        if not job.dropped and job.phrases:
            await self._phrases.put(Phrase(turn, draft, job.phrases, "", final=True))
        self._emit(DraftFinished(turn, draft, ending))
