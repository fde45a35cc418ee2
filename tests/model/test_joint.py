"""What the ear alone tells of the words: its scores against all ways to hear them, and who decides a word."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, product

import numpy as np
import pytest

from model.card import Joint
from model.engine import OnnxEngine
from model.joint import FLOOR, SLACK, Prefix, WordReader, reader_of
from model.sampling import log_softmax
from model.tokenizer import PAD, Tokenizer
from model.writing import Writing
from pipeline.ports import Limits
from pipeline.prompt import BLOCK, Audio, Human, Note, Prompt, Reply, System, Text

PIECES = ("heard:", "\n", " unclear", " one", " two", " three", "so")
TOKENIZER = Tokenizer(PIECES)
HEARD, NEWLINE, UNCLEAR, ONE, TWO, THREE, SO = (TOKENIZER.piece(piece) for piece in PIECES)


def logs(count, vocabulary, seed=0):
    return log_softmax(np.random.default_rng(seed).normal(0, 2, (count, vocabulary)))


def heard_in(path):
    """What one way through the sound says: repetitions are one word, blanks are none."""
    return tuple(token for token, _ in groupby(path) if token != PAD)


def chances(told, wanted):
    """Of the sound beginning with these words, and of holding no others, by all ways through it."""
    begins = whole = 0.0
    for path in product(range(told.shape[1]), repeat=len(told)):
        found = heard_in(path)
        chance = float(np.exp(sum(told[t, token] for t, token in enumerate(path))))
        begins += chance * (found[: len(wanted)] == wanted)
        whole += chance * (found == wanted)
    return begins, whole


@pytest.mark.parametrize("words", [(1,), (2, 1), (1, 1), (3, 3, 2), (1, 2, 1)])
def test_scores_are_those_of_all_ways_through_the_sound(words):
    told = logs(5, 4, seed=len(words))
    prefix = Prefix.empty(told)
    for at, word in enumerate(words):
        grown = prefix.grown([1, 2, 3])
        for token in (1, 2, 3):
            assert np.exp(grown[token - 1]) == pytest.approx(chances(told, (*words[:at], token))[0])
        prefix = prefix.taken(word)
    begins, whole = chances(told, words)
    assert np.exp(prefix.score) == pytest.approx(begins) and np.exp(prefix.ended()) == pytest.approx(whole)


def test_no_words_at_all_and_more_than_there_is_room_for():
    told = logs(2, 4)
    assert np.exp(Prefix.empty(told).ended()) == pytest.approx(chances(told, ())[1])
    assert Prefix.empty(told).score == 0
    assert Prefix.empty(told).taken(1).taken(2).taken(3).score == -np.inf
    assert Prefix.empty(logs(1, 4)).taken(1).score == pytest.approx(logs(1, 4)[0, 1])


def table():
    return np.eye(len(TOKENIZER), dtype=np.float32)


def reader(weight=1.0, scale=20.0):
    return WordReader(table(), Joint(scale, weight), TOKENIZER)


def sound(*tokens):
    """Positions that are the words themselves, with a blank behind each."""
    return np.repeat(table()[[each for token in tokens for each in (token, PAD)]], 2, axis=0)


def likely(**nats):
    """Logits with these log-probabilities, up to the rest, of pieces without their spaces."""
    found = np.full(len(TOKENIZER), -40.0, np.float32)
    for name, value in nats.items():
        found[TOKENIZER.piece({"newline": "\n", "heard": "heard:", "so": "so"}.get(name, f" {name}"))] = value
    return found


def begun(writer):
    writer.take(HEARD)
    return writer


def test_where_the_language_model_is_in_doubt_the_ear_decides():
    writer = begun(reader().writer(sound(ONE, THREE)))
    doubt = likely(two=-0.6, one=-1.0)
    token, logprob = writer.choose(doubt)
    assert token == ONE and logprob == pytest.approx(log_softmax(doubt)[ONE])
    assert writer.choose(doubt) == (token, logprob)  # asking changes nothing
    writer.take(ONE)
    assert writer.choose(likely(newline=-0.5, three=-1.2))[0] == THREE  # a word that would be left out
    writer.take(THREE)
    assert writer.choose(likely(three=-0.5, newline=-1.2))[0] == NEWLINE  # and one that would be said twice


def test_what_the_language_model_all_but_excludes_is_no_rival():
    far = likely(two=0.0, one=-SLACK - 1)
    assert begun(reader().writer(sound(ONE))).choose(far)[0] == TWO
    assert begun(reader(weight=0.1).writer(sound(ONE))).choose(likely(two=0.0, one=-4.0))[0] == TWO


def test_only_words_of_the_heard_line_are_weighed():
    doubt = likely(two=-0.6, one=-1.0)
    assert reader().writer(sound(ONE)).choose(doubt)[0] == TWO  # before it
    assert begun(reader().writer(np.zeros((0, 2), np.float32))).choose(doubt)[0] == TWO  # without sound
    other = reader().writer(sound(ONE))
    other.take(SO)
    other.take(HEARD)
    assert other.choose(doubt)[0] == TWO  # a thought that begins otherwise
    behind = begun(reader().writer(sound(ONE)))
    for token in (ONE, NEWLINE):
        behind.take(token)
    assert behind.choose(doubt)[0] == TWO  # after it


def test_that_nothing_could_be_made_out_is_for_the_language_model_to_say():
    writer = begun(reader().writer(sound(ONE)))
    assert writer.choose(likely(unclear=-0.6, one=-0.9))[0] == UNCLEAR
    assert writer.choose(likely(one=-0.6, unclear=-0.9))[0] == ONE
    writer.take(UNCLEAR)
    assert writer.choose(likely(two=-0.6, one=-1.0))[0] == TWO


def test_words_of_notes_are_behind():
    doubt = likely(one=-0.6, two=-1.0)
    assert begun(reader().writer(sound(ONE, TWO))).choose(doubt)[0] == ONE
    assert begun(reader().writer(sound(ONE, TWO), ["heard: one\nso"])).choose(doubt)[0] == TWO
    assert begun(reader().writer(sound(ONE, TWO), ["heard:", "heard: one\n"])).choose(doubt)[0] == TWO
    assert begun(reader().writer(sound(ONE, TWO), ["heard: unclear\n"])).choose(doubt)[0] == ONE
    assert begun(reader().writer(sound(ONE, TWO), [" one\n"])).choose(doubt)[0] == ONE  # not heard, thought


def test_logits_that_are_no_numbers_are_for_the_line_to_refuse():
    writer = begun(reader().writer(sound(ONE)))
    assert np.isnan(writer.choose(np.full(len(TOKENIZER), np.nan, np.float32))[1])


class Told:
    """A line whose network says what the tokens before it lead to."""

    def __init__(self, after):
        self.after, self.read_on = after, []

    def read(self, embeds, keys):
        self.read_on += keys
        return self.after(self.read_on)

    def confirm(self, embeds, keys, agree):
        rows = np.stack([self.after([*self.read_on, *keys[: at + 1]]) for at in range(len(keys))])
        self.read_on += keys[: agree(rows)]


@pytest.mark.parametrize(
    ("predicted", "confirmed"),
    [
        ("", []),
        ("heard: one three\nso", [HEARD, ONE, THREE, NEWLINE]),
        ("heard: two\nso", [HEARD]),
        ("heard: one two\nso", [HEARD, ONE]),
    ],
)
def test_what_was_predicted_is_confirmed_by_both_and_changes_nothing(predicted, confirmed):
    doubts = {
        (): likely(heard=0.0),
        (HEARD,): likely(two=-0.6, one=-1.0),
        (HEARD, ONE): likely(newline=-0.5, three=-1.2),
        (HEARD, ONE, THREE): likely(three=-0.5, newline=-1.2),
    }

    def after(tokens):
        return doubts.get(tuple(tokens), likely(so=0.0))

    writer = reader().writer(sound(ONE, THREE))
    writing = Writing(Told(after), after(()), np.array, TOKENIZER, predicted, 5, 16, writer)
    written = list(writing.tokens())
    assert [token for token, _, _ in written] == [HEARD, ONE, THREE, NEWLINE, SO]
    assert [token for token, _, again in written if again and token != SO] == confirmed


def test_more_words_than_the_sound_has_room_for_end_the_ears_say():
    writer = begun(reader().writer(sound(ONE)[:1]))
    for token in (ONE, TWO):
        writer.take(token)
    assert writer.choose(likely(three=-0.6, one=-1.0))[0] == THREE
    silent = Prefix.empty(reader(scale=200.0).log_probabilities(sound(PAD)))
    found = reader().scores(silent, likely(one=-0.5), [THREE, NEWLINE, 7])
    assert found[0] == FLOOR < found[1] <= 0 and found[2] == FLOOR  # no word is quite excluded


def test_a_card_that_says_nothing_of_it_leaves_the_line_to_the_language_model(real):
    assert reader_of(real) is not None
    assert reader_of(replace(real, card=replace(real.card, joint=None))) is None


class Asked:
    """Keeps what a reader is asked, and leaves the line to the language model."""

    def __init__(self, found):
        self.found, self.asked = found, []

    def writer(self, audio, notes=()):
        self.asked.append((len(audio), list(notes)))
        return self.found.writer(audio[:0])


@pytest.mark.parametrize(
    ("parts", "heard"),
    [
        ((Human((Audio(np.zeros(3 * BLOCK, np.float32)),)), Reply()), [(3, [])]),
        (
            (Human((Audio(np.zeros(3 * BLOCK, np.float32)),), (Note("heard: one\n", 1),)), Reply()),
            [(3, ["heard: one\n"])],
        ),
        ((Human((Audio(np.zeros(3 * BLOCK, np.float32)),)), Reply("heard: one\n")), []),
        ((Human((Audio(np.zeros(3 * BLOCK, np.float32)),)), Reply("", thinking=False)), []),
        ((Human((Text("one"),)), Reply()), []),
        ((Human((Audio(np.zeros(BLOCK, np.float32)), Text("one"))), Reply()), []),
    ],
)
def test_the_engine_asks_of_the_turn_that_a_thought_begins_about(real, parts, heard):
    engine = OnnxEngine(real)
    engine._reader = asked = Asked(engine._reader)
    list(engine.generate(Prompt((System("practice"), *parts)), Limits(2)))
    assert asked.asked == heard
