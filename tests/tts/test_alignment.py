"""Which words were heard, told from word times and a position."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from pipeline.ports import PLAYOUT_RATE, WordTime
from tts.alignment import TOLERANCE, Spoken, border, cut, heard, phrase_at, whole

S = PLAYOUT_RATE


def spoken(
    text: str, times: list[tuple[float, float]], *, start: int = 0, number: int = 0, done: bool = True
) -> Spoken:
    """A phrase whose words lie at these seconds."""
    words, at = [], 0
    for word, (begins, ends) in zip(text.split(), times, strict=True):
        at = text.index(word, at)
        words.append(WordTime(at, at + len(word), begins, ends))
        at += len(word)
    samples = round(times[-1][1] * S) if times else 0
    return Spoken(number, text, start, samples, tuple(words), done)


TWO = [
    spoken("Well,  yes  indeed.", [(0.1, 0.3), (0.4, 0.6), (0.7, 1.0)]),
    spoken("So it is!", [(0.0, 0.2), (0.2, 0.4), (0.5, 0.8)], start=S, number=1),
]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, ""),
        (0.2, ""),
        (0.31, "Well,"),
        (0.59, "Well,  yes"),
        (0.5799, "Well,"),
        (1.0, "Well,  yes  indeed."),
        (1.2, "Well,  yes  indeed. So"),
        (1.8, "Well,  yes  indeed. So it is!"),
        (99.0, "Well,  yes  indeed. So it is!"),
    ],
)
def test_a_word_was_heard_when_it_ends_at_most_20_ms_after_the_position(seconds: float, text: str) -> None:
    assert heard(TWO, round(seconds * S)) == text


def test_text_is_put_together_with_its_own_spacing_or_with_one_space() -> None:
    assert whole(TWO) == "Well,  yes  indeed. So it is!"
    assert whole([Spoken(0, "a ", 0), Spoken(1, "b", 0), Spoken(2, "\nc", 0), Spoken(3, "", 0)]) == "a b\nc"
    assert whole([]) == "" == heard([], 100)


def test_at_random_positions_the_heard_text_is_a_prefix_of_exactly_the_finished_words() -> None:
    dice = random.Random(3)
    for _ in range(300):
        phrases, ends, words, start = [], [], [], 0
        for number in range(dice.randrange(1, 5)):
            times, at = [], 0.0
            for _ in range(dice.randrange(1, 6)):
                begins = at + dice.choice([0.0, 0.05, 0.3])
                at = begins + dice.uniform(0.05, 0.5)
                times.append((begins, at))
            text = " ".join(f"w{len(words) + index}," for index in range(len(times)))
            phrases.append(spoken(text, times, start=start, number=number))
            words += text.split()
            ends += [start + round(end * S) for _, end in times]
            start = phrases[-1].end
        position = dice.randrange(start + 2000)
        count = sum(end <= position + TOLERANCE for end in ends)
        assert heard(phrases, position) == " ".join(words[:count])


@pytest.mark.parametrize("done", [True, False])
def test_heard_text_only_grows_with_the_position_whatever_the_voice_told(done: bool) -> None:
    dice = random.Random(11)
    for _ in range(200):
        text = " ".join("x" * dice.randrange(1, 10) for _ in range(dice.randrange(1, 9)))
        samples = dice.randrange(1, 4 * S)
        words = [
            WordTime(at, min(at + 3, len(text)), begins, begins + dice.uniform(0, 0.4))
            for at in sorted(dice.sample(range(len(text)), dice.randrange(min(3, len(text)))))
            for begins in [dice.uniform(0, samples / S)]
        ]
        phrase = Spoken(0, text, 0, samples, tuple(words), done)
        before = ""
        for position in range(0, samples + S, S // 20):
            now = heard([phrase], position)
            assert now.startswith(before) and text.startswith(now)
            before = now
        placed = phrase.placed
        assert all(word.begins <= word.ends for word in placed)
        assert all(a.ends <= b.begins for a, b in pairwise(placed))
        if done:
            assert heard([phrase], samples) == text


def test_without_word_times_a_whole_phrase_is_shared_out_by_characters() -> None:
    phrase = Spoken(0, "a bbb ccccc", 0, 12_000, (), done=True)
    assert [(word.begins, word.ends) for word in phrase.placed] == [(0, 2000), (2000, 6000), (6000, 12_000)]


def test_without_word_times_an_unfinished_phrase_does_not_claim_words_whose_sound_may_not_exist() -> None:
    phrase = Spoken(0, "abcd efgh ijkl mnop", 0, 2400, (), done=False)
    assert heard([phrase], 2400) == ""
    assert heard([phrase], round(5 / 15 * S)) == "abcd"


def test_words_that_a_voice_left_out_lie_between_their_neighbours() -> None:
    words = (WordTime(0, 3, 0.0, 0.4), WordTime(10, 13, 1.0, 1.5))
    phrase = Spoken(0, "one — two three", 0, 2 * S, (words[0], WordTime(10, 15, 1.0, 1.5)), done=True)
    assert [(word.begins, word.ends) for word in phrase.placed] == [
        (0, 9600),
        (9600, 14_400),
        (14_400, 24_000),
        (24_000, 36_000),
    ]


def test_nothing_of_a_phrase_was_heard_before_it_began() -> None:
    dash = Spoken(1, "— yes", S, S // 2, (WordTime(2, 5, 0.0, 0.5),), done=True)
    assert heard([TWO[0], dash], S) == "Well,  yes  indeed."
    assert heard([TWO[0], dash], S + 1) == "Well,  yes  indeed. —"


def test_a_number_that_a_voice_marked_several_times_is_one_word() -> None:
    times = (WordTime(4, 8, 0.3, 0.5), WordTime(5, 8, 0.5, 0.9), WordTime(5, 8, 0.9, 1.4))
    phrase = Spoken(0, "now 2024 ok", 0, 2 * S, (WordTime(0, 3, 0.0, 0.3), *times), done=True)
    assert phrase.placed[1].begins == round(0.3 * S) and phrase.placed[1].ends == round(1.4 * S)


def test_word_times_past_the_end_of_the_sound_are_cut_so_that_all_of_it_means_every_word() -> None:
    phrase = spoken("one two", [(0.0, 0.5), (0.5, 1.0)])
    short = Spoken(0, phrase.text, 0, round(0.8 * S), phrase.words, done=True)
    assert heard([short], short.samples) == "one two"


@pytest.mark.parametrize(
    ("seconds", "where"),
    [
        (0.0, 0.0),
        (0.05, 0.0),
        (0.1, 0.1),
        (0.29, 0.1),
        (0.35, 0.3),
        (0.99, 0.7),
        (1.0, 1.0),
        (1.3, 1.2),
        (9.0, 1.8),
    ],
)
def test_the_border_before_a_position_is_the_last_begin_or_end_of_a_word(
    seconds: float, where: float
) -> None:
    assert border(TWO, round(seconds * S)) == round(where * S)


def test_the_phrase_at_a_position_is_the_one_that_was_played_last() -> None:
    assert phrase_at([], 5) is None
    assert phrase_at(TWO, 0) is TWO[0] and phrase_at(TWO, S) is TWO[0]
    assert phrase_at(TWO, S + 1) is TWO[1] and phrase_at(TWO, 9 * S) is TWO[1]


def test_a_failed_phrase_keeps_the_words_that_have_all_of_their_sound() -> None:
    words = (WordTime(0, 3, 0.0, 0.4), WordTime(4, 7, 0.4, 0.8), WordTime(8, 13, 0.8, 1.4))
    assert cut(Spoken(0, "one two three", 0, S, words)).text == "one two"
    assert cut(Spoken(0, "one two three", 0, 0, ())).text == ""
    assert cut(Spoken(0, "one two three", 0, 100, ())).text == ""
