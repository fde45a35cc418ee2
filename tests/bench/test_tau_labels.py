"""Our labelled conversations on τ-voice's terms."""

import pytest

from bench.labels import Kind
from bench.tau import events
from bench.tau_labels import from_recording


def told(scene):
    return [(event.kind, event.latency) for event in events(from_recording(scene.recording, scene.labels))]


def test_a_hesitation_is_inside_one_turn_and_talking_in_it_interrupts(stage):
    scene = stage(seconds=12.0)
    scene.says(1.0, 3.0, pauses=[(2.0, 2.8)])
    scene.answers(2.3, 0.3)
    scene.answers(4.5, 2.0)
    assert told(scene) == [
        ("agent_interrupts_user", None), ("response", pytest.approx(0.5, abs=0.005)),
    ]  # fmt: skip


def test_each_kind_of_label_counts_towards_its_own_selectivity(stage):
    scene = stage(seconds=30.0)
    scene.answers(0.5, 12.0)
    scene.says(2.0, 0.4, Kind.BACKCHANNEL, reply=False)
    scene.says(5.0, 0.4, Kind.NOISE, reply=False)
    scene.says(8.0, 0.4, Kind.ASIDE, reply=False)
    scene.says(16.0, 0.4, Kind.NOISE, reply=False)
    scene.answers(17.0, 1.0)
    assert [kind for kind, _ in told(scene)] == [
        "backchannel_correct", "vocal_tic_correct", "non_directed_correct", "vocal_tic_error",
    ]  # fmt: skip


def test_stopping_is_measured_in_samples_and_not_in_ticks(stage):
    scene = stage(seconds=15.0)
    scene.says(1.0, 1.0)
    scene.answers(2.5, 2.733)
    scene.says(5.0, 1.0, Kind.BARGE_IN)
    scene.answers(6.8, 1.0)
    assert told(scene) == [
        ("response", pytest.approx(0.5, abs=0.005)), ("yield", pytest.approx(0.233, abs=0.005)),
        ("response", pytest.approx(0.8, abs=0.005)),
    ]  # fmt: skip


def test_never_and_always_talking_agents_fail(stage):
    never, always = stage(seconds=20.0), stage(seconds=20.0)
    for scene in (never, always):
        scene.says(1.0, 1.0)
        scene.says(8.0, 1.0, Kind.BARGE_IN)
        scene.says(16.0, 1.0)
    always.answers(0.0, 20.0)
    assert [kind for kind, _ in told(never)] == ["no_response", "no_response"]
    assert [kind for kind, _ in told(always)] == ["no_yield"] * 3
