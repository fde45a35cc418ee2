"""Our conversations as items of Full-Duplex-Bench, and back: the same labels and the same score."""

import json
from dataclasses import replace

import pytest

from audio_io.wav import read_sound
from bench import labels as manifests
from bench import recording as recordings
from bench.fdb_export import export_fdb
from bench.fdb_import import import_fdb
from bench.fdb_words import from_trace
from bench.foreign_folder import keep
from bench.labels import Kind
from bench.score import score
from pipeline.errors import UserError
from pipeline.events import Listened, PlaybackStarted, Span
from pipeline.records import Said
from pipeline.trace import Entry


def quiet(line):
    """Nobody listens."""


@pytest.fixture
def run(tmp_path, stage):
    """A conversation with a question, a hesitation, an interrupted answer and a backchannel."""
    scene = stage(seconds=40.0, floor=-75.0, name="mixed/000")
    scene.says(1.013, 1.5)
    scene.answers(2.9007, 2.0)
    scene.says(6.2, 3.0, pauses=[(7.5, 8.3)])
    scene.answers(9.6, 2.0)
    scene.says(13.0, 1.0)
    scene.answers(14.5, 3.3)
    scene.says(17.2, 1.5, Kind.BARGE_IN)
    scene.answers(19.1, 6.0)
    scene.says(22.0, 0.4, Kind.BACKCHANNEL, reply=False)
    scene.says(28.0, 1.0)
    keep(tmp_path / "run" / "mixed", scene.recording, scene.labels)
    return tmp_path


def item(place):
    labels = manifests.load(place / "labels.json")
    return labels, score(recordings.load(place / "conversation.wav"), labels)


def test_export_and_import_give_the_same_labels_and_the_same_score(run):
    assert export_fdb(run / "run", run / "fdb", quiet) == 4
    import_fdb(run / "fdb", run / "back", quiet)
    labels, scored = item(run / "run" / "mixed")
    pairs = {"smooth_turn_taking": [(1,), (6,)], "pause_handling": [(2,)], "user_interruption": [(3, 4)]}
    for task, groups in pairs.items():
        for numbers in groups:
            told, found = item(run / "back" / task / f"mixed-000-{numbers[-1]}")
            shift = labels.turns[numbers[0] - 1].start - told.turns[0].start
            for place, number in enumerate(numbers):
                was, now = labels.turns[number - 1], told.turns[place]
                assert (now.start + shift, now.end + shift, now.kind) == (was.start, was.end, was.kind)
                gaps = [(gap.start + shift, gap.end + shift) for gap in now.pauses]
                assert gaps == [(gap.start, gap.end) for gap in was.pauses]
                before = replace(scored.turns[number - 1], number=place + 1)
                if was.pauses:  # the item ends with the user, so no reply is left in it
                    before = replace(before, voice_to_voice=None, to_body=None, took_floor=None)
                assert found.turns[place] == before


def test_words_are_cut_with_the_sound_and_an_interruption_keeps_those_after_it(run):
    words = [("one", 3.0, 3.5), ("two", 17.0, 18.9), ("three", 19.2, 20.0)]
    chunks = [{"text": text, "timestamp": [start, end]} for text, start, end in words]
    (run / "run" / "mixed" / "words.json").write_text(json.dumps({"text": "", "chunks": chunks}))
    export_fdb(run / "run", run / "fdb", quiet)
    first = json.loads((run / "fdb" / "smooth_turn_taking" / "mixed-000-1" / "output.json").read_text())
    assert first["text"] == "one"
    assert first["chunks"][0]["timestamp"] == pytest.approx([3.0 - 0.52, 3.5 - 0.52], abs=0.01)
    folder = run / "fdb" / "user_interruption" / "mixed-000-4"
    cut = json.loads((folder / "output.json").read_text())["chunks"]
    (mark,) = json.loads((folder / "interrupt.json").read_text())
    assert [word["text"] for word in cut] == ["two", "three"]
    assert cut[0]["timestamp"][0] == pytest.approx(mark["timestamp"][1])


def test_an_item_ends_before_the_next_turn_begins(run):
    export_fdb(run / "run", run / "fdb", quiet)
    sent = read_sound(run / "fdb" / "smooth_turn_taking" / "mixed-000-1" / "input.wav", 24_000)
    assert len(sent) == pytest.approx((6.2 - 0.513) * 24_000, abs=240)
    assert abs(sent[-24_000:]).max() < 0.01


def test_what_is_left_out_is_said(run):
    told = []
    export_fdb(run / "run", run / "fdb", told.append)
    assert "1 turn left out: v1 has no annotation for backchannels" in "\n".join(told)
    assert "4 items without output.json" in "\n".join(told)
    assert not list((run / "fdb").rglob("output.json"))


def test_a_run_without_events_of_theirs_is_refused(tmp_path, stage):
    keep(tmp_path / "run", stage(seconds=2.0).recording, stage(seconds=2.0).labels)
    with pytest.raises(UserError, match="holds no event that Full-Duplex-Bench v1 has a form for"):
        export_fdb(tmp_path / "run", tmp_path / "out", quiet)


def entries(*pairs):
    return [Entry(place, at, one) for place, (at, one) in enumerate(pairs)]


def test_reported_words_lie_between_reports_and_the_first_begins_with_the_sound():
    trace = entries(
        (0.5, Listened(Span(0, 16_000))),
        (1.0, PlaybackStarted(1)),
        (1.3, Said(1, "Twenty", False)),
        (1.9, Said(1, "Twenty nine it", False)),
        (2.0, Said(1, "Twenty nine it", True)),
    )
    told = from_trace(trace, [0.2, 1.53])
    assert [(word.text, word.start, word.end) for word in told] == [
        ("Twenty", 1.53, pytest.approx(1.8)),
        ("nine", pytest.approx(1.8), pytest.approx(2.1)),
        ("it", pytest.approx(2.1), pytest.approx(2.4)),
    ]


def test_a_trace_that_hears_nothing_or_says_nothing_tells_no_words():
    assert from_trace(entries((1.0, Said(1, "one", False))), []) is None
    assert from_trace(entries((0.5, Listened(Span(0, 16_000)))), []) is None
