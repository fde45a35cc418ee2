"""The knee in words: which limit was passed, how surely, and when nobody can tell."""

import re

import pytest

from bench.bootstrap import Difference
from bench.load_hold import Level, State, Told
from bench.load_knee import knee, underrun
from bench.load_pace import Pace
from bench.load_score import LevelFigures, SessionFigures
from bench.load_table import WIDTH, lines, progress
from bench.load_usage import Usage
from bench.stats import Interval
from bench.summary import distribution, rate

GOOD, SLOW = Pace(1000, 0, 0.0, 0.004, 0.01), Pace(1000, 30, 0.001, 0.041, 0.2)


def level(sessions, waits=(0.3, 0.4), *, begun=None, refused=(), broken=(), missed=0, silent=0.0,
          dry=None, sure=True, pace=GOOD, usage=None):  # fmt: skip
    begun = sessions if begun is None else begun
    held = tuple(Told(number, State.HELD, "", 5, 60.0) for number in range(sessions))
    groups = {str(number): list(waits) for number in range(begun)}
    count = begun * len(waits)
    interval = Interval(silent - 0.001 if sure else 0.0, silent + 0.01)
    return LevelFigures(
        Level(sessions, held, pace, usage, None, 2**20, dry is not None, {}), begun,
        dict(refused), dict(broken), {}, float(begun), distribution(groups, missed),
        rate([place < missed for place in range(count)]), 0,
        tuple(SessionFigures(number, len(waits), 0, 0.3, 0.4) for number in range(begun)),
        Difference(silent, interval, begun), 0, dry, 0, 0,
    )  # fmt: skip


def test_levels_that_are_served_well_have_no_knee():
    found = knee([level(1), level(4), level(16)])
    assert (found.sessions, found.upto) == (None, 16)
    assert found.told == "knee not reached up to 16 sessions"


def test_the_first_level_with_a_slow_p95_is_the_knee_even_if_a_later_one_looks_better():
    found = knee([level(1), level(8, (0.5, 1.6)), level(16)])
    assert (found.sessions, found.upto) == (8, 1)
    assert re.match(r"knee at 8 sessions: p95 is 1\.60 s \(95 %: .* s\), over 1 s; up to 1 ", found.told)


def test_an_interval_that_reaches_below_the_limit_is_said_to_be_uncertain():
    unsure = level(4, (0.4,))
    mixed = {f"{place}": [0.4] * 4 for place in range(4)} | {"slow": [0.4] * 2 + [3.0] * 2}
    object.__setattr__(unsure, "waits", distribution(mixed))
    assert "not certain" in knee([level(1), unsure]).told
    assert "not certain" not in knee([level(1), level(8, (1.5, 1.6))]).told


def test_a_knee_below_five_sessions_has_no_interval_and_says_so():
    assert "(fewer than 5 sessions, so no interval)" in knee([level(1), level(4, (0.5, 1.6))]).told


def test_silence_of_sessions_too_few_for_an_interval_cannot_be_told():
    few = level(4, silent=0.06)
    object.__setattr__(few, "silent", Difference(0.06, None, 4))
    assert underrun(few, level(1, silent=0.03)) is None


def test_missed_questions_bend_it_whatever_the_percentiles_say():
    found = knee([level(1), level(50, (0.3, 0.3), missed=2)])
    assert found.sessions == 50 and "2 of 100 questions missed" in found.told and "p95" not in found.told
    assert knee([level(1), level(50, (0.3, 0.3), missed=1)]).sessions is None, "one in a hundred is let pass"


def test_refused_and_broken_sessions_bend_it():
    found = knee([level(1), level(4, begun=3, refused={"full": 1}, broken={"hung up": 2})])
    assert found.sessions == 4 and "of 4 sessions 1 refused, 2 broken off" in found.told


def test_a_loudspeaker_that_stands_dry_bends_it():
    assert knee([level(1, dry=0.0), level(4, dry=0.004)]).sessions is None
    assert "0.6 % of the replies' time stood dry" in knee([level(1, dry=0.0), level(4, dry=0.006)]).told


def test_silence_counts_beyond_what_the_first_level_has_of_itself_and_where_it_is_certain():
    first = level(1, silent=0.03)
    assert underrun(first, first) is None
    assert knee([first, level(4, silent=0.034)]).sessions is None
    assert knee([first, level(4, silent=0.06)]).sessions == 4
    assert knee([first, level(4, silent=0.06, sure=False)]).sessions is None


def test_a_generator_that_is_too_slow_ends_what_can_be_judged():
    found = knee([level(1), level(4, (4.0, 5.0), pace=SLOW), level(16, (5.0, 5.0))])
    assert (found.sessions, found.upto, found.blind) == (None, 1, 4)
    assert "at 4 sessions the load generator itself was too slow to tell" in found.told
    assert "not valid" in progress(level(4, pace=SLOW), found)
    assert knee([level(1, pace=SLOW)]).told.startswith("knee not known")


def test_the_table_fits_a_terminal_and_marks_what_is_not_to_be_leant_on():
    usage = Usage(60.0, 30.0, 100 * 2**20, 180 * 2**20)
    told = list(lines([
        level(1, usage=usage), level(4, (0.3, 5.0), missed=4, usage=usage),
        level(16, begun=0, waits=(), refused={"full " * 40: 16}), level(64, pace=SLOW),
    ]))  # fmt: skip
    assert max(map(len, told)) <= WIDTH
    assert "n < 10" in told[2] and "≥5.000" in told[3] and "41.0!" in told[5]
    assert any("0.50 cores, 0.500 per session" in line and "79.0 MB more" in line for line in told)
    assert any(line.startswith("at 16: 16 refused: full full") and line.endswith("…") for line in told)
    assert told[-1].startswith("knee at 4") or told[-2].startswith("knee at 4")


def test_the_chart_says_in_words_what_it_shows(tmp_path):
    pytest.importorskip("matplotlib")
    from bench.load_picture import draw_load

    drawn = draw_load([level(1), level(4, (0.5, 1.6)), level(16, pace=SLOW)], tmp_path)
    assert "4 sessions: p50 1.05 s, p95 1.60 s" in drawn.told and "knee at 4" in drawn.told
    assert "knee: 4" in drawn.svg and "generator too slow" in drawn.svg
    assert (tmp_path / "load.png").read_bytes()[:4] == b"\x89PNG"
    assert draw_load([level(4, (), begun=0)], tmp_path) is None
