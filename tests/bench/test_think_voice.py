"""The hum's words are apart by silence, so its sound alone tells their times."""

import asyncio

import numpy as np
import pytest

from bench.think_trace import PART, sounding
from bench.think_voice import GAP, HumVoice, word_seconds
from pipeline.clock import now, simulate
from pipeline.ports import PLAYOUT_RATE

TEXT = "Forty seven plus eight, that is fifty five."


def spoken():
    async def speak():
        began = now()
        chunks = [chunk async for chunk in HumVoice(0.03, 0.03).speak(TEXT)]
        return (
            np.concatenate([chunk.pcm for chunk in chunks]),
            [w for c in chunks for w in c.words],
            now() - began,
        )

    return simulate(speak)


def test_its_sound_parts_into_its_words():
    pcm, words, _ = spoken()
    found = sounding(pcm, PART)
    assert len(found) == len(words) == len(TEXT.split())
    for (start, end), word in zip(found, words, strict=True):
        assert (start, end) == pytest.approx((word.begins, word.ends), abs=1e-3)


def test_a_word_takes_as_long_as_a_persons():
    assert word_seconds("seven") + GAP == pytest.approx(0.33)
    assert word_seconds("eight,") == word_seconds("eight")


def test_it_costs_what_it_declares():
    pcm, _, seconds = spoken()
    assert seconds == pytest.approx(0.03 + 0.03 * len(pcm) / PLAYOUT_RATE, abs=1e-3)


def test_a_voice_may_be_aborted():
    async def speak():
        stream = HumVoice().speak(TEXT)
        await anext(stream)
        await stream.aclose()
        await asyncio.sleep(0)

    simulate(speak)
