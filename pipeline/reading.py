"""What a brain says it heard: read from the first lines of its thought. Pure; decides nothing.

A brain of Step-Audio's kind opens its thought with ``heard: …`` and may add that the sentence was cut short.
The mean log-probability of that line is the best single sign that it misheard (area under the curve .91 to
.96 on voices it was not trained on).
"""

from __future__ import annotations

from dataclasses import dataclass

HEARD = "heard:"
UNCLEAR = "unclear"
INCOMPLETE = "incomplete"

COMPLETE_SCORE = 0.95
"""End-of-turn probability reported when the sentence reads complete."""
INCOMPLETE_SCORE = 0.05
"""End-of-turn probability reported when the brain says that the sentence is cut."""


@dataclass(frozen=True, slots=True)
class Read:
    """A finished reading of one draft's thought."""

    heard: str | None
    "The words the brain says it heard, or None where it says nothing of the kind."
    confidence: float | None
    "Mean log-probability of the tokens of the heard line; None where there is none."
    incomplete: bool

    @property
    def unclear(self) -> bool:
        return self.heard is not None and self.heard.startswith(UNCLEAR)

    @property
    def end_of_turn(self) -> float | None:
        """Probability that the turn is over, as far as the words tell; None if they tell nothing."""
        if self.heard is None or self.unclear:
            return None
        return INCOMPLETE_SCORE if self.incomplete else COMPLETE_SCORE

    def doubtful(self, threshold: float | None) -> bool:
        """True when it is better to ask again than to answer."""
        if self.unclear:
            return True
        return threshold is not None and self.confidence is not None and self.confidence < threshold


class Reader:
    """Collects a thought token by token."""

    def __init__(self) -> None:
        self._thought = ""
        self._logprobs: list[float] = []

    def feed(self, thought: str, logprob: float) -> None:
        """Text of the thought that became certain with one token, and that token's log-probability."""
        if "\n" not in self._thought:
            self._logprobs.append(logprob)
        self._thought = (self._thought + thought).lstrip("\n")

    @property
    def text(self) -> str:
        return self._thought

    def read(self) -> Read:
        """The reading so far; final once the thought is closed."""
        first, _, rest = self._thought.partition("\n")
        if not first.startswith(HEARD):
            return Read(heard=None, confidence=None, incomplete=False)
        mean = sum(self._logprobs) / len(self._logprobs) if self._logprobs else None
        return Read(first[len(HEARD) :].strip(), mean, INCOMPLETE in rest.split("\n"))
