"""The system's flite as a voice, on the real loop."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from pipeline.clock import run, simulate
from pipeline.errors import BugError, VoiceError
from tts import flite, flite_library
from tts.flite import LONGEST, FliteVoice
from tts.flite_library import plain

TEXT = "The quick brown fox, it jumps over 2024 lazy dogs (today)."


def installed() -> str:
    try:
        for name in ("libflite", *(f"libflite_cmu_us_{voice}" for voice in flite_library.VOICES)):
            flite_library.load(name)
    except VoiceError as error:
        return str(error)
    return ""


needs_flite = pytest.mark.skipif(bool(installed()), reason=installed() or "flite is here")


async def spoken(voice: FliteVoice, text: str) -> tuple[np.ndarray, list[Any], list[int]]:
    pieces, words, first = [], [], []
    async for chunk in voice.speak(text):
        pieces.append(chunk.pcm)
        words += chunk.words
        first.append(len(chunk.words))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32), words, first


def with_voice(script: Callable[[FliteVoice], Awaitable[None]], name: str = "rms") -> None:
    async def main() -> None:
        voice = FliteVoice(name)
        try:
            await script(voice)
        finally:
            await voice.close()

    run(main)


@needs_flite
@pytest.mark.parametrize("name", flite_library.VOICES)
def test_it_streams_sound_with_all_word_times_in_the_first_chunk(name: str) -> None:
    async def script(voice: FliteVoice) -> None:
        assert voice.rate == 16_000 and voice._synthesiser.streams
        pcm, words, told = await spoken(voice, TEXT)
        assert pcm.dtype == np.float32 and np.abs(pcm).max() <= 1.0 and 3 < len(pcm) / voice.rate < 8
        assert told[0] == len(words) and not any(told[1:])
        assert " ".join(TEXT[word.start : word.end] for word in words) == (
            "The quick brown fox it jumps over 2024 lazy dogs today"
        )
        ends = [word.ends for word in words]
        assert ends == sorted(ends) and ends[-1] <= len(pcm) / voice.rate
        for word in words:
            assert 0 <= word.begins < word.ends
            sound = pcm[round(word.begins * voice.rate) : round(word.ends * voice.rate)]
            assert np.abs(sound).max() > 0.02, f"{TEXT[word.start : word.end]} is silent"

    with_voice(script, name)


@needs_flite
def test_words_are_found_at_their_places_in_text_with_signs_that_flite_cannot_read() -> None:
    text = "Café — “naïve” costs $5.20, it's ok…"

    async def script(voice: FliteVoice) -> None:
        _, words, _ = await spoken(voice, text)
        found = [text[word.start : word.end] for word in words]
        assert found == ["Café", "naïve", "costs", "$5.20", "it's", "ok"]

    with_voice(script)


def test_plain_text_keeps_its_length() -> None:
    text = "É\u0301“x”…日本\0 \U0001f600ß"
    assert len(plain(text)) == len(text) and plain(text).isascii()
    assert plain("naïve – it’s") == "naive - it's"


@needs_flite
def test_closing_the_stream_stops_synthesis_and_the_next_phrase_is_its_own() -> None:
    async def script(voice: FliteVoice) -> None:
        for _ in range(3):
            stream = voice.speak(TEXT)
            await anext(stream)
            await stream.aclose()
            pcm, words, _ = await spoken(voice, "hello there")
            assert [word.start for word in words] == [0, 6] and len(pcm) < 2 * voice.rate

    with_voice(script)


@needs_flite
def test_the_loop_goes_on_while_flite_works() -> None:
    async def script(voice: FliteVoice) -> None:
        turns = 0

        async def tick() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.001)
                turns += 1

        ticker = asyncio.get_running_loop().create_task(tick())
        await spoken(voice, TEXT)
        ticker.cancel()
        assert turns >= 3

    with_voice(script)


@needs_flite
def test_two_voices_can_be_asked_at_once_although_flite_is_not_reentrant() -> None:
    async def main() -> None:
        voices = [FliteVoice("rms"), FliteVoice("slt"), FliteVoice("rms")]
        try:
            results = await asyncio.gather(*(spoken(voice, TEXT) for voice in voices))
            assert len({len(words) for _, words, _ in results}) == 1
            assert len(results[0][0]) == len(results[2][0]) != len(results[1][0])
        finally:
            for voice in voices:
                await voice.close()

    run(main)


@needs_flite
def test_aborts_and_closes_leave_no_thread_and_no_growing_memory() -> None:
    async def script(voice: FliteVoice) -> None:
        for _ in range(20):
            stream = voice.speak("one two three")
            await anext(stream)
            await stream.aclose()
        await voice.close()
        await voice.close()
        pcm, _, _ = await spoken(voice, "one")
        assert len(pcm) > 1000, "a closed voice starts again when asked"

    with_voice(script)
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "flite" and thread.is_alive()]


@needs_flite
def test_no_words_make_no_sound_and_signs_alone_do_not_hang() -> None:
    async def script(voice: FliteVoice) -> None:
        assert (await spoken(voice, "   "))[1] == []
        assert (await spoken(voice, "… — !"))[1] == []

    with_voice(script)


@needs_flite
def test_a_phrase_that_is_too_long_or_a_voice_that_does_not_exist_is_refused() -> None:
    async def script(voice: FliteVoice) -> None:
        with pytest.raises(VoiceError, match="too long for flite"):
            await spoken(voice, "a" * (LONGEST + 1))

    with_voice(script)
    with pytest.raises(VoiceError, match="flite has no voice 'bob'; it has rms"):
        FliteVoice("bob")
    with pytest.raises(VoiceError, match="stretch lies between"):
        FliteVoice(stretch=10)


@needs_flite
def test_equal_texts_sound_equal_whatever_was_said_before() -> None:
    async def main() -> None:
        voice = FliteVoice()
        once = (await spoken(voice, "what is nine plus five"))[0]
        await spoken(voice, "hello there")
        again = (await spoken(voice, "what is nine plus five"))[0]
        await voice.close()
        assert np.array_equal(once, again)

    run(main)


@needs_flite
def test_stretched_speech_is_longer() -> None:
    async def main() -> None:
        lengths = []
        for stretch in (0.8, 1.4):
            voice = FliteVoice("slt", stretch=stretch)
            lengths.append(len((await spoken(voice, "hello there"))[0]))
            await voice.close()
        assert lengths[1] > 1.3 * lengths[0]

    run(main)


@needs_flite
def test_inside_a_simulation_it_is_an_error_and_not_a_race() -> None:
    async def main() -> None:
        await spoken(FliteVoice(), "hello")

    with pytest.raises(BugError, match="thread"):
        simulate(main)


@needs_flite
def test_a_library_laid_out_otherwise_falls_back_to_whole_utterances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library.FliteSynthesiser, "_can_stream", lambda self: False)
    monkeypatch.setattr(flite, "synthesiser", flite_library.FliteSynthesiser)

    async def script(voice: FliteVoice) -> None:
        pcm, words, told = await spoken(voice, TEXT)
        assert len(pcm) > 3 * voice.rate and words == [] and len(told) == 1

    try:
        with_voice(script)
    finally:
        flite_library.synthesiser.cache_clear()


def test_without_the_library_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite_library, "_ENDINGS", (".so.none",))
    flite_library._library.cache_clear()
    flite_library.synthesiser.cache_clear()
    try:
        with pytest.raises(
            VoiceError, match=r"flite is not installed.*(apt-get install libflite1|brew install)"
        ):
            FliteVoice()
    finally:
        flite_library._library.cache_clear()
