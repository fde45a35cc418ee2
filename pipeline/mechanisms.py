"""What of listening, thinking and speaking at once is switched on: one place, so that each can be left out.

Every switch is read in one place; with all of them off the agent listens, then thinks, then speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

LISTENING = ("auto", "off", "predicted", "interleaved", "notes")
SPEAKING = ("auto", "adaptive", "speak-first", "think-first", "think-fully", "no-think")


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """Ablation switches of one session."""

    speculation: bool = True
    "Write drafts before the turn is known to be over; off: the draft begins at the commit."
    listening_thoughts: str = "auto"
    "How the agent thinks while it listens; `auto` takes the best that the brain can do."
    prefill: bool = True
    "Read the user's sound while it comes; off: all of it is read when a draft begins."
    speaking_thoughts: str = "auto"
    "How thought and speech share the time of a reply; `auto`: adaptive, or think-fully where it cannot be."
    end_of_turn: bool = True
    "Let the brain's head over the sound move the end of the turn."
    overlap: bool = True
    "Judge speech over the agent's voice; off: only how long it lasts counts."

    def __post_init__(self) -> None:
        if self.listening_thoughts not in LISTENING:
            raise ValueError(f"listening_thoughts must be one of {', '.join(LISTENING)}")
        if self.speaking_thoughts not in SPEAKING:
            raise ValueError(f"speaking_thoughts must be one of {', '.join(SPEAKING)}")
