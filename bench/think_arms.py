"""The arms of the thinking figures: which mechanisms are on. Data, read by name."""

from __future__ import annotations

from dataclasses import replace

from agent.line import SessionConfig
from agent.turn import TurnConfig
from pipeline.errors import UserError
from pipeline.mechanisms import Mechanisms

CASCADE = 0.7
"""Seconds of silence that end a turn where the model has no say in it."""
SILENCE = ("fixed endpoint", "all off")
"""Arms in which silence alone ends a turn."""
MAIN = ("everything", "think-fully", "no-think")
REFERENCE, QUICKEST = "think-fully", "no-think"
"""What accuracy and what waiting is compared with."""

_ON = Mechanisms(speaking_thoughts="adaptive")
"""With thought beside speech by name: a quick brain's ``auto`` may be to think fully."""
_MECHANISMS = {
    "everything": _ON,
    "think-fully, listening": Mechanisms(speaking_thoughts="think-fully"),
    "think-fully": Mechanisms(speaking_thoughts="think-fully", listening_thoughts="off"),
    "no-think": Mechanisms(speaking_thoughts="no-think", listening_thoughts="off"),
    "no-think, notes": Mechanisms(speaking_thoughts="no-think", listening_thoughts="interleaved"),
    "speak-first": Mechanisms(speaking_thoughts="speak-first"),
    "think-first": Mechanisms(speaking_thoughts="think-first"),
    "interleaved notes": replace(_ON, listening_thoughts="interleaved"),
    "no speculation": replace(_ON, speculation=False),
    "no prefill": replace(_ON, prefill=False),
    "no listening thoughts": replace(_ON, listening_thoughts="off"),
    "no end of turn": replace(_ON, end_of_turn=False),
    "fixed endpoint": replace(_ON, end_of_turn=False),
    "all off": Mechanisms(
        speculation=False, listening_thoughts="off", prefill=False, speaking_thoughts="think-fully",
        end_of_turn=False, overlap=False,
    ),
}  # fmt: skip
ARMS = tuple(_MECHANISMS)
"""In the order of the table."""
NAMED = {
    "full": "everything",
    "think then speak": "think-fully, listening",
    "think fully": "think-fully",
    "no thinking": "no-think",
    "fixed 700 ms endpoint": "fixed endpoint",
    "none of all": "all off",
}
"""Plain names for some arms; every name that an option takes may be either."""
LEFT_OUT = (
    "full", "no speculation", "no prefill", "think then speak", "no listening thoughts", "think fully",
    "no thinking", "fixed 700 ms endpoint", "none of all",
)  # fmt: skip
"""The ablation table: one mechanism less than in *full*. *Think fully* lacks two: it thinks neither while it
listens nor while it speaks. *None of all* is a classic cascade."""


def arm_of(name: str) -> str:
    """The arm of this name or plain name. Raises UserError for neither."""
    arm = NAMED.get(name, name)
    if arm not in _MECHANISMS:
        raise UserError(f"no arm is called {name!r}; there are {', '.join((*ARMS, *NAMED))}")
    return arm


def plain(arm: str) -> str:
    """What an arm is called in tables."""
    return next((name for name, one in NAMED.items() if one == arm), arm)


def config_of(arm: str) -> SessionConfig:
    """The session's settings in this arm. Raises UserError for an unknown name."""
    arm = arm_of(arm)
    turn = TurnConfig.fixed(CASCADE) if arm in SILENCE else TurnConfig()
    return SessionConfig(turn=turn, mechanisms=_MECHANISMS[arm])
