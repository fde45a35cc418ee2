"""Silence inside an agent's replies, from its channel alone: what a listener hears of a server that runs dry.

A voice pauses of itself at commas and full stops, and no recording tells why it is silent; so the share of
silence means something beside the same agent's share with one session, not by itself. Pure.
"""

from __future__ import annotations

from itertools import pairwise

from .audible import stretches
from .labels import Labels
from .recording import Recording
from .score import REPLY_GAP

GAP = 0.120
"""Seconds of silence from which it counts; below it lie stop consonants."""


def silences(recording: Recording, labels: Labels) -> tuple[float, float]:
    """Seconds of silence inside replies, and seconds of replies with them.

    A silence counts from GAP to below REPLY_GAP (which would part two replies), and only where the user says
    nothing in it.
    """
    rate = recording.rate
    sound = stretches(recording.agent, rate, join=GAP)
    silent = 0
    for before, after in pairwise(sound):
        said = any(turn.start < after.start and turn.end > before.end for turn in labels.turns)
        if not said and after.start - before.end < REPLY_GAP * rate:
            silent += after.start - before.end
    whole = sum(piece.end - piece.start for piece in sound) + silent
    return silent / rate, whole / rate
