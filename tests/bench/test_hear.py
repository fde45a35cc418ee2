"""An automatic listener finds the numbers in an agent's voice, and only there."""

import numpy as np
import pytest

from audio_io.resample import resample
from bench.hear import Hearing, hear, hear_numbers
from bench.labels import Kind, Labels, UserTurn
from bench.recording import Recording
from pipeline.clock import run
from pipeline.errors import VoiceError

pytest.importorskip("pocketsphinx", reason="PocketSphinx is not installed")


@pytest.fixture(scope="module")
def say():
    from tts.choose import best_voice

    try:
        voice = best_voice("flite:rms")
    except VoiceError as error:
        pytest.skip(str(error))

    async def spoken(text):
        return np.concatenate([chunk.pcm async for chunk in voice.speak(text)])

    async def closed():
        await voice.close()

    yield lambda text: run(lambda: spoken(text))
    run(closed)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Forty seven plus thirty eight is eighty five.", [47, 38, 85]),
        ("Ninety minus seventeen is seventy three.", [90, 17, 73]),
        ("Sixty.", [60]),
    ],
)
def test_numbers_are_heard_in_a_clear_voice(say, text, numbers):
    assert hear_numbers(say(text)) == numbers


def test_silence_holds_no_number():
    assert hear_numbers(np.zeros(16_000, np.float32)) == []
    assert hear_numbers(np.zeros(0, np.float32)) == []


def test_only_the_reply_to_a_turn_is_listened_to_and_a_wrong_answer_is_wrong(say):
    right, wrong = (resample(say(text), 16_000, 24_000) for text in ("It is eighty five.", "It is twelve."))
    length = 12 * 24_000
    agent = np.zeros(length, np.float32)
    for at, sound in ((2.5, right), (5.0, wrong), (9.0, wrong)):
        agent[round(at * 24_000) :][: len(sound)] += sound
    turns = (
        UserTurn(1, Kind.QUESTION, 24_000, 48_000, expected="85"),
        UserTurn(2, Kind.QUESTION, 180_000, 204_000, expected="85"),
        UserTurn(3, Kind.QUESTION, 260_000, 264_000, expected="7"),
        UserTurn(4, Kind.BACKCHANNEL, 270_000, 272_000),
    )
    found = hear(Recording(np.zeros(length, np.float32), agent, 24_000), Labels("x", 24_000, length, turns))
    assert found == [Hearing(1, 85, (85,)), Hearing(2, 85, (12,)), Hearing(3, 7, ())]
    assert [one.right for one in found] == [True, False, False]
