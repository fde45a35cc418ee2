"""People's recordings become stimuli with the labels they came with; a bad one is named, with a remedy."""

import json

import numpy as np
import pytest
import soundfile

from bench.labels import Kind
from bench.mix import active_level
from bench.people import PeopleError, people

RATE = 8000


def speech(seconds=2.0, rate=RATE):
    """Quarter of a second of hiss, then tone, then hiss."""
    count = round(seconds * rate)
    sound = 1e-4 * np.random.default_rng(1).standard_normal(count)
    sound[rate // 4 : count - rate // 4] += 0.1 * np.sin(
        np.arange(count - rate // 2) * 2 * np.pi * 300 / rate
    )
    return sound.astype(np.float32)


def kept(folder, told, sound=None, name="one", rate=RATE, ending="wav"):
    soundfile.write(folder / f"{name}.{ending}", speech() if sound is None else sound, rate)
    (folder / f"{name}.json").write_text(told if isinstance(told, str) else json.dumps(told))


QUESTION = {"kind": "question", "text": "what is four plus five", "expected": "9", "start": 0.25, "end": 1.75}


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_question_is_cut_where_its_labels_say_at_our_rate_and_level(tmp_path, ending):
    kept(tmp_path, QUESTION | {"pauses": [[0.5, 0.8]], "speaker": "Ann"}, ending=ending)
    (one,) = people(tmp_path).stimuli
    assert (one.kind, one.text, one.expected, one.reply) == (Kind.QUESTION, QUESTION["text"], "9", True)
    assert one.seconds == 1.5 and one.voice == "person:Ann" and one.tail == 0
    assert [(gap.start, gap.end) for gap in one.pauses] == [(4000, 8800)]
    assert active_level(one.pcm) == pytest.approx(-23, abs=0.3)


def test_samples_are_those_of_the_file(tmp_path):
    told = {"kind": "barge-in", "start": 2000, "end": 14_000, "pauses": [[4000, 6400]], "unit": "samples"}
    kept(tmp_path, told)
    (one,) = people(tmp_path).stimuli
    assert one.seconds == 1.5 and [(gap.start, gap.end) for gap in one.pauses] == [(4000, 8800)]


def test_what_wants_no_reply_may_come_without_labels_and_is_trimmed(tmp_path):
    kept(tmp_path, {"kind": "tic"})
    (one,) = people(tmp_path).stimuli
    assert one.seconds == pytest.approx(1.5, abs=0.01) and not one.reply and one.voice == "person:one"


def test_a_channel_is_chosen_and_never_mixed(tmp_path):
    both = np.stack([np.zeros(2 * RATE, np.float32), speech()], axis=1)
    kept(tmp_path, {"kind": "noise", "channel": 1}, both)
    assert people(tmp_path).stimuli[0].seconds == pytest.approx(1.5, abs=0.01)
    kept(tmp_path, {"kind": "noise"}, both)
    with pytest.raises(PeopleError, match='has 2 channels; say which one is meant with "channel": 0 to 1'):
        people(tmp_path)


def test_beds_and_stimuli_are_told_apart_and_other_files_left_alone(tmp_path):
    kept(tmp_path, {"kind": "bed"}, speech(4.0), "street")
    kept(tmp_path, QUESTION, name="b")
    kept(tmp_path, QUESTION | {"pauses": [[0.5, 0.8]]}, name="a")
    soundfile.write(tmp_path / "lonely.wav", speech(), RATE)
    found = people(tmp_path)
    assert len(found.beds) == 1 and len(found.beds[0]) == 64_000
    assert [bool(one.pauses) for one in found.stimuli] == [True, False]
    assert [len(found.of(Kind.QUESTION, pauses=which)) for which in (None, True, False)] == [2, 1, 1]
    assert not found.of(Kind.TIC)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ("{", "is not JSON"),
        ("[1]", "must be an object with at least a kind"),
        ({"text": "hello"}, r"at least a kind \(question, barge-in"),
        ({"kind": "song"}, "kind is 'song'; accepted are question"),
        (QUESTION | {"loud": 3}, "unknown loud; known are kind, text"),
        (QUESTION | {"start": "soon"}, "start is 'soon', which is no int"),
        (QUESTION | {"start": True}, "start is True"),
        ({"kind": "question"}, "needs start and end of its speech"),
        ({"kind": "tic", "pauses": [[0.5, 0.6]]}, "needs start and end"),
        ({"kind": "tic", "start": 0.5}, "has one of start and end"),
        (QUESTION | {"end": 2.5}, "in the recording of 2.000 s"),
        (QUESTION | {"start": 1.9}, "do not lie in this order"),
        (QUESTION | {"end": 0.28}, "the speech lasts 0.030 s; accepted are 0.05 to 30 s"),
        (QUESTION | {"unit": "hours"}, "unit is 'hours'; accepted are seconds, samples"),
        (QUESTION | {"pauses": [[1.5, 1.9]]}, "lies not inside the speech"),
        (QUESTION | {"pauses": [0.5]}, r"a pause is \[start, end\], not 0.5"),
        (QUESTION | {"channel": 1}, "channel 1 of 1; they count from 0"),
        ({"kind": "bed", "start": 0.0, "end": 0.5}, "a bed lasts 1 to 600 s, not 0.50 s"),
    ],
)
def test_a_label_that_cannot_be_is_named(tmp_path, told, complaint):
    kept(tmp_path, told)
    with pytest.raises(PeopleError, match=complaint) as found:
        people(tmp_path)
    assert "one.json" in str(found.value)


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(PeopleError, match="there is no folder"):
        people(tmp_path / "nowhere")
    with pytest.raises(PeopleError, match=r"holds no \*.json"):
        people(tmp_path)
    (tmp_path / "one.json").write_text(json.dumps({"kind": "tic"}))
    with pytest.raises(PeopleError, match=r"has no sound beside it; accepted are .wav, .flac"):
        people(tmp_path)
    (tmp_path / "one.wav").write_bytes(b"no sound at all")
    with pytest.raises(PeopleError, match="cannot be read as sound"):
        people(tmp_path)
    kept(tmp_path, {"kind": "tic"}, np.zeros(RATE, np.float32))
    with pytest.raises(PeopleError, match="is silent"):
        people(tmp_path)


def test_a_folder_that_changed_is_read_anew(tmp_path):
    kept(tmp_path, QUESTION)
    assert people(tmp_path).stimuli[0].seconds == 1.5
    kept(tmp_path, QUESTION | {"end": 1.25})
    assert people(tmp_path).stimuli[0].seconds == 1.0


def test_real_recordings_keep_their_length_whatever_their_rate_and_format(tmp_path, recordings):
    rows = {
        "whisper__jfk.flac": {"kind": "aside", "channel": 0, "start": 0.3, "end": 10.4, "speaker": "JFK"},
        "tau2__dog_bark.wav": {"kind": "noise"},
        "speech_recognition__english.wav": {"kind": "aside"},
    }
    for file, told in rows.items():
        (tmp_path / file).symlink_to(recordings / file)
        (tmp_path / file).with_suffix(".json").write_text(json.dumps(told))
    found = {one.voice: one for one in people(tmp_path).stimuli}
    assert found["person:JFK"].seconds == pytest.approx(10.1, abs=1e-4)
    assert {one.kind for one in found.values()} == {Kind.ASIDE, Kind.NOISE}
    assert all(active_level(one.pcm) < -20 for one in found.values())
