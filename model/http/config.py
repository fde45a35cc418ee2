"""How patiently, how often and for how much a server is asked. Plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .dialect import Able

_WORDS = {"tools": ("native", "text", "no"), "thoughts": ("", "apart", "mixed", "marked", "open")}


def _fits(name: str, value: Any) -> bool:
    """A field of Able may have this value."""
    if name == "context":
        return type(value) is int and value > 0
    return value in _WORDS[name] if name in _WORDS else isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Patience, prices and bounds of one brain over HTTP. Durations in seconds, money in one currency."""

    key_env: str = ""
    "Environment variable that holds the key, where the server's preset names none or another one is meant."
    hosted: bool | None = None
    "Its tokens cost money; None: a preset's do where it is a service, and those of an https URL with a key."
    connect: float = 1.5
    "For the connection to stand."
    first_token: float = 7.0
    "From the request to its first token, all attempts together; under the session's own patience (8 s)."
    between_tokens: float = 5.0
    "Without a token, once there was one."
    elsewhere: float = 2.0
    "Without a token, after which another server is asked, where there is another one that is well."
    check: float = 0.3
    "That one which failed lately may take to list its models, before it is asked again instead of another."
    whole: float = 120.0
    "One generation in all."
    retries: int = 2
    "Further attempts of a request that has given no token, within ``first_token``."
    pause: float = 0.15
    "Before the first of them at the same server; each later one doubles it, and chance moves it by half."
    rest: float = 1.0
    "That a server which failed is left alone; doubles up to ``longest_rest`` while it goes on failing."
    longest_rest: float = 30.0
    segment: float = 8.0
    """Of sound per closed segment, where the server caches what it has read; 0: all of a turn as one. A word
    at a border is cut in two for most encoders, so that short ones cost understanding."""
    temperature: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    "Put into every request body, over what the dialect says."
    told: Mapping[str, Any] = field(default_factory=dict)
    "What the user says of it, over what was probed: fields of ``Able`` by name."
    probe: bool | None = None
    "Ask it a few things when it is first used; None: unless it is hosted."
    probing: float = 6.0
    "That all of this may take."
    probe_tokens: int = 80
    "Most tokens that all of this may have it write."
    read_price: float = 0.0
    "Per million tokens read."
    cached_price: float | None = None
    "Per million of those it had kept; None: as read."
    written_price: float = 0.0
    "Per million tokens written."
    most_money: float = 0.0
    "When so much is spent nothing more is asked; 0: no bound."
    most_tokens: int = 0
    "The same in tokens read and written together; 0: no bound."
    prefill_every: float = 0.3
    "Between two requests that only read ahead."

    def __post_init__(self) -> None:
        waits = (self.check, self.connect, self.first_token, self.between_tokens, self.elsewhere, self.whole)
        if min(*waits, self.probing) <= 0 or min(self.pause, self.rest, self.prefill_every) < 0:
            raise ValueError("deadlines of a server are positive numbers of seconds, pauses not negative")
        if self.retries < 0 or self.probe_tokens < 1 or self.longest_rest < self.rest:
            raise ValueError("retries are not negative, probe_tokens at least 1, longest_rest at least rest")
        if self.segment and not 0.5 <= self.segment <= 25.0:
            raise ValueError(f"a segment of sound has 0.5 to 25 s, or 0 for all of it, got {self.segment:g}")
        prices = (self.read_price, self.cached_price or 0.0, self.written_price)
        if min(*prices, self.most_money, self.most_tokens) < 0:
            raise ValueError("prices and spending limits cannot be negative")
        if not 0.0 <= self.temperature <= 2.0:
            raise ValueError(f"a temperature lies between 0 and 2, got {self.temperature:g}")
        known = {each.name: each for each in fields(Able)}
        if unknown := sorted(set(self.told) - set(known)):
            raise ValueError(f"a server is not told {unknown[0]!r}; there are {', '.join(known)}")
        for name, value in self.told.items():
            if not _fits(name, value):
                is_ = " or ".join(repr(each) for each in _WORDS[name]) if name in _WORDS else "true or false"
                raise ValueError(f"told {name} is {'a number' if name == 'context' else is_}, got {value!r}")
        try:
            json.dumps(dict(self.extra))
        except (TypeError, ValueError):
            raise ValueError(
                "extra holds what no JSON can hold; give texts, numbers, lists and tables"
            ) from None

    @property
    def priced(self) -> bool:
        """Its tokens cost money."""
        return max(self.read_price, self.cached_price or 0.0, self.written_price) > 0
