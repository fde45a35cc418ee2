"""The suite asks every arm in one folder, goes on where it stopped, and tells one table with its pictures."""

import argparse
import asyncio
import json
from itertools import pairwise

import numpy as np
import pytest

import bench.think_suite as module
from bench import think_live, think_run
from bench.edge import Clock
from bench.labels import Pause
from bench.think_arms import LEFT_OUT, MAIN, arm_of
from bench.think_cuts import read_cuts
from bench.think_items import Chain
from bench.think_live import LivePlan, Waited, _all, read_live
from bench.think_run import rows
from bench.think_stimuli import Long
from bench.think_suite import PACED, Ablation, suite_arguments, suite_command, tables, think_suite
from model.scripted import Answer, ScriptedEngine
from pipeline.clock import now, simulate
from pipeline.errors import UserError, VoiceError
from pipeline.ports import CAPTURE_RATE, BrainFacts

CHAIN = Chain("nine plus eight minus two plus one", (9, 8, 2, 1), ("+", "-", "+"), 16)
FACTS = BrainFacts("scripted", "audio", "no", False, 1, holds=True)


class Brain(ScriptedEngine):
    def __init__(self, folder=None):
        super().__init__(lambda prompt: Answer("That is sixteen.", "nine\n"), 0.001, 0.001, facts=FACTS)

    def renew(self):
        pass


class Loudness:
    window = 512

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > 0.01)

    def reset(self):
        pass


def long(folder, name, pauses=()):
    noise = np.random.default_rng(1).normal(0.0, 3000, 2 * CAPTURE_RATE).astype(np.int16)
    for gap in pauses:
        noise[gap.start : gap.end] = 0
    noise.tofile(folder / f"{name}.pcm")
    return Long(name, CHAIN, "noise", folder / f"{name}.pcm", 0, len(noise), tuple(pauses))


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """Questions of noise, a scripted brain and a detector of loudness in place of the real ones."""
    gap = Pause(CAPTURE_RATE, CAPTURE_RATE + 4800)

    def whole(folder, wanted, seed, tell):
        return [long(tmp_path, f"1-{number}") for number in range(wanted)]

    def broken(folder, wanted, seed, tell):
        return [long(tmp_path, f"p1-{number}", (gap,)) for number in range(wanted)]

    monkeypatch.setattr(module, "FreshEngine", Brain)
    monkeypatch.setattr(module, "fingerprint", lambda brain: "0")
    monkeypatch.setattr(module, "long_questions", whole)
    monkeypatch.setattr(module, "hesitations", broken)
    monkeypatch.setattr(think_run, "make_detector", lambda name: Loudness())
    monkeypatch.setattr("bench.think_cuts.make_detector", lambda name: Loudness())
    return tmp_path / "out"


def test_one_command_asks_every_arm_paced_and_the_main_ones_unpaced(studio):
    told = []
    assert think_suite(Ablation(studio, n=1), told.append)
    asked = {(row.arm, row.pace) for row in rows(studio)}
    assert asked == {(arm_of(name), PACED) for name in LEFT_OUT} | {(arm, 0.0) for arm in MAIN}
    assert {row.arm for row in read_cuts(studio)} == {arm_of(name) for name in LEFT_OUT}
    assert any(line.startswith("### Each mechanism left out, paced to 20 ms") for line in told)
    figures = json.loads((studio / "ablation.json").read_text(encoding="utf-8"))
    assert len(figures["virtual"]) == 2 and figures["about"]["tool"] == "hocket bench"
    before = sum(1 for _ in rows(studio))
    assert think_suite(Ablation(studio, n=1), told.append)
    assert sum(1 for _ in rows(studio)) == before


def test_full_asks_everything_unpaced_too(studio):
    assert think_suite(Ablation(studio, n=1, full=True), lambda line: None)
    assert len({(row.arm, row.pace) for row in rows(studio)}) == 2 * len(LEFT_OUT)
    assert {row.pace for row in read_cuts(studio)} == {PACED, 0.0}


def test_another_seed_may_not_go_on_in_the_same_folder(studio):
    think_suite(Ablation(studio, n=1), lambda line: None)
    with pytest.raises(UserError, match="another brain or seed"):
        think_suite(Ablation(studio, n=1, seed=2), lambda line: None)


