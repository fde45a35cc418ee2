"""The command judges what it is pointed at: a run's conversations, questions, people's recordings."""

import argparse

import numpy as np
import pytest

from audio_io.wav import write_wav
from bench import operating_command
from bench.labels import Kind, Labels, Pause, UserTurn, save
from bench.operating import BUDGETS
from bench.operating_command import FIGURES, TABLE, operating_arguments
from bench.operating_command import operating_command as command
from bench.think_items import Chain
from bench.think_stimuli import Long
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Judgement


class Quiet:
    """Says that a turn is over when its last tenth of a second holds no sound, whatever was said."""

    def judge(self, prompt, onset):
        sound = prompt.parts[0].parts[0].pcm
        return Judgement(float(np.abs(sound[-1600:]).max() < 0.01), 1.0, 0.0, 0.0)


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    monkeypatch.setattr(operating_command, "judging", lambda brain: Quiet())


def asked(*words):
    parser = argparse.ArgumentParser()
    operating_arguments(parser)
    told = []
    return command(parser.parse_args([str(word) for word in words]), told.append), "\n".join(told)


def recordings(folder, count):
    """So many labelled recordings of two seconds with a pause of half a second."""
    folder.mkdir()
    for number in range(count):
        pcm = np.random.default_rng(number).normal(0.0, 0.1, 2 * CAPTURE_RATE).astype(np.float32)
        gap = Pause(CAPTURE_RATE, CAPTURE_RATE + CAPTURE_RATE // 2)
        pcm[gap.start : gap.end] = 0
        write_wav(folder / f"r{number:02d}.wav", pcm, CAPTURE_RATE)
        turn = UserTurn(1, Kind.QUESTION, 0, len(pcm), (gap,))
        save(Labels(f"r{number:02d}", CAPTURE_RATE, len(pcm), (turn,)), folder / f"r{number:02d}.json")


def test_peoples_labelled_recordings_make_a_curve_by_themselves(tmp_path):
    recordings(tmp_path / "people", 20)
    status, told = asked(tmp_path / "out", "--recordings", tmp_path / "people")
    assert status == 0
    assert "pauses of 0.5 s, from 20 conversations" in " ".join(told.split())
    assert max(len(line) for line in told.splitlines() if "operating.png" not in line) <= 110
    assert "| detector | the head | silence alone |" in told and "| pauses | 20 | 20 |" in told
    # a detector of quiet takes every pause for the end
    assert f"| cut off at {1000 * BUDGETS[0]:.0f} ms | 100.0 %" in told
    for name in (TABLE, FIGURES):
        assert (tmp_path / "out" / name).stat().st_size > 300


def test_questions_with_a_hesitation_are_judged_beside_them(tmp_path, monkeypatch):
    def made(folder, wanted, seed, tell):
        noise = np.random.default_rng(seed).normal(0.0, 3000, 2 * CAPTURE_RATE).astype(np.int16)
        noise[8000:16000] = 0
        noise.tofile(tmp_path / "q.pcm")
        gap, chain = (Pause(8000, 16000),), Chain("one plus one", (1, 1), ("+",), 2)
        return [Long(f"q{n}", chain, "v", tmp_path / "q.pcm", 0, len(noise), gap) for n in range(wanted)]

    monkeypatch.setattr(operating_command, "hesitations", made)
    recordings(tmp_path / "people", 8)
    _, told = asked(tmp_path / "out", "--n", 12, "--recordings", tmp_path / "people")
    assert "from 20 conversations" in " ".join(told.split())


def test_a_folder_without_hesitations_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"0 labelled pauses .* --recordings"):
        asked(tmp_path)
    with pytest.raises(UserError, match="n must be 0"):
        asked(tmp_path, "--n", -3)
    with pytest.raises(UserError, match="there is no folder"):
        asked(tmp_path, "--recordings", tmp_path / "none")
    with pytest.raises(UserError, match=r"there is no folder .*gone; name a run's"):
        asked(tmp_path / "gone")
    with pytest.raises(UserError, match=r"there is no folder .*none with questions; .* --pauses"):
        asked(tmp_path, "--n", 3, "--stimuli", tmp_path / "none")
    assert not (tmp_path / "none").exists()
