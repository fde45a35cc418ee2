"""The conversation as it was heard: what the user's ear got, nothing more.

A reply enters the history when its voice falls silent, cut at the last heard word. Thoughts never enter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.events import Turn
from pipeline.prompt import (
    Audio,
    Called,
    Heard,
    Human,
    Part,
    Prompt,
    System,
    Text,
    ToolResult,
    ToolSpec,
)

UNASKED = "(I have said nothing. You speak first.)"
"""Stands for the user's turn before words that the agent said unasked, for brains that take instructions:
their chat formats want turns to alternate. Others were trained on pairs, and get none of these."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn: what the user gave and what of the reply was heard."""

    turn: Turn
    user: Human | None
    "None where the agent spoke without being asked."
    reply: str
    "The words that reached the ear; empty when none did."
    whole: bool
    "True when the reply was heard to its end."
    called: tuple[Called, ...] = ()
    "Calls on the way to it; the words heard before each are the beginning of ``reply``."

    @property
    def rest(self) -> str:
        """The words heard after the last call; all of them where there was none."""
        before = sum(len(step.said.split()) for step in self.called)
        return " ".join(self.reply.split()[before:]) if before else self.reply


class Conversation:
    """Finished exchanges in order, and the prompt that they make."""

    def __init__(
        self,
        instructions: str | None,
        *,
        depth: int,
        tools: tuple[ToolSpec, ...] = (),
        keep: int = 200,
        sounding: int = 0,
        unasked: bool = True,
    ) -> None:
        """``instructions`` None: the brain is told nothing. ``depth``: earlier turns in the prompt.

        ``unasked`` False: it was trained on pairs, and gets nothing of what the agent said unasked.
        ``keep`` bounds memory: of older exchanges only the words stay, and at most this many. ``sounding``:
        answered turns whose sound stays although this brain does not need it, for one that may come.
        """
        self._keep = keep
        self._sounding = sounding
        self._exchanges: list[Exchange] = []
        self._stale = False
        "A result came after its turn, and the prompt does not have it yet."
        self.suit(instructions, depth=depth, tools=tools, unasked=unasked)

    def suit(
        self,
        instructions: str | None,
        *,
        depth: int,
        tools: tuple[ToolSpec, ...] = (),
        calls: bool = True,
        unasked: bool = True,
    ) -> None:
        """From here on the prompt is for a brain that takes these; what was said and heard stays.

        ``calls`` False: it knows nothing of tools, and gets of a reply that called some its words alone.
        """
        self._calls = calls
        self._unasked = unasked and instructions is not None
        self._system: tuple[Part, ...] = () if instructions is None else (System(instructions, tools),)
        self._depth = depth
        self._rebuild()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._exchanges)

    def history(self) -> Prompt:
        """What precedes the open turn. Equal until the next ``remember`` or ``renew``."""
        return self._prompt

    def learn(self, result: ToolResult) -> None:
        """A tool came to its end after its turn: in the history from the next ``renew`` or turn on."""
        for index, exchange in enumerate(self._exchanges):
            if any(each.id == result.id for step in exchange.called for each in step.results):
                called = tuple(_corrected(step, result) for step in exchange.called)
                self._exchanges[index] = replace(exchange, called=called)
                self._stale = True

    def correct(self, turn: Turn, reply: str) -> bool:
        """Only these words of a turn's reply were heard; as with ``learn``, the prompt follows later. False
        where that turn has not ended."""
        for index, exchange in enumerate(self._exchanges):
            if exchange.turn == turn:
                self._exchanges[index] = replace(exchange, reply=reply, whole=False)
                self._stale = True
                return True
        return False

    def forget(self, turn: Turn, *, user: bool = False, reply: bool = False) -> bool:
        """Take a side of an exchange, or both, out of the history; the prompt follows later. False where
        there is no such turn."""
        for index, exchange in enumerate(self._exchanges):
            if exchange.turn != turn:
                continue
            left = replace(
                exchange, user=None if user else exchange.user, reply="" if reply else exchange.reply,
                called=() if reply else exchange.called,
            )  # fmt: skip
            self._exchanges[index : index + 1] = [left] if left.user or left.reply else []
            self._stale = True
            return True
        return False

    def insert(self, exchange: Exchange, after: Turn | None) -> None:
        """Put an exchange that the application knows of behind that turn, None: at the front; the prompt
        follows later. Its turn number must be one that no other has."""
        index = next((i + 1 for i, each in enumerate(self._exchanges) if each.turn == after), 0)
        self._exchanges.insert(index, exchange)
        del self._exchanges[: -self._keep]
        self._stale = True

    def renew(self) -> None:
        """Take in what was learned. Only where no draft is alive that knew the history as it was."""
        if self._stale:
            self._rebuild()

    def remember(self, exchange: Exchange) -> None:
        """Add a finished exchange."""
        self._exchanges.append(exchange)
        del self._exchanges[: -self._keep]
        self._forget_old_sound()
        self._rebuild()

    def _rebuild(self) -> None:
        self._prompt, self._stale = Prompt(self._system + self._recent()), False

    def _recent(self) -> tuple[Part, ...]:
        """The last answered turns. One without a heard reply is no pair that a brain was trained on, but what
        was done in it must be known."""
        parts: list[Part] = []
        known = self._exchanges if self._calls else [replace(e, called=()) for e in self._exchanges]
        pairs = [(self._given(e), e) for e in known if e.reply or e.called]
        for user, pair in [each for each in pairs if each[0]][-self._depth :] if self._depth else ():
            assert user is not None, "pairs have a user"
            parts += [user, *pair.called, *([Heard(pair.rest)] if pair.rest else [])]
        return tuple(parts)

    def _given(self, exchange: Exchange) -> Human | None:
        """What stands for the user's part of it in a prompt; None: this brain gets nothing of it."""
        if exchange.user is None:
            return Human((Text(UNASKED),)) if self._unasked else None
        return exchange.user if exchange.user.parts else None

    def _forget_old_sound(self) -> None:
        """Sound that no prompt will hold again is let go: memory must not grow with the call."""
        needed = max(self._depth, self._sounding)
        for i in reversed(range(len(self._exchanges))):
            old = self._exchanges[i]
            if old.user is None or not old.user.parts:
                continue
            if (old.reply or old.called) and needed:
                needed -= 1
            elif _has_sound(old.user):
                texts = tuple(part for part in old.user.parts if not isinstance(part, Audio))
                self._exchanges[i] = replace(old, user=Human(texts))


def _corrected(step: Called, result: ToolResult) -> Called:
    """The step with this result in place of what stood for it."""
    return replace(step, results=tuple(result if each.id == result.id else each for each in step.results))


def _has_sound(user: Human) -> bool:
    return any(isinstance(part, Audio) for part in user.parts)
