"""The fakes cost what they declare, say what they are, and fail when told to."""

from __future__ import annotations

import random
from statistics import quantiles

import numpy as np
import pytest

from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError, VoiceError
from pipeline.listening.notes import Notes
from pipeline.ports import Limits, Piece, VoiceChunk
from pipeline.prompt import Audio, Human, Note, Prompt, Reply, Text
from sim.brain import SECRET, Prices, WordBrain
from sim.detector import LOUD, OFFSET, ONSET, LateDetector, lag
from sim.stamp import read
from sim.voice import StampedVoice
from sim.words import speech


def ask(*words: str) -> Prompt:
    return Prompt((Human((Audio(speech(words)),)), Reply()))


def answer(brain: WordBrain, prompt: Prompt) -> str:
    return "".join(piece.text for piece in brain.generate(prompt, Limits()))


def test_the_brain_says_what_it_heard_and_answers_it() -> None:
    brain = WordBrain()
    assert answer(brain, ask("alpha", "bravo")) == (
        f"heard: alpha bravo\n{SECRET} 0\n\n</think>\nReply 0 to bravo."
    )
    assert "Reply 1 to kilo." in answer(brain, Prompt((Human((Text("kilo"),)), Reply())))
    assert "incomplete\n" in answer(brain, ask("alpha", "and"))
    assert answer(brain, ask("mhm")).endswith("</think>"), "a backchannel deserves no reply"


def test_the_brain_takes_its_own_notes_for_no_words_of_the_user() -> None:
    user = Notes().carry(Human((Audio(speech(("alpha", "bravo"))),)), (Note("heard: alpha\n", 3),))
    assert "heard: alpha bravo\n" in answer(WordBrain(), Prompt((user, Reply())))


def test_the_brain_is_paid_per_position_once_and_per_token() -> None:
    brain = WordBrain(Prices(start=1.0, position=0.1, token=0.01, write=0.01))

    async def main() -> list[float]:
        compute = InlineCompute(brain, brain.cost)
        await compute.call("prefill", ask("alpha", "bravo"))
        times = [now()]
        answers = compute.stream("generate", ask("alpha", "bravo"), Limits())
        pieces: list[Piece] = [piece async for piece in answers]
        await compute.close()
        return [*times, now(), float(len(pieces))]

    warm, end, count = simulate(main)
    assert warm == pytest.approx(0.6), "0.48 s of sound are 6 positions"
    assert end - warm == pytest.approx(1.0 + 0.01 * count)


@pytest.mark.parametrize("how", ["start", "middle"])
def test_the_brain_breaks_when_told_to(how: str) -> None:
    brain = WordBrain(fails={1: how})
    answer(brain, ask("alpha"))
    with pytest.raises(ModelError):
        answer(brain, ask("alpha"))


def test_the_voice_stamps_every_word_and_costs_what_it_declares() -> None:
    voice = StampedVoice(first=0.5, per_second=0.1)

    async def main() -> tuple[list[VoiceChunk], float]:
        chunks = [chunk async for chunk in voice.speak("one two")]
        return chunks, now()

    chunks, took = simulate(main)
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    assert [(mark.first, mark.second) for mark in read(pcm)] == [(0, 0), (0, 1)]
    assert took == pytest.approx(0.5 + 0.1 * len(pcm) / voice.rate)
    words = [word for chunk in chunks for word in chunk.words]
    assert [("one two"[word.start : word.end]) for word in words] == ["one", "two"]


@pytest.mark.parametrize("how", ["start", "middle"])
def test_the_voice_breaks_when_told_to(how: str) -> None:
    async def main() -> int:
        count = 0
        with pytest.raises(VoiceError):
            async for _ in StampedVoice(fails={0: how}).speak("one two three"):
                count += 1
        return count

    assert (simulate(main) > 0) == (how == "middle")


@pytest.mark.parametrize("declared", [ONSET, OFFSET])
def test_lags_have_the_declared_quantiles(declared: tuple[float, float]) -> None:
    dice = random.Random(3)
    drawn = quantiles([lag(dice, declared) for _ in range(4000)], n=10)
    assert drawn[4] == pytest.approx(declared[0], rel=0.05)
    assert drawn[8] == pytest.approx(declared[1], rel=0.07)


def test_the_detector_hears_speech_late_and_silence_not_at_all() -> None:
    detector = LateDetector(5)
    silence = np.zeros(16_384, np.float32)
    sound = np.concatenate((silence, speech(("alpha", "bravo")), silence))
    sound = sound[: len(sound) // 512 * 512]
    scores = np.array([detector.score(window) for window in sound.reshape(-1, 512)])
    voiced = np.flatnonzero(scores > 0.5) * 512
    assert 16_384 <= voiced[0] <= 16_384 + 0.4 * 16_000
    assert 16_384 + 7_680 <= voiced[-1] + 512 <= 16_384 + 7_680 + 0.7 * 16_000
    quiet = LateDetector(5)
    assert all(quiet.score(np.full(512, LOUD / 2, np.float32)) < 0.5 for _ in range(40))
