"""What two runs are compared by beyond their scores: only what both traces tell, turn by turn."""

import pytest

from bench.compare_figures import EXPLAINED, FIGURES, WHOLE
from bench.explain import Explained
from bench.explain_ahead import Ahead
from bench.explain_parts import NAMES, Parts
from bench.explain_stop import Stop
from bench.explain_words import Answer
from bench.labels import Kind
from bench.score import WINDOW, score
from bench.think_score import Hidden

TOLD = Explained(
    parts=(Parts("a", 2, 0.01, 0.21, 0.0, 0.15, 0.18, 0.22, 0.3),),
    answers=(Answer(2, "5", "five", True, False, 0.9), Answer(3, "5", "", False, False, None)),
    stops=(Stop(4, 0.1, 0.2, 0.05, 0.35),),
    thinking={2: Hidden(6, 2, 1, 1)},
    ahead=Ahead((True, False), 40, 10, (0.1,), 3, 1, ()),
    source="trace",
)


def named(name):
    return next(one for one in (*EXPLAINED, *WHOLE) if one.name == name)


def test_a_turns_parts_answer_stop_and_thought_are_found_by_its_number():
    parts = [named(f"part of it: {name}, mean").pick(TOLD, 2)[0] for name in NAMES]
    assert sum(parts) == pytest.approx(0.3)
    assert named("to the first answer word p50").pick(TOLD, 2) == [0.9]
    assert named("right by the reply's text").pick(TOLD, 2) == [1.0]
    assert named("part of a stop: decide, mean").pick(TOLD, 4) == [0.2]
    assert named("thought hidden, mean of turns").pick(TOLD, 2) == [0.8]


def test_an_answer_word_that_never_came_counts_as_the_window():
    assert named("to the first answer word p50").pick(TOLD, 3) == [WINDOW]
    assert named("right by the reply's text").pick(TOLD, 3) == [0.0]


def test_what_is_not_told_has_no_value():
    assert all(not one.pick(TOLD, 9) for one in EXPLAINED)
    assert all(not one.pick(Explained(), 2) for one in EXPLAINED)
    assert all(not one.pick(Explained()) for one in WHOLE)


def test_a_server_tells_whether_it_was_right_and_not_when():
    server = Explained(answers=(Answer(2, "5", "five", True, False, None),), source="events")
    assert named("right by the reply's text").pick(server, 2) == [1.0]
    assert named("to the first answer word p50").pick(server, 2) == []


def test_conversations_are_compared_by_their_shares():
    assert named("answered by an early draft").pick(TOLD) == [0.5]
    assert named("tokens ahead that were wasted").pick(TOLD) == [0.25]
    assert named("conversations that starved").pick(TOLD) == [0.0]


def test_a_sound_that_was_to_be_ignored_has_its_own_figure(stage):
    scene = stage(seconds=12.0)
    scene.answers(scene.says(0.5, 0.5) / 24_000 + 0.3, 4.0)
    scene.says(2.5, 0.3, Kind.BACKCHANNEL, reply=False)
    _, sound = score(scene.recording, scene.labels).turns
    found = {one.name: list(one.pick(sound)) for one in FIGURES}
    assert found["sounds ignored that should be"] == [1.0] and found["turns cut into"] == []
