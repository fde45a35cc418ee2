"""How the drafts of a session are thought and written: what the decoding stage is given beside its brain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .listening.off import Off
from .listening.strategy import ListeningStrategy
from .notebook import Notebook
from .records import Contradiction
from .speaking.formulation import Formulating
from .speaking.strategy import SpeakingStrategy
from .speaking.think_fully import ThinkFully
from .speculation import Ledger
from .tools import Tools


@dataclass(frozen=True, slots=True)
class Ways:
    """How drafts are thought and written; the defaults think first and write then, and keep no notes."""

    notebook: Notebook = field(default_factory=Notebook)
    listening: ListeningStrategy = field(default_factory=Off)
    speaking: SpeakingStrategy = field(default_factory=ThinkFully)
    formulating: Formulating | None = None
    "Where thoughts beside words are written; needed by strategies that want them beside."
    ledger: Ledger | None = None
    left: Callable[[int], float] = lambda turn: 0.0
    "Seconds of sound made for a turn and not yet played."
    observe: Callable[[Contradiction], None] = lambda found: None
    ahead: bool = True
    "False: no draft begins before its commit."
    holds: bool = False
    "The brain says from part of a thought only what that part bears out."
    tools: Tools | None = None
    "Whom calls are told to; thought and words are then one generation, but for calls that stand `alone`."
    alone: bool = False
    "The brain calls in place of words, never amid them."
