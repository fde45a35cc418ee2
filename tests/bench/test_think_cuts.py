"""A hesitation is cut off by silence that is shorter than it, and scored from the recording."""

import numpy as np
import pytest

from bench.labels import Pause
from bench.think_cuts import ask_cut, cut_all, read_cuts
from bench.think_items import Chain
from bench.think_run import Plan, Service
from bench.think_stimuli import Long
from model.scripted import Answer, ScriptedEngine
from pipeline.errors import StallError
from pipeline.ports import CAPTURE_RATE, BrainFacts

CHAIN = Chain("nine plus eight minus two plus one", (9, 8, 2, 1), ("+", "-", "+"), 16)
FACTS = BrainFacts("scripted", "audio", "no", False, 1, holds=True)


class Brain(ScriptedEngine):
    def __init__(self):
        super().__init__(lambda prompt: Answer("That is sixteen.", ""), 0.001, 0.001, facts=FACTS)

    def renew(self):
        pass


class Loudness:
    window = 512

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > 0.01)

    def reset(self):
        pass


def hesitation(folder, seconds, number=0):
    noise = np.random.default_rng(number).normal(0.0, 3000, 3 * CAPTURE_RATE).astype(np.int16)
    start, count = CAPTURE_RATE, round(seconds * CAPTURE_RATE)
    noise[start : start + count] = 0
    file = folder / f"{number}.pcm"
    noise.tofile(file)
    pauses = (Pause(start, start + count),)
    return Long(f"p1-0000-{number:02d}", CHAIN, "noise", file, 0, len(noise), pauses, would_do=True)


def test_seven_tenths_of_silence_cut_a_pause_of_one_second_and_none_of_a_third(tmp_path):
    service, ear = Service(Brain()), Loudness()
    long, short = hesitation(tmp_path, 1.0), hesitation(tmp_path, 0.3, 1)
    cut = ask_cut(long, "all off", 0.0, service, ear)
    assert cut.cut and cut.inside and cut.pause == pytest.approx(1.0) and cut.would_do
    kept = ask_cut(short, "all off", 0.0, service, ear)
    assert kept.cut is False and kept.inside is False
    assert 0.7 < kept.voice_to_voice < 1.2


def test_a_stopped_run_goes_on_and_asks_nothing_twice(tmp_path):
    items, lines = [hesitation(tmp_path, 0.3, number) for number in range(2)], []
    plan = Plan(tmp_path, ("no-think", "all off"), (0.0,))
    assert cut_all(plan, items[:1], Service(Brain()), lines.append, detector=Loudness())
    assert cut_all(plan, items, Service(Brain()), lines.append, detector=Loudness())
    found = [(row.item, row.arm) for row in read_cuts(tmp_path)]
    assert len(found) == len(set(found)) == 4
    assert "[2/2]" in lines[-1]


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch):
    asked = []

    def interrupted(item, arm, *given):
        if asked:
            raise KeyboardInterrupt
        asked.append(arm)
        return ask_cut(item, arm, *given)

    monkeypatch.setattr("bench.think_cuts.ask_cut", interrupted)
    plan = Plan(tmp_path, ("no-think", "all off"), (0.0,))
    assert not cut_all(plan, [hesitation(tmp_path, 0.3)], Service(Brain()), print, detector=Loudness())
    assert [row.arm for row in read_cuts(tmp_path)] == ["no-think"]


def test_a_session_that_stands_still_is_a_row_without_a_verdict(tmp_path, monkeypatch):
    def stuck(*given, **more):
        raise StallError("nothing is ready")

    monkeypatch.setattr("bench.think_run.simulate", stuck)
    row = ask_cut(hesitation(tmp_path, 0.3), "no-think", 0.0, Service(Brain()), Loudness())
    assert row.cut is None and "nothing is ready" in row.error


def test_a_line_that_was_cut_off_is_passed_over(tmp_path):
    (tmp_path / "cuts-1of1.jsonl").write_text('{"item": "p1", "arm"', encoding="utf-8")
    assert list(read_cuts(tmp_path)) == []
