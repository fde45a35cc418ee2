"""A draft's calls: told to the policy, waited for, and talked over when they take long.

Nothing here runs a tool or decides whether it may run. What is said meanwhile is said beside the call:
neither waits for the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipeline.calling import Step
from pipeline.calls import Wanted
from pipeline.clock import now
from pipeline.draft import Job
from pipeline.prompt import Called, Prompt, ToolCall, ToolResult
from pipeline.tools import Tools

from .articulation import Means

_INSTANT = 0.001
"""Seconds that are not worth waiting for: rounding alone would make a wait of less come back too soon."""


@dataclass(frozen=True, slots=True)
class ActingConfig:
    """Bounds on a reply's calls, and what is said while they run."""

    steps: int = 8
    "Times that one reply may call tools and go on."
    at_once: int = 8
    "Calls of one step."
    silence: float = 0.8
    "Seconds of silence, while a call runs, after which something is said."
    again: float = 8.0
    "Seconds of silence after which it is said again."
    first_sound: float = 0.3
    "Seconds that a voice may take to make sound of words; so long they do not count as silence."
    narration: str = "One moment."
    "Said first, where the tool has no words of its own."
    still: str = "I am still waiting for it."
    "Said from the second time on."
    enough: str = "You have used tools often enough in this reply: answer now with what you know."
    "The result of any further call."
    crowded: str = "It was not run, these were too many calls at one time: call it again if it is needed."
    "The result of a call beyond ``at_once``."
    stuck: str = "Sorry, I could not get that done."
    "Said where calls were made and no word came of them, and where a call broke off before its end."

    def __post_init__(self) -> None:
        if min(self.steps, self.at_once) < 1 or min(self.silence, self.again, self.first_sound) < 0:
            raise ValueError("steps and calls at once are at least 1, and times cannot be negative")


@dataclass(frozen=True, slots=True)
class Written:
    """What came of one step."""

    whole: bool = True
    "False: the draft was given up, or asked again instead of answering."
    cut: bool = False
    "It ended inside a call, which is none then."


async def in_steps(
    job: Job,
    base: Prompt,
    means: Means,
    tools: Tools | None,
    config: ActingConfig,
    step: Callable[[Prompt, Acting | None, bool], Awaitable[Written]],
) -> None:
    """Write a reply: ``step`` (from this prompt, with whoever makes its calls; True: it is the first) once,
    and again with every result, until it calls no more or its draft is given up.

    ``base``: the prompt up to the open reply. ``tools`` None: calls are not made.
    """
    for number in range(config.steps + 2):
        last = number == config.steps + 1  # whoever calls once more has been told to answer
        acting = None if last or tools is None else Acting(job, tools, means, config)
        written = await step(base, acting, number == 0)
        if not written.whole or acting is None or not acting.called:
            break
        called = await acting.returned()
        if called is None:
            return
        base = base.then(called)
    if (job.steps and not job.words) or (written.cut and tools is not None):
        await means.say(job, config.stuck)


class Acting:
    """The calls of one step of one draft."""

    def __init__(self, job: Job, tools: Tools, means: Means, config: ActingConfig) -> None:
        self._job, self._tools, self._means, self._config = job, tools, means, config
        self._spent = len(job.steps) >= config.steps
        self._step: Step | None = None
        self._refused: list[ToolCall] = []
        self._said = 0
        "How often something was said over the calls of this step."
        self._silent: float | None = None
        "Since when nothing is heard."
        self._sounded = False
        "Of the newest words there was sound."

    @property
    def called(self) -> bool:
        """A call was made in this step."""
        return self._step is not None or bool(self._refused)

    def call(self, wanted: Wanted) -> None:
        """Make a call, after the words said so far."""
        job = self._job
        if self._spent or (self._step is not None and len(self._step.calls) >= self._config.at_once):
            number = f"refused-{len(job.steps)}-{len(self._refused) + 1}"
            self._refused.append(ToolCall(number, wanted.name, wanted.arguments))
            return
        if self._step is None:
            self._step = Step(" ".join(job.said), job.words)
            job.said.clear()
            job.steps.append(self._step)
        order = job.order
        self._step.calls.append(self._tools.ask(order.turn, order.draft, wanted, job.news.set))

    async def returned(self) -> Called | None:
        """The step once every result is there; None when its draft was given up."""
        why, calls = self._config.enough if self._spent else self._config.crowded, tuple(self._refused)
        refused = tuple(ToolResult(call.id, call.name, why, failed=True) for call in calls)
        if self._step is None:
            return Called(calls, refused, " ".join(self._job.said))
        self._job.await_until(None)  # tools have a patience of their own
        while not self._job.dropped:
            self._job.news.clear()
            if self._step.over:
                made = self._step.called()
                return Called(made.calls + calls, made.results + refused, made.said)
            await self._news()
        return None

    async def _news(self) -> None:
        """Until something changed, or the silence has lasted so long that something is said."""
        wait = self._until_words()
        if wait is not None and wait < _INSTANT:
            await self._talk()
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._job.news.wait()

    def _until_words(self) -> float | None:
        """Seconds until something is to be said; None: nobody waits in silence."""
        if not self._job.committed:
            return None
        left = self._means.left(self._job.order.turn)
        if left > 0:
            self._silent, self._sounded = None, True
            return max(left, 0.02)
        if self._silent is None:
            unheard = self._job.phrases and not self._sounded
            self._silent = now() + (self._config.first_sound if unheard else 0.0)
        return self._silent + (self._config.again if self._said else self._config.silence) - now()

    async def _talk(self) -> None:
        assert self._step is not None, "there are calls"
        tools = [pending.tool for pending in self._step.calls if pending.result is None]
        own = [tool.narration for tool in tools if tool is not None]
        quiet = bool(own) and all(words == "" for words in own)
        text = self._config.still if self._said else next(filter(None, own), self._config.narration)
        self._said, self._silent, self._sounded = self._said + 1, None, False
        if not quiet:
            await self._means.say(self._job, text)