def test_ctrl_c_keeps_what_is_done_and_the_status_says_so(studio, monkeypatch):
    real, asked = think_run.ask, []

    def interrupted(*given, **more):
        if len(asked) == 3:
            raise KeyboardInterrupt
        asked.append(given)
        return real(*given, **more)

    monkeypatch.setattr(think_run, "ask", interrupted)
    parser = argparse.ArgumentParser()
    suite_arguments(parser)
    given = parser.parse_args([])
    vars(given).update(out=studio, clock="virtual", n=1, seed=1, brain=None, stimuli=None)
    told = []
    assert suite_command(given, told.append) == 130
    assert "what is done is kept" in told[-1]
    assert sum(1 for _ in rows(studio)) == 3
    monkeypatch.setattr(think_run, "ask", real)
    assert suite_command(given, told.append) == 0


def test_no_questions_are_refused():
    with pytest.raises(UserError, match="at least 1"):
        Ablation("out", n=0)


def test_the_pictures_show_what_there_is_enough_of(tmp_path):
    pytest.importorskip("matplotlib")
    with (tmp_path / "live.jsonl").open("w", encoding="utf-8") as file:
        for arm, sound in zip(MAIN, (0.3, 2.8, 0.25), strict=True):
            for number in range(12):
                one = {"item": f"q{number}", "arm": arm, "pace": PACED, "voice": "v", "first_answer": None,
                       "first_sound": sound + number / 100, "late": 0, "worst": 0.001, "starved": 0,
                       "error": "", "said": "", "lanes": 4, "ticks": 500}  # fmt: skip
                file.write(json.dumps(one) + "\n")
    lines = tables(tmp_path)
    assert (tmp_path / "think-live-20ms.png").stat().st_size > 5000
    assert str(tmp_path / "think-live-20ms.png") in lines
    assert not list(tmp_path.glob("think-accuracy*"))
    assert "+2500 [+2500, +2500] ms" in (tmp_path / "ablation.md").read_text(encoding="utf-8")


# --- conversations side by side, in simulated time ----------------------------------------------------------


@pytest.fixture
def lanes(monkeypatch):
    """Conversations of ten seconds that are nothing but that; when each began, and which lanes closed."""
    began, closed = [], []

    class Lane:
        def __init__(self, factory):
            (self.plan,) = factory.args

        async def call(self, method, item, arm):
            began.append((now(), item.name, arm))
            await asyncio.sleep(10.0)
            return Waited(item.name, arm, PACED, "v", 0.3, None, 0, 0.0, 0, "", "", self.plan.lanes, 500)

        async def close(self):
            closed.append(self)

    monkeypatch.setattr(think_live, "ProcessCompute", Lane)
    return began, closed, Lane


def test_lanes_share_the_work_begin_apart_and_ask_nothing_twice(tmp_path, lanes):
    began, closed, _ = lanes
    todo = [(long(tmp_path, f"q{number}"), arm) for number in range(4) for arm in MAIN]
    simulate(lambda: _all(LivePlan(tmp_path, arms=MAIN, lanes=4), todo, lambda line: None))
    assert sorted((item, arm) for _, item, arm in began) == sorted((item.name, arm) for item, arm in todo)
    assert len(read_live(tmp_path)) == len(todo)
    first = sorted(at for at, _, _ in began)[:4]
    assert all(later - earlier > 1.0 for earlier, later in pairwise(first))
    assert max(at for at, _, _ in began) < 30.0 and len(closed) == 4


def test_a_voice_that_is_missing_is_one_error_and_every_lane_is_closed(tmp_path, lanes, monkeypatch):
    _, closed, lane = lanes

    async def silent(self, method, item, arm):
        raise VoiceError("there is no such voice")

    monkeypatch.setattr(lane, "call", silent)
    with pytest.raises(VoiceError, match="no such voice"):
        simulate(lambda: _all(LivePlan(tmp_path, lanes=2), [(long(tmp_path, "q"), "no-think")] * 2, print))
    assert len(closed) == 2


def test_the_clock_decides_what_is_asked(studio, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "ask_live", lambda plan, items, n, tell: asked.append(plan) or True)
    assert think_suite(Ablation(studio, Clock.WALL, n=2), lambda line: None)
    assert asked[0].arms == MAIN and asked[0].lanes == 4 and not asked[0].whole and not list(rows(studio))
