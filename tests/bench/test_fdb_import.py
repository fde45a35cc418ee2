"""Items of Full-Duplex-Bench become conversations; a fault costs its own item and is told."""

import json

import numpy as np
import pytest

from audio_io.wav import write_wav
from bench import labels as manifests
from bench import recording as recordings
from bench.fdb_import import import_fdb, side_by_side
from bench.labels import Kind
from bench.score import score
from pipeline.errors import UserError

RATE = 16_000


def channel(seconds, *spans):
    """Noise in these seconds, silence elsewhere."""
    pcm = np.zeros(round(seconds * RATE), np.float32)
    random = np.random.default_rng(1)
    for start, end in spans:
        low, high = round(start * RATE), round(end * RATE)
        pcm[low:high] = 0.1 * np.clip(random.normal(0, 1, high - low), -3, 3)
    return pcm


def put(folder, *, user, agent, **files):
    folder.mkdir(parents=True)
    write_wav(folder / "input.wav", user, RATE)
    if agent is not None:
        write_wav(folder / "output.wav", agent, RATE)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))


def turn(folder, **changed):
    told = {
        "user": channel(8, (0.5, 2.0)), "agent": channel(8, (2.75, 5.0)),
        "turn_taking": [{"text": "[TURN-TAKING]", "timestamp": [2.05, 2.4]}],
        "output": {"text": "", "chunks": [{"text": "yes", "timestamp": [2.8, 4.9]}]},
    }  # fmt: skip
    put(folder, **{**told, **changed})


def imported(root, out):
    told = []
    found = import_fdb(root, out, told.append)
    return found, "\n".join([*told, *side_by_side(found)])


def read(folder):
    labels = manifests.load(folder / "labels.json")
    return labels, score(recordings.load(folder / "conversation.wav"), labels)


def test_a_turn_ends_where_the_benchmark_says_and_both_figures_are_told(tmp_path):
    turn(tmp_path / "in" / "1")
    _, told = imported(tmp_path / "in", tmp_path / "out")
    labels, scored = read(tmp_path / "out" / "1")
    (one,) = labels.turns
    assert labels.rate == 24_000 and labels.seconds(one.end) == pytest.approx(2.05)
    assert labels.seconds(one.start) == pytest.approx(0.5, abs=0.002)
    assert scored.turns[0].voice_to_voice == pytest.approx(0.70, abs=0.005)
    assert "FDB   TOR 1.000, mean latency 0.750 s (n 1)" in told
    assert "reply p50 +0.70" in told and "1 conversation written" in told


def test_a_pause_lies_inside_the_turn_and_talking_in_it_is_a_takeover(tmp_path):
    user = channel(5, (0.5, 2.0), (3.0, 4.5))
    marks = [{"text": "[PAUSE]", "timestamp": [2.1, 2.95]}]
    put(tmp_path / "in" / "1", user=user, agent=channel(5, (2.3, 3.5)), pause=marks)
    found, told = imported(tmp_path / "in", tmp_path / "out")
    labels, scored = read(tmp_path / "out" / "1")
    assert [(gap.start, gap.end) for gap in labels.turns[0].pauses] == [(50_400, 70_800)]
    assert scored.turns[0].pauses[0].inside and "takeover 1 of 1" in told
    assert "1 item without output.json (the first: 1), so without" in told and not found.theirs


def test_an_interruption_comes_with_the_turn_before_it(tmp_path):
    marks = [{"context": "Books?", "interrupt": "No.", "timestamp": [5.0, 6.0]}]
    user, agent = channel(12, (0.5, 2.0), (5.0, 6.0)), channel(12, (2.5, 5.4), (6.5, 8.0))
    put(tmp_path / "in" / "1", user=user, agent=agent, interrupt=marks)
    imported(tmp_path / "in", tmp_path / "out")
    labels, scored = read(tmp_path / "out" / "1")
    assert [(one.kind, one.text) for one in labels.turns] == [
        (Kind.QUESTION, "Books?"),
        (Kind.BARGE_IN, "No."),
    ]
    assert labels.seconds(labels.turns[0].end) == pytest.approx(2.0, abs=0.002)
    assert scored.turns[1].stop.latency == pytest.approx(0.4, abs=0.005)


