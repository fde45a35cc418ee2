"""Cut speech asks what its words ask; pauses move the ends of the words after them."""

import random

import numpy as np
import pytest

pytest.importorskip("scipy")

from training.audio import RATE
from training.augment import augment, plain
from training.chains import question_of
from training.corpus import Utterance
from training.cutting import can_cut, cut
from training.skills.drawing import held_out
from training.skills.question import Question

WORDS = ("two", "plus", "three", "minus", "one")
PCM = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
ENDS = tuple(RATE * (i + 1) // 5 for i in range(5))


def _utterance(breaks: tuple[int, ...] = ()) -> Utterance:
    return Utterance(
        Question("long", WORDS, (2, 3, 1), ("+", "-")),
        "tuː",
        "f2",
        "espeak",
        0,
        RATE,
        breaks=breaks,
        ends=ENDS,
    )


def test_a_cut_ends_at_a_word_and_asks_what_its_words_ask() -> None:
    rng = random.Random(1)
    for _ in range(50):
        pcm, shorter = cut(PCM, _utterance(breaks=(ENDS[0], ENDS[3])), rng)
        count = len(shorter.question.words)
        assert len(pcm) == shorter.count == ENDS[count - 1] == shorter.ends[-1]
        assert shorter.question == question_of(WORDS[:count])
        assert all(place < shorter.count for place in shorter.breaks)
        assert pcm[-1] == 0
        assert len(shorter.question.numbers) < 2 or not held_out(*shorter.question.numbers)


def test_speech_without_word_times_is_not_cut() -> None:
    assert can_cut(_utterance())
    assert not can_cut(Utterance(Question("long", WORDS), "", "f2", "espeak", 0, RATE))


@pytest.mark.parametrize("make", [plain, augment])
def test_word_ends_and_pauses_stand_where_they_sound(make: object) -> None:
    assert callable(make)
    for seed in range(20):
        clip = make(PCM, _utterance(breaks=(ENDS[1],)), random.Random(seed))
        ((start, end),) = clip.pauses
        head = int(np.nonzero(clip.clean)[0][0])
        assert abs(start - clip.ends[1]) <= 2
        assert not clip.clean[start + 1 : end - 1].any()
        assert clip.clean[end : end + 50].any()
        assert abs(clip.ends[0] - head - (clip.ends[1] - head) / 2) < 4
        assert abs((clip.ends[2] - end) - (clip.ends[1] - clip.ends[0])) < 4
        assert clip.ends[4] <= len(clip.noisy)
