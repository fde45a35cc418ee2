"""The voice of tests is deterministic and tells the truth about itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.clock import now, simulate
from tts.tone import ToneVoice, word_seconds


async def spoken(voice: ToneVoice, text: str) -> tuple[Any, list[Any], list[float]]:
    pieces, words, moments = [], [], []
    async for chunk in voice.speak(text):
        pieces.append(chunk.pcm)
        words += chunk.words
        moments.append(now())
    return np.concatenate(pieces) if pieces else np.zeros(0), words, moments


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_every_word_sounds_exactly_where_it_is_told_to(rate: int) -> None:
    text = "one  three, fourteen"
    pcm, words, _ = simulate(lambda: spoken(ToneVoice(rate=rate), text))
    assert [text[word.start : word.end] for word in words] == text.split()
    inside = np.zeros(len(pcm), bool)
    for word in words:
        begins, ends = round(word.begins * rate), round(word.ends * rate)
        inside[begins:ends] = True
        assert np.std(pcm[begins:ends]) > 0.1
        assert word.ends - word.begins == pytest.approx(
            word_seconds(text[word.start : word.end]), abs=1 / rate
        )
    assert not pcm[~inside].any()


def test_equal_texts_sound_equal_and_different_words_do_not() -> None:
    first, _, _ = simulate(lambda: spoken(ToneVoice(), "alpha"))
    again, _, _ = simulate(lambda: spoken(ToneVoice(), "alpha"))
    other, _, _ = simulate(lambda: spoken(ToneVoice(), "gamma"))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_it_costs_what_was_declared_and_nothing_otherwise() -> None:
    _, _, moments = simulate(lambda: spoken(ToneVoice(), "some words"))
    assert set(moments) == {0.0}
    pcm, _, moments = simulate(lambda: spoken(ToneVoice(0.25, 0.5), "some words"))
    assert moments[0] == pytest.approx(0.3) and moments[-1] == pytest.approx(0.25 + 0.5 * len(pcm) / 24_000)


def test_no_words_make_no_sound() -> None:
    pcm, words, _ = simulate(lambda: spoken(ToneVoice(), "  "))
    assert len(pcm) == 0 and words == []
