"""model/writing.py and model/line.py over a network whose keys and values *are* the tokens it has read.

So every answer depends on every position before it, and what the cache holds can be compared with its key.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from model.engine import EngineConfig, OnnxEngine
from model.tokenizer import EOT
from pipeline.ports import Limits
from pipeline.prompt import Human, Prompt, Reply, System, Text

LINES = "heard: a b\n1+1=2\n2+1=3\nso three"
LAX = "heard: a\n1+1=2\n2+1=3\nso three"


class Echoing:
    """Writes a song after a prompt, and noise where the past is not the prompt and the song's beginning."""

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary, self.prompt, self.song = vocabulary, (), ()
        self.runs, self.broken_from = [], None

    def embed(self, tokens):
        return np.repeat(np.asarray(tokens, np.float32)[:, None], 2, axis=1)

    def empty(self):
        return np.zeros((1, 2, 1, 0, 2), np.float32)

    def read(self, embeds, past):
        self.runs.append(len(embeds))
        ids = [int(each) for each in (*past[0, 0, 0, :, 0], *embeds[:, 0])]
        present = np.zeros((1, 2, 1, len(ids), 2), np.float32)
        present[...] = np.asarray(ids, np.float32)[None, None, None, :, None]
        logits = np.zeros((len(embeds), self.vocabulary), np.float32)
        known = past.shape[3]
        for row in range(len(embeds)):
            logits[row, self._after(tuple(ids[: known + row + 1]))] = 50
            if self.broken_from is not None and known + row + 1 > len(self.prompt) + self.broken_from:
                logits[row] = np.nan
        return logits, present

    def _after(self, before):
        sung = before[len(self.prompt) :]
        if before[: len(self.prompt)] == self.prompt and sung == self.song[: len(sung)] != self.song:
            return self.song[len(sung)]
        return 6 + hash(before) % 250


def asked(name="q"):
    return Prompt((System("p"), Human((Text(name),)), Reply()))


@pytest.fixture
def make(real):
    def made(text, *, ids=None, **bounds):
        network = Echoing(len(real.tokenizer))
        engine = OnnxEngine(real, EngineConfig(**bounds), network=network)
        runs = engine._renderer.layout(asked()).runs
        network.prompt = tuple(int(content) for run in runs for content in run.contents())
        network.song = (*(real.tokenizer.encode(text) if ids is None else ids), EOT)
        return engine

    return made


def told(engine, predicted="", most=400, stop=()):
    return list(engine.generate(asked(), Limits(most, stop, predicted)))


def plain(pieces):
    return [(piece.token, piece.text, piece.last) for piece in pieces]


def blocks(node):
    for children in node.children.values():
        for child in children:
            yield child
            yield from blocks(child)


def assert_true_cache(engine):
    """Every cached position holds what its key says."""
    for block in blocks(engine._cache._root):
        keys = [key[1] if isinstance(key, tuple) else key for key in block.keys]
        assert keys == [int(value) for value in block.kv[0, 0, 0, :, 0]]


def test_after_a_difference_the_prediction_is_tried_again_at_the_next_line(make):
    pieces = told(make(LINES), LAX)
    confirmed = "".join(piece.text for piece in pieces if piece.confirmed)
    written = "".join(piece.text for piece in pieces if not piece.confirmed)
    assert "".join(piece.text for piece in pieces) == LINES
    assert confirmed.startswith("heard: a") and confirmed.endswith("1+1=2\n2+1=3\nso three")
    assert written == " b\n"


def test_a_line_is_compared_with_the_line_of_its_own_number(make):
    pieces = told(make("one\ntwo\nthree"), "zero\nnine\ntwo")
    assert "two" not in "".join(piece.text for piece in pieces if piece.confirmed)
    pieces = told(make("one\ntwo\nthree"), "zero\ntwo\nthree")
    assert "".join(piece.text for piece in pieces if piece.confirmed) == "two\nthree"


def test_each_line_that_stands_is_one_reading(make):
    engine = make(LINES)
    told(engine)
    alone = len(engine._network.runs)
    engine = make(LINES)
    pieces = told(engine, LAX)
    confirmed = sum(piece.confirmed for piece in pieces)
    assert len(engine._network.runs) == alone - confirmed + 2, (
        "at the start, and after the line that differed"
    )


def test_what_was_read_of_a_wrong_prediction_is_counted_and_not_kept(make, real):
    engine = make("one two\n")
    wrong = "one six " + "and so on " * 12
    told(engine, wrong)
    assert engine.work().read >= len(engine._network.prompt) + len(real.tokenizer.encode(wrong))
    assert_true_cache(engine)
    assert engine.stats().leased == 0


def test_no_reading_is_longer_than_a_chunk(make):
    text = " ".join(f"{number}+{number * 7}" for number in range(40))
    engine = make(text, chunk=16)
    pieces = told(engine, text)
    assert "".join(piece.text for piece in pieces) == text
    assert max(engine._network.runs) == 16 and any(piece.confirmed for piece in pieces)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_is_read_than_may_be_written(make, most):
    engine = make("one two three four five six")
    before = len(engine._network.prompt)
    assert plain(told(engine, "one two three four", most)) == plain(
        told(make("one two three four five six"), "", most)
    )
    assert sum(engine._network.runs) <= before + most


def test_values_that_are_no_numbers_matter_only_where_the_prediction_was_right(make):
    engine = make("one two")
    engine._network.broken_from = 40
    pieces = told(engine, "one " + "x" * 60)
    assert "".join(piece.text for piece in pieces) == "one two"


def test_any_prediction_gives_the_text_that_none_gives(make):
    """Random texts of several lines, in the tokenizer's own pieces or in bytes, predicted with mistakes."""
    rng = random.Random(1)
    taken = 0
    for _ in range(150):
        text = "".join(rng.choice("ab1+= \né") for _ in range(rng.randint(0, 120)))
        ids = [6 + byte for byte in text.encode()] if rng.random() < 0.3 else None
        guess = list(text)
        for _ in range(rng.randint(0, 6) if guess else 0):
            at = rng.randrange(len(guess) + 1)
            guess[at : at + rng.randint(0, 3)] = rng.choice(["", "x", "\n", "aa", "\r\n", "\u2028"])
        most, stop = rng.choice([1, 2, 17, 60, 400]), rng.choice([(), ("1+",), ("a\n",)])
        expected = plain(told(make(text, ids=ids), "", most, stop))
        engine = make(text, ids=ids, prefix_bytes=rng.choice([0, 2000, 1 << 20]))
        got = told(engine, "".join(guess), most, stop)
        assert plain(got) == expected == plain(told(engine, "", most, stop))
        assert_true_cache(engine)
        taken += sum(piece.confirmed for piece in got)
    assert taken > 500
