"""The arms of the thinking figures: which mechanisms are on. Data, read by name."""

from __future__ import annotations

from agent.line import SessionConfig
from agent.turn import TurnConfig
from pipeline.errors import UserError
from pipeline.mechanisms import Mechanisms

CASCADE = 0.7
"""Seconds of silence that end a turn where everything is off."""
MAIN = ("everything", "think-fully", "no-think")
REFERENCE, QUICKEST = "think-fully", "no-think"
"""What accuracy and what waiting is compared with."""

_MECHANISMS = {
    "everything": Mechanisms(),
    "think-fully, listening": Mechanisms(speaking_thoughts="think-fully"),
    "think-fully": Mechanisms(speaking_thoughts="think-fully", listening_thoughts="off"),
    "no-think": Mechanisms(speaking_thoughts="no-think", listening_thoughts="off"),
    "no-think, notes": Mechanisms(speaking_thoughts="no-think", listening_thoughts="interleaved"),
    "speak-first": Mechanisms(speaking_thoughts="speak-first"),
    "think-first": Mechanisms(speaking_thoughts="think-first"),
    "interleaved notes": Mechanisms(listening_thoughts="interleaved"),
    "no speculation": Mechanisms(speculation=False),
    "no prefill": Mechanisms(prefill=False),
    "no listening thoughts": Mechanisms(listening_thoughts="off"),
    "no end of turn": Mechanisms(end_of_turn=False),
    "all off": Mechanisms(
        speculation=False, listening_thoughts="off", prefill=False, speaking_thoughts="think-fully",
        end_of_turn=False, overlap=False,
    ),
}  # fmt: skip
ARMS = tuple(_MECHANISMS)
"""In the order of the table."""


def config_of(arm: str) -> SessionConfig:
    """The session's settings in this arm. Raises UserError for a name not in ARMS."""
    if arm not in _MECHANISMS:
        raise UserError(f"no arm is called {arm!r}; there are {', '.join(ARMS)}")
    turn = TurnConfig.fixed(CASCADE) if arm == "all off" else TurnConfig()
    return SessionConfig(turn=turn, mechanisms=_MECHANISMS[arm])
