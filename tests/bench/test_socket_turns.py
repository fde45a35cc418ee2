"""The user's button: pressed before a turn's first frame leaves, let go when its last sample has left."""

import numpy as np

from bench.labels import Kind
from bench.script import Cue, Script, When
from bench.socket_turns import Turns
from bench.stimuli import Stimulus


def walk(script, ahead=0):
    """Frame by frame: the capture samples at which turns begin and end."""
    turns, begun, ended, at = Turns(script, ahead), [], [], 0
    while not script.finished:
        script.frame(False)
        begun += [at] if turns.begin(at) else []
        at += 320
        ended += [at] if turns.end(at) else []
    return begun, ended


def said(count, kind=Kind.QUESTION, **changes):
    return Stimulus(np.full(count, 0.1, np.float32), kind, **changes)


def test_a_turn_begins_with_its_frame_and_ends_with_the_frame_that_holds_its_last_sample():
    script = Script([Cue(said(1000), When.AT, 0.1)], tail=0.1)
    begun, ended = walk(script)
    assert begun == [1600] and ended == [2880] and script.placed[0].end == 2600


def test_what_the_carrier_looks_ahead_must_have_left_too():
    script = Script([Cue(said(960), When.AT, 0.1)], tail=0.1)
    assert walk(script, ahead=0)[1] == [2560]
    script = Script([Cue(said(960), When.AT, 0.1)], tail=0.1)
    assert walk(script, ahead=16)[1] == [2880]


def test_what_wants_no_reply_presses_no_button():
    aside = Cue(said(640, Kind.ASIDE, reply=False), When.AT, 0.1)
    begun, ended = walk(Script([aside, Cue(said(640), When.AT, 0.5)], tail=0.1))
    assert begun == [8000] and ended == [8640]
