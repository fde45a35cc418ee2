"""The conversation in which an adversary is looked at: everything a user can do, at fixed moments.

Open loop, so that every agent faces the same user; in virtual time, so that twice gives the same figures.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline import clock as clocks
from pipeline.ports import CAPTURE_RATE, PlayoutSource
from pipeline.ring import AudioRing

from .edge import BenchEdge
from .labels import Kind, Labels, Pause
from .nulls import marked
from .recording import Recording
from .script import Cue, Script, When
from .stimuli import Stimulus

QUESTIONS = 10
"""That are left alone; every second one has a hesitation."""
EVERY = 6.0
"""Seconds from one question to the next: longer than the window in which a reply counts."""
OVER, BESIDE = 1.2, 3.5
"""Seconds after a question's end at which a prompt answer is going on, and at which it is over."""
QUIET = (Kind.BACKCHANNEL, Kind.TIC, Kind.ASIDE, Kind.NOISE)
BARGE_INS, OVERS, BESIDES = 3, 2, 1
"""How many barge-ins there are, and sounds of each kind of QUIET over the answer and beside it."""
AFTERWARDS = (
    *((Kind.BARGE_IN, OVER),) * BARGE_INS,
    *((kind, OVER) for kind in QUIET for _ in range(OVERS)),
    *((kind, BESIDE) for kind in QUIET for _ in range(BESIDES)),
)
"""What follows each of the later questions, and how many seconds after its end."""
LATER = 7.0
"""Seconds from one of the later questions to the next: an answer to what follows one would still fall in."""


def scene() -> Script:
    """Questions left alone, then questions after which the user speaks again, over the reply or beside it."""
    cues = [Cue(_question(number), When.AT, 1.0 + number * EVERY) for number in range(QUESTIONS)]
    for number, (kind, after) in enumerate(AFTERWARDS, QUESTIONS):
        begin = 1.0 + QUESTIONS * EVERY + (number - QUESTIONS) * LATER
        brief = Stimulus(marked(0.4, 100 + number), kind, reply=kind is Kind.BARGE_IN)
        cues += [Cue(Stimulus(marked(1.0, number)), When.AT, begin), Cue(brief, When.AT, begin + 1.0 + after)]
    return Script(cues, tail=2.5)


def _question(number: int) -> Stimulus:
    sound = marked(1.0, number)
    if number % 2:
        return Stimulus(sound)
    low, high = round(0.3 * CAPTURE_RATE), round(0.8 * CAPTURE_RATE)
    sound[low:high] = 0.0
    return Stimulus(sound, pauses=(Pause(low, high),))


def held(script: Script, make: Callable[[Script], PlayoutSource], name: str) -> tuple[Recording, Labels]:
    """What comes of a script and a source of sound in virtual time."""

    async def hold() -> BenchEdge:
        edge = BenchEdge(script)
        await edge.run(AudioRing(), make(script), lambda fact: None)
        return edge

    edge = clocks.simulate(hold)
    return edge.recording(), edge.labels(name, name)
