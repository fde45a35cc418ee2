"""One reply's phrases, sound and positions."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import BugError
from pipeline.ports import Phrase, WordTime
from tts.reply import LONGEST, Reply


def made(*counts: int) -> Reply:
    """A reply with one phrase of two words per count, each word half of the phrase."""
    reply = Reply(1, 1)
    for number, count in enumerate(counts):
        reply.take(Phrase(1, 1, number, "aa bb", final=number == len(counts) - 1))
        reply.begin()
        half = count / 2 / 24_000
        reply.add(np.full(count, 0.5, np.float32), (WordTime(0, 2, 0, half), WordTime(3, 5, half, 2 * half)))
        reply.finish()
    return reply


def test_pieces_follow_each_other_and_never_cross_a_phrase() -> None:
    reply, got = made(1000, 500), []
    while reply.fed < reply.made:
        number, pcm = reply.piece(400)
        got.append((number, len(pcm)))
        reply.fed += len(pcm)
    assert got == [(0, 400), (0, 400), (0, 200), (1, 400), (1, 100)] and reply.exhausted


def test_a_rewind_goes_to_the_last_word_border() -> None:
    reply = made(1000, 500)
    reply.reach(1400, reply.generation)
    assert reply.rewind(1300) == 1250 == reply.fed == reply.position
    assert reply.played == 1400, "what was played stays played"


def test_sound_that_a_resume_can_reach_is_kept_and_no_more() -> None:
    reply = made(1000, 500, 500)
    reply.reach(1200, reply.generation)
    reply.forget()
    reply.fed = 1000
    assert reply.piece(10)[0] == 1
    reply.fed = 999
    with pytest.raises(BugError, match="is gone"):
        reply.piece(10)


def test_a_phrase_put_back_leaves_no_trace() -> None:
    reply = Reply(1, 1)
    reply.take(Phrase(1, 1, 0, "aa bb"))
    phrase = reply.begin()
    reply.add(np.ones(100, np.float32), ())
    reply.put_back()
    assert (reply.made, reply.spoken, list(reply.waiting), reply.onset) == (0, [], [phrase], None)
    with pytest.raises(BugError, match="can be put back"):
        reply.put_back()


def test_a_final_phrase_closes_the_reply_to_more() -> None:
    reply = made(10)
    with pytest.raises(BugError, match="came after the last"):
        reply.take(Phrase(1, 1, 1, "more"))


def test_a_reply_does_not_grow_past_all_measure() -> None:
    reply = Reply(1, 1)
    for number in range(LONGEST):
        reply.take(Phrase(1, 1, number, "a"))
    with pytest.raises(BugError, match="more than 256 phrases"):
        reply.take(Phrase(1, 1, LONGEST, "a"))


def test_a_reply_that_is_over_accounts_for_what_was_not_played() -> None:
    reply = made(1000)
    assert reply.account.dropped == 0 and not reply.account.reason
    reply.reach(300, reply.generation)
    reply.end("hush")
    reply.end("drop")
    account = reply.account
    assert (account.made, account.played, account.dropped, account.reason) == (1000, 300, 700, "hush")


def test_the_ear_is_where_playback_was_a_while_ago() -> None:
    reply = made(5000)
    for tick in range(300):
        reply.reach(tick * 10, reply.generation)
        reply.follow(tick * 0.02)
    assert reply.ear(5.98) == 2990 and reply.ear(5.0) == 2500 and reply.ear(-1) == 0


def test_onset_and_last_audible_sample_are_those_of_the_sound() -> None:
    reply = Reply(1, 1)
    reply.take(Phrase(1, 1, 0, "aa", final=True))
    reply.begin()
    reply.add(np.zeros(100, np.float32), ())
    pcm = np.zeros(100, np.float32)
    pcm[20:60] = 0.1
    reply.add(pcm, ())
    assert (reply.onset, reply.last_audible) == (120, 160)


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(2400, np.float32)])
def test_words_for_which_the_voice_gave_nothing_audible_were_not_spoken(sound: np.ndarray) -> None:
    reply = Reply(1, 1)
    reply.take(Phrase(1, 1, 0, "aa bb", final=True))
    reply.begin()
    reply.add(sound, (WordTime(0, 2, 0.0, 0.05), WordTime(3, 5, 0.05, 0.1)))
    reply.finish()
    assert [spoken.text for spoken in reply.spoken] == [""]
