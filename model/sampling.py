"""Picking tokens and knowing when to stop: greedy choice, stop texts across tokens, a guard against loops."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def greedy(logits: NDArray[np.float32]) -> tuple[int, float]:
    """The likeliest token of finite logits (vocabulary,) and its log-probability."""
    token = int(logits.argmax())
    wide = logits.astype(np.float64)
    return token, float(-np.log(np.exp(wide - wide[token]).sum()))


class StopTexts:
    """Finds the first of some texts in a stream, wherever the token borders fall."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(text for text in texts if text)
        self._keep = max((len(text) for text in self._texts), default=1) - 1
        self._tail = ""

    def feed(self, text: str) -> bool:
        """True when one of the texts has become complete."""
        seen = self._tail + text
        self._tail = seen[-self._keep :] if self._keep else ""
        return any(stop in seen for stop in self._texts)


class LoopGuard:
    """Notices that greedy decoding goes round in circles, which it never leaves by itself."""

    def __init__(self, *, longest: int = 24, rounds: int = 4, least: int = 32) -> None:
        """A loop is up to ``longest`` tokens said ``rounds`` times in a row, ``least`` tokens in all."""
        self._longest, self._rounds, self._least = longest, rounds, least
        self._tokens: list[int] = []

    def feed(self, token: int) -> bool:
        """True when the tokens so far end in a loop."""
        self._tokens.append(token)
        return any(self._loops(size) for size in range(1, self._longest + 1))

    def _loops(self, size: int) -> bool:
        span = max(size * self._rounds, self._least)
        tokens = self._tokens
        if len(tokens) < span or tokens[-1] != tokens[-1 - size]:
            return False
        return tokens[-span + size :] == tokens[-span:-size]
