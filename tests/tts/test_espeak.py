"""espeak-ng behind its child process, on the real loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.clock import run
from pipeline.errors import VoiceError
from tts import espeak
from tts.espeak import EspeakVoice

TEXT = "The quick brown fox, it jumps over 2,024 lazy dogs (today). Yes!"


def missing() -> str:
    try:
        espeak.find_engine()
    except VoiceError as error:
        return str(error)
    return ""


needs_espeak = pytest.mark.skipif(bool(missing()), reason=missing() or "espeak-ng is here")


async def spoken(voice: EspeakVoice, text: str) -> tuple[np.ndarray, list[Any]]:
    pieces, words = [np.zeros(0, np.float32)], []
    async for chunk in voice.speak(text):
        pieces.append(chunk.pcm)
        words += chunk.words
    return np.concatenate(pieces), words


def with_voice(script: Callable[[EspeakVoice], Awaitable[None]], *args: Any, **options: Any) -> None:
    async def main() -> None:
        voice = EspeakVoice(*args, **options)
        try:
            await script(voice)
        finally:
            await voice.close()

    run(main)


@needs_espeak
def test_it_streams_sound_and_tells_when_each_word_sounds() -> None:
    async def script(voice: EspeakVoice) -> None:
        chunks = [chunk async for chunk in voice.speak(TEXT)]
        pcm = np.concatenate([chunk.pcm for chunk in chunks])
        words = [word for chunk in chunks for word in chunk.words]
        assert voice.rate == 22_050 and len(chunks) > 20 and 0.1 < np.abs(pcm).max() <= 1
        assert [TEXT[word.start : word.end] for word in words] == TEXT.split()
        for before, after in pairwise(words):
            assert before.begins < before.ends <= after.begins
        assert words[-1].ends <= len(pcm) / voice.rate
        for word in words:
            assert np.abs(pcm[round(word.begins * 22_050) : round(word.ends * 22_050)]).max() > 0.02

    with_voice(script)


@needs_espeak
def test_the_pause_after_a_clause_does_not_belong_to_its_last_word() -> None:
    async def script(voice: EspeakVoice) -> None:
        pcm, words = await spoken(voice, "One, two. Three.")
        assert len(words) == 3
        for before, after in pairwise(words):
            pause = pcm[round(before.ends * 22_050) + 1 : round(after.begins * 22_050)]
            assert len(pause) > 1000 and np.abs(pause).max() < 0.02

    with_voice(script)


@needs_espeak
@pytest.mark.parametrize("text", ["", "   ", "é", "“naïve” über 😀 <b>x</b> [[a]]", "a\0b", "!!!"])
def test_any_text_is_spoken_or_silent_and_words_stay_inside_it(text: str) -> None:
    async def script(voice: EspeakVoice) -> None:
        _, words = await spoken(voice, text)
        assert all(0 <= word.start < word.end <= len(text) for word in words)
        assert [TEXT[word.start : word.end] for word in (await spoken(voice, TEXT))[1]] == TEXT.split()

    with_voice(script)


@needs_espeak
def test_closing_the_stream_aborts_and_the_next_phrase_is_its_own() -> None:
    async def script(voice: EspeakVoice) -> None:
        for _ in range(5):
            stream = voice.speak(" ".join([TEXT] * 14))
            await anext(stream)
            await stream.aclose()
            pcm, words = await spoken(voice, "hello there")
            assert [word.start for word in words] == [0, 6] and len(pcm) < 2 * voice.rate

    with_voice(script)


@needs_espeak
def test_a_child_that_dies_costs_the_phrase_in_flight_and_the_next_one_works() -> None:
    async def script(voice: EspeakVoice) -> None:
        with pytest.raises(VoiceError, match="the next phrase starts it again"):
            async for _ in voice.speak(" ".join([TEXT] * 14)):
                assert voice._child is not None
                with contextlib.suppress(ProcessLookupError):  # chunks may still come when it is dead
                    os.kill(voice._child._process.pid, signal.SIGKILL)
        assert len((await spoken(voice, "hello"))[0]) > 5000
        assert voice._child is not None
        os.kill(voice._child._process.pid, signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert len((await spoken(voice, "hello"))[0]) > 5000, (
            "a child that died between phrases is not missed"
        )

    with_voice(script)


@needs_espeak
def test_a_cancelled_read_loses_nothing_of_the_protocol() -> None:
    async def script(voice: EspeakVoice) -> None:
        for delay in (0.0, 0.001, 0.003, 0.01):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(delay):
                    while True:
                        await spoken(voice, TEXT)
            assert len((await spoken(voice, "hello there"))[1]) == 2

    with_voice(script)


@needs_espeak
def test_close_ends_the_child_also_while_it_speaks_and_may_come_twice() -> None:
    async def main() -> None:
        voice = EspeakVoice()
        await voice.prepare()
        assert voice._child is not None
        process = voice._child._process
        stream = voice.speak(" ".join([TEXT] * 14))
        await anext(stream)
        await voice.close()
        await voice.close()
        assert process.returncode is not None
        with pytest.raises(VoiceError):
            async for _ in stream:
                pass

    run(main)


@needs_espeak
def test_voices_speed_and_pitch_are_heard() -> None:
    async def main() -> None:
        sounds = []
        for options in ({"speed": 120}, {"speed": 240}, {"variant": "en-us+f3"}, {"pitch": 90}):
            voice = EspeakVoice(**options)  # type: ignore[arg-type]
            sounds.append((await spoken(voice, "hello there my friend"))[0])
            await voice.close()
        slow, fast, woman, high = sounds
        assert len(slow) > 1.5 * len(fast)
        assert _brightness(woman) != _brightness(high) and _pitch(high) > 1.2 * _pitch(slow)

    run(main)


def _brightness(pcm: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(pcm)) ** 2
    return float(np.sum(power * np.arange(len(power))) / np.sum(power) / len(power))


def _pitch(pcm: np.ndarray) -> float:
    """Median frequency in Hz by autocorrelation, over loud 40 ms frames."""
    found = []
    for start in range(0, len(pcm) - 882, 882):
        frame = pcm[start : start + 882]
        if np.std(frame) > 0.03:
            shape = np.correlate(frame, frame, "full")[881:]
            found.append(22_050 / (50 + int(np.argmax(shape[50:400]))))
    return float(np.median(found))


@needs_espeak
@pytest.mark.parametrize(
    ("variant", "complaint"), [("nonsense", "no voice 'nonsense'"), ("en-us+zz9", "no variant 'zz9'; it has")]
)
def test_a_voice_that_does_not_exist_is_refused_every_time(variant: str, complaint: str) -> None:
    async def script(voice: EspeakVoice) -> None:
        for _ in range(2):
            with pytest.raises(VoiceError, match=complaint):
                await spoken(voice, "hello")

    with_voice(script, variant)


@needs_espeak
@pytest.mark.parametrize("options", [{"speed": 5}, {"pitch": 100}, {"spread": -1}])
def test_settings_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(VoiceError, match="lies between"):
        EspeakVoice(**options)  # type: ignore[arg-type]


@needs_espeak
def test_a_phrase_that_is_too_long_is_refused() -> None:
    async def script(voice: EspeakVoice) -> None:
        with pytest.raises(VoiceError, match="too long for espeak-ng"):
            await spoken(voice, "a " * 600)

    with_voice(script)


@needs_espeak
def test_data_far_down_in_the_file_system_is_found(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a" * 60] * 5)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeak.find_engine()[1])

    async def script(voice: EspeakVoice) -> None:
        assert len((await spoken(voice, "hello"))[0]) > 5000

    with_voice(script, data=deep / "espeak-ng-data")


@needs_espeak
def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    async def script(voice: EspeakVoice) -> None:
        with pytest.raises(VoiceError, match=r"espeak-ng did not start with the data in|No such file"):
            await voice.prepare()

    with_voice(script, data=tmp_path / "nowhere")


SPEAK_AND_LOOK = """
import asyncio, sys
from pathlib import Path
from tts.espeak import EspeakVoice

