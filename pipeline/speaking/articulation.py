"""Articulation: a draft's words, written in segments beside its thought.

A segment is written from the finished lines of the thought and the words said so far, ends at a clause
border, and comes as late as the voice allows, so that it knows the newest thoughts. When the thought is
whole, the rest is written from all of it; what was said before is compared with it, and taken back where it
was wrong. Nothing here decides who speaks, and no thought passes through it to a voice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pipeline.calls import CallFinder, Passage, Wanted
from pipeline.clock import now
from pipeline.draft import Job
from pipeline.loops import LoopGuard
from pipeline.phrases import Phraser
from pipeline.ports import Compute, Limits, Piece
from pipeline.prompt import Prompt, Reply
from pipeline.records import Contradiction

from .contradiction import conflicts, contradiction, rest_of
from .formulation import Formulation
from .strategy import Progress, SpeakingStrategy


@dataclass(frozen=True, slots=True)
class ArticulationConfig:
    """Sizes of segments, and when the next one is written."""

    segment: int = 20
    "Tokens after which a segment ends at the next clause border (about 3 s of speech)."
    longest: int = 60
    "Tokens after which it ends anywhere."
    most_words: int = 150
    "Words of one reply; then it ends at a clause border."
    most_tokens: int = 320
    "Of the words written once the thought is whole."
    margin: float = 0.4
    "Seconds of sound that are left to play, beside what a segment takes to write, when the next one is due."
    first_sound: float = 0.3
    "Seconds that a voice may take to make sound of a phrase; until then its words are counted instead."
    per_word: float = 0.3
    "Seconds of sound that a word is taken for until then."
    correct: str = "Let me correct that."
    "Said before the whole answer where a number that was said turned out wrong."
    ask_every: int = 20
    "Tokens of thought between two questions whether it is ready."

    def __post_init__(self) -> None:
        if not 1 <= self.segment <= self.longest or min(self.most_words, self.most_tokens) < 1:
            raise ValueError("a segment has 1 to `longest` tokens; words and tokens are at least 1")
        if min(self.margin, self.first_sound, self.per_word) < 0:
            raise ValueError("margin, first_sound and per_word are seconds and cannot be negative")


@dataclass(frozen=True, slots=True)
class Means:
    """What a draft's articulation is given."""

    brain: Compute
    say: Callable[[Job, str], Awaitable[None]]
    left: Callable[[int], float]
    "Seconds of sound made for a turn and not yet played."
    wrote: Callable[[Job], None]
    "Counts one token."
    observe: Callable[[Contradiction], None]
    doubtful: Callable[[Job], Awaitable[bool]]
    "Reads the thought's first line; True when it was asked again instead of answered."
    answers: Callable[[Job], None]
    "Told that there are words of an answer."
    holds: bool
    patience: float
    "Seconds without a token after which a draft is given up."


