"""Tables of what explains: withheld where too little stands behind them, absent where nothing is known."""

from bench.explain_figures import Figures, Spread
from bench.explain_stop import STOP_MEANING
from bench.html_cells import enough
from bench.html_explained import cells, inside, stops, waits


def spread(n, mean=0.1):
    return Spread(n, mean, 0.1, 0.2, 0.2, 0.05, 0.3)


def test_a_part_of_fewer_than_ten_replies_is_withheld():
    assert cells(spread(9))[0] == "9" and "withheld" in cells(spread(9))[1]
    assert not any("ms" in cell for cell in cells(spread(9)))
    assert cells(spread(10))[1:3] == ("100 ms", "100 ms")


def test_a_negative_mean_is_told_as_credit():
    assert cells(spread(10, -0.05), credit=True)[1] == "−50 ms credit"
    assert cells(spread(10, 0.05), credit=True)[1] == "50 ms"


def test_nothing_known_makes_no_table():
    bare = Figures(3, 0, 0, 3)
    assert not any(one.rows for one in (*waits(bare, {}), *stops(bare), *inside(bare)))


def test_stops_without_parts_are_counted():
    found = Figures(1, 1, 0, 0, stop=dict.fromkeys(STOP_MEANING, spread(11)), stopped=12)
    first, *_ = stops(found)
    assert "11 of 12 stops" in first.note and len(first.rows) == 3


def test_samples_heard_without_leave_stand_out():
    _, _, clean = inside(Figures(1, 1, 0, 0, uncommitted=0, stale=240, starved=0))
    told = dict(row[:2] for row in clean.rows)
    assert told["audible samples of what was not committed"] == "0"
    assert 'class="bad">240<' in told["audible samples of what was cancelled, beyond its fade"]


def test_many_scenarios_with_too_little_become_one_sentence():
    shown, told = enough({"a": 12, "b": 2, "c": 3, "d": 4, "e": 5})
    assert shown == {"a"} and told == "Withheld, n < 10: b (2), c (3), d (4), e (5). "
    assert enough({"a": 12, "b": 2}) == ({"a", "b"}, "")
