"""Questions are made once, read back to the sample, and a longer run begins with those of a shorter one."""

import argparse
import asyncio
import random

import numpy as np
import pytest

from bench import think_stimuli
from bench.suite_core import PAUSES
from bench.think_command import think_arguments, think_command
from bench.think_items import Speaker, draw_chain
from bench.think_stimuli import _Said, hesitations, long_questions, question_folder
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE


@pytest.fixture
def studio(monkeypatch):
    """A speaker whose sound is a ramp as long as drawn; counts what it was asked for."""
    asked = []

    async def speak(speaker, say, rng):
        asked.append(speaker.name)
        return [
            _Said(draw_chain(rng), np.full(rng.randint(10, 20), 0.25 * place + 0.1, np.float32))
            for place in range(3)
        ]

    monkeypatch.setattr(think_stimuli, "_speak", speak)
    return asked


def quiet(line):
    pass


def test_each_question_reads_its_own_samples(tmp_path, studio):
    found = long_questions(tmp_path, 5, 1, quiet)
    assert len(studio) == 2
    for place, item in enumerate(found):
        pcm = item.stimulus().pcm
        assert len(pcm) == item.length
        assert np.allclose(pcm, 0.25 * (place % 3) + 0.1, atol=1e-4)
        assert item.stimulus().expected == str(item.chain.answer)


def test_what_is_there_is_not_made_again_and_more_goes_on_from_it(tmp_path, studio):
    few = long_questions(tmp_path, 4, 1, quiet)
    more = long_questions(tmp_path, 8, 1, quiet)
    assert more[:4] == few
    assert len(studio) == 3
    assert len({item.name for item in more}) == 8


def test_what_is_told_never_passes_what_is_wanted(tmp_path, studio):
    told = []
    long_questions(tmp_path, 5, 1, told.append)
    assert told == ["stimuli: 3 of 5", "stimuli: 5 of 5"]


def test_questions_are_made_in_a_runs_own_folder_and_only_read_from_a_named_one(tmp_path, studio):
    own, named = tmp_path / "out" / "stimuli", tmp_path / "named"
    assert question_folder(None, tmp_path / "out", 5, 1) == own
    with pytest.raises(UserError, match=r"there is no folder .*named with questions; make them with: hocket"):
        question_folder(named, tmp_path / "out", 5, 1)
    assert not named.exists()
    named.mkdir()
    (named / "photo.jpg").write_text("")
    with pytest.raises(UserError, match="holds 0 questions of seed 1 and 5 are wanted"):
        question_folder(named, tmp_path / "out", 5, 1)
    assert [file.name for file in named.iterdir()] == ["photo.jpg"]
    long_questions(own, 5, 1, quiet)
    assert question_folder(own, tmp_path / "other", 6, 1) == own
    for wanted, seed, pauses in ((7, 1, False), (5, 2, False), (5, 1, True)):
        with pytest.raises(UserError, match="are wanted"):
            question_folder(own, tmp_path / "other", wanted, seed, pauses=pauses)


def test_the_maker_makes_what_a_run_can_be_pointed_at(tmp_path, studio):
    parser, told = argparse.ArgumentParser(), []
    think_arguments(parser)
    given = parser.parse_args(["stimuli", "--out", str(tmp_path), "--n", "4", "--pauses"])
    assert think_command(given, told.append) == 0
    assert "4 questions" in told and "4 questions with a hesitation" in told
    for pauses in (False, True):
        assert question_folder(tmp_path / "stimuli", tmp_path / "run", 4, 1, pauses=pauses)


def test_a_named_folder_is_checked_before_a_run_claims_its_own(tmp_path):
    parser = argparse.ArgumentParser()
    think_arguments(parser)
    for step in ("accuracy", "latency"):
        with pytest.raises(UserError, match="there is no folder"):
            think_command(parser.parse_args(
                [step, "--out", str(tmp_path / "out"), "--stimuli", str(tmp_path / "gone")]), quiet)
    assert not list(tmp_path.iterdir())


def test_seeds_do_not_share_questions(tmp_path, studio):
    first, second = long_questions(tmp_path, 3, 1, quiet), long_questions(tmp_path, 3, 2, quiet)
    assert {item.chain.text for item in first}.isdisjoint(item.chain.text for item in second)


def test_a_real_voice_speaks_long_enough():
    pytest.importorskip("espeakng_loader")
    speaker = Speaker("espeak:gmw/en-US+m6", 92, 50, 50, 1.0)
    found = asyncio.run(think_stimuli._speak(speaker, think_stimuli._whole, random.Random(1)))
    assert len(found) == think_stimuli.BATCH
    for said in found:
        assert think_stimuli.SHORTEST <= len(said.pcm) / CAPTURE_RATE <= think_stimuli.LONGEST
        assert abs(said.pcm[0]) > 0.003 and abs(said.pcm[-1]) > 0.003


def test_hesitations_are_silent_to_the_sample_and_of_every_length_in_turn(tmp_path):
    pytest.importorskip("espeakng_loader")
    found = hesitations(tmp_path, 12, 3, quiet)
    assert {item.would_do for item in found} == {True, False}
    for place, item in enumerate(found):
        (gap,) = item.pauses
        pcm = item.stimulus().pcm
        assert (gap.end - gap.start) / CAPTURE_RATE == pytest.approx(PAUSES[place % len(PAUSES)])
        assert not pcm[gap.start : gap.end].any()
        assert pcm[gap.start - 1] != 0 and pcm[gap.end] != 0
        assert item.stimulus().pauses == item.pauses
    assert hesitations(tmp_path, 12, 3, quiet) == found
