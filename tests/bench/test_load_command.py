"""The command: what it refuses, in one sentence each, and what a whole run shows."""

import argparse
from pathlib import Path

import pytest

from bench import load_command as command
from bench.load_command import load_arguments
from bench.load_lane import LaneCarrier, Lanes
from bench.session_run import Target
from pipeline.errors import UserError
from tts.tone import ToneVoice


def given(out, *more, **changes):
    parser = argparse.ArgumentParser()
    load_arguments(parser)
    shared = {
        "out": Path(out), "target": "inproc", "clock": "virtual", "minutes": 0.25, "seed": 1,
        "endpoint": None, "voice": "auto", "user": "auto", "brain": None, "turn_detection": "",
    }  # fmt: skip
    return argparse.Namespace(**vars(parser.parse_args(more)) | shared | changes)


@pytest.mark.parametrize(
    ("more", "changes", "said"),
    [
        (["--sessions", "4,1"], {}, "levels must increase"),
        (["--sessions", "0"], {}, "1 to 4096 sessions, not 0"),
        (["--marked"], {}, "a session needs a voice that asks"),
        (["--server-pid", "1"], {}, "in process the sessions are metered"),
        ([], {"minutes": 0.1}, r"minutes must be 0\.25 to 60"),
        ([], {"target": "ws://h"}, "lives by the machine's clock"),
        ([], {"target": "ws://h", "clock": "wall", "endpoint": 0.3}, "a server decides for itself"),
        (
            [], {"target": "ws://h", "clock": "wall", "turn_detection": "none"}, "must find the ends of turns"
        ),
        (["--server-pid", str(2**22 + 1)], {"target": "ws://h", "clock": "wall"}, "there is no process"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(tmp_path, more, changes, said):
    with pytest.raises(UserError, match=said):
        command.load_command(given(tmp_path, *more, **changes), lambda line: None)
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_a_run_shows_its_levels_its_knee_and_where_the_figures_are(tmp_path, monkeypatch):
    target = Target(None, None, ToneVoice, None, None, {"brain": "lanes"})
    monkeypatch.setattr(
        command, "_inproc", lambda *_: (lambda: LaneCarrier(target, Lanes(0.4), capacity=2), ToneVoice)
    )
    told = []
    assert command.load_command(given(tmp_path, "--sessions", "1,2,3,9"), told.append) == 0
    assert any(line.lstrip().startswith("3      2") for line in told)
    assert any("left out: 9 sessions" in line for line in told)
    assert any(line.startswith("knee at 3 sessions: of 3 sessions 1 refused") for line in told)
    assert told[-1] == f"all figures: {tmp_path / 'load.json'}" and (tmp_path / "load.json").exists()
