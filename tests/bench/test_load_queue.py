"""A server with known queueing is measured as queueing theory says, and no closed loop hides its waits."""

from functools import partial
from itertools import pairwise

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.edge import BenchEdge, Clock
from bench.load_hold import folder_of
from bench.load_knee import knee
from bench.load_lane import LaneAgent, LaneCarrier, Lanes
from bench.load_plan import LoadSettings, Plans, begins, lead
from bench.load_run import _hold, finished, load_run
from bench.load_score import figures
from bench.score import score
from bench.script import Cue, Script, When
from bench.session_run import Held, Target
from bench.stats import percentile
from pipeline.clock import run
from pipeline.ring import AudioRing
from tts.tone import ToneVoice

TARGET = Target(None, None, ToneVoice, None, None, {"brain": "lanes"})
TICK = 0.02


def settings(out, *levels, **changes):
    given = {"minutes": 0.5, "clock": Clock.VIRTUAL, "marked": True}
    return LoadSettings(out, levels, **given | changes)


def planned(asked):
    plans = Plans(asked)
    run(partial(plans.prepare, max(asked.levels), ToneVoice()))
    return plans


def arrivals(plans, sessions, seed=1):
    """By hand: when every question is over, on the level's clock: (end, session, place), in order."""
    found = []
    for number, begin in enumerate(begins(sessions, seed)):
        for place, one in enumerate(plans.of(number)):
            frames = -(-(lead(sessions) - begin + one.at) // TICK)  # speech begins with a frame
            found.append((begin + frames * TICK + one.stimulus.seconds, number, place))
    return sorted(found)


def lindley(ends, service):
    """Waits with one lane, first come, first served: each starts when it is over and the lane is free."""
    free, waits = 0.0, {}
    for end, number, place in ends:
        free = max(free, end) + service
        waits[number, place] = free - end
    return waits


def held(out, sessions, carrier, **changes):
    asked = settings(out, sessions, **changes)
    _hold(sessions, Plans(asked), carrier, ToneVoice, asked, None)
    return figures(sessions, out)


def test_every_wait_at_one_lane_is_what_arithmetic_says(tmp_path):
    one = held(tmp_path, 8, LaneCarrier(TARGET, Lanes(0.6)))
    waits = lindley(arrivals(planned(settings(tmp_path, 8)), 8), 0.6)
    assert one.waits.n == len(waits) > 20 and not one.missed.hits
    assert one.waits.most > 0.9, "some question waited behind another"
    assert one.waits.p50 == pytest.approx(percentile(list(waits.values()), 0.5), abs=0.003)
    assert one.waits.p95 == pytest.approx(percentile(list(waits.values()), 0.95), abs=0.003)
    for session in one.sessions:
        own = [wait for (number, _), wait in waits.items() if number == session.number]
        assert session.n == len(own) and session.p50 == pytest.approx(percentile(own, 0.5), abs=0.003)


def test_the_knee_is_where_arithmetic_puts_it(tmp_path):
    levels, service = (1, 2, 4, 8), 0.9
    asked = settings(tmp_path, *levels, all_levels=True, minutes=0.4)
    assert load_run(asked, lambda: LaneCarrier(TARGET, Lanes(service)), ToneVoice, lambda line: None)
    plans = planned(asked)
    by_hand = {}
    for count in levels:
        waits = [min(wait, 5.0) for wait in lindley(arrivals(plans, count), service).values()]
        by_hand[count] = percentile(waits, 0.95)
    bent = [count for count, p95 in by_hand.items() if p95 > 1.0]
    found = knee(finished(tmp_path))
    assert 1 < bent[0] <= 8 and found.sessions == bent[0] and found.blind is None
    assert found.upto == levels[levels.index(bent[0]) - 1]
    assert "p95 is" in found.told and f"knee at {bent[0]} sessions" in found.told


def test_two_lanes_bend_later_than_one(tmp_path):
    one = held(tmp_path / "one", 8, LaneCarrier(TARGET, Lanes(0.8)))
    two = held(tmp_path / "two", 8, LaneCarrier(TARGET, Lanes(0.8, lanes=2)))
    assert two.waits.p50 == pytest.approx(0.8, abs=0.01) and two.waits.p95 < one.waits.p95 - 0.2


def test_a_late_reply_shifts_no_question(tmp_path):
    placed = {}
    for name, service in (("quick", 0.1), ("slow", 3.0)):
        held(tmp_path / name, 4, LaneCarrier(TARGET, Lanes(service)))
        files = sorted(folder_of(4, tmp_path / name).glob("*/labels.json"))
        placed[name] = [[(t.start, t.end) for t in manifests.load(file).turns] for file in files]
    assert placed["quick"] == placed["slow"] and len(placed["slow"]) == 4


class Closed(LaneCarrier):
    """The mistake: a user who asks the next question only after the answer to the last."""

    async def hold(self, item, script, folder):
        asked = script._cues
        gaps = [after.seconds - before.seconds - before.stimulus.seconds - 0.8
                for before, after in pairwise(asked)]  # fmt: skip
        polite = [asked[0], *(Cue(cue.stimulus, When.AFTER_REPLY, gap, patience=99.0)
                              for cue, gap in zip(asked[1:], gaps, strict=True))]  # fmt: skip
        edge = BenchEdge(Script(polite, tail=0.0, least=script._least, limit=script._limit), seed=item.seed)
        await edge.run(AudioRing(), LaneAgent(edge.script, self.lanes), lambda fact: None)
        script.finished = True
        return Held(item, edge, {}, "")


def test_a_closed_loop_would_have_hidden_a_stall_that_the_open_one_shows(tmp_path):
    stall = (15.0, 45.0)  # the server takes nothing up for half a minute
    open_loop = held(tmp_path / "open", 4, LaneCarrier(TARGET, Lanes(0.1, 4, stall)), minutes=1.0)
    closed = Closed(TARGET, Lanes(0.1, 4, stall))
    asked = settings(tmp_path / "closed", 4, minutes=1.0)
    _hold(4, Plans(asked), closed, ToneVoice, asked, None)
    places = sorted(file.parent for file in folder_of(4, tmp_path / "closed").glob("*/labels.json"))
    scores = [
        score(recordings.load(place / "conversation.wav"), manifests.load(place / "labels.json"))
        for place in places
    ]
    said = [turn.censored for one in scores for turn in one.turns]
    assert len(said) < open_loop.waits.n - 8, "while it waited, the polite user asked nothing"
    assert sum(said) <= 4, "one long wait per user is all that is left of half a minute"
    assert open_loop.missed.hits >= 2.5 * sum(said), "every question that came due in the stall counts"
    assert open_loop.after_missed >= 1, "what came late for one question may stand at the next"


def test_what_the_server_does_not_take_is_refused_and_not_averaged_away(tmp_path):
    one = held(tmp_path, 6, LaneCarrier(TARGET, Lanes(0.1), capacity=4))
    assert (one.begun, one.refused) == (4, {"the server is full (HTTP 503)": 2})
    assert one.achieved == pytest.approx(4.0, abs=0.01)
    assert {session.number for session in one.sessions} == {0, 1, 2, 3}
    found = knee([one])
    assert found.sessions == 6 and "of 6 sessions 2 refused" in found.told