def test_an_interruption_of_nothing_that_the_user_said_stands_alone(tmp_path):
    marks = [{"interrupt": "No.", "timestamp": [5.05, 6.0]}]
    user, agent = channel(12, (5.0, 6.0)), channel(12, (2.5, 5.4))
    put(tmp_path / "in" / "1", user=user, agent=agent, interrupt=marks)
    imported(tmp_path / "in", tmp_path / "out")
    (only,) = read(tmp_path / "out" / "1")[0].turns
    assert only.kind is Kind.BARGE_IN and only.start == round(5.05 * 24_000)


def test_v15_becomes_the_overlap_and_the_clean_half(tmp_path):
    told = {"context_text": "Why?", "current_turn_text": "mm-hm", "timestamps": [5.0, 5.5]}
    folder, words = tmp_path / "in" / "user_backchannel" / "3", {"text": "", "chunks": []}
    user, agent = channel(9, (0.5, 2), (5, 5.5)), channel(9, (2.5, 8))
    put(folder, user=user, agent=agent, metadata=told, output=words)
    write_wav(folder / "clean_input.wav", channel(9, (0.5, 2)), RATE)
    write_wav(folder / "clean_output.wav", channel(9, (2.6, 8)), RATE)
    found, _ = imported(tmp_path / "in", tmp_path / "out")
    labels, scored = read(tmp_path / "out" / "user_backchannel" / "3")
    assert labels.scenario == "fdb1.5-backchannel"
    assert labels.turns[1].kind is Kind.BACKCHANNEL and scored.turns[1].yielded is False
    assert not found.theirs  # v1's formulas are not v1.5's
    _, clean = read(tmp_path / "out" / "user_backchannel" / "3-clean")
    assert clean.turns[0].voice_to_voice == pytest.approx(0.6, abs=0.005)


FAULTS = {
    "missing": ({"agent": None}, r"output\.wav does not exist"),
    "stereo": ({"agent": np.stack([channel(8, (3, 5))] * 2, axis=1)}, "has 2 channels; .* mono"),
    "short": ({"agent": channel(6, (3, 5))}, r"ends 2\.00 s before input\.wav"),
    "beyond": ({"turn_taking": [{"timestamp": [9.0, 9.5]}]}, "lies beyond the sound"),
    "silent": ({"user": channel(8)}, r"is silent before 2\.05 s"),
    "shifted": ({"user": channel(8, (3.0, 4.0))}, r"is silent before 2\.05 s"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_item_and_the_rest_goes_on(tmp_path, name):
    changed, said = FAULTS[name]
    turn(tmp_path / "in" / "good")
    turn(tmp_path / "in" / name, **changed)
    found, told = imported(tmp_path / "in", tmp_path / "out")
    assert found.done == 1 and len(found.faults) == 1 and "1 fault;" in told
    with pytest.raises(UserError, match=f"{name}.*{said}"):
        raise UserError(found.faults[0])


def test_a_telephones_rate_is_taken_and_a_lower_one_is_told(tmp_path):
    turn(tmp_path / "in" / "good")
    turn(tmp_path / "in" / "low")
    write_wav(tmp_path / "in" / "good" / "output.wav", channel(8, (2.75, 5.0))[::2].copy(), 8_000)
    write_wav(tmp_path / "in" / "low" / "output.wav", channel(8, (2.75, 5.0))[::4].copy(), 4_000)
    found, _ = imported(tmp_path / "in", tmp_path / "out")
    assert found.done == 1 and "has 4000 samples a second" in found.faults[0]


def test_nothing_usable_is_an_error(tmp_path):
    turn(tmp_path / "in" / "1", agent=None)
    with pytest.raises(UserError, match="none of the 1 items"):
        import_fdb(tmp_path / "in", tmp_path / "out", lambda line: None)
