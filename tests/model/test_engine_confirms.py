"""model/engine.py: a prediction changes how soon tokens come, and never which."""

from __future__ import annotations

import numpy as np
import pytest

from model.engine import OnnxEngine
from model.onnx_runtime import OnnxNetwork
from model.tokenizer import EOT
from pipeline.ports import Limits
from pipeline.prompt import BLOCK, Audio, Human, Prompt, Reply, System, Text


@pytest.fixture(scope="module")
def network(chance):
    return OnnxNetwork(chance)


class Counting:
    """A network that counts runs and positions, and may be told what to write after each position."""

    def __init__(self, network, song=None):
        self._network, self.song, self.runs, self.positions = network, song, 0, 0

    def __getattr__(self, name):
        return getattr(self._network, name)

    def read(self, embeds, past):
        logits, present = self._network.read(embeds, past)
        self.runs, self.positions = self.runs + 1, self.positions + len(embeds)
        if self.song is not None:
            logits = np.zeros_like(logits)
            for row in range(len(logits)):
                place = past.shape[3] + row + 1 - self.song[0]
                if 0 <= place < len(self.song[1]):
                    logits[row, self.song[1][place]] = 50
        return logits, present


def asked(pcm):
    return Prompt((System("practice"), Human((Audio(pcm),)), Reply()))


def texts(pieces):
    return "".join(piece.text for piece in pieces)


TYPED = Prompt((System("practice"), Human((Text("hi"),)), Reply()))


def singing(chance, network, text, *, end=True):
    """An engine that writes this text, whatever it reads."""
    engine = OnnxEngine(chance, network=Counting(network))
    begins = len(engine._renderer.layout(TYPED))
    ids = chance.tokenizer.encode(text) + ([EOT] if end else [])
    engine._network.song = (begins, ids)
    return engine, ids


def test_any_prediction_gives_the_tokens_that_none_gives(chance, network, sound):
    """Random weights write noise, so that a prediction is right by its own doing alone."""
    rng = np.random.default_rng(3)
    plain, guided = (OnnxEngine(chance, network=Counting(network)) for _ in range(2))
    confirmed = 0
    for seed in range(12):
        prompt = asked(sound(seed, int(rng.integers(2, 12)) * BLOCK))
        expected = list(plain.generate(prompt, Limits(24)))
        whole = texts(expected)
        cut = int(rng.integers(0, len(whole) + 1))
        predicted = whole[:cut] + ["", "x", "heard: "][rng.integers(3)]
        got = list(guided.generate(prompt, Limits(24, predicted=predicted)))
        assert [piece.token for piece in got] == [piece.token for piece in expected]
        assert [piece.text for piece in got] == [piece.text for piece in expected]
        np.testing.assert_allclose([p.logprob for p in got], [p.logprob for p in expected], atol=1e-3)
        assert [piece.last for piece in got] == [piece.last for piece in expected]
        confirmed += sum(piece.confirmed for piece in got)
        assert guided.stats().leased == 0
    assert confirmed > 0


def test_the_shipped_brain_confirms_its_own_thought_and_goes_on_with_it(real, sound):
    network = OnnxNetwork(real)
    plain, guided = (OnnxEngine(real, network=Counting(network)) for _ in range(2))
    prompt = asked(sound(4, 30 * BLOCK))
    expected = list(plain.generate(prompt, Limits(60)))
    half = texts(expected[: len(expected) // 2])
    got = list(guided.generate(prompt, Limits(60, predicted=half)))
    assert [piece.token for piece in got] == [piece.token for piece in expected]
    assert sum(piece.confirmed for piece in got) >= len(expected) // 2 - 2


def test_what_is_confirmed_is_one_reading_instead_of_a_step_each(chance, network):
    engine, ids = singing(chance, network, "one two three four")
    list(engine.generate(TYPED, Limits(100)))
    steps = engine._network.runs
    guided, _ = singing(chance, network, "one two three four")
    pieces = list(guided.generate(TYPED, Limits(100, predicted="one two three")))
    agreed = len(chance.tokenizer.encode("one two three"))
    assert [piece.confirmed for piece in pieces] == [True] * agreed + [False] * (len(ids) - agreed)
    assert guided._network.runs == steps - agreed + 1
    assert guided.work().written == len(ids) - agreed


def test_writing_goes_on_where_the_prediction_went_wrong(chance, network):
    engine, _ = singing(chance, network, "one two three four")
    pieces = list(engine.generate(TYPED, Limits(100, predicted="one two tree four")))
    assert texts(pieces) == "one two three four" and pieces[-1].last
    confirmed = texts(piece for piece in pieces if piece.confirmed)
    assert confirmed and "one two t".startswith(confirmed)


def test_a_prediction_that_is_wrong_from_its_first_token_is_not_even_read(chance, network):
    engine, _ = singing(chance, network, "one")
    list(engine.generate(TYPED, Limits(100)))
    guided, _ = singing(chance, network, "one")
    pieces = list(guided.generate(TYPED, Limits(100, predicted="two three four five six")))
    assert texts(pieces) == "one" and guided._network.positions == engine._network.positions


def test_more_predicted_than_there_is_to_write_ends_where_it_ends(chance, network):
    engine, _ = singing(chance, network, "one")
    pieces = list(engine.generate(TYPED, Limits(100, predicted="one and more")))
    assert texts(pieces) == "one" and [piece.last for piece in pieces].count(True) == 1


def test_a_stop_text_that_was_predicted_ends_it_too(chance, network):
    engine, _ = singing(chance, network, "one</think> two")
    pieces = list(engine.generate(TYPED, Limits(100, ("</think>",), "one</think>")))
    assert texts(pieces) == "one</think>" and pieces[-1].last and pieces[-1].confirmed


def test_the_token_limit_counts_confirmed_tokens(chance, network):
    engine, _ = singing(chance, network, "0123456789")
    pieces = list(engine.generate(TYPED, Limits(4, predicted="01234567")))
    assert texts(pieces) == "0123" and pieces[-1].last


def test_what_was_not_confirmed_is_not_in_the_cache(chance, network, sound):
    """Positions of a wrong prediction are no part of the line: what follows reads on from the right ones."""
    prompt = asked(sound(1, 10 * BLOCK))
    plain, guided = (OnnxEngine(chance, network=Counting(network)) for _ in range(2))
    expected = list(plain.generate(prompt, Limits(40)))
    right = texts(expected[:3])
    list(guided.generate(prompt, Limits(10, predicted=right + "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")))
    again = list(guided.generate(prompt, Limits(40)))
    assert [piece.token for piece in again] == [piece.token for piece in expected]


def test_a_dropped_generation_with_a_prediction_gives_back_what_it_leased(chance, network, sound):
    engine = OnnxEngine(chance, network=Counting(network))
    line = engine.generate(asked(sound(1, 10 * BLOCK)), Limits(40, predicted="heard: what"))
    next(line)
    line.close()
    assert engine.stats().leased == 0
