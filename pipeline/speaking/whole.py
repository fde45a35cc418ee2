"""Thought and words as one generation: the thought first, or none at all.

Where tools are called, a generation per step: the results are read, and the reply goes on. No call is spoken.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from pipeline.calls import CallFinder, Passage, Wanted
from pipeline.clock import now
from pipeline.draft import Job
from pipeline.loops import LoopGuard
from pipeline.phrases import Phraser, ThinkSplitter
from pipeline.ports import Limits, Piece
from pipeline.prompt import Prompt, Reply
from pipeline.tools import Tools

from .acting import Acting, ActingConfig, Written, in_steps
from .articulation import Means
from .formulation import Tell


class Whole:
    """One draft, written from its first thought to its last word."""

    def __init__(
        self,
        job: Job,
        base: Prompt,
        means: Means,
        thought: Tell,
        limits: Limits,
        *,
        tools: Tools | None = None,
        acting: ActingConfig | None = None,
    ) -> None:
        """``base``: the prompt up to the open reply. ``thought`` gets each new piece of the thought.

        ``tools`` None: calls are not run, and not spoken either.
        """
        self._job = job
        self._base = base
        self._means = means
        self._thought = thought
        self._limits = limits
        self._tools = tools
        self._config = acting or ActingConfig()

    async def run(self, *, thinks: bool) -> None:
        """Write until the reply is whole or its draft is given up."""

        async def step(base: Prompt, acting: Acting | None, first: bool) -> Written:
            limits = self._limits if first else replace(self._limits, predicted="")
            return await self._step(base, limits, acting, thinks=thinks, first=first)

        await in_steps(self._job, self._base, self._means, self._tools, self._config, step)

    async def _step(
        self, base: Prompt, limits: Limits, acting: Acting | None, *, thinks: bool, first: bool
    ) -> Written:
        """One generation."""
        job, means = self._job, self._means
        splitter, guard, words = ThinkSplitter(thinking=thinks), LoopGuard(), _Words(job, means, acting)
        pieces = means.brain.stream("generate", base.then(Reply(thinking=thinks)), limits)
        if not first:
            job.await_until(now() + means.patience)
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in stream:
                if job.dropped:
                    return Written(whole=False)
                job.await_until(now() + means.patience)
                if not piece.confirmed:
                    means.wrote(job)
                answer = self._split(splitter, piece, read=first)
                if answer and thinks and await means.doubtful(job):
                    return Written(whole=False)
                await words.take(answer)
                if words.over or guard.feed(piece.token):
                    break
        await words.finish()
        return Written(not job.dropped, words.cut)

    def _split(self, splitter: ThinkSplitter, piece: Piece, *, read: bool) -> str:
        """Take the piece's thought in; what of it is answer. ``read``: the thought says what was heard."""
        thought, answer = splitter.feed(piece.text)
        if piece.last:
            more_thought, more_answer = splitter.finish()
            thought, answer = thought + more_thought, answer + more_answer
        if read and (thought or not answer):
            self._job.reader.feed(thought, piece.logprob)
        self._thought(thought, confirmed=piece.confirmed)
        self._job.thought_over = self._job.thought_over or splitter.closed
        return answer


class _Words:
    """The answer of one generation: its words to the voice, its calls to the tools."""

    def __init__(self, job: Job, means: Means, acting: Acting | None) -> None:
        self._job, self._means, self._acting = job, means, acting
        self._finder, self._phraser = CallFinder(), Phraser(started=bool(job.phrases))
        self._called = False
        self.over = False
        "Words came after a call: the brain has made up what it did not wait for."

    @property
    def cut(self) -> bool:
        """It ended inside a call, which is none then."""
        return self._finder.cut

    async def take(self, answer: str) -> None:
        """More of the answer."""
        await self._pass(self._finder.feed(answer))

    async def finish(self) -> None:
        """Nothing more will come of it."""
        rest = self._finder.finish()
        if not self.over:
            await self._pass([rest])
        await self._flush()

    async def _pass(self, passages: Sequence[Passage]) -> None:
        for passage in passages:
            if self.over:
                return
            if isinstance(passage, Wanted):
                await self._call(passage)
            elif self._called:
                self.over = bool(passage.strip())
            else:
                if passage.strip():
                    self._means.answers(self._job)
                for text in self._phraser.feed(passage):
                    await self._means.say(self._job, text)

    async def _call(self, wanted: Wanted) -> None:
        self._called = True
        await self._flush()
        if self._acting is not None and not self._job.dropped:
            self._means.answers(self._job)
            self._acting.call(wanted)

    async def _flush(self) -> None:
        for text in self._phraser.finish():
            await self._means.say(self._job, text)