class Articulation:
    """The words of one draft."""

    def __init__(
        self,
        job: Job,
        base: Prompt,
        thought: Formulation,
        strategy: SpeakingStrategy,
        means: Means,
        config: ArticulationConfig,
        *,
        call: Callable[[Wanted], None] | None = None,
    ) -> None:
        """``base``: the prompt up to the open reply. ``call``: who makes the calls that the whole thought
        ends in; None: they are not made, and not spoken either."""
        self._job = job
        self._base = base
        self._thought = thought
        self._strategy = strategy
        self._means = means
        self._config = config
        self._call = call
        self.cut = False
        "The words ended inside a call, which is none then."
        self._called = False
        self._said = ""
        self._tried = 0
        self._asked = 0
        self._ended = False
        self._told: str | None = None
        "The thoughts of which the newest words said all."
        self._pace = 0.1
        self._handed: list[tuple[float, float]] = []
        "Phrases that the voice may not have made sound of yet: until when, and how many seconds of it."

    async def run(self) -> None:
        """Write until the reply is whole or its draft is given up. Raises what the thought failed with."""
        job, thought = self._job, self._thought
        while not job.dropped:
            job.news.clear()
            if job.words >= self._config.most_words:
                return
            if thought.error is not None:
                raise thought.error
            job.thought_over = thought.closed
            if (thought.lines or thought.closed) and await self._means.doubtful(job):
                return
            if thought.closed:
                await self._last()
                return
            if self._may_go_on() or await self._ready():
                self._tried, known, said = self._grown, self._known, self._said
                self._ended = await self._write(known, final=False)
                self._told = known if self._ended and self._said != said else None
            else:
                await self._news()

    # --- when --------------------------------------------------------------------------------------------

    @property
    def _known(self) -> str:
        """What a segment is written from: finished lines where the brain was trained on these, else all."""
        return self._thought.usable if self._means.holds else self._thought.reader.text

    @property
    def _grown(self) -> int:
        """What must grow before another segment can say more."""
        return self._thought.lines if self._means.holds else self._thought.tokens

    def _may_go_on(self) -> bool:
        if self._ended and (not self._means.holds or self._grown <= self._tried):
            return False  # it has said all that it can say from this much thought
        thought, strategy = self._thought, self._strategy
        if not self._said:
            return strategy.may_begin(Progress(thought.tokens, thought.lines, thought.closed))
        return not strategy.question and self._voice_wants()

    def _voice_wants(self) -> bool:
        """True when the voice will soon have nothing left to say."""
        return not self._said or (self._job.committed and self._left() <= self._due())

    async def _ready(self) -> bool:
        """Ask the brain whether its thoughts bear out another segment, where the strategy wants that."""
        question, written = self._strategy.question, self._thought.tokens
        soon = self._ended or written - self._asked < self._config.ask_every
        if not question or soon or not self._voice_wants():
            return False
        self._asked = written
        prompt = self._base.then(Reply(self._thought.reader.text + question))
        text = ""
        async with aclosing(self._pieces(prompt, Limits(3))) as stream:
            async for piece in stream:
                text += piece.text
        return text.strip().lower().startswith("yes")

    def _left(self) -> float:
        self._handed = [each for each in self._handed if each[0] > now()]
        return self._means.left(self._job.order.turn) + sum(seconds for _, seconds in self._handed)

    def _due(self) -> float:
        return self._config.margin + self._pace

    async def _news(self) -> None:
        """Until something changed, or so little is left to play that the next segment is due."""
        wait = None
        if self._said and self._job.committed and (spare := self._left() - self._due()) > 0:
            wait = max(0.02, min(spare, self._config.first_sound) if self._handed else spare)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._job.news.wait()

    # --- what --------------------------------------------------------------------------------------------

    async def _say(self, text: str) -> None:
        await self._means.say(self._job, text)
        seconds = len(text.split()) * self._config.per_word
        self._handed.append((now() + self._config.first_sound, seconds))

    async def _write(self, thoughts: str, *, final: bool) -> bool:
        """Write a segment, or the rest; True when the brain itself ended there."""
        config, job, began = self._config, self._job, now()
        prompt = self._base.then(Reply(thoughts, thinking=False, said=self._said))
        limits = Limits(config.most_tokens if final else config.longest)
        phraser, guard, finder = Phraser(started=bool(self._said)), LoopGuard(), CallFinder()
        before, raw, tokens, heard, ended = self._said, "", 0, False, False
        async with aclosing(self._pieces(prompt, limits)) as stream:
            async for piece in stream:
                words, called = self._apart(finder, piece, calls=final)
                raw, tokens = raw + words, tokens + 1
                if words.strip():
                    self._means.answers(job)
                phrases = phraser.feed(words)
                for text in phrases:
                    await self._say(text)
                if phrases and not heard:
                    self._pace, heard = now() - began, True
                self._said = (before + raw[: len(raw) - len(phraser.rest)]).rstrip()
                if guard.feed(piece.token):
                    return True
                if phrases and self._enough(tokens, final=final):
                    return False
                ended = called or (piece.last and tokens < limits.max_tokens)
                if called:
                    break
        if not ended and (partial := raw.rpartition(" ")[2]) and partial != raw:
            raw = raw.removesuffix(partial)  # a word that was cut by the limit is not half said
            phraser.shorten(len(partial))
        for text in phraser.finish():
            await self._say(text)
        self._said = (before + raw).rstrip()
        self.cut = final and finder.cut
        return ended

    def _apart(self, finder: CallFinder, piece: Piece, *, calls: bool) -> tuple[str, bool]:
        """The words of a piece, and whether a call came with it; made where ``calls`` says that it counts."""
        passages: list[Passage] = finder.feed(piece.text)
        if piece.last:
            passages.append(finder.finish())
        words, called = "", False
        for passage in passages:
            if not isinstance(passage, Wanted):
                words += "" if called else passage  # what follows a call was not waited for
                continue
            called = True
            if calls and self._call is not None and not self._job.dropped:
                self._means.answers(self._job)
                self._call(passage)
                self._called = True
        return words, called

    async def _pieces(self, prompt: Prompt, limits: Limits) -> AsyncGenerator[Piece, None]:
        """A generation of this draft, until the draft is given up or the brain is silent for too long."""
        job, patience = self._job, self._means.patience
        pieces = self._means.brain.stream("generate", prompt, limits)
        job.await_until(now() + patience)
        try:
            async with aclosing(pieces) as stream:  # type: ignore[type-var]  # each is a generator
                async for piece in stream:
                    if job.dropped:
                        return
                    job.await_until(now() + patience)
                    if not piece.confirmed:
                        self._means.wrote(job)
                    yield piece
        finally:
            job.await_until(None)

    def _enough(self, tokens: int, *, final: bool) -> bool:
        if self._job.words >= self._config.most_words:
            return True
        return not final and tokens >= self._config.segment

    async def _last(self) -> None:
        """The thought is whole: say the rest, and see whether what was said still stands."""
        if not self._said:
            await self._write(self._thought.usable, final=True)
            return
        early = not self._job.committed or self._left() > self._due() + 2 * self._pace
        meant = await self._meant() if early else None
        if self._has_called():
            return
        if meant is not None and await self._settled(meant, rest_of(self._said, meant)):
            return
        said = self._said
        await self._write(self._thought.usable, final=True)
        if self._has_called():
            return
        silent = self._said == said and self._means.holds and self._told != self._thought.usable
        if meant is None:
            meant = await self._meant()
            if self._has_called() or await self._settled(meant, rest_of(said, meant) if silent else ""):
                return
        if silent:
            await self._say_all(meant)  # it knows no way on from what was said: then the answer as it is

    def _has_called(self) -> bool:
        """A call was made: the reply goes on with its result, if at all."""
        return self._called

    async def _settled(self, meant: str, rest: str | None) -> bool:
        """Take back what was wrong, or say the rest; False where the answer does not begin as was said."""
        self._compare(meant)
        if conflicts(self._said, meant, asked=self._job.reader.read().heard or ""):
            await self._say_all(f"{self._config.correct} {meant}", more=self._job.words)
        elif rest is None:
            return False
        else:
            await self._say_all(rest)
        return True

    async def _say_all(self, text: str, *, more: int = 0) -> None:
        """Say a text, as far as the reply's words go, and ``more``."""
        phraser = Phraser(started=True)
        for phrase in (*phraser.feed(text), *phraser.finish()):
            if not self._job.dropped and self._job.words < self._config.most_words + more:
                await self._say(phrase)

    def _compare(self, meant: str) -> None:
        if not self._job.dropped:
            score = contradiction(self._said, meant)
            self._means.observe(Contradiction(self._job.order.turn, score, self._said, meant))

    async def _meant(self) -> str:
        """The answer that the whole thought gives, from its first word."""
        prompt = self._base.then(Reply(self._thought.usable, thinking=False))
        text, guard, finder = "", LoopGuard(), CallFinder()
        async with aclosing(self._pieces(prompt, Limits(self._config.most_tokens))) as stream:
            async for piece in stream:
                words, called = self._apart(finder, piece, calls=True)
                text += words
                if called:
                    break
                if guard.feed(piece.token):
                    break
        return text.strip()
