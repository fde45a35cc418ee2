"""One thing that the user did, and the agent's sound around it: what every measure of a turn is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .audible import Stretch
from .heard import Heard
from .labels import Kind, Labels, UserTurn

TAIL = 0.300
"""Seconds that sound from before the user's end must go on after it to be a reply, not a withdrawn cut-in."""
FLOOR = frozenset({Kind.QUESTION, Kind.BARGE_IN})
"""Kinds with which the user takes the floor. The others leave it where it is, unless a reply is due."""


def takes_floor(turn: UserTurn) -> bool:
    """Whether the user takes the floor with it; a cough or a word to somebody else does not."""
    return turn.reply or turn.kind in FLOOR


@dataclass(frozen=True, slots=True)
class Scene:
    """One turn in its place."""

    turn: UserTurn
    following: int | None
    "Where the user's next sound begins, of whatever kind."
    floor: int | None
    "Where the user next takes the floor: until there a reply to this turn may come, coughs or not."
    heard: Heard
    unscored: list[str]
    "Gets what could not be measured, and why."

    @property
    def own(self) -> list[Stretch]:
        """Utterances that begin, of the agent's own accord, between this sound of the user and the next."""
        return self._begun(self.following)

    @property
    def answers(self) -> list[Stretch]:
        """Utterances that may answer this turn: begun since it began, and sounding when it is over."""
        reach = self._begun(self.floor)
        return [one for one in reach if one.start >= self.turn.end or self.after(one.end) > TAIL]

    def _begun(self, until: int | None) -> list[Stretch]:
        """Utterances of its own accord from the turn's start on; ``until`` None: the recording's end."""
        last = self.heard.length if until is None else until
        begun = (one for one in self.heard.spoken if self.turn.start <= one.start < last)
        return [one for one in begun if one.start not in self.heard.prompted]

    def after(self, position: int) -> float:
        """Seconds from the user's labelled end to a position; signed."""
        return (position - self.turn.end) / self.heard.rate

    def cannot(self, why: str) -> None:
        """Note what of this turn is not scored."""
        self.unscored.append(f"turn {self.turn.number}: {why}")


def scenes(labels: Labels, heard: Heard, unscored: list[str]) -> list[Scene]:
    """Every turn of a conversation in its place."""
    return [
        Scene(turn, _start(labels.turns[place + 1 :]), _start(later_floor(labels, place)), heard, unscored)
        for place, turn in enumerate(labels.turns)
    ]


def later_floor(labels: Labels, place: int) -> list[UserTurn]:
    """The turns after this place with which the user takes the floor."""
    return [turn for turn in labels.turns[place + 1 :] if takes_floor(turn)]


def _start(turns: Sequence[UserTurn]) -> int | None:
    return turns[0].start if turns else None
