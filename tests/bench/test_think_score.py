"""What was hidden is decided by what could be heard when it was written."""

import asyncio

import numpy as np
import pytest

from bench.labels import Kind, Labels, UserTurn
from bench.recording import Recording
from bench.think_items import Chain
from bench.think_score import SCENARIO, answered, gaps, hidden, voice_to_voice
from bench.think_trace import Watcher, sounding, word_spans
from pipeline.clock import now, simulate
from pipeline.events import CommitDraft, Draft, Turn
from pipeline.ports import PLAYOUT_RATE
from pipeline.records import Said, Thought
from pipeline.trace import Trace

USER = (0.3, 6.3)
AGENT = [(6.7, 8.0), (8.5, 9.5)]


def test_each_thought_falls_into_one_bin():
    written = [0.1, 1.0, 6.2, 6.5, 7.0, 8.2, 8.6, 9.2, 20.0]
    found = hidden(written, USER, AGENT, 9.0)
    assert (found.user, found.agent, found.exposed, found.late) == (2, 2, 3, 2)
    assert (found.hidden, found.all) == (4, len(written))


def test_without_an_answer_the_agents_voice_hides_nothing():
    found = hidden([1.0, 6.5, 7.0], USER, AGENT, None)
    assert (found.user, found.agent, found.exposed, found.late) == (1, 0, 1, 1)


def test_a_gap_belongs_to_one_reply():
    words = [(0.0, 0.3), (0.4, 0.6), (2.0, 2.2), (2.5, 2.6)]
    assert gaps(words, [2, 2]) == pytest.approx([0.0, 0.1, 0.0, 0.3])
    assert max(gaps(words, [4])) == pytest.approx(1.4)


def spoken(*words: tuple[float, float]) -> np.ndarray:
    pcm = np.zeros(round(12 * PLAYOUT_RATE), np.float32)
    for start, end in words:
        pcm[round(start * PLAYOUT_RATE) : round(end * PLAYOUT_RATE)] = 0.2
    return pcm


def watched(text: str, thoughts: list[float]) -> Watcher:
    async def talk() -> Watcher:
        seen, trace = Watcher(began=now()), Trace()
        trace.subscribe(seen.see)
        timed = [(at, Thought(1, 1, "so ")) for at in thoughts] + [(6.6, CommitDraft(Turn(1), Draft(1)))]
        for at, item in sorted(timed, key=lambda two: two[0]):
            await asyncio.sleep(at + seen.began - now())
            trace.record(item)
        return seen

    seen = simulate(talk)
    seen.said = {1: text}
    return seen


CHAIN = Chain("nine plus eight", (9, 8), ("+",), 17)
TIMES = [(6.7, 7.0), (7.1, 7.4), (7.5, 7.8), (8.5, 8.8), (8.9, 9.1), (9.2, 9.5)]


def test_an_answer_is_timed_from_the_label_to_its_first_sample():
    seen, pcm = watched("Nine plus eight, that is seventeen.", [1.0, 7.2, 8.0, 9.3]), spoken(*TIMES)
    words, aligned = word_spans(seen, pcm)
    found = answered(CHAIN, USER, seen, words, sounding(pcm, 0.2), aligned=aligned, first_sound=0.4)
    assert found.right and found.repeated and aligned
    assert found.first_sound == 0.4
    assert found.first_answer == found.last_answer == pytest.approx(2.9, abs=1e-3)
    assert (found.user, found.agent, found.exposed, found.late) == (1, 1, 1, 1)
    assert (found.gap, found.gap_before_answer) == pytest.approx((0.7, 0.1), abs=1e-3)
    assert found.commit == pytest.approx(0.3)


def test_a_sound_that_does_not_part_into_the_words_falls_back_on_the_reports():
    seen = watched("Nine plus eight, that is seventeen.", [])
    seen.word_times = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert word_spans(seen, spoken(*TIMES[:3])) == ([(at, at) for at in seen.word_times], False)


def test_no_reply_is_no_answer_and_no_time():
    found = answered(CHAIN, USER, Watcher(), [], [], aligned=True, first_sound=None)
    assert found.silent and not found.right and found.first_sound is None and found.repeated is None


def test_words_are_taken_from_what_was_heard_turn_by_turn():
    async def talk():
        seen, trace = Watcher(began=now()), Trace()
        trace.subscribe(seen.see)
        for item in (Said(1, "Nine", False), Said(1, "Nine plus", True), Said(2, "Seventeen.", True)):
            trace.record(item)
        return seen

    seen = simulate(talk)
    assert (seen.words, seen.counts, len(seen.word_times)) == (["Nine", "plus", "Seventeen."], [2, 1], 3)


def recorded(end: float, *replies: tuple[float, float]) -> tuple[Recording, Labels]:
    """One question from 1 s to ``end``, and what the agent said, in a recording of 30 s."""
    rate = PLAYOUT_RATE
    rng = np.random.default_rng(1)
    user, agent = (np.zeros(30 * rate, np.float32) for _ in range(2))
    user[rate : round(end * rate)] = rng.normal(0.0, 0.1, round(end * rate) - rate)
    for start, stop in replies:
        place = slice(round(start * rate), round(stop * rate))
        agent[place] = rng.normal(0.0, 0.1, place.stop - place.start)
    turn = UserTurn(1, Kind.QUESTION, rate, round(end * rate))
    return Recording(user, agent, rate), Labels("q", rate, 30 * rate, (turn,), SCENARIO)


def test_a_cut_in_that_was_withdrawn_is_no_reply():
    assert voice_to_voice(*recorded(9.0, (4.0, 6.0), (9.5, 12.0))) == pytest.approx(0.5, abs=0.005)
    assert voice_to_voice(*recorded(9.0, (8.0, 12.0))) == pytest.approx(-1.0, abs=0.005)


def test_a_reply_after_the_scorers_window_never_came():
    assert voice_to_voice(*recorded(9.0, (14.5, 16.0))) is None
    assert voice_to_voice(*recorded(9.0)) is None
