"""Replies that are written and not spoken, beside the conversation: ``response.create`` out of band.

They ask the same brain, hold nobody up and enter no history. A thought must never come out as text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from pipeline.calls import CallFinder, Wanted, described
from pipeline.clock import now
from pipeline.errors import HocketError
from pipeline.loops import LoopGuard
from pipeline.phrases import ThinkSplitter
from pipeline.ports import BrainFacts, Compute, Limits
from pipeline.prompt import Called, Heard, Human, Part, Prompt, Reply, System, Text, ToolSpec

from .ids import random_id
from .told import Spent, Told, Written

AT_ONCE = 4
"""Replies of one call that may be written beside each other."""
MOST = 1024
"""Pieces of one, thought and words, where the client does not say."""
PATIENCE = 20.0
"""Seconds without a piece after which one has failed."""
_GO_ON = "(Write your reply now.)"
"""Stands for the user where the input ends with words of the assistant, or where there is none."""


@dataclass(frozen=True, slots=True)
class Task:
    """One reply to write."""

    key: str
    asked: dict[str, Any]
    prompt: Prompt
    "Up to the reply."
    most: int = MOST
    "Pieces."


def prompt_of(
    parts: Sequence[Part], instructions: str | None, tools: tuple[ToolSpec, ...], brain: BrainFacts
) -> Prompt:
    """What a brain is given to write a reply: its instructions, then these parts, the user's last."""
    rest = [part for part in parts if not isinstance(part, System)]
    if not rest or isinstance(rest[-1], Heard | Called):
        rest.append(Human((Text(_GO_ON),)))
    native = tools if brain.tools in ("native", "alone") else ()
    told = instructions or ""
    if tools and brain.tools == "text":
        told = "\n\n".join(text for text in (told, described(tools)) if text)
    told = told if brain.obeys_instructions else ""
    if told or native:
        return Prompt((System(told, native), *rest))
    return Prompt(tuple(rest))


class _Page:
    """What has come of one reply, and what it is cut into."""

    def __init__(self, *, thinks: bool) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.count = 0
        self._splitter, self._finder = ThinkSplitter(thinking=thinks), CallFinder()
        self._blank = True

    def feed(self, piece: str) -> tuple[str, str]:
        """Text and thought that became certain with this piece."""
        self.count += 1
        thought, answer = self._splitter.feed(piece)
        return self._text(self._finder.feed(answer) if answer else []), thought

    def finish(self) -> tuple[str, str]:
        """The rest, now that nothing follows."""
        thought, answer = self._splitter.finish()
        return self._text([*self._finder.feed(answer), self._finder.finish()]), thought

    def _text(self, passages: Sequence[str | Wanted]) -> str:
        """The words among these; calls are kept. What stands before the first word is no part of a text."""
        for each in passages:
            if isinstance(each, Wanted):
                self.calls.append((random_id("call"), each.name, each.arguments))
        text = "".join(each for each in passages if isinstance(each, str))
        text = text.lstrip() if self._blank else text
        self._blank = self._blank and not text
        return text


class Writer:
    """One call's."""

    def __init__(self, brain: Compute, facts: Callable[[], BrainFacts], tell: Callable[[Told], None]) -> None:
        """``facts`` of the brain as it is when a reply is written; ``tell`` gets what comes of it."""
        self._brain, self._facts, self._tell = brain, facts, tell

    async def write(self, task: Task) -> None:
        """Write one, telling of it as it comes. It raises nothing but a cancellation, which is told too."""
        self._tell(Written(task.key, asked=task.asked, beside=True))
        end = Written(task.key, state="cancelled", reason="client_cancelled", beside=True)
        try:
            end = await self._written(task)
        except HocketError as error:
            end = replace(end, state="failed", reason=str(error))
        except TimeoutError:
            end = replace(end, state="failed", reason=f"the brain gave no token for {PATIENCE:g} s")
        finally:
            self._tell(end)

    async def _written(self, task: Task) -> Written:
        """All of it is told but its end, which is given back."""
        thinks = self._facts().thinks
        page, guard, whole = _Page(thinks=thinks), LoopGuard(), True
        reply = Reply(thinking=True) if thinks else Reply(None, thinking=False)
        pieces = self._brain.stream("generate", task.prompt.then(reply), Limits(task.most))
        async with asyncio.timeout(PATIENCE) as patience, aclosing(pieces) as stream:  # type: ignore[type-var]
            async for piece in stream:
                patience.reschedule(now() + PATIENCE)
                self._pass_on(task, *page.feed(piece.text))
                whole = page.count < task.most
                if guard.feed(piece.token):
                    break
        self._pass_on(task, *page.finish())
        self._tell(Spent(0, task.key, output_tokens=page.count))
        state, reason = ("completed", "") if whole else ("incomplete", "max_output_tokens")
        return Written(task.key, state=state, reason=reason, beside=True, calls=tuple(page.calls))

    def _pass_on(self, task: Task, text: str, thought: str) -> None:
        if text or thought:
            self._tell(Written(task.key, text, thought, beside=True))
