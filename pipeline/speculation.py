"""What writing ahead of a turn's end costs and brings: counted per turn, and bounded per turn.

It decides nothing but whether a turn may still be written ahead. Loop side; it reads no text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .clock import now
from .events import Draft, Turn
from .mechanisms import Mechanisms
from .ports import BrainFacts
from .records import Speculated

LISTENING = Draft(0)
"""The draft number under which listening thoughts are counted."""
_REMEMBERED = 8
PHRASE = 12
"""Tokens after which a first phrase is ready, about."""
SLOW = 1.2
"""Seconds to a first phrase from which a brain is slow: the longest pause that is waited for
(``TurnConfig.endpoint_unsure``), so that a draft begun on a mere guess can never be ready in time."""
SPELL = 10.0
"""Seconds of a slow brain's writing that one turn may cost before it is known to be over."""


@dataclass(frozen=True, slots=True)
class SpeculationConfig:
    """Most that one turn may cost before it is known to be over."""

    tokens: int = 2000
    "Of listening thoughts and drafts together. Beyond it the turn's next draft begins at its commit."
    money: float = 0.0
    """The same in the currency of the brain's price; 0: no bound. It counts what is written: what is read
    is bounded for the whole session alone, by ``[http] most_money``."""

    def __post_init__(self) -> None:
        if self.tokens < 0 or self.money < 0:
            raise ValueError("a speculation budget cannot be negative")


@dataclass(frozen=True, slots=True)
class Ahead:
    """What may be read and written before a turn is known to be over, and why no more than that."""

    reading: bool
    "The user's sound is read while it comes."
    thoughts: bool
    "The agent thinks while it listens."
    drafts: bool
    "A draft is begun in each pause."
    guesses: bool
    """A draft is begun before any pause, when the end of the turn is likely. Not for a brain that reads: its
    ear would take the words for whole, and begin again."""
    tokens: int
    "Bound of one turn."
    why: str = ""
    "One sentence for the user, where the brain is what limits it."


def ahead(brain: BrainFacts, config: SpeculationConfig, on: Mechanisms) -> Ahead:
    """How far ahead this brain is asked to work: the one rule for brains that cost money or are slow.

    Nothing of a paid brain's is spent on a guess unless the settings say how much, which takes its price.
    """
    guesses = on.speculation and not brain.hears.startswith("text")
    wanted = Ahead(on.prefill, on.listening_thoughts != "off", on.speculation, guesses, config.tokens)
    if brain.paid and not (config.money and brain.price):
        lacks = "its price is not known" if config.money else "no [speculation] money is set for it"
        why = f"{brain.name} costs money and {lacks}: it begins to read and write when you have finished"
        return Ahead(False, False, False, False, 0, why)
    if brain.rate is None:
        return wanted
    first = (brain.first or 0.0) + PHRASE / max(brain.rate, 0.1)
    if first < SLOW:
        return wanted
    why = f"{brain.name} takes {first:.1f} s to a first phrase: it drafts in pauses only"
    tokens = min(config.tokens, max(PHRASE, round(SPELL * brain.rate)))
    return replace(wanted, guesses=False, tokens=tokens, why=why if wanted.drafts else "")


@dataclass(slots=True)
class _Account:
    """One turn's."""

    started: dict[Draft, float] = field(default_factory=dict)
    written: dict[Draft, int] = field(default_factory=dict)
    kept: dict[Draft, int] = field(default_factory=dict)
    confirmed: dict[Draft, int] = field(default_factory=dict)
    phrase: dict[Draft, float] = field(default_factory=dict)
    committed: tuple[Draft, float] | None = None
    tokens: int = 0
    told: bool = False


class Ledger:
    """The accounts of the newest turns."""

    def __init__(
        self, config: SpeculationConfig, price: float, observe: Callable[[Speculated], None]
    ) -> None:
        """``price``: money per million tokens; 0 where the brain has none."""
        self._config = config
        self._price = price / 1e6
        self._observe = observe
        self._accounts: dict[Turn, _Account] = {}

    def allows(self, turn: Turn) -> bool:
        """True while this turn may still be written ahead."""
        spent = sum(self._of(turn).written.values())
        dear = self._config.money and spent * self._price >= self._config.money
        return spent < self._config.tokens and not dear

    def started(self, turn: Turn, draft: Draft) -> None:
        """A draft is being written."""
        self._of(turn).started[draft] = now()

    def wrote(self, turn: Turn, draft: Draft) -> None:
        """One more token; those after the commit are no speculation."""
        account = self._of(turn)
        if account.committed is None:
            account.written[draft] = account.written.get(draft, 0) + 1

    def kept(self, turn: Turn, draft: Draft, tokens: int) -> None:
        """So many tokens live on in a note."""
        account = self._of(turn)
        account.kept[draft] = account.kept.get(draft, 0) + tokens

    def confirmed(self, turn: Turn, draft: Draft, tokens: int) -> None:
        """So many tokens that were written before begin this draft's thought."""
        self._of(turn).confirmed[draft] = tokens

    def phrase(self, turn: Turn, draft: Draft) -> None:
        """A phrase of this draft is ready."""
        account = self._of(turn)
        account.phrase.setdefault(draft, now())
        self._tell(turn, account)

    def committed(self, turn: Turn, draft: Draft) -> None:
        """This draft is the reply."""
        account = self._of(turn)
        account.committed = (draft, now())
        self._tell(turn, account)

    def reopened(self, turn: Turn) -> None:
        """The commit was taken back: the user goes on, and what counts is told anew."""
        account = self._of(turn)
        account.committed, account.told = None, False

    def _of(self, turn: Turn) -> _Account:
        account = self._accounts.setdefault(turn, _Account())
        while len(self._accounts) > _REMEMBERED:
            del self._accounts[next(iter(self._accounts))]
        return account

    def _tell(self, turn: Turn, account: _Account) -> None:
        if account.told or account.committed is None:
            return
        draft, at = account.committed
        ready, began = account.phrase.get(draft), account.started.get(draft)
        if ready is None or began is None:
            return
        account.told = True
        tokens = sum(account.written.values())
        useful = sum(
            count if each == draft else min(count, account.kept.get(each, 0))
            for each, count in account.written.items()
        )
        useful = min(tokens, useful + account.confirmed.get(draft, 0))
        hit = began < at
        self._observe(
            Speculated(
                turn,
                hit,
                drafts=len(account.started),
                tokens=tokens,
                wasted=tokens - useful,
                saved=max(0.0, at + (ready - began) - max(at, ready)) if hit else 0.0,
                cost=tokens * self._price,
            )
        )
