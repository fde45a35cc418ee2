"""Stimuli begin and end on their own sound, and their pauses are as long as asked."""

import numpy as np
import pytest

from bench.labels import Kind
from bench.stimuli import Gap, Stimulus, composed, hesitating, levelled, spoken, synthesise, trimmed
from pipeline.clock import simulate
from pipeline.errors import VoiceError
from pipeline.ports import VoiceChunk
from tts.tone import ToneVoice

EDGE = 10 ** (-50 / 20)


class Padded(ToneVoice):
    """A voice with half a second of faint noise around its speech."""

    async def speak(self, text):
        noise = np.random.default_rng(1).normal(0, 1e-4, self.rate // 2).astype(np.float32)
        yield VoiceChunk(noise)
        async for chunk in super().speak(text):
            yield chunk
        yield VoiceChunk(noise)


def made(awaitable):
    return simulate(lambda: awaitable)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
def test_speech_begins_with_its_first_audible_sample_and_ends_with_its_last(rate):
    pcm = made(synthesise(Padded(rate=rate), "three words here"))
    assert abs(pcm[0]) > EDGE and abs(pcm[-1]) > EDGE
    spoken_for = sum(0.1 + 0.03 * len(word) for word in ("three", "words", "here")) + 2 * 0.04
    assert len(pcm) / 16_000 == pytest.approx(spoken_for, abs=0.01)


def test_every_voice_comes_at_the_same_level_and_none_is_clipped():
    tone = 0.02 * np.sin(np.arange(16_000) / 5).astype(np.float32)
    assert 20 * np.log10(np.sqrt(np.mean(levelled(tone) ** 2))) == pytest.approx(-23, abs=0.3)
    spiky = np.zeros(16_000, np.float32)
    spiky[::160] = 0.5
    assert np.abs(levelled(spiky)).max() == pytest.approx(0.9, abs=0.01)
    assert not levelled(np.zeros(100, np.float32)).any()


def test_pauses_are_exact_and_silent_and_speech_lies_on_both_sides():
    stimulus = made(hesitating(Padded(), ("what is", "four plus", "five"), (0.3, 1.0), expected="9"))
    assert [pause.end - pause.start for pause in stimulus.pauses] == [4800, 16_000]
    for pause in stimulus.pauses:
        assert not stimulus.pcm[pause.start : pause.end].any()
        assert abs(stimulus.pcm[pause.start - 1]) > EDGE and abs(stimulus.pcm[pause.end]) > EDGE
    assert stimulus.text == "what is … four plus … five" and stimulus.expected == "9" and stimulus.reply


def test_pauses_and_parts_must_fit():
    with pytest.raises(ValueError, match="2 parts have 1 pauses between them, not 2"):
        made(hesitating(ToneVoice(), ("a", "b"), (0.3, 0.3)))


def test_a_kind_says_whether_a_reply_is_due_unless_told_otherwise():
    assert made(spoken(ToneVoice(), "stop", Kind.BARGE_IN)).reply
    assert not made(spoken(ToneVoice(), "stop", Kind.BARGE_IN, reply=False)).reply
    assert not made(spoken(ToneVoice(), "mm-hm", Kind.BACKCHANNEL)).reply


def test_a_voice_that_says_nothing_is_an_error_with_its_words():
    with pytest.raises(VoiceError, match="'' in the voice tone is silent"):
        made(synthesise(ToneVoice(), ""))
    with pytest.raises(VoiceError, match="is silent"):
        trimmed(np.full(100, 0.001, np.float32))


def test_an_unmarked_gap_is_silence_without_a_label():
    stimulus = made(composed(Padded(), ("what is four", Gap(0.1, marked=False), "um", Gap(0.5), "plus five")))
    (pause,) = stimulus.pauses
    assert pause.end - pause.start == 8000 and stimulus.text == "what is four … um … plus five"
    borders = np.flatnonzero(np.diff(np.concatenate([[True], stimulus.pcm != 0, [True]]).astype(int)))
    silences = [int(end - start) for start, end in zip(borders[::2], borders[1::2], strict=True)]
    assert [length for length in silences if length > 1000] == [1600, 8000]


def test_a_turn_begins_and_ends_with_speech():
    for parts in ((), (Gap(0.3), "five"), ("five", Gap(0.3))):
        with pytest.raises(ValueError, match="begins and ends with speech"):
            made(composed(ToneVoice(), parts))


def test_a_tail_is_sound_beyond_the_label():
    rung = Stimulus(np.zeros(16_000, np.float32), tail=4000)
    assert (rung.length, rung.seconds) == (12_000, 0.75)
