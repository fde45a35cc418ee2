"""A scripted brain that thinks and speaks token by token, each stream at a pace of its own."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import ModelError
from pipeline.listening.interleaved import Interleaved
from pipeline.ports import Limits, Piece
from pipeline.prompt import Audio, Human, OpenNote, Prompt, Reply


class KeepsCut(Interleaved):
    """Notes in the sound, of which the finished lines of a stopped thought count too."""

    keeps_cut = True


END = 7
"""The token that ends a turn."""


def positions(prompt: Prompt) -> int:
    """Positions of sound in the last human turn of a prompt."""
    turn = [part for part in prompt if isinstance(part, Human)][-1]
    return sum(part.positions for part in turn.parts if isinstance(part, Audio))


def kind_of(prompt: Prompt) -> str:
    """``note``, ``thought`` or ``words``."""
    last = prompt.parts[-1]
    if isinstance(last, OpenNote):
        return "note"
    assert isinstance(last, Reply)
    return "thought" if last.thinking else "words"


def numbered(count: int) -> str:
    """A thought of so many lines of three tokens: word, digit, line end."""
    return "".join(f"step {number}\n" for number in range(count))


def _foretold(text: str, predicted: str) -> bool:
    """The line that a text ends with began, or was, just so in the prediction."""
    lines, told = text.splitlines(keepends=True), predicted.splitlines(keepends=True)
    return len(lines) <= len(told) and told[len(lines) - 1].startswith(lines[-1])


@dataclass
class Thinker:
    """``answer``: the whole answer that these thoughts bear out; it goes on after the words said."""

    note: Callable[[int], str] = lambda heard: f"heard: upto {heard}\n"
    thought: str = "heard: two plus two\n2+2=4\n"
    early: Callable[[int], str] | None = None
    "The thought about so many positions of sound, where that differs."
    answer: Callable[[str], str] = lambda thoughts: "Two plus two is four."
    pace: float = 0.01
    first: float = 0.0
    logprob: float = -0.001
    confirms: bool = False
    "Takes over what was predicted of its text, in no time."
    predicted: list[str] = field(default_factory=list)
    "Of each generation."
    hangs: Callable[[str, int], bool] = lambda kind, number: False
    "Whether the n-th generation (from 0) of a kind never gives a token."
    fails: Callable[[str, int], bool] = lambda kind, number: False
    asked: list[tuple[float, Prompt]] = field(default_factory=list)
    open: int = 0
    most: int = 0

    def of(self, kind: str) -> list[tuple[float, Prompt]]:
        return [each for each in self.asked if kind_of(each[1]) == kind]

    async def call(self, method: str, *args: Any) -> Any:
        raise AssertionError(f"nobody calls {method} here")

    async def stream(self, method: str, *args: Any) -> AsyncIterator[Piece]:
        assert method == "generate"
        prompt, limits = args
        kind = kind_of(prompt)
        number = len(self.of(kind))
        self.asked.append((asyncio.get_running_loop().time(), prompt))
        self.predicted.append(limits.predicted)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await asyncio.sleep(self.first)
            if self.hangs(kind, number):
                await asyncio.get_running_loop().create_future()
            async for piece in self._tokens(self._text(prompt, kind), limits):
                if self.fails(kind, number):
                    raise ModelError("the engine fell over")
                yield piece
        finally:
            self.open -= 1

    async def _tokens(self, text: str, limits: Limits) -> AsyncIterator[Piece]:
        tokens, so_far = re.findall(r" ?\w+|</|\W", text), ""
        for number, token in enumerate([*tokens, ""][: limits.max_tokens]):
            so_far += token
            confirmed = self.confirms and bool(token) and _foretold(so_far, limits.predicted)
            await asyncio.sleep(0.0 if confirmed else self.pace)
            ends = number == len(tokens)
            stops = any(stop in so_far for stop in limits.stop)
            last = ends or stops or number + 1 == limits.max_tokens
            identity = END if ends else 100 + zlib.crc32(token.encode())
            yield Piece(identity, token, self.logprob, last, confirmed)
            if stops:
                return

    def _text(self, prompt: Prompt, kind: str) -> str:
        last = prompt.parts[-1]
        if kind == "note":
            return self.note(positions(prompt)) + "</think>"
        assert isinstance(last, Reply)
        if kind == "thought":
            thought = self.thought if self.early is None else self.early(positions(prompt))
            return f"{thought.removeprefix(last.thoughts or '')}</think>\n{self.answer(thought)}"
        whole = self.answer(last.thoughts or "")
        return whole.removeprefix(last.said) if whole.startswith(last.said) else ""

    async def close(self) -> None:
        return None
