"""The conversation as it was heard: what the user's ear got, nothing more.

A reply enters the history when its voice falls silent, cut at the last heard word. Thoughts never enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.events import Turn
from pipeline.prompt import Audio, Heard, Human, Part, Prompt, System


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


class Conversation:
    """Finished exchanges in order, and the prompt that they make."""

    def __init__(self, instructions: str | None, *, depth: int, keep: int = 200) -> None:
        """``instructions`` None: the brain does not take any. ``depth``: earlier turns in the prompt.

        ``keep`` bounds memory: of older exchanges only the words stay, and at most this many.
        """
        self._system: tuple[Part, ...] = () if instructions is None else (System(instructions),)
        self._depth = depth
        self._keep = keep
        self._exchanges: list[Exchange] = []
        self._prompt = Prompt(self._system)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._exchanges)

    def history(self) -> Prompt:
        """What precedes the open turn. Equal until the next ``remember``."""
        return self._prompt

    def remember(self, exchange: Exchange) -> None:
        """Add a finished exchange."""
        self._exchanges.append(exchange)
        del self._exchanges[: -self._keep]
        self._forget_old_sound()
        self._prompt = Prompt(self._system + self._recent())

    def _recent(self) -> tuple[Part, ...]:
        """The last answered user turns. One without a heard reply is no pair that a brain was trained on."""
        pairs = [e for e in self._exchanges if e.user is not None and e.user.parts and e.reply]
        parts: list[Part] = []
        for pair in pairs[-self._depth :] if self._depth else ():
            assert pair.user is not None, "pairs have a user"
            parts += [pair.user, Heard(pair.reply)]
        return tuple(parts)

    def _forget_old_sound(self) -> None:
        """Sound that no prompt will hold again is let go: memory must not grow with the call."""
        needed = self._depth
        for i in reversed(range(len(self._exchanges))):
            old = self._exchanges[i]
            if old.user is None or not old.user.parts:
                continue
            if old.reply and needed:
                needed -= 1
            elif _has_sound(old.user):
                texts = tuple(part for part in old.user.parts if not isinstance(part, Audio))
                self._exchanges[i] = Exchange(old.turn, Human(texts), old.reply, old.whole)


def _has_sound(user: Human) -> bool:
    return any(isinstance(part, Audio) for part in user.parts)