async def main():
    voice = EspeakVoice()
    async for _ in voice.speak("one"):
        pass
    await voice.close()

asyncio.run(main())
assert "libespeak" not in Path("/proc/self/maps").read_text(), "the library is loaded"
assert "espeakng_loader" not in sys.modules, "its loader is imported"
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not list what is loaded")
@pytest.mark.skipif(bool(missing()), reason="espeakng-loader is not installed")
def test_the_library_is_never_loaded_into_the_process_that_speaks() -> None:
    """In a process of its own: other tests of a run may load the library on purpose."""
    done = subprocess.run([sys.executable, "-c", SPEAK_AND_LOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_the_wheel_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(VoiceError, match="pip install espeakng-loader"):
        EspeakVoice()


@pytest.mark.parametrize(
    ("language", "hello"), [("en-gb", "həlˈəʊ"), ("en-us", "həlˈoʊ"), ("fr-fr", "bɔ̃ʒˈuʁ")]
)
def test_a_voice_is_found_by_the_code_of_its_language(language: str, hello: str) -> None:
    async def ask() -> str:
        voice = EspeakVoice(language)
        try:
            return await voice.phonemes("bonjour" if language.startswith("fr") else "hello")
        finally:
            await voice.close()

    assert asyncio.run(ask()) == hello
