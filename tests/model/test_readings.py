"""The likeliest heard lines of a prompt: what greedy writing finds is among them, and scores are true."""

from __future__ import annotations

import numpy as np
import pytest
from cascade_scene import spoken

from model.engine import OnnxEngine
from model.onnx_runtime import OnnxNetwork
from model.orthography import lines
from model.readings import SLACK, known
from pipeline.errors import BugError
from pipeline.ports import Limits
from pipeline.prompt import BLOCK, Audio, Human, Prompt, Reply, System

WIDTH = 6


def asked(pcm, reply=None):
    return Prompt((System("practice"), Human((Audio(pcm),)), Reply() if reply is None else reply))


@pytest.fixture(scope="module")
def brain(real):
    return OnnxEngine(real, network=OnnxNetwork(real))


def said(text):
    return np.pad(spoken(text), (BLOCK, 2 * BLOCK)).astype(np.float32)


def test_the_likeliest_is_what_the_brain_writes_and_the_others_are_less_likely(brain):
    prompt = asked(said("what is fourteen plus nine"))
    found = brain.readings(prompt, WIDTH)
    assert found[0].words == "what's fourteen plus nine"
    scores = [sum(line.logprobs) for line in found]
    assert scores == sorted(scores, reverse=True) and 1 < len(found) <= WIDTH
    assert len({line.words for line in found}) == len(found)
    written = list(brain.generate(prompt, Limits(2 + len(found[0].logprobs))))
    np.testing.assert_allclose([p.logprob for p in written[1:-1]], found[0].logprobs, atol=1e-3)


def test_any_line_is_as_likely_by_itself_as_in_the_search(brain):
    prompt = asked(said("what is fourteen plus nine"))
    for line in brain.readings(prompt, WIDTH):
        (same,) = brain.compared(prompt, line.words)[:1]
        assert same.words == line.words
        np.testing.assert_allclose(same.logprobs, line.logprobs, atol=1e-3)


def test_a_transcript_is_compared_in_each_way_that_it_can_be_meant(brain, real):
    prompt = asked(said("what is fourteen plus nine"))
    found = brain.compared(prompt, "What is 14 + 9?")
    assert [line.words for line in found] == lines("What is 14 + 9?", known(real.tokenizer))
    assert max(found, key=lambda line: sum(line.logprobs)).words == "what is fourteen plus nine"
    assert brain.compared(prompt, "What is a xylograph?") == []


def test_the_search_gives_up_what_is_hopeless_and_lets_go_of_the_cache(brain):
    found = brain.readings(asked(said("hello")), WIDTH)
    assert all(sum(line.logprobs) > sum(found[0].logprobs) - SLACK - 3 for line in found)
    assert brain.stats().leased == 0


def test_where_no_line_ends_there_is_none(chance, sound):
    assert OnnxEngine(chance).readings(asked(sound(1, 4 * BLOCK)), 2) == []


def test_a_thought_that_was_begun_has_no_readings(brain):
    with pytest.raises(BugError, match="without a thought"):
        brain.readings(asked(said("hello"), Reply("heard: ")), WIDTH)
