"""Leading silence goes, sound stays."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np

from pipeline.ports import VoiceChunk, WordTime
from tts.lead import AUDIBLE, Lead


def feed(lead: Lead, pcm: np.ndarray, cuts: list[int], words: tuple[WordTime, ...] = ()) -> list[VoiceChunk]:
    edges = [0, *sorted(cuts), len(pcm)]
    chunks = []
    for index, (start, end) in enumerate(pairwise(edges)):
        chunks.append(lead.push(VoiceChunk(pcm[start:end], words if index == 0 else ())))
    return chunks


def test_streamed_equals_whole_over_random_cuts_and_no_sound_is_lost() -> None:
    dice = random.Random(5)
    for _ in range(100):
        silence = dice.randrange(0, 3000)
        pcm = np.zeros(silence + 500, np.float32)
        pcm[silence:] = 0.3
        pcm[:silence] = AUDIBLE / 2
        whole = feed(Lead(1000, 0.1), pcm, [])
        cuts = [dice.randrange(len(pcm)) for _ in range(dice.randrange(8))]
        parts = np.concatenate([chunk.pcm for chunk in feed(Lead(1000, 0.1), pcm, cuts)])
        np.testing.assert_array_equal(parts, whole[0].pcm)
        np.testing.assert_array_equal(parts, pcm[max(0, silence - 100) :])


def test_words_move_with_the_sound_and_come_with_it() -> None:
    pcm = np.zeros(2000, np.float32)
    pcm[1000:] = 0.5
    words = (WordTime(0, 2, 0.95, 1.2), WordTime(3, 5, 1.2, 1.5))
    chunks = feed(Lead(1000, 0.1), pcm, [400, 900], words)
    assert [len(chunk.pcm) for chunk in chunks] == [0, 0, 1100] and not chunks[0].words
    moved = chunks[2].words
    assert [(round(word.begins, 6), round(word.ends, 6)) for word in moved] == [(0.05, 0.3), (0.3, 0.6)]


def test_a_word_that_is_told_to_begin_in_the_silence_begins_at_zero() -> None:
    pcm = np.concatenate((np.zeros(1000, np.float32), np.ones(10, np.float32)))
    chunk = Lead(1000, 0.0).push(VoiceChunk(pcm, (WordTime(0, 1, 0.2, 1.005),)))
    assert chunk.words[0].begins == 0.0 and abs(chunk.words[0].ends - 0.005) < 1e-9


def test_silence_alone_gives_nothing_and_is_not_kept() -> None:
    lead = Lead(1000, 0.1)
    for _ in range(50):
        assert len(lead.push(VoiceChunk(np.zeros(500, np.float32))).pcm) == 0
    assert len(lead._kept) <= 100
