from __future__ import annotations

import tomllib
from itertools import pairwise

import pytest

from bench.browser import main
from bench.browser_serve import quiet
from bench.browser_talk import EACH, EVERY, LEAD, OVER, interruptions, plans, questions, stops, told, waits
from bench.labels import Kind
from bench.score import Score, StopScore, TurnScore
from bench.script import Cue, Script, When
from pipeline.clock import simulate
from tts.tone import ToneVoice


def turn(number: int, kind: Kind, waited: float | None, cut: float | None = None) -> TurnScore:
    stop = None if cut is None else StopScore(cut, False, False)
    return TurnScore(number, kind, waited, waited, waited == 5.0, False, (), stop, None, 0.0, 0)


def scored(*turns: TurnScore) -> Score:
    return Score("one", "latency", 30.0, turns, 0, 4.0, ())


def test_questions_are_asked_at_times_that_no_answer_can_move():
    plan = simulate(lambda: questions("talk", 1, 3, ToneVoice()))
    begins = [one.seconds for one in plan.said]
    assert begins[0] == LEAD
    assert all(EVERY <= later - one <= EVERY + 0.5 for one, later in pairwise(begins))
    assert plan.seconds > begins[-1] + plan.said[-1].stimulus.seconds
    again = simulate(lambda: questions("talk", 1, 3, ToneVoice()))
    assert [one.seconds for one in again.said] == begins, "equal seeds ask alike"


def test_every_reply_is_interrupted_after_its_question_is_over():
    plan = simulate(lambda: interruptions("talk", 1, 3, ToneVoice()))
    pairs = list(zip(plan.said[::2], plan.said[1::2], strict=True))
    assert [over.stimulus.kind for _, over in pairs] == [Kind.BARGE_IN] * 3
    after = [over.seconds - asked.seconds - asked.stimulus.seconds for asked, over in pairs]
    assert sorted(round(one, 6) for one in after) == sorted(OVER)


def test_what_is_planned_can_be_said_in_process_without_two_things_at_once():
    plan = simulate(lambda: interruptions("talk", 2, EACH, ToneVoice()))
    ends = [one.seconds + one.stimulus.seconds for one in plan.said]
    assert all(end < one.seconds for end, one in zip(ends, plan.said[1:], strict=False))
    script = Script([Cue(one.stimulus, When.AT, one.seconds) for one in plan.said], least=plan.seconds)
    for _ in range(round(plan.seconds * 50) + 200):
        script.frame(heard=False)
    assert script.finished and len(script.placed) == 2 * EACH


def test_many_events_are_several_conversations(monkeypatch):
    monkeypatch.setattr("bench.browser_talk.steady_voice", lambda name: ToneVoice())
    monkeypatch.setattr("bench.browser_talk.clocks.run", simulate)
    made = plans("latency", 2 * EACH + 1, 1, "tone")
    assert [len(one.said) for one in made] == [EACH, EACH, 1]
    assert len({one.name for one in made}) == 3


def test_only_answered_questions_have_a_wait_and_only_voices_that_were_cut_a_stop():
    found = scored(
        turn(1, Kind.QUESTION, 0.4),
        turn(2, Kind.BARGE_IN, 0.5, cut=0.25),
        turn(3, Kind.QUESTION, 5.0),
        turn(4, Kind.BARGE_IN, 0.6),
    )
    assert waits([found]) == {"one": [0.4]}
    assert stops([found]) == {"one": [0.25]}
    assert told(found) == "voice to voice 400 ms; stop 250 ms"


def test_settings_survive_quotes_and_backslashes():
    found = tomllib.loads(quiet("flite:rms", 'Say "hi" \\ now'))
    assert found == {"persona": {"greeting": 'Say "hi" \\ now'}, "voice": {"name": "flite:rms"}}


def test_an_unknown_measure_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        main(["--what", "sing"])
    assert "echo" in capsys.readouterr().err
