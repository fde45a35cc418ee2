"""Everyone hears the same samples: the timeline is the one that the peers' scripts build."""

import numpy as np
import pytest

from bench.audible import stretches
from bench.peers_timeline import (
    GAP,
    LEAD,
    TAIL,
    cough,
    murmur,
    parted,
    read_words,
    short_word,
    timeline,
    write_words,
)
from pipeline.errors import UserError


def said(seconds, seed=1):
    return np.random.default_rng(seed).integers(-9000, 9000, round(16_000 * seconds)).astype(np.int16)


def as_the_scripts_do(question, barge, gap):
    """Their ``timeline``, word for word."""
    rng = np.random.default_rng(0)
    z = lambda s: np.zeros(int(s * 16_000), "int16")  # noqa: E731  # as it stands there
    line = np.concatenate([z(1.0), question, z(gap), barge, z(2.5)])
    return np.clip(line.astype("i4") + rng.normal(0, 8, len(line)).astype("i4"), -32768, 32767).astype("<i2")


def test_the_timeline_is_theirs_sample_for_sample():
    question, barge = said(1.35825), said(4.1)
    made = timeline(question, barge)
    assert np.array_equal(made.pcm, as_the_scripts_do(question, barge, GAP))


def test_the_positions_are_those_of_the_speech():
    question, barge = said(1.2), said(0.5)
    made = timeline(question, barge, gap=3.0)
    loud = np.flatnonzero(np.abs(made.pcm.astype(int)) > 100)
    assert made.end == pytest.approx(LEAD + 1.2) and made.barge == pytest.approx(made.end + 3.0)
    assert made.barge_end == pytest.approx(made.barge + 0.5)
    assert abs(loud[0] - 16_000 * LEAD) < 20 and abs(loud[-1] - 16_000 * made.barge_end) < 20
    assert made.frames == len(made.pcm) // 320 and len(made.pcm) / 16_000 == pytest.approx(
        made.barge_end + TAIL
    )


def test_a_question_in_two_parts_is_the_same_timeline_as_one_with_a_pause():
    question = said(1.35825)
    first, pause, second = parted(question, 0.6)
    whole = timeline(np.concatenate([first, pause, second]), said(1.0))
    split = timeline(first, second, gap=0.6)
    until = round(16_000 * split.barge_end)
    assert split.barge_end == pytest.approx(whole.end)
    assert np.array_equal(whole.pcm[:until], split.pcm[:until])
    assert not pause.any() and np.array_equal(np.concatenate([first, second]), question)


def test_a_pause_outside_the_question_is_refused():
    with pytest.raises(UserError, match="lies outside"):
        parted(said(0.3), 0.6)


@pytest.mark.parametrize(("burst", "seconds"), [(murmur, 0.3), (cough, 0.28)])
def test_bursts_are_short_loud_and_the_same_every_time(burst, seconds):
    pcm = burst()
    assert len(pcm) == round(16_000 * seconds) and np.array_equal(pcm, burst())
    heard = stretches(pcm.astype(np.float32) / 32768, 16_000)
    assert len(heard) == 1 and heard[0].loud > 0.15


def test_a_short_word_is_cut_with_soft_edges():
    pcm = short_word(np.full(16_000, 9000, np.int16))
    assert len(pcm) == round(16_000 * 0.26) and pcm[0] == pcm[-1] == 0 and pcm[2000] == 9000


def test_a_barge_in_too_short_for_a_word_is_refused():
    with pytest.raises(UserError, match="too short"):
        short_word(said(0.1))


def test_recordings_read_back_equal(tmp_path):
    pcm = said(0.4)
    assert np.array_equal(read_words(write_words(tmp_path / "a.wav", pcm)), pcm)


def test_a_file_that_is_no_recording_is_refused(tmp_path):
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(UserError, match="cannot be read as a WAV file"):
        read_words(tmp_path / "a.wav")
