"""What a server's work has cost so far: tokens and money, told by it or else estimated. Asks nobody.

A request that was aborted often ends without the server's own count; then what is known of it is counted and
marked as an estimate, because a bound on spending must not leak.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import ModelError
from pipeline.prompt import Audio, Human, Prompt, System, Text

from .config import HttpConfig
from .dialect import Usage

_PER_TOKEN = 3.5
"""Characters of text that an uncounted token is taken for; prose has about four."""
_SOUND = 13.0
"""Tokens that a second of sound is taken for (Step-Audio: 12.5; Qwen2-Audio: 25; hosted ones differ)."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Totals since the brain was made."""

    requests: int = 0
    read: int = 0
    cached: int = 0
    "Of those read, how many the server had kept."
    written: int = 0
    money: float = 0.0
    estimated: int = 0
    "Of the tokens read and written, how many no server has told."


class Account:
    """One server's bill."""

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        self._spent = Spent()

    @property
    def spent(self) -> Spent:
        """So far."""
        return self._spent

    def admit(self) -> None:
        """Raises ModelError where a total that was set is used up."""
        most_money, most_tokens = self._config.most_money, self._config.most_tokens
        if most_money and self._spent.money >= most_money:
            raise ModelError(
                f"{self._spent.money:.4f} of the {most_money:g} that may be spent on this brain are spent; "
                "raise most_money to go on"
            )
        if most_tokens and self._spent.read + self._spent.written >= most_tokens:
            raise ModelError(
                f"the {most_tokens} tokens that this brain may read and write are used up; "
                "raise most_tokens to go on"
            )

    def add(self, usage: Usage, *, told: bool) -> None:
        """One request's tokens; ``told``: by the server itself."""
        spent, cached = self._spent, min(usage.cached, usage.read)
        self._spent = Spent(
            spent.requests + 1,
            spent.read + usage.read,
            spent.cached + cached,
            spent.written + usage.written,
            spent.money + self._money(usage.read - cached, cached, usage.written),
            spent.estimated + (0 if told else usage.read + usage.written),
        )

    def _money(self, read: int, cached: int, written: int) -> float:
        config = self._config
        kept = config.read_price if config.cached_price is None else config.cached_price
        return (read * config.read_price + cached * kept + written * config.written_price) / 1e6


def reading(prompt: Prompt) -> int:
    """Tokens that reading a prompt is taken for where nobody tells."""
    letters, seconds = 0, 0.0
    for part in prompt:
        if isinstance(part, System):
            letters += len(part.text) + sum(len(tool.description + tool.parameters) for tool in part.tools)
        elif isinstance(part, Human):
            letters += sum(len(each.text) for each in part.parts if isinstance(each, Text))
            seconds += sum(each.seconds for each in part.parts if isinstance(each, Audio))
        else:
            letters += len(str(part))
    return round(letters / _PER_TOKEN + seconds * _SOUND)
