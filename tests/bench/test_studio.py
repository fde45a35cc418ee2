"""A voice recorded beforehand says the same again, in no time."""

import numpy as np
import pytest

from bench.studio import record
from pipeline.clock import now, simulate
from pipeline.errors import VoiceError
from tts.tone import ToneVoice


def test_what_was_recorded_is_repeated_at_no_cost_and_nothing_else_is_said():
    async def main():
        slow = ToneVoice(first=1.0, per_second=0.5)
        voice = await record(slow, ["two words"])
        begun = now()
        again = [chunk async for chunk in voice.speak("two words")]
        assert now() == begun
        original = [chunk async for chunk in slow.speak("two words")]
        with pytest.raises(VoiceError, match="'three' was not recorded"):
            await anext(voice.speak("three"))
        assert voice.rate == slow.rate and voice.name == "tone (recorded)"
        assert [one.words for one in again] == [one.words for one in original]
        assert all(np.array_equal(one.pcm, two.pcm) for one, two in zip(again, original, strict=True))

    simulate(main)


def test_other_texts_are_said_in_the_other_voice_at_the_same_rate():
    async def main():
        voice = await record(ToneVoice(rate=16_000), ["known"], rest=lambda: ToneVoice(first=0.25))
        begun = now()
        chunks = [chunk async for chunk in voice.speak("five letters")]
        assert now() == begun + 0.25
        sound = np.concatenate([chunk.pcm for chunk in chunks])
        assert len(sound) / 16_000 == pytest.approx(0.22 + 0.31 + 0.08, abs=0.001)
        assert [word.begins for chunk in chunks for word in chunk.words] == pytest.approx([0.0, 0.26])

    simulate(main)
