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

from .acting import Acting, ActingConfig, Written, in_steps
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
        await in_steps(self._job, self._base, self._means, self._tools, self._acting, self._step)

    async def _step(self, base: Prompt, acting: Acting | None, first: bool) -> Written:
        """One thought and its words."""
        limits = self._limits if first else replace(self._limits, predicted="")
        reader = self._job.reader if first else Reader()
        thought = Formulation(base.then(Reply()), limits, reader, self._told, self._means.patience)
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
        return Written(cut=words.cut)

    def _told(self, text: str, *, confirmed: bool = False) -> None:
        self._job.thought_over = self._newest is not None and self._newest.closed
        self._thought(text, confirmed=confirmed)
