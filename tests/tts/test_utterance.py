"""One phrase through a voice, at the playout rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audio_io.resample import Resampler
from pipeline.clock import simulate
from pipeline.ports import PLAYOUT_RATE, VoiceChunk, WordTime
from tts.tone import ToneVoice
from tts.utterance import utter


async def everything(voice: Any, text: str, lead: float = 0.01) -> tuple[np.ndarray, list[WordTime]]:
    chunks = [chunk async for chunk in utter(voice, text, lead=lead, resampler=Resampler)]
    return np.concatenate([chunk.pcm for chunk in chunks]), [word for chunk in chunks for word in chunk.words]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_words_are_found_at_their_times_in_the_sound_at_the_playout_rate(rate: int) -> None:
    text = "alpha be gamma"
    pcm, words = simulate(lambda: everything(ToneVoice(rate=rate), text))
    assert [text[word.start : word.end] for word in words] == text.split()
    loud = np.abs(pcm) > 0.02
    for word in words:
        begins, ends = round(word.begins * PLAYOUT_RATE), round(word.ends * PLAYOUT_RATE)
        assert loud[begins : begins + 72].any() and loud[ends - 72 : ends].any()
        assert not loud[ends + 48 : ends + 900].any(), "40 ms of silence follow a word"


def test_half_a_surrogate_pair_is_spoken_as_a_mark_and_moves_no_word() -> None:
    text = "alpha \ud83d beta"
    _, words = simulate(lambda: everything(ToneVoice(), text))
    assert [text[word.start : word.end] for word in words] == text.split()


def test_silence_in_front_goes_and_words_move_with_it() -> None:
    class Late:
        name, rate = "late", 16_000

        async def speak(self, text: str) -> Any:
            yield VoiceChunk(np.zeros(8000, np.float32), (WordTime(0, 2, 0.5, 1.0),))
            yield VoiceChunk(np.full(8000, 0.5, np.float32))

        async def close(self) -> None:
            pass

    pcm, words = simulate(lambda: everything(Late(), "hi", 0.1))
    assert len(pcm) == round(0.6 * PLAYOUT_RATE)
    assert (words[0].begins, words[0].ends) == (pytest.approx(0.1), pytest.approx(0.6))


def test_closing_it_closes_the_voices_stream() -> None:
    closed: list[str] = []

    class Watched(ToneVoice):
        async def speak(self, text: str) -> Any:
            try:
                async for chunk in super().speak(text):
                    yield chunk
            finally:
                closed.append(text)

    async def main() -> None:
        stream = utter(Watched(), "one two three four", lead=0.0, resampler=Resampler)
        await anext(stream)
        assert closed == []
        await stream.aclose()
        assert closed == ["one two three four"]

    simulate(main)
