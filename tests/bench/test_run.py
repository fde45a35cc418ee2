"""A run holds its conversations through the public session, writes each down, goes on where it stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench import labels as manifests
from bench import recording as recordings
from bench.edge import Clock
from bench.progress import Lines
from bench.report import report
from bench.run import RUN, Settings, claim, run_suite
from bench.score import score
from bench.scripted import ScriptedBrain
from bench.session_run import ITEM, Target, read_outcome
from pipeline.compute import InlineCompute
from pipeline.errors import UserError
from tts.tone import ToneVoice

WINDOW = 512 / 16_000
"""Seconds that the detector below cannot tell apart."""


class Loudness:
    """A detector that hears energy: enough for tones."""

    window = 512

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > 0.01)

    def reset(self):
        pass


def target(**changes):
    given = {
        "brain": lambda: InlineCompute(ScriptedBrain("Yes, it is so, and I say a little more.")),
        "voice": ToneVoice, "user": ToneVoice, "detector": Loudness, "canceller": None,
        "names": {"brain": "scripted"},
    }  # fmt: skip
    return Target(**given | changes)


def settings(folder, **changes):
    given = {"clock": Clock.VIRTUAL, "endpoint": 0.25, "count": 3, "minutes": 0.1}
    return Settings(folder, **given | changes)


def quiet(line):
    pass


def scored(folder):
    recording, labels = recordings.load(folder / "conversation.wav"), manifests.load(folder / "labels.json")
    return score(recording, labels)


def test_a_scripted_session_answers_every_question_soon_after_the_endpoint(tmp_path):
    assert run_suite(settings(tmp_path, scenarios=("overhead",)), target(), quiet)
    found = scored(tmp_path / "overhead" / "000")
    assert len(found.turns) == 3
    for turn in found.turns:
        assert 0.25 - WINDOW <= turn.voice_to_voice <= 0.25 + 2 * WINDOW + 0.06
        assert not (turn.cut_in or turn.doubles)
    outcome = read_outcome(tmp_path / "overhead" / "000")
    assert outcome.counts["CommitDraft"] == 3 and not outcome.error
    assert (tmp_path / "overhead" / "000" / "trace.jsonl").stat().st_size > 1000


def test_hesitations_longer_than_the_endpoint_are_cut_into_and_shorter_ones_are_not(tmp_path):
    run_suite(settings(tmp_path, endpoint=0.5, scenarios=("hesitation",)), target(), quiet)
    cuts = {}
    for turn in scored(tmp_path / "hesitation" / "000").turns:
        for pause in turn.pauses:
            cuts.setdefault(round(pause.seconds, 1), []).append(pause.cut)
    assert cuts[0.3] and not any(cuts[0.3])
    assert cuts[1.0] and all(cuts[1.0])


def test_a_barge_in_stops_the_agent(tmp_path):
    long = ScriptedBrain("word " * 30)
    run_suite(settings(tmp_path, scenarios=("barge-in",)), target(brain=lambda: InlineCompute(long)), quiet)
    stops = [turn.stop for turn in scored(tmp_path / "barge-in" / "000").turns if turn.stop]
    assert len(stops) == 3
    assert all(0 < stop.latency < 0.6 and not stop.censored for stop in stops)


def test_null_agents_are_recovered_through_a_whole_run(tmp_path):
    run_suite(settings(tmp_path, scenarios=("null",)), target(), quiet)
    for delay in (0.0, 0.05, 0.2, 0.5, 1.0):
        turns = scored(tmp_path / f"null-{delay:.2f}s" / "000").turns
        assert len(turns) == 5
        assert all(turn.voice_to_voice == pytest.approx(delay, abs=0.005) for turn in turns)


def test_a_monologue_is_repeated_and_nobody_answers_it_where_nothing_comes_back(tmp_path):
    run_suite(settings(tmp_path, scenarios=("echo",), minutes=0.2), target(detector=lambda: Deaf()), quiet)
    outcome = read_outcome(tmp_path / "echo-20dB" / "000")
    assert outcome.seconds == pytest.approx(12.0)
    assert outcome.counts.get("CommitDraft", 0) == 0
    found = scored(tmp_path / "echo-20dB" / "000")
    assert found.agent_seconds > 7 and found.unprompted == 0


class Deaf(Loudness):
    def score(self, window):
        return 0.0


def test_a_run_goes_on_where_it_was_stopped(tmp_path):
    chosen = settings(tmp_path, scenarios=("overhead", "null"))
    told = []

    def stop_after_two(line):
        told.append(line)
        if len(told) == 2:
            raise KeyboardInterrupt

    assert not run_suite(chosen, target(), stop_after_two)
    done = sorted(tmp_path.rglob(ITEM))
    assert len(done) == 2
    assert sum("not held yet" in line for line in report(tmp_path).missing) == 4
    stamps = [file.stat().st_mtime_ns for file in done]
    again = []
    assert run_suite(chosen, target(), again.append)
    assert again[0] == "2 of 6 conversations are done already"
    assert [file.stat().st_mtime_ns for file in done] == stamps
    assert len(list(tmp_path.rglob(ITEM))) == 6 and not report(tmp_path).missing


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match=r"run cannot be written to \(Permission denied\); name a folder"):
        run_suite(settings(tmp_path / "run"), target(), quiet)


def test_a_half_written_conversation_is_held_again(tmp_path):
    run_suite(settings(tmp_path, scenarios=("overhead",)), target(), quiet)
    (tmp_path / "overhead" / "000" / ITEM).write_text("{")
    again = []
    run_suite(settings(tmp_path, scenarios=("overhead",)), target(), again.append)
    assert len(again) == 1 and read_outcome(tmp_path / "overhead" / "000") is not None


def test_a_folder_with_other_settings_is_refused(tmp_path):
    run_suite(settings(tmp_path, scenarios=("null",)), target(), quiet)
    with pytest.raises(UserError, match="holds a run with other settings"):
        run_suite(settings(tmp_path, scenarios=("null",), endpoint=0.3), target(), quiet)
    with pytest.raises(UserError, match="holds a run with other settings"):
        run_suite(settings(tmp_path, scenarios=("null",)), target(names={"brain": "another"}), quiet)
    assert json.loads((tmp_path / RUN).read_text())["endpoint"] == 0.25


def test_equal_seeds_give_equal_recordings_in_virtual_time(tmp_path):
    for name in ("a", "b"):
        run_suite(settings(tmp_path / name, scenarios=("overhead",)), target(), quiet)
    one, two = (tmp_path / name / "overhead" / "000" for name in ("a", "b"))
    for file in ("conversation.wav", "labels.json", "trace.jsonl"):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_a_session_that_fails_is_part_of_the_result(tmp_path):
    class Broken(Loudness):
        def score(self, window):
            from pipeline.errors import ModelError

            raise ModelError("the detector broke")

    run_suite(settings(tmp_path, scenarios=("overhead",)), target(detector=Broken), quiet)
    outcome = read_outcome(tmp_path / "overhead" / "000")
    assert "the detector broke" in outcome.error and outcome.unasked == 3


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"scenarios": ("singing",)}, "the suite core has no scenario .singing.; it has smooth"),
        ({"count": 0}, "n must be at least 1"),
        ({"minutes": 0.0}, "minutes must be 0.05 to 60"),
        ({"endpoint": 9.0}, "an endpoint must be 0.05 to 5 s"),
    ],
)
def test_impossible_settings_are_refused(tmp_path, changes, complaint):
    with pytest.raises(UserError, match=complaint):
        settings(tmp_path, **changes)


def test_peoples_recordings_are_for_suites_that_take_them(tmp_path):
    with pytest.raises(UserError, match="the suite core takes no people's recordings; turns, overlap do"):
        settings(tmp_path, people=tmp_path)
    told = {"kind": "question", "start": 0.1, "end": 0.6, "text": "four", "expected": "4"}
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "four.json").write_text(json.dumps(told))
    soundfile.write(tmp_path / "said" / "four.wav", 0.1 * np.sin(np.arange(16_000) / 5), 16_000)
    asked = settings(tmp_path / "out", suite="turns", people=tmp_path / "said", scenarios=("people",))
    assert run_suite(asked, target(), quiet)
    (turn,) = manifests.load(tmp_path / "out" / "people" / "000" / "labels.json").turns
    assert (turn.end - turn.start, turn.text, turn.expected) == (12_000, "four", "4")


def test_an_agent_holds_its_talk_through_what_wants_nothing_and_labels_say_that_it_was_told_to(tmp_path):
    asked = settings(tmp_path, suite="overlap", scenarios=("noise",), count=2)
    run_suite(asked, target(detector=lambda: Deaf()), quiet)
    folder = tmp_path / "noise" / "000"
    labels = manifests.load(folder / "labels.json")
    assert [turn.kind for turn in labels.turns] == ["question", "noise", "noise"]
    assert [turn.during for turn in labels.turns[1:]] == ["speaking", "speaking"]
    assert "words given by the harness" in labels.about["agent"]
    assert (
        labels.about["voices"] == "tone, synthetic, synthetic" and len(labels.about["asked"].split(",")) == 1
    )
    assert read_outcome(folder).skipped == 0


def test_a_barge_in_is_answered_and_the_talk_begins_anew_for_the_next(tmp_path):
    run_suite(settings(tmp_path, suite="overlap", scenarios=("barge-in",)), target(), quiet)
    labels = manifests.load(tmp_path / "barge-in" / "000" / "labels.json")
    assert len(labels.turns) == 3 and labels.greeting and len(labels.about["asked"].split(",")) == 2
    stops = [turn.stop for turn in scored(tmp_path / "barge-in" / "000").turns]
    assert all(stop and not stop.censored and stop.latency < 0.6 for stop in stops)


@pytest.mark.parametrize(("suite", "scenario"), [("turns", "babble-20dB"), ("overlap", "tic")])
def test_equal_seeds_give_equal_files_in_every_suite(tmp_path, suite, scenario):
    for name in ("a", "b"):
        run_suite(settings(tmp_path / name, suite=suite, scenarios=(scenario,)), target(), quiet)
    one, two = (tmp_path / name / scenario / "000" for name in ("a", "b"))
    for file in ("conversation.wav", "labels.json", "trace.jsonl"):
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_a_bar_is_told_what_is_held_and_what_was_done_before(tmp_path):
    class Told(Lines):
        def hold(self, name):
            events.append(name)

    events = []
    run_suite(settings(tmp_path, scenarios=("overhead",)), target(), quiet, Told(events.append))
    run_suite(settings(tmp_path, scenarios=("overhead",)), target(), quiet, Told(events.append))
    assert events[0] == "overhead/000" and events[1].startswith("[1/1] overhead/000: ")
    assert events[2:] == ["1 of 1 conversation is done already"]


def test_a_folder_of_stimuli_that_changed_is_refused(tmp_path):
    run_suite(settings(tmp_path / "a", scenarios=("overhead",)), target(), quiet)
    asked = settings(tmp_path / "out", suite="replay", stimuli=tmp_path / "a")
    claim(asked, {"brain": "b"})
    claim(asked, {"brain": "b"})
    (tmp_path / "a" / "overhead" / "000").rename(tmp_path / "a" / "overhead" / "001")
    with pytest.raises(UserError, match=r"contents stimuli is .* there and .* now"):
        claim(asked, {"brain": "b"})


def test_a_run_notes_where_it_was_held_and_not_where_there_was_nothing_left_to_hold(tmp_path, monkeypatch):
    for commit in ("aaaa", "bbbb"):
        monkeypatch.setattr("bench.claim.about_host", lambda commit=commit: {"commit": commit})
        run_suite(settings(tmp_path, scenarios=("overhead",)), target(), quiet)
    assert [one["commit"] for one in json.loads((tmp_path / RUN).read_text())["held_on"]] == ["aaaa"]
