"""A run of τ-voice: panel from its ticks, conversations from its sound, one line per fault."""

import json

import numpy as np
import pytest

from audio_io.wav import write_wav
from bench import labels as manifests
from bench import recording as recordings
from bench.labels import Kind
from bench.score import score
from bench.tau_import import import_tau
from pipeline.errors import UserError

RATE = 16_000


def tick(letter):
    """`u` user, `a` agent, `b` both, `k` a backchannel under the agent, `n` an aside between turns."""
    insert = {"speech_insert": {"text": "wait", "type": "non_directed_phrase"}} if letter == "n" else None
    action = {"action": "backchannel"} if letter == "k" else None
    user = {"contains_speech": letter in "ubk", "turn_taking_action": action, "source_effects": insert}
    return {"user_chunk": user, "agent_chunk": {"contains_speech": letter in "abk"}}


CALL = "uuuuu...aaaaaaakkaaaaaaaa....n.............uuuu..."


def run(root, call=CALL, name="c0ffee", sound=True, seconds=None):
    (root / "simulations").mkdir(parents=True, exist_ok=True)
    config = {"info": {"audio_native_config": {"tick_duration_seconds": 0.2}}}
    (root / "results.json").write_text(json.dumps(config))
    told = {"id": name, "task_id": "40", "ticks": [tick(letter) for letter in call]}
    (root / "simulations" / f"{name}.json").write_text(json.dumps(told))
    if sound:
        noise = 0.1 * np.clip(np.random.default_rng(1).normal(0, 1, (len(call) * 3200, 2)), -3, 3)
        for side, loud in enumerate(("ubkn", "abk")):
            noise[:, side] *= np.repeat([letter in loud for letter in call], 3200)
        folder = root / "artifacts" / "task_40" / f"sim_{name}" / "audio"
        folder.mkdir(parents=True)
        write_wav(folder / "both.wav", noise[: round((seconds or 1e9) * RATE)].astype(np.float32), RATE)


def imported(root, out):
    told = []
    return import_tau(root, out, told.append), "\n".join(told)


def test_the_panel_stands_in_the_benchmarks_layout_with_its_windows(tmp_path):
    run(tmp_path / "in", sound=False)
    faults, told = imported(tmp_path / "in", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "interaction_metrics.json").read_text())
    assert faults == 0 and "L_R 0.600" in told and "1 without a both.wav" in told
    assert found["overall"]["response_latency_mean"] == pytest.approx(0.6)
    assert found["overall"]["selectivity_backchannel"] == 1.0
    assert found["overall"]["selectivity_non_directed"] == 1.0
    assert found["config"]["no_yield_window_sec"] == 2.0 and found["config"]["tick_duration_sec"] == 0.2
    (call,) = json.loads((tmp_path / "out" / "events.json").read_text())
    assert [event["event_type"] for event in call["events"]] == [
        "response", "backchannel_correct", "non_directed_correct",
    ]  # fmt: skip


def test_a_call_with_sound_is_scored_as_a_conversation(tmp_path):
    run(tmp_path / "in")
    assert imported(tmp_path / "in", tmp_path / "out")[0] == 0
    labels = manifests.load(tmp_path / "out" / "c0ffee" / "labels.json")
    kinds = [turn.kind for turn in labels.turns]
    assert kinds == [Kind.QUESTION, Kind.BACKCHANNEL, Kind.ASIDE, Kind.QUESTION]
    assert labels.seconds(labels.turns[0].end) == 1.0 and labels.about["resolution"] == "0.2 s"
    scored = score(recordings.load(tmp_path / "out" / "c0ffee" / "conversation.wav"), labels)
    assert scored.turns[0].voice_to_voice == pytest.approx(0.6, abs=0.005)
    assert scored.turns[1].yielded is False


def test_sound_that_does_not_lie_on_its_ticks_is_told_and_gives_a_panel_only(tmp_path):
    run(tmp_path / "in", seconds=8.0)
    faults, told = imported(tmp_path / "in", tmp_path / "out")
    assert faults == 1 and "lasts 8.00 s and its ticks 10.00 s" in told
    assert not (tmp_path / "out" / "c0ffee").exists()


def test_mono_sound_is_told(tmp_path):
    run(tmp_path / "in")
    file = next((tmp_path / "in").rglob("both.wav"))
    write_wav(file, np.zeros(RATE, np.float32), RATE)
    faults, told = imported(tmp_path / "in", tmp_path / "out")
    assert faults == 1 and "has 1 channel; a conversation has 2" in told


def test_calls_that_cannot_be_read_are_told_and_the_rest_goes_on(tmp_path):
    run(tmp_path / "in", sound=False)
    (tmp_path / "in" / "simulations" / "a.json").write_text("{")
    (tmp_path / "in" / "simulations" / "b.json").write_text('{"id": "text", "ticks": null}')
    faults, told = imported(tmp_path / "in", tmp_path / "out")
    assert faults == 2 and "cannot be read as JSON" in told and "only full-duplex (voice) calls" in told
    assert "1 call read" in told


def test_a_name_that_leads_upwards_stays_below_the_folder(tmp_path):
    run(tmp_path / "in")
    file = tmp_path / "in" / "simulations" / "c0ffee.json"
    told = json.loads(file.read_text()) | {"id": "../c0ffee"}
    file.write_text(json.dumps(told))
    folder = tmp_path / "in" / "artifacts" / "task_40"
    (folder / "sim_c0ffee").rename(folder / "x")
    imported(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "c0ffee").exists()


@pytest.mark.parametrize("files", [False, True])
def test_a_folder_without_calls_is_refused(tmp_path, files):
    (tmp_path / "simulations").mkdir()
    if files:
        (tmp_path / "simulations" / "a.json").write_text("[]")
    with pytest.raises(UserError, match="none of the 1 calls" if files else "holds no simulation"):
        import_tau(tmp_path, tmp_path / "out", lambda line: None)
