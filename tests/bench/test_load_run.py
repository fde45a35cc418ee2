"""A load test holds its levels, keeps what is done, stops behind the knee, and says who was not served."""

import json
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from bench.edge import Clock
from bench.load_carriers import Inproc, OverSocket
from bench.load_hold import LEVEL, State, folder_of, read_level
from bench.load_knee import knee
from bench.load_lane import LaneCarrier, Lanes
from bench.load_plan import LoadSettings
from bench.load_run import LOAD, finished, load_run, save
from bench.run import RUN
from bench.score import WINDOW
from bench.scripted import ScriptedBrain
from bench.session_run import ITEM, Target
from bench.socket_run import SocketTarget, missing
from bench.targets.port import Act, Told
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError, PeerError, UserError
from pipeline.ports import PLAYOUT_RATE
from tts.tone import ToneVoice

TARGET = Target(None, None, ToneVoice, None, None, {"brain": "lanes"})


def settings(out, *levels, **changes):
    given = {"minutes": 0.25, "clock": Clock.VIRTUAL, "marked": True}
    return LoadSettings(out, levels, **given | changes)


def lanes(service=0.1, **changes):
    return lambda: LaneCarrier(TARGET, Lanes(service), **changes)


def quiet(line):
    pass


# --- levels and folders ------------------------------------------------------------------------------------


def test_levels_behind_the_knee_are_left_out_unless_asked_for(tmp_path):
    told = []
    assert load_run(settings(tmp_path, 1, 4, 6), lanes(1.2), ToneVoice, told.append)
    assert "the knee" in told[1] and read_level(4, tmp_path) is None
    assert told[-1] == "the knee is found; left out: 4, 6 sessions (--all-levels holds them too)"
    load_run(settings(tmp_path, 1, 4, all_levels=True), lanes(1.2), ToneVoice, quiet)
    assert [one.level.sessions for one in finished(tmp_path)] == [1, 4]
    assert json.loads(save(finished(tmp_path), tmp_path).read_text())["knee"]["sessions"] == 1


def test_a_finished_level_is_not_held_again_and_a_stopped_one_is(tmp_path):
    told = []

    def stop_at_the_second(line):
        told.append(line)
        if line.startswith("4 sessions: some"):
            raise KeyboardInterrupt

    assert not load_run(settings(tmp_path, 1, 4), lanes(), ToneVoice, stop_at_the_second)
    level = folder_of(1, tmp_path) / LEVEL
    stamp = level.stat().st_mtime_ns
    (folder_of(4, tmp_path) / "000").mkdir(parents=True)
    (folder_of(4, tmp_path) / "000" / ITEM).write_text("{}")  # of the level that was stopped
    again = []
    assert load_run(settings(tmp_path, 1, 4), lanes(), ToneVoice, again.append)
    assert again[0] == "1 of 2 levels are done already" and level.stat().st_mtime_ns == stamp
    assert json.loads((folder_of(4, tmp_path) / "000" / ITEM).read_text())["seconds"] > 15


def test_a_level_in_which_the_generator_was_late_is_held_again(tmp_path):
    load_run(settings(tmp_path, 1), lanes(), ToneVoice, quiet)
    file = folder_of(1, tmp_path) / LEVEL
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"pace": {**told["pace"], "p99": 0.05}}))
    assert not finished(tmp_path)[0].level.pace.good
    load_run(settings(tmp_path, 1), lanes(), ToneVoice, quiet)
    assert read_level(1, tmp_path).pace.good


def test_more_levels_may_be_held_in_a_folder_but_not_with_other_settings(tmp_path):
    load_run(settings(tmp_path, 1), lanes(), ToneVoice, quiet)
    load_run(settings(tmp_path, 2), lanes(), ToneVoice, quiet)
    assert [one.level.sessions for one in finished(tmp_path)] == [1, 2]
    assert json.loads((tmp_path / RUN).read_text())["suite"] == "load"
    with pytest.raises(UserError, match="holds a run with other settings"):
        load_run(settings(tmp_path, 1, seed=2), lanes(), ToneVoice, quiet)


def test_a_folder_without_a_finished_level_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="holds no finished level of a load test"):
        finished(tmp_path)


def test_a_level_that_was_written_reads_back_equal(tmp_path):
    load_run(settings(tmp_path, 2), lanes(capacity=1), ToneVoice, quiet)
    level = read_level(2, tmp_path)
    assert [told.state for told in level.told] == [State.HELD, State.REFUSED]
    assert level.generator is None and level.recorded > 20 * 160_000 and level.pace.good
    save(finished(tmp_path), tmp_path)
    assert json.loads((tmp_path / LOAD).read_text())["levels"][0]["refused"] == {
        "the server is full (HTTP 503)": 1
    }


# --- who is not served -------------------------------------------------------------------------------------


def test_when_nobody_can_be_called_there_is_one_error_and_no_figures(tmp_path):
    with pytest.raises(PeerError, match="not one session could be begun: the server is full"):
        load_run(settings(tmp_path, 1, 2), lanes(capacity=0), ToneVoice, quiet)
    told = []
    assert load_run(settings(tmp_path, 1, 2), lanes(), ToneVoice, told.append), "and it is tried again"
    assert not any("done already" in line for line in told)


