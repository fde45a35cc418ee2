"""The whole room with a real voice: what leaves the sink is understood by a recogniser, and timed truly."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import numpy as np
import pytest

from audio_io.resample import Resampler, resample
from pipeline.channel import Channel
from pipeline.clock import run
from pipeline.errors import VoiceError
from pipeline.events import PlaybackEnded, PlaybackStarted
from pipeline.ports import PLAYOUT_RATE, Phrase, Voice
from tts.choose import best_voice
from tts.playout import Playout
from tts.speaking import Speaking, SpeakingConfig

SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
GRAMMAR = (
    f"#JSGF V1.0; grammar numbers; public <said> = the answer is <number>; "
    f"<number> = {' | '.join(SMALL)} | ({' | '.join(TENS)}) [{' | '.join(SMALL[1:10])}];"
)


def in_words(number: int) -> str:
    if number < 20:
        return SMALL[number]
    return TENS[number // 10 - 2] + (f" {SMALL[number % 10]}" if number % 10 else "")


def voice_or_skip(name: str) -> Voice:
    try:
        return best_voice(name)
    except VoiceError as error:
        pytest.skip(str(error))


def aloud(name: str, sentences: list[str]) -> tuple[list[np.ndarray], list[tuple[str, int, bool]]]:
    """What left the sink per sentence, pulled as fast as it comes, and what the stage says was heard."""
    voice = voice_or_skip(name)
    sounds: list[np.ndarray] = []
    heard: list[tuple[str, int, bool]] = []

    async def main() -> None:
        phrases: Channel[Any] = Channel(8)
        playout, facts = Playout(), asyncio.Event()
        seen: list[Any] = []

        def emit(fact: Any) -> None:
            seen.append(fact)
            facts.set()

        speaking = Speaking(voice, phrases, playout, emit, seen.append, SpeakingConfig(), resampler=Resampler)
        task = asyncio.get_running_loop().create_task(speaking.run())
        for turn, sentence in enumerate(sentences, start=1):
            pieces: list[np.ndarray] = []
            await phrases.put(Phrase(turn, turn, 0, sentence, final=True))
            speaking.commit(turn, turn)
            while not any(isinstance(fact, PlaybackEnded) for fact in seen):
                before = playout.delivered
                pcm = playout.pull(480)
                if playout.delivered > before:
                    pieces.append(pcm)
                await asyncio.sleep(0 if playout.delivered > before else 0.005)
            assert isinstance(
                next(fact for fact in seen if "Playback" in type(fact).__name__), PlaybackStarted
            )
            seen.clear()
            sounds.append(np.concatenate(pieces))
            heard.append(speaking.heard(turn))
        phrases.close()
        await task
        await voice.close()

    run(main)
    return sounds, heard


def test_a_recogniser_hears_at_least_18_of_20_numbers_from_flite() -> None:
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed (the dev extra)")
    pytest.importorskip("soxr", reason="soxr is not installed")
    numbers = random.Random(20).sample(range(100), 20)
    sounds, heard = aloud("flite:rms", [f"The answer is {number}." for number in numbers])
    assert [text for text, _, _ in heard] == [f"The answer is {number}." for number in numbers]
    decoder = pocketsphinx.Decoder(samprate=16_000, lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("numbers", GRAMMAR)
    decoder.activate_search("numbers")
    right = 0
    for number, sound in zip(numbers, sounds, strict=True):
        pcm = (resample(sound, PLAYOUT_RATE, 16_000) * 32_767).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(np.pad(pcm, 3200).tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        right += found is not None and found.hypstr.endswith(f" is {in_words(number)}")
    assert right >= 18, f"{right} of 20"


@pytest.mark.parametrize("name", ["flite:rms", "flite:kal16", "espeak:en-us"])
def test_a_reply_starts_with_sound_and_not_with_the_voices_own_silence(name: str) -> None:
    sounds, heard = aloud(name, ["Well, this is a sentence.", "And one more!"])
    for sound in sounds:
        onset = int(np.flatnonzero(np.abs(sound) > 0.004)[0])
        assert onset <= 0.012 * PLAYOUT_RATE
    assert heard[1][::2] == ("And one more!", True)
