"""An automatic listener for answers that are numbers: what would a stranger have heard the agent say?

PocketSphinx with a grammar of sums, so it always finds some number where there is speech; it shows that a
right number can be heard, not that nothing else was said. It hears flite's voices well and espeak's badly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from audio_io.resample import resample
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Pcm

from .audible import stretches
from .labels import Kind, Labels
from .numbers import read
from .recording import Recording
from .score import REPLY_GAP

_GRAMMAR = """#JSGF V1.0;
grammar numbers;
<digit> = one | two | three | four | five | six | seven | eight | nine;
<teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;
<ten> = twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety;
<below> = <digit> | <teen> | <ten> [<digit>];
<number> = zero | <below> | <digit> hundred [[and] <below>];
<step> = (plus | minus | times) <number>;
<lead> = (<number> <step> [<step>] | it | that | the answer) (is | equals);
public <reply> = [<lead>] <number>;
"""
_MARGIN = 0.3
"""Seconds of silence around what is listened to."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was heard of one answer."""

    turn: int
    expected: int
    heard: tuple[int, ...]
    "All numbers in order; an answer that restates the question ends with its result."

    @property
    def right(self) -> bool:
        return self.heard[-1:] == (self.expected,)


def hear_numbers(pcm: Pcm) -> list[int]:
    """The numbers spoken in mono sound at 16 kHz, in order; empty where no speech fits the grammar.

    Raises UserError when PocketSphinx is not installed.
    """
    ear = _ear()
    quiet = np.zeros(round(_MARGIN * CAPTURE_RATE), np.float32)
    whole = np.concatenate([quiet, pcm, quiet])
    ear.start_utt()
    ear.process_raw((np.clip(whole, -1, 1) * 32767).astype("<i2").tobytes(), no_search=False, full_utt=True)
    ear.end_utt()
    found = ear.hyp()
    return read(found.hypstr.split()) if found else []


def hear(recording: Recording, labels: Labels) -> list[Hearing]:
    """Listen to the first reply after every turn that expects a number, unless it was meant to be cut off."""
    found = []
    for place, turn in enumerate(labels.turns):
        later = labels.turns[place + 1] if place + 1 < len(labels.turns) else None
        cut = later is not None and later.kind is Kind.BARGE_IN
        if turn.expected is None or not turn.expected.isdigit() or cut:
            continue
        until = later.start if later else recording.length
        reply = _first_reply(recording.agent[turn.end : until], recording.rate)
        heard = hear_numbers(resample(reply, recording.rate, CAPTURE_RATE)) if len(reply) else []
        found.append(Hearing(turn.number, int(turn.expected), tuple(heard)))
    return found


def _first_reply(sound: Pcm, rate: int) -> Pcm:
    pieces = stretches(sound, rate, join=REPLY_GAP)
    if not pieces:
        return sound[:0]
    return np.ascontiguousarray(sound[max(pieces[0].start - rate // 20, 0) : pieces[0].end + rate // 20])


@lru_cache(maxsize=1)
def _ear() -> Any:
    try:
        from pocketsphinx import Decoder  # optional: only who asks to hear needs it
    except ImportError as error:
        raise UserError(
            "listening to answers needs PocketSphinx, which is not installed; "
            "install it with: pip install pocketsphinx"
        ) from error
    ear = Decoder(samprate=CAPTURE_RATE, lm=None, loglevel="FATAL")
    ear.add_jsgf_string("numbers", _GRAMMAR)
    ear.activate_search("numbers")
    return ear
