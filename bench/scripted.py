"""A brain that knows its answer: it hears nothing and costs nothing, so what is left is the runtime's time.

Figures taken with it are of the runtime alone and never stand in one table with a real brain's.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Prompt, Reply

ANSWER = "This answer was written down before the question, and it is long enough to be interrupted."


class ScriptedBrain:
    """An engine that thinks ``thought`` and says ``answer``, one word per token, whatever it is asked."""

    def __init__(self, answer: str = ANSWER, thought: str = "heard: anything\n") -> None:
        self._answer = answer
        self._thought = thought

    def facts(self) -> BrainFacts:
        return BrainFacts("scripted", "audio", "no", False, 0, "It answers every question alike.")

    def prefill(self, prompt: Prompt) -> int:
        """Nothing is read."""
        return 0

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """The thought, unless the prompt forbids one, then the answer."""
        reply = prompt.parts[-1]
        thinking = isinstance(reply, Reply) and reply.thinking
        text = f"{self._thought}</think>\n{self._answer}" if thinking else self._answer
        pieces = text.replace("\n", "\n ").split(" ")[: limits.max_tokens]
        for place, piece in enumerate(pieces):
            last = place + 1 == len(pieces)
            spaced = piece if piece.endswith("\n") or last else f"{piece} "
            yield Piece(token=place, text=spaced, logprob=0.0, last=last)

    def close(self) -> None:
        """Nothing to free."""
