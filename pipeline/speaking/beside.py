"""Thought and words side by side, for a brain that calls tools in place of words.

A step is one thought with the words beside it. Where it ends in calls, their results are read, and thought
and words go on from there. No call is spoken.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.draft import Job
from pipeline.listening.strategy import CLOSED
from pipeline.ports import Limits
from pipeline.prompt import Prompt, Reply
from pipeline.reading import Reader
from pipeline.tools import Tools

from .acting import Acting, ActingConfig
from .articulation import Articulation, ArticulationConfig, Means
from .formulation import Formulating, Formulation, Tell
from .strategy import SpeakingStrategy


class Beside:
    """One draft, from its first thought to its last word."""

    def __init__(
        self,
        job: Job,
        base: Prompt,
        means: Means,
        thought: Tell,
        limits: Limits,
        strategy: SpeakingStrategy,
        formulating: Formulating,
        config: ArticulationConfig,
        *,
        tools: Tools | None = None,
        acting: ActingConfig | None = None,
    ) -> None:
        """``base``: the prompt up to the open reply. ``limits``: of the thought.

        ``tools`` None: calls are not run, and not spoken either.
        """
        self._job = job
        self._base = base
        self._means = means
        self._thought = thought
        self._limits = replace(limits, stop=(CLOSED,))
        self._strategy = strategy
        self._formulating = formulating
        self._config = config
        self._tools = tools
        self._acting = acting or ActingConfig()
        self._newest: Formulation | None = None

    async def run(self) -> None:
        """Write until the reply is whole or its draft is given up. Raises what a thought failed with."""
        base, limits, reader, cut = self._base, self._limits, self._job.reader, False
        for number in range(self._acting.steps + 2):
            last = number == self._acting.steps + 1  # whoever calls once more has been told to answer
            tools = None if last or self._tools is None else self._tools
            acting = None if tools is None else Acting(self._job, tools, self._means, self._acting)
            cut = await self._step(base, limits, reader, acting)
            if acting is None or not acting.called:
                break
            called = await acting.returned()
            if called is None:
                return
            base, limits, reader = base.then(called), replace(limits, predicted=""), Reader()
        if (self._job.steps and not self._job.words) or (cut and self._tools is not None):
            await self._means.say(self._job, self._acting.stuck)

    async def _step(self, base: Prompt, limits: Limits, reader: Reader, acting: Acting | None) -> bool:
        """One thought and its words; True where they ended inside a call, which is none then."""
        patience = self._means.patience
        thought = Formulation(base.then(Reply()), limits, reader, self._told, patience)
        self._newest = thought
        self._formulating.want(thought)
        self._job.await_until(None)  # each of the two generations has a patience of its own
        words = Articulation(
            self._job, base, thought, self._strategy, self._means, self._config,
            call=None if acting is None else acting.call,
        )  # fmt: skip
        try:
            await words.run()
        finally:
            thought.stop()
        return words.cut

    def _told(self, text: str, *, confirmed: bool = False) -> None:
        self._job.thought_over = self._newest is not None and self._newest.closed
        self._thought(text, confirmed=confirmed)
