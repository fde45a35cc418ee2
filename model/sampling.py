"""Picking tokens and knowing when to stop: greedy choice, and stop texts across tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


def greedy(logits: NDArray[np.float32]) -> tuple[int, float]:
    """The likeliest token of finite logits (vocabulary,) and its log-probability."""
    token = int(logits.argmax())
    wide = logits.astype(np.float64)
    return token, float(-np.log(np.exp(wide - wide[token]).sum()))


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probabilities over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


class Chooser(Protocol):
    """Says which token is written next."""

    def choose(self, logits: NDArray[np.float32]) -> tuple[int, float]:
        """The next token of finite logits (vocabulary,) and its log-probability; changes nothing."""
        ...

    def take(self, token: int) -> None:
        """This token was written."""
        ...


class Greedy:
    """The likeliest, always."""

    def choose(self, logits: NDArray[np.float32]) -> tuple[int, float]:
        """See ``Chooser``."""
        return greedy(logits)

    def take(self, token: int) -> None:
        """See ``Chooser``."""


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
