"""A guard against loops: greedy decoding that repeats itself never stops by itself. Pure."""

from __future__ import annotations


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