def test_a_level_that_is_refused_altogether_behind_a_good_one_is_the_knee(tmp_path):
    capacities: Iterator[int] = iter([0, 1, 0])  # the first is asked for its names only

    def carrier():
        return LaneCarrier(TARGET, Lanes(0.1), next(capacities))

    assert load_run(settings(tmp_path, 1, 2), carrier, ToneVoice, quiet)
    found = knee(finished(tmp_path))
    assert found.sessions == 2 and "of 2 sessions 2 refused" in found.told
    assert len(missing(tmp_path)) == 2


class Server:
    """Lines to a server that answers nothing and behaves as told, by the number of the call."""

    rate = PLAYOUT_RATE

    def __init__(self, number, drops=()):
        self._left = 400 if number in drops else 10**9
        self._number = number

    async def open(self):
        if self._number == 3:
            raise PeerError("ws://made closed the connection before session.created")
        return {"model": "made"}

    async def send(self, pcm):
        self._left -= 1
        if self._left < 0:
            raise PeerError("ws://made closed the connection in the middle of the conversation")

    async def receive(self):
        import asyncio

        await asyncio.sleep(9.0)
        return Told("made", Act.NOTE)

    async def truncate(self, item, heard):
        pass

    async def close(self):
        pass


def test_a_server_that_drops_some_and_refuses_one_is_told_apart_from_one_that_is_silent(tmp_path):
    count = iter(range(100))
    target = SocketTarget(lambda: Server(next(count), drops=(1, 2)), ToneVoice, {"target": "made"})
    load_run(settings(tmp_path, 4), partial(OverSocket, target), ToneVoice, quiet)
    one = finished(tmp_path)[0]
    assert one.begun == 3 and one.refused == {"ws://made closed the connection before session.created": 1}
    assert one.broken == {"ws://made closed the connection in the middle of the conversation": 2}
    assert one.achieved == pytest.approx(1 + 2 * 8 / one.level.told[1].seconds, abs=0.03)
    assert one.missed.share == 1.0 and one.waits.least == WINDOW
    planned = sum(told.planned for told in one.level.told if told.state is not State.REFUSED)
    assert one.waits.n == planned, "what a broken session could no more ask is missed too"
    silent = next(told for told in one.level.told if told.state is State.HELD)
    assert "the agent never answered" in silent.reason


def test_a_fault_of_ours_ends_the_run_as_itself(tmp_path):
    class Keyless(LaneCarrier):
        async def ready(self, item):
            raise UserError("there is no environment variable K")

    class Unloadable(LaneCarrier):
        async def begin(self):
            raise ModelError("the bundle is damaged")

    with pytest.raises(UserError, match="no environment variable K"):
        load_run(settings(tmp_path, 2), lambda: Keyless(TARGET, Lanes(0.1)), ToneVoice, quiet)
    with pytest.raises(ModelError, match="the bundle is damaged"):
        load_run(settings(tmp_path, 2), lambda: Unloadable(TARGET, Lanes(0.1)), ToneVoice, quiet)


# --- sessions of this runtime ------------------------------------------------------------------------------


class Loudness:
    """A detector that hears energy: enough for tones."""

    window = 512

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > 0.01)

    def reset(self):
        pass


def session(cost):
    """A brain with one lane, each step of which takes ``cost`` seconds."""
    brain = partial(InlineCompute, ScriptedBrain("Yes, it is so."), lambda method, result: cost)
    return Target(brain, ToneVoice, ToneVoice, Loudness, None, {"brain": "scripted"})


def test_sessions_in_process_share_one_brain_and_wait_for_each_other(tmp_path):
    p95 = {}
    for name, cost in (("quick", 0.0), ("slow", 0.1)):
        asked = settings(tmp_path / name, 1, 6, marked=False, endpoint=0.25, all_levels=True)
        carrier = partial(Inproc, session(cost), asked.clock, asked.turn)
        assert load_run(asked, carrier, ToneVoice, quiet)
        p95[name] = [one.waits.p95 for one in finished(tmp_path / name)]
        assert [one.begun for one in finished(tmp_path / name)] == [1, 6]
    assert p95["quick"][1] == pytest.approx(p95["quick"][0], abs=0.06)
    assert [one.waits.p95_interval is not None for one in finished(tmp_path / "slow")] == [False, True]
    assert [one.silent.interval is not None for one in finished(tmp_path / "slow")] == [False, True]
    assert p95["slow"][1] > p95["slow"][0] + 0.3


def test_four_sessions_are_too_few_for_an_interval(tmp_path):
    asked = settings(tmp_path, 4, marked=False, endpoint=0.25, all_levels=True)
    assert load_run(asked, partial(Inproc, session(0.0), asked.clock, asked.turn), ToneVoice, quiet)
    (one,) = finished(tmp_path)
    assert one.waits.n > 4 and one.waits.p50_interval is None and one.silent.interval is None


def test_equal_seeds_give_equal_levels_in_virtual_time(tmp_path):
    for name in ("a", "b"):
        asked = settings(tmp_path / name, 2, marked=False, endpoint=0.25)
        load_run(asked, partial(Inproc, session(0.02), asked.clock, asked.turn), ToneVoice, quiet)
    for file in ("000/conversation.wav", "001/labels.json", "001/trace.jsonl"):
        assert (folder_of(2, tmp_path / "a") / file).read_bytes() == (
            folder_of(2, tmp_path / "b") / file
        ).read_bytes()
