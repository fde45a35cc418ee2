"""Rules for drafts that begin before any pause: the head over the sound, or its level, foresees the end.

Pure: no clock, no I/O. Such a draft stands if the speech turns out to have ended within what it heard.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import DropDraft, EndOfTurnScored

from .turn_config import TurnConfig
from .turn_floor import draft_over
from .turn_pause import scored
from .turn_state import RATE, State, Step

AHEAD = 4
"""Drafts of one turn that may begin before a pause: a head that cannot make up its mind costs no more."""
RECENT = 0.4
"""Seconds for which the head's opinion of the sound counts against a fade."""
FADED = 0.04
"""Seconds past a fade that its draft reaches: what is captured when it is told (``LevelsConfig.faded``)."""


def foresee(state: State, fact: EndOfTurnScored, _now: float, config: TurnConfig) -> Step:
    """The end of a turn that is still spoken is scored: a draft begins when the score rises.

    It reaches as far past the score's position as a draft past a pause, and stands if the speech turns out
    to have ended within it. One that cannot stand any more is dropped, and so is one whose score fell. The
    level of the sound tells sooner than any detector that speech has faded, and that it is back.
    """
    by_level, draft = fact.source == "level", state.writing
    after = state if by_level else scored(state, fact)
    if fact.source not in ("sound", "level"):
        return after, ()
    before = 0.0 if by_level or state.sound is None else state.sound.probability
    if draft is not None:
        late = fact.at - draft.end > config.detector_lag * RATE
        fell = fact.probability <= config.unsure and (by_level or before > config.unsure)
        if not fell and not late:
            return after, ()
        why = f"early draft dropped: {'speech goes on' if late else f'{fact.source} {fact.probability:.2f}'}"
        return replace(after, writing=None, words=None, why=why), (DropDraft(state.turn, draft.draft),)
    rises = before < config.early <= fact.probability
    if by_level and _doubted(state, fact, config):
        return after, ()
    if not config.early or not rises or (state.ahead >= AHEAD and not by_level):
        return after, ()
    reach = FADED if by_level else config.tail
    after, orders = draft_over(after, fact.at + round(reach * RATE), config, turn=state.turn)
    why = f"drafting before any pause: {fact.source} {fact.probability:.2f}"
    return replace(after, ahead=state.ahead + (not by_level), why=why), orders


def _doubted(state: State, fact: EndOfTurnScored, config: TurnConfig) -> bool:
    """True when the head has just said that more will come: then a fade is the end of a syllable."""
    sound = state.sound
    recent = sound is not None and fact.at - sound.at <= round(RECENT * RATE)
    return recent and sound is not None and sound.probability <= config.unsure
