"""Selectivity, yield rate and what errors cost: from events of known outcome."""

import pytest

from bench.labels import Kind
from bench.score import EventScore, Score, StopScore, TurnScore, score
from bench.summary_overlap import overlaps, together

IGNORED = EventScore(True, yielded=False, offset=1.0)
HELD = EventScore(True, yielded=True, silence=0.8, resumed=True)
LOST = EventScore(True, yielded=True, silence=2.5, never=True)
CUT = EventScore(True, yielded=True, silence=0.4)
QUIET = EventScore(False, answered=False)
ANSWERED = EventScore(False, answered=True)
OPEN = EventScore(False)


def turn(kind, event=None, stop=None):
    return TurnScore(
        1, kind, None, None, False, False, (), stop, None, 0.0, 0, floor=event is None, event=event
    )


def heard(**events):
    turns = [turn(Kind(name), one) for name, found in events.items() for one in found]
    return Score("one", "made", 60.0, tuple(turns), 0, 30.0, ())


def stopped(*latencies):
    stops = [StopScore(min(one, 2.0), one > 2.0, False, offset=place) for place, one in enumerate(latencies)]
    return Score("two", "made", 60.0, tuple(turn(Kind.BARGE_IN, stop=stop) for stop in stops), 0, 30.0, ())


def counts(rate):
    return rate.hits, rate.n


def test_a_selectivity_is_what_was_ignored_over_the_voice_and_in_silence():
    panel = overlaps([heard(tic=[IGNORED, IGNORED, HELD, QUIET, ANSWERED, OPEN])])
    tic = panel.kinds["tic"]
    assert counts(tic.ignored) == (3, 5)
    assert counts(tic.yielded) == (1, 3) and counts(tic.answered) == (1, 2)


def test_of_backchannels_only_those_over_the_voice_count_as_in_tau():
    backchannel = overlaps([heard(backchannel=[IGNORED, HELD, QUIET, ANSWERED])]).kinds["backchannel"]
    assert counts(backchannel.ignored) == (1, 2) and counts(backchannel.answered) == (1, 2)


def test_false_holds_are_parted_from_voices_that_never_came_back_and_from_what_cannot_be_told():
    aside = overlaps([heard(aside=[HELD, HELD, HELD, LOST, CUT, IGNORED])]).kinds["aside"]
    assert counts(aside.held) == (3, 5) and counts(aside.never) == (1, 5)
    assert (aside.resume.n, aside.resume.censored) == (5, 2)
    assert aside.resume.p50 == pytest.approx(0.8) and aside.resume.most == 2.5


def test_the_mean_selectivity_weighs_kinds_alike_and_knows_its_smallest():
    panel = overlaps([heard(tic=[IGNORED] * 30, noise=[HELD] * 10, aside=[OPEN])])
    assert panel.selectivity == pytest.approx(0.5) and panel.fewest == 10 and not panel.small
    assert overlaps([heard(tic=[IGNORED] * 9)]).small
    assert overlaps([]).selectivity is None and overlaps([]).penalty is None


def test_the_yield_rate_is_of_barge_ins_that_silenced_the_voice_in_time():
    assert counts(overlaps([stopped(0.2, 1.9, 2.5)]).barge_ins) == (2, 3)


def test_a_voice_that_pauses_and_is_heard_again_under_the_user_has_not_yielded():
    paused, gone = StopScore(0.3, False, resumed=True), StopScore(0.3, False, resumed=False)
    one = Score("p", "made", 60.0, tuple(turn(Kind.BARGE_IN, stop=stop) for stop in (paused, paused, gone)),
                0, 30.0, ())  # fmt: skip
    panel = overlaps([one])
    assert counts(panel.barge_ins) == (1, 3)
    assert panel.penalty.seconds == pytest.approx((2.0 + 2.0 + 0.3) / 3) and panel.penalty.missed == 2
    assert panel.stop_by_offset["0 to 0.6 s"].p50 == 0.3


def test_the_penalty_is_the_mean_of_stops_two_seconds_for_a_miss_and_one_for_a_false_yield():
    panel = overlaps([stopped(0.2, 0.4, 3.0), heard(tic=[IGNORED, HELD, QUIET, ANSWERED, EventScore(True)])])
    assert panel.penalty.seconds == pytest.approx((0.2 + 0.4 + 2.0 + 0.0 + 1.0) / 5)
    lost = panel.penalty
    assert (lost.barge_ins, lost.missed, lost.others, lost.false, lost.n) == (3, 1, 2, 1, 5)


def test_stops_are_parted_by_how_long_the_agent_had_been_speaking():
    bands = overlaps([stopped(0.1, 0.2, 0.3, 3.0)]).stop_by_offset
    assert list(bands) == ["0 to 0.6 s", "1 to 2 s", "2 s on"]
    assert [one.n for one in bands.values()] == [1, 1, 2]
    assert bands["2 s on"].censored == 1 and bands["1 to 2 s"].p50 == 0.2


def test_panels_together_are_the_panel_of_everything():
    parts = [[stopped(0.2, 3.0)], [heard(tic=[IGNORED, HELD], aside=[LOST])], [heard(tic=[QUIET])]]
    whole = overlaps([one for part in parts for one in part])
    added = together([overlaps(part) for part in parts])
    assert counts(added.kinds["tic"].ignored) == counts(whole.kinds["tic"].ignored) == (2, 3)
    assert added.barge_ins == whole.barge_ins and added.kinds["aside"].never == whole.kinds["aside"].never
    assert added.selectivity == pytest.approx(whole.selectivity) and added.fewest == whole.fewest == 1
    assert added.penalty.seconds == pytest.approx(whole.penalty.seconds) and added.penalty.n == 5
    assert list(added.kinds) == list(whole.kinds)


@pytest.mark.parametrize("onset", [4.8, 5.1, 5.4])
def test_an_agent_that_pauses_at_full_stops_and_talks_on_over_a_barge_in_yields_to_none(stage, onset):
    scene = stage(seconds=20.0, greeting=True)
    for sentence in range(12):
        scene.answers(1.0 + 1.22 * sentence, 1.0)
    scene.says(onset, 4.0, Kind.BARGE_IN, reply=False)
    found = score(scene.recording, scene.labels)
    (told,) = found.turns
    assert told.stop.resumed and not told.stop.censored and told.stop.latency < 1.0
    assert counts(overlaps([found]).barge_ins) == (0, 1)
