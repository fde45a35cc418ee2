"""An engine without a network: replies from a table or a function of the prompt, at declared cost.

For tests, the simulated world and the harness. It is a function of its prompt like any other engine; it
reads no sound and no clock. Inline, pass its ``cost`` on: ``InlineCompute(engine, engine.cost)``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.errors import BugError
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Human, Prompt, Reply, Text

from .sampling import StopTexts
from .tokenizer import EOT

FACTS = BrainFacts(
    name="scripted brain",
    hears="audio",
    thinks_while_listening="no",
    obeys_instructions=False,
    history_turns=1,
    note="It says what its script says.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the brain thinks and says to one prompt."""

    said: str
    thoughts: str = ""
    logprob: float = -0.001
    "Of every token."


Script: TypeAlias = Callable[[Prompt], Answer]


@dataclass(frozen=True, slots=True)
class ByTurn:
    """The n-th human turn of the prompt gets the n-th answer, and later ones the last."""

    answers: tuple[Answer, ...]

    def __call__(self, prompt: Prompt) -> Answer:
        turn = sum(isinstance(part, Human) for part in prompt)
        return self.answers[min(max(turn, 1), len(self.answers)) - 1]


@dataclass(frozen=True, slots=True)
class ByText:
    """The answer stands under what the user last typed."""

    table: Mapping[str, Answer]
    otherwise: Answer

    def __call__(self, prompt: Prompt) -> Answer:
        turns = [part for part in prompt if isinstance(part, Human)]
        typed = "".join(part.text for part in turns[-1].parts if isinstance(part, Text)) if turns else ""
        return self.table.get(typed, self.otherwise)


class ScriptedEngine:
    """ports.Engine that writes its script token by token."""

    def __init__(
        self, script: Script, first: float = 0.0, per_token: float = 0.0, *, facts: BrainFacts = FACTS
    ) -> None:
        """``first``: seconds to a generation's first token, ``per_token``: to each later one."""
        if first < 0 or per_token < 0:
            raise ValueError(f"costs cannot be negative, got {first} and {per_token}")
        self._script, self._first, self._per_token, self._facts = script, first, per_token, facts
        self._owed = 0.0

    def facts(self) -> BrainFacts:
        return self._facts

    def prefill(self, prompt: Prompt, session: str = "") -> int:
        """Nothing to read."""
        return 0

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        """What the script still has to say after the open reply. Raises BugError where there is none."""
        reply = prompt.parts[-1] if prompt.parts else None
        if not isinstance(reply, Reply):
            raise BugError("generate needs a prompt that ends with an open Reply")
        answer = self._script(prompt)
        texts, stops = _tokens(_rest(answer, reply)), StopTexts(limits.stop)
        for number in range(min(limits.max_tokens, len(texts) + 1)):
            self._owed += self._per_token if number else self._first
            if number == len(texts):
                yield Piece(EOT, "", answer.logprob, last=True)
                return
            text = texts[number]
            last = stops.feed(text) or number + 1 == limits.max_tokens
            yield Piece(zlib.crc32(text.encode()), text, answer.logprob, last)
            if last:
                return

    def cost(self, _method: str, _result: Any) -> float:
        """Declared seconds of the work since it was last asked."""
        owed, self._owed = self._owed, 0.0
        return owed

    def close(self) -> None:
        """Holds nothing."""


def _rest(answer: Answer, reply: Reply) -> str:
    """The part of thought and answer that the reply does not hold yet."""
    if not reply.thinking:
        return answer.said.removeprefix(reply.said)
    thoughts = answer.thoughts.rstrip("\n") + "\n" if answer.thoughts else "\n"
    return f"{thoughts.removeprefix(reply.thoughts or '')}</think>\n{answer.said}"


def _tokens(text: str) -> list[str]:
    """Words and marks; ``</think>`` falls into several, as with real tokenizers."""
    return re.findall(r" ?\w+|</|\W", text)
