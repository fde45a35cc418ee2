"""What programs print becomes one form, and sums up right."""

import json

import pytest

from bench.peers_plan import Arm
from bench.peers_rows import Row, readings, spread, table

PIPECAT = {"e2e": 718, "bot_start": 717, "was_speaking": True, "b_interrupt": 324, "stop": 299,
           "stop_audible": 339}  # fmt: skip
OURS = {"e2e": 455, "cut_ins": 0, "was_speaking": True, "stop": 250, "back": None,
        "stages": {"over Hush": 700}, "unlistened": 0}  # fmt: skip


def arm(system, scene="plain", end=2.0, gap="4.5"):
    return Arm(system, scene, 0, ("python", "--gap", gap), 12.0, end)


def read(arm, *runs):
    return readings(arm, {"runs": list(runs)})


def livekit(*events, stop=None):
    return {"ev": [list(event) for event in events], "stop": stop}


def test_pipecats_stop_is_the_end_of_its_last_chunk():
    (one,) = read(arm("pipecat"), PIPECAT)
    assert (one.e2e, one.stop, one.cut_in, one.lost) == (718, 339, False, True)


def test_a_bot_that_starts_before_the_end_has_cut_in():
    early, later = read(arm("pipecat", "pause 0.6"), PIPECAT | {"bot_start": -400, "e2e": -398}, PIPECAT)
    assert early.cut_in and early.e2e is None and not later.cut_in


def test_a_burst_that_interrupts_nobody_stops_nobody():
    (one,) = read(arm("pipecat", "cough"), PIPECAT | {"b_interrupt": None, "stop_audible": 80})
    assert one.stop is None and one.lost is False


def test_a_voice_that_went_on_to_the_timelines_end_was_not_stopped():
    (one,) = read(arm("pipecat", "mm-hm"), PIPECAT | {"stop_audible": 2700})
    assert one.stop is None


def test_livekits_first_sound_counts_from_the_true_end_of_a_question_in_parts():
    (one,) = read(arm("livekit", "pause 0.6"), livekit(("transcript", 1500), ("first_audio", 2502)))
    assert (one.e2e, one.cut_in, one.stop) == (502, False, None)


def test_livekits_sound_in_a_pause_is_a_cut_in():
    (one,) = read(arm("livekit", "pause 0.6"), livekit(("first_audio", 1700), ("first_audio", 2502)))
    assert one.cut_in and one.e2e is None


def test_livekit_pauses_at_a_burst_and_goes_on():
    events = [("first_audio", 2520), ("pause", 7043), ("resume", 9080), ("clear", 12_400)]
    (one,) = read(arm("livekit", "short word"), livekit(*events, stop=543))
    assert (one.stop, one.back, one.lost) == (543, 2580, False)  # the clear is the closing of the session


def test_livekit_gives_up_a_reply_that_is_cleared():
    (one,) = read(
        arm("livekit"), livekit(("first_audio", 2520), ("pause", 7104), ("clear", 10_000), stop=604)
    )
    assert one.lost and one.stop == 604 and one.e2e == 520


def test_our_first_sound_after_a_cut_in_is_no_latency_either():
    (one,) = read(arm("hocket, defaults", "pause 0.6"), OURS | {"cut_ins": 1})
    assert one.cut_in and one.e2e is None


def test_ours_holds_and_goes_on():
    held = OURS | {"stop": 250, "back": 840, "stages": {"over Hold": 240}}
    gone, back = read(arm("hocket, defaults"), OURS, held)
    assert gone.lost and not back.lost and back.back == 840


def row(*runs, errors=()):
    found = Row(arm("hocket, defaults"))
    found.add({"runs": list(runs), "cpu_pct_per_stream": 5.0, "rss_mb": 98, "load": 0.3})
    found.errors += errors
    return found.told("python -m it")


def test_a_row_has_percentiles_counts_and_every_value():
    told = row(OURS, OURS | {"e2e": 475}, OURS | {"e2e": 475, "cut_ins": 2, "stop": None, "unlistened": 1})
    assert told["e2e_ms"] == {"n": 2, "p50": 465, "p90": 473, "values": [455, 475]}
    assert (told["n"], told["cut_ins"], told["stopped"], told["unlistened"]) == (3, 1, 2, 1)
    json.dumps(told)


def test_the_agent_over_the_barge_in_is_counted_where_it_can_be():
    assert row(OURS | {"over_user": True}, OURS | {"over_user": False})["cut_ins_in_barge_in"] == 1
    assert Row(arm("pipecat")).told("it")["cut_ins_in_barge_in"] is None


def test_nothing_known_has_no_percentile():
    assert spread([None]) == {"n": 0}


def test_a_session_that_failed_is_in_the_row():
    assert row(OURS | {"error": "BugError: no"})["errors"] == ["BugError: no"]


def test_the_table_has_a_line_per_row_and_lines_up():
    empty = Row(arm("pipecat", "cough")).told("python it")
    found = table([row(OURS), empty])
    assert len(found) == 3 and len({len(line) for line in found}) == 1
    assert "455 / 455" in found[1] and " - " in found[2]


@pytest.mark.parametrize("system", ["pipecat", "livekit", "hocket, defaults"])
def test_output_of_another_program_is_refused(system):
    with pytest.raises(KeyError):
        read(arm(system), {"tea": 1})
