"""Human recordings become stimuli exactly where their labels say."""

from pathlib import Path

import numpy as np
import pytest

from audio_io.wav import read_sound, write_wav
from bench.labels import Kind, Labels, LabelsError, Pause, UserTurn, save
from bench.recorded import recorded
from pipeline.errors import UserError

AUDIO = Path(__file__).resolve().parents[3] / "shared" / "audio"


ONE = (UserTurn(1, Kind.QUESTION, 800, 4000),)


def write(folder, name="a", rate=8000, turns=ONE):
    sound = np.random.default_rng(1).normal(0, 0.1, rate).astype(np.float32)
    write_wav(folder / f"{name}.wav", sound, rate)
    save(Labels(name, rate, rate, tuple(turns)), folder / f"{name}.json")


def test_each_labelled_turn_is_cut_out_and_its_pauses_move_with_it(tmp_path):
    turns = [
        UserTurn(1, Kind.QUESTION, 800, 4000, (Pause(1600, 2400),), "one", "1"),
        UserTurn(2, Kind.BACKCHANNEL, 5000, 6000, text="mm-hm", reply=False),
    ]
    write(tmp_path, turns=turns)
    first, second = recorded(tmp_path)
    assert len(first.pcm) == 6400 and first.pauses == (Pause(1600, 3200),)
    assert (first.text, first.expected, first.voice) == ("one", "1", "recording a.wav")
    assert second.kind is Kind.BACKCHANNEL and not second.reply


def test_recordings_without_labels_are_left_out_and_a_folder_of_them_is_refused(tmp_path):
    write(tmp_path)
    (tmp_path / "a.json").rename(tmp_path / "b.json")
    with pytest.raises(UserError, match=r"question\.wav needs question\.json"):
        recorded(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        recorded(tmp_path / "gone")


def test_labels_of_another_length_are_refused(tmp_path):
    write(tmp_path)
    save(Labels("a", 8000, 7000, ()), tmp_path / "a.json")
    with pytest.raises(LabelsError, match="describes 7000 samples"):
        recorded(tmp_path)


@pytest.mark.skipif(not AUDIO.exists(), reason="the folder of real recordings is not here")
def test_a_real_recording_with_labels_elsewhere_is_used_in_place(tmp_path):
    name = "fireredvad__hello_en"
    length = len(read_sound(AUDIO / f"{name}.wav", 16_000))
    turn = UserTurn(1, Kind.QUESTION, 4000, length - 2000, text="hello")
    save(Labels(name, 16_000, length, (turn,)), tmp_path / f"{name}.json")
    (stimulus,) = recorded(AUDIO, tmp_path)
    assert len(stimulus.pcm) == length - 6000
    assert 20 * np.log10(np.sqrt(np.mean(stimulus.pcm**2))) > -35
