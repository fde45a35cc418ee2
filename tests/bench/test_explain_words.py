"""The first answer-bearing word is found in the text and placed on the recording; refusing is not right."""

import numpy as np
import pytest

from bench.explain_clock import Moment
from bench.explain_words import Answer, answers_of, checkable, heard_replies, judged, latencies
from bench.labels import Kind, Labels, UserTurn
from bench.recording import Recording
from bench.score import WINDOW, score
from pipeline.events import PlaybackStarted, Turn
from pipeline.records import Said

RATE = 24_000
WORDS = ["Two", "plus", "three", "is", "five."]


def spoken(scene, at, words, *, step=0.4, loud=0.35, turn=1):
    """Words of ``loud`` seconds every ``step``, and the trace that reports each 10 ms before its end."""
    moments = [Moment(at + 0.01, PlaybackStarted(Turn(turn)))]
    for place in range(len(words)):
        scene.answers(at + step * place, loud)
        text = " ".join(words[: place + 1])
        moments.append(Moment(at + step * place + loud - 0.01, Said(turn, text, whole=False)))
    return moments


@pytest.fixture
def scene(stage):
    return stage(seconds=20.0)


def asked(scene, at, seconds, expected, kind=Kind.QUESTION):
    from dataclasses import replace

    end = scene.says(at, seconds, kind) / RATE
    scene.turns[-1] = replace(scene.turns[-1], expected=expected)
    return end


def test_words_begin_after_the_silence_behind_the_one_before(scene):
    found = heard_replies(spoken(scene, 4.0, WORDS), scene.recording)
    assert found[0].words == tuple(WORDS)
    assert found[0].begins == pytest.approx([4.0, 4.4, 4.8, 5.2, 5.6], abs=0.011)


def test_words_without_silence_between_them_begin_where_the_one_before_was_reported(scene):
    found = heard_replies(spoken(scene, 4.0, WORDS, loud=0.4), scene.recording)
    assert found[0].begins == pytest.approx([4.0, 4.39, 4.79, 5.19, 5.59], abs=0.011)


def test_the_answer_is_the_number_that_is_said_to_be_it_not_one_that_is_repeated(scene):
    end = asked(scene, 1.0, 1.0, "5")
    moments = spoken(scene, end + 0.5, WORDS)
    one = score(scene.recording, scene.labels)
    (found,) = answers_of(heard_replies(moments, scene.recording), one, scene.labels)
    assert found.right and not found.refused and found.said == "Two plus three is five."
    assert found.content == pytest.approx(0.5 + 4 * 0.4, abs=0.011)
    assert one.turns[0].voice_to_voice == pytest.approx(0.5, abs=0.002)


def test_a_wrong_answer_bears_an_answer_and_a_refusal_bears_none(scene):
    turn = UserTurn(1, Kind.QUESTION, 0, 100, expected="6")
    wrong = judged(turn, WORDS, [0.1, 0.2, 0.3, 0.4, 0.5])
    assert (wrong.right, wrong.content) == (False, 0.5)
    refusal = judged(turn, ["Sorry,", "I", "did", "not", "catch", "that.", "6"], [0.1] * 7)
    assert (refusal.right, refusal.refused, refusal.content) == (False, True, None)
    assert judged(turn, [], []) == Answer(1, "6", "", False, False, None)


@pytest.mark.parametrize(
    ("said", "at"), [("The answer is 54.", 3), ("29 + 25 = 54", 4), ("29 plus 25 is 54!", 4), ("54", 0)]
)
def test_figures_are_read_like_words_and_keep_their_place(said, at):
    turn = UserTurn(1, Kind.QUESTION, 0, 100, expected="54")
    found = judged(turn, said.split(), [float(place) for place in range(len(said.split()))])
    assert found.right and found.content == at and found.said == said
    assert not judged(turn, said.replace("54", "55").split(), []).right


def test_a_number_too_large_to_spell_is_left_as_it_is():
    turn = UserTurn(1, Kind.QUESTION, 0, 100, expected="54")
    assert not judged(turn, ["It", "is", "54000."], []).right


def test_an_expected_text_is_found_as_words_in_a_row():
    turn = UserTurn(1, Kind.QUESTION, 0, 100, expected="new york")
    found = judged(turn, ["It", "is", "New", "York,", "I", "think."], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert found.right and found.content == 0.3
    assert not judged(turn, ["It", "is", "York,", "New."], [0.1] * 4).right


def test_a_reply_that_the_user_breaks_off_is_not_checked(scene):
    asked(scene, 1.0, 1.0, "5")
    asked(scene, 3.0, 1.0, "7", Kind.BARGE_IN)
    asked(scene, 9.0, 1.0, None)
    assert [turn.number for turn, _ in checkable(scene.labels)] == [2]
    assert checkable(scene.labels)[0][1] == pytest.approx(9.0)


def test_a_reply_withdrawn_before_the_users_end_does_not_count(scene):
    end = asked(scene, 1.0, 3.0, "5")
    moments = spoken(scene, 2.0, ["Seven."], turn=1) + spoken(scene, end + 0.3, WORDS, turn=2)
    one = score(scene.recording, scene.labels)
    (found,) = answers_of(heard_replies(moments, scene.recording), one, scene.labels)
    assert found.said == "Two plus three is five." and found.right


def test_what_never_came_counts_as_the_window():
    told = [Answer(1, "5", "", False, False, None), Answer(2, "5", "five", True, False, 1.0),
            Answer(3, "5", "five", True, False, 9.0)]  # fmt: skip
    assert latencies(told) == ([WINDOW, 1.0, WINDOW], 2)


def test_a_silent_recording_has_no_words():
    silent = Recording(np.zeros(RATE, np.float32), np.zeros(RATE, np.float32), RATE)
    assert heard_replies([], silent) == []
    assert answers_of([], score(silent, Labels("none", RATE, RATE)), Labels("none", RATE, RATE)) == []


def test_a_refusal_that_repeats_the_expected_words_is_not_right():
    turn = UserTurn(1, Kind.QUESTION, 0, 100, expected="new york")
    found = judged(turn, ["Sorry,", "not", "new", "york."], [0.1, 0.2, 0.3, 0.4])
    assert (found.right, found.refused) == (False, True)
