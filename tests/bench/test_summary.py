"""Figures of many conversations: censored turns count, rates carry their n, what is too little is marked."""

from dataclasses import replace

import pytest

from bench.labels import Kind
from bench.score import PauseScore, Score, StopScore, TurnScore
from bench.score_sound import Gap
from bench.summary import distribution, summarise


def turn(v2v=None, pauses=(), stop=None, censored=False, cut_in=False, yielded=None):
    return TurnScore(1, Kind.QUESTION, v2v, v2v, censored, cut_in, pauses, stop, yielded, 0.25, 0)


def conversation(name, *turns):
    return Score(name, "smooth", 60.0, turns, 1, 10.0, ("turn 9: cut",))


def test_a_turn_without_reply_stands_in_the_percentiles_at_its_window():
    scores = [conversation("a", turn(0.5), turn(0.6), turn(5.0, censored=True)), conversation("b", turn(0.7))]
    whole = summarise(scores)
    assert whole.voice_to_voice.n == 4 and whole.voice_to_voice.censored == 1
    assert whole.voice_to_voice.p50 == pytest.approx(0.65) and whole.voice_to_voice.most == 5.0
    assert (whole.missed.hits, whole.missed.n) == (1, 4)
    assert whole.voice_to_voice.p50_interval is None
    assert (whole.overlap, whole.unprompted) == (1.0, 2)
    assert whole.unscored == ("a, turn 9: cut", "b, turn 9: cut")


def test_percentiles_have_an_interval_over_five_conversations_and_none_over_four():
    scores = [conversation(f"{place}", turn(0.5), turn(0.5 + place / 10)) for place in range(5)]
    assert summarise(scores[:4]).voice_to_voice.p50_interval is None
    found = summarise(scores).voice_to_voice.p50_interval
    assert 0.5 <= found.low <= 0.5 + 0.1 <= found.high <= 0.9


def test_cut_ins_are_told_apart_by_the_length_of_the_pause():
    long, short = PauseScore(1.0002, True, True), PauseScore(0.2999, False, False)
    turns = (turn(0.5, (short, long), cut_in=True), turn(0.5, (short,)))
    whole = summarise([conversation("a", *turns)])
    found = [(length, rate.hits, rate.n) for length, rate in whole.pauses.items()]
    assert found == [(0.3, 0, 2), (1.0, 1, 1)]
    assert whole.cut_ins.hits == 1 and whole.cut_ins.small


def test_stops_and_yields_have_their_own_counts():
    stops = (StopScore(0.3, False, False), StopScore(2.0, True, False), StopScore(0.4, False, True))
    whole = summarise([conversation("a", *(turn(stop=stop) for stop in stops), turn(yielded=True))])
    assert (whole.stop.n, whole.stop.censored, whole.stop.p50) == (3, 1, 0.4)
    assert (whole.resumed.hits, whole.resumed.n, whole.yields.hits) == (1, 3, 1)
    assert whole.voice_to_voice is None


def test_a_99th_percentile_needs_three_hundred_values():
    assert distribution({"a": [0.1] * 299}).p99 is None
    assert distribution({"a": [0.1] * 200, "b": [0.1] * 100}).p99 == 0.1
    assert distribution({"a": []}) is None


def test_a_body_that_never_came_is_censored_though_a_filler_did():
    filler = replace(turn(0.1), to_body=5.0, body_censored=True, took_floor=False, blip=True)
    whole = summarise([conversation("a", filler, replace(turn(0.5), took_floor=True))])
    assert (whole.voice_to_voice.censored, whole.to_body.censored) == (0, 1)
    assert (whole.took_floor.hits, whole.took_floor.n, whole.blips) == (1, 2, 1)


def test_the_first_turn_of_a_conversation_stands_by_itself_too():
    scores = [
        conversation("a", turn(1.5), turn(0.4), turn(0.5)),
        conversation("b", turn(), turn(5.0, censored=True), turn(0.6)),
        conversation("c", turn(0.2)),
    ]
    whole = summarise(scores)
    assert (whole.cold.n, whole.cold.censored, whole.cold.least, whole.cold.most) == (2, 1, 1.5, 5.0)
    assert whole.voice_to_voice.n == 6


def test_interruptions_are_counted_per_turn_proper_and_cut_ins_once_per_turn():
    aside = replace(turn(), floor=False, kind=Kind.ASIDE)
    turns = (replace(turn(0.5, cut_in=True), interruptions=3), turn(0.5), aside, aside)
    whole = summarise([conversation("a", *turns)])
    assert (whole.cut_ins.hits, whole.cut_ins.n) == (1, 2)
    assert whole.interruption_rate == 1.5 and whole.turns_proper == 2
    assert (whole.overlap, whole.overlap_proper) == (1.0, 0.5)
    assert whole.overlap_per_minute == pytest.approx(0.5)
    assert summarise([]).interruption_rate is None and summarise([]).overlap_per_minute == 0.0


def test_silences_are_counted_per_minute_of_the_agents_speech():
    one = replace(conversation("a", turn(0.5)), gaps=(Gap(1.0, 0.2), Gap(2.0, 0.7)))
    whole = summarise([one, conversation("b", turn(0.5))])
    assert (whole.gaps, whole.longest_gap) == (2, 0.7)
    assert whole.gaps_per_minute == pytest.approx(2 / (20.0 / 60))
    assert summarise([]).gaps_per_minute is None


def test_who_answered_and_what_is_doubtful_go_with_the_figures():
    real = replace(conversation("a", turn(0.5)), answered_by="real", warnings=("it is clipped",))
    scripted = replace(conversation("b", turn(0.5)), answered_by="scripted")
    whole = summarise([scripted, real])
    assert whole.answered_by == ("real", "scripted") and whole.warnings == ("a, it is clipped",)
