"""The stubs are as slow as the peers', and say the same words."""

import asyncio

import numpy as np
import pytest

from bench.peers_stubs import TEXT, Joined, StubBrain, StubVoice, tokens
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import BugError, UserError
from pipeline.ports import BrainFacts, Limits
from pipeline.prompt import Prompt, Reply


def written(reply, limits=Limits(400)):  # noqa: B008  # frozen
    """Texts and their moments."""

    async def main():
        brain = StubBrain(0.25, 0.015)
        compute, found = InlineCompute(brain, brain.cost), []
        async for piece in compute.stream("generate", Prompt((reply,)), limits):
            found.append((piece.text, round(now(), 4), piece.last))
        await compute.close()
        return found

    return simulate(main)


def test_the_first_word_comes_after_the_first_tokens_time_and_each_later_one_after_its_own():
    found = written(Reply())
    assert [text for text, _, _ in found[:3]] == ["</think>\nSure ", "thing. ", "This "]
    assert [at for _, at, _ in found[:3]] == [0.25, 0.265, 0.28]
    assert "".join(text for text, _, _ in found) == "</think>\n" + TEXT


def test_only_the_last_piece_is_the_last():
    found = written(Reply())
    assert [last for _, _, last in found] == [False] * (len(found) - 1) + [True]


def test_without_a_thought_the_words_begin_at_once_and_go_on_from_what_was_said():
    assert written(Reply(None, thinking=False))[0][0] == "Sure "
    assert written(Reply(None, thinking=False, said="Sure thing. "))[0][0] == "This "


def test_limits_are_kept():
    assert len(written(Reply(), Limits(3))) == 3
    assert [text for text, _, _ in written(Reply(), Limits(50, ("</think>",)))] == ["</think>\nSure "]


def test_a_prompt_without_an_open_reply_is_a_bug():
    with pytest.raises(BugError, match="open Reply"):
        list(StubBrain(0, 0).generate(Prompt(()), Limits(3)))


def test_tokens_are_whole_words_with_their_spaces():
    assert tokens("one two ", thinking=False) == ["one ", "two "]
    assert tokens("", thinking=True) == ["</think>"]


def test_the_voice_sounds_after_its_delay_as_long_as_the_text():
    async def main():
        chunks = []
        async for chunk in StubVoice(0.12).speak("Sure thing."):
            chunks.append((round(now(), 4), chunk))
        return chunks

    chunks = simulate(main)
    assert chunks[0][0] == 0.12 and chunks[1][0] == 0.125
    pcm = np.concatenate([chunk.pcm for _, chunk in chunks])
    assert len(pcm) == pytest.approx(24_000 * 0.06 * len("Sure thing."), abs=480)
    assert np.max(np.abs(pcm)) == pytest.approx(8000 / 32768, abs=1e-3)
    words = [word for _, chunk in chunks for word in chunk.words]
    assert [(word.start, word.end) for word in words] == [(0, 4), (5, 11)] and words[1].begins == 0.3


class Asked:
    """A compute that tells what it was asked."""

    def __init__(self, judges):
        self.judges, self.methods, self.closed = judges, [], False

    async def call(self, method, *args):
        self.methods.append(method)
        return BrainFacts(method, "audio", "yes", True, 9, judges=self.judges)

    def stream(self, method, *args):
        self.methods.append(method)
        return iter(())

    async def close(self):
        self.closed = True


def test_words_come_from_one_brain_and_judgements_from_the_other():
    words, ears = Asked(judges=False), Asked(judges=True)

    async def main():
        joined = Joined(words, ears)
        facts = await joined.call("facts")
        await joined.call("judge", "prompt", 3)
        joined.stream("generate")
        await joined.close()
        return facts

    assert asyncio.run(main()).judges
    assert words.methods == ["facts", "generate"] and ears.methods == ["facts", "judge"]
    assert words.closed and ears.closed


def test_ears_that_cannot_judge_are_refused():
    with pytest.raises(UserError, match="no heads"):
        asyncio.run(Joined(Asked(judges=False), Asked(judges=False)).call("facts"))
