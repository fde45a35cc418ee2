"""The user's button: when the frames on their way hold the beginning or the end of a turn that wants a reply.

Only for agents that do not find the ends of turns themselves. It knows the end to the sample, as no endpoint
detector could: figures taken with it leave endpointing out.
"""

from __future__ import annotations

from pipeline.ports import FRAME

from .script import Placed, Script

BY_HAND = "by hand"
"""How the endpoint of a target with them begins; the rest of it says what that means."""


class Turns:
    """Of one script, frame by frame. Pure."""

    def __init__(self, script: Script, ahead: int) -> None:
        """``ahead``: capture samples that the carrier must have beyond a sample before that one leaves."""
        self._script, self._ahead = script, ahead
        self._begun = self._ended = 0

    def begin(self, start: int) -> bool:
        """Whether a turn begins in the frame that starts at this capture sample, which is not sent yet."""
        due = self._due()
        if self._begun < len(due) and due[self._begun].start < start + FRAME:
            self._begun += 1
            return True
        return False

    def end(self, sent: int) -> bool:
        """Whether a turn's last sample has left, now that everything before this capture sample was sent."""
        due = self._due()
        if self._ended < self._begun and due[self._ended].end + self._ahead <= sent:
            self._ended += 1
            return True
        return False

    def _due(self) -> list[Placed]:
        return [placed for placed in self._script.placed if placed.stimulus.reply]
