"""Thought and words as one generation: the thought first, or none at all."""

from __future__ import annotations

from contextlib import aclosing

from pipeline.clock import now
from pipeline.draft import Job
from pipeline.loops import LoopGuard
from pipeline.phrases import Phraser, ThinkSplitter
from pipeline.ports import Limits, Piece
from pipeline.prompt import Prompt, Reply

from .articulation import Means
from .formulation import Tell


class Whole:
    """One draft, written from its first thought to its last word."""

    def __init__(
        self, job: Job, base: Prompt, means: Means, thought: Tell, limits: Limits
    ) -> None:
        """``base``: the prompt up to the open reply. ``thought`` gets each new piece of the thought."""
        self._job = job
        self._base = base
        self._means = means
        self._thought = thought
        self._limits = limits

    async def run(self, *, thinks: bool) -> None:
        """Write until the reply is whole or its draft is given up."""
        job, means = self._job, self._means
        splitter, phraser, guard = ThinkSplitter(thinking=thinks), Phraser(), LoopGuard()
        pieces = means.brain.stream("generate", self._base.then(Reply(thinking=thinks)), self._limits)
        async with aclosing(pieces) as stream:  # type: ignore[type-var]  # every Compute.stream is a generator
            async for piece in stream:
                if job.dropped:
                    return
                job.await_until(now() + means.patience)
                if not piece.confirmed:
                    means.wrote(job)
                answer = self._split(splitter, piece)
                if answer and thinks and await means.doubtful(job):
                    return
                if answer.strip():
                    means.answers(job)
                for text in phraser.feed(answer):
                    await means.say(job, text)
                if guard.feed(piece.token):
                    break
        for text in phraser.finish():
            await means.say(job, text)

    def _split(self, splitter: ThinkSplitter, piece: Piece) -> str:
        """Take the piece's thought in; what of it is answer."""
        thought, answer = splitter.feed(piece.text)
        if piece.last:
            more_thought, more_answer = splitter.finish()
            thought, answer = thought + more_thought, answer + more_answer
        if thought or not answer:
            self._job.reader.feed(thought, piece.logprob)
        self._thought(thought, confirmed=piece.confirmed)
        self._job.thought_over = self._job.thought_over or splitter.closed
        return answer
