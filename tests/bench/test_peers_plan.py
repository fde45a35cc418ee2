"""What is run, in which order, with which flags."""

from pathlib import Path

import numpy as np
import pytest

from bench.peers_plan import OURS, SCENES, Places, plan, shown
from bench.peers_timeline import BARGE, QUESTION, read_words, write_words
from pipeline.errors import UserError


@pytest.fixture
def places(tmp_path):
    peers, work = tmp_path / "peers", tmp_path / "work"
    peers.mkdir(), work.mkdir()
    write_words(peers / QUESTION, np.full(16_000, 5000, np.int16))
    write_words(peers / BARGE, np.full(32_000, 6000, np.int16))
    return Places(peers, Path("/a/bin/python"), Path("/b/bin/python"), work)


def flag(arm, name):
    return arm.command[arm.command.index(name) + 1]


def arm_of(arms, system, scene):
    return next(arm for arm in arms if arm.system == system and arm.scene == scene)


def test_a_round_goes_over_the_systems_before_the_next_setting(places):
    arms = plan(places, ("plain",), (0, 100))
    assert [(arm.stt, arm.system) for arm in arms] == [
        (stt, system) for stt in (0, 100) for system in ("pipecat", "livekit", *OURS)
    ]


def test_everyone_gets_the_same_delays(places):
    for arm in plan(places):
        assert (flag(arm, "--ttft"), flag(arm, "--tok"), flag(arm, "--ttfb")) == ("250", "15", "120")


def test_a_peer_without_an_environment_is_left_out(places):
    arms = plan(Places(places.peers, None, None, places.work))
    assert {arm.system for arm in arms} == set(OURS) and {arm.scene for arm in arms} == set(SCENES)


def test_the_question_with_a_pause_is_longer_by_it_and_livekit_gets_it_in_parts(places):
    arms = plan(places, ("pause 0.6",))
    whole, split = arm_of(arms, "pipecat", "pause 0.6"), arm_of(arms, "livekit", "pause 0.6")
    assert len(read_words(Path(flag(whole, "--wav")))) == 16_000 * 1.6
    parts = [len(read_words(Path(flag(split, name)))) for name in ("--wav", "--barge")]
    assert sum(parts) == 16_000 and flag(split, "--gap") == "0.6"
    assert split.end == pytest.approx(whole.end) == pytest.approx(2.6)


def test_livekits_recogniser_puts_no_words_to_a_burst(places):
    arm = arm_of(plan(places, ("mm-hm",)), "livekit", "mm-hm")
    assert float(flag(arm, "--stt-ms")) > 2500 and float(flag(arm, "--gap")) > 8
    assert arm.end == pytest.approx(2.0) and arm.seconds == pytest.approx(3.5 + 1.0 + 8.5 + 0.3)


def test_ears_are_ours_alone(places):
    arms = plan(places, ("plain",), (0,), ears=True)
    assert ["--ears" in arm.command for arm in arms] == [False, False, True, True]


def test_a_command_is_shown_without_folders(places):
    arms = plan(places, ("plain",), (0,))
    assert shown(arms[0]).startswith("python pipecat_baseline.py --mode default --token --raw --stt-ms 0 ")
    assert "--setting 'first window'" in shown(arms[2])
    assert not any("/" in shown(arm) for arm in arms)


def test_an_unknown_scene_and_missing_recordings_are_refused(places, tmp_path):
    with pytest.raises(UserError, match="no scene is called 'tea'"):
        plan(places, ("tea",))
    with pytest.raises(UserError, match="cannot be read"):
        plan(Places(tmp_path, None, None, places.work))
