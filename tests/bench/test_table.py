"""The text report: it fits its columns, keeps kinds of brain apart, withholds what stands on too little."""

from dataclasses import replace
from functools import cache

import pytest

from bench.kinds import KNOWN, SCRIPTED
from bench.labels import Kind
from bench.rates import distribution, rate
from bench.report import Report, Section
from bench.score import score
from bench.summary import summarise
from bench.table import lines
from bench.table_cells import WIDE, brief, durations, name, name_width

RATE = 24_000
LONG = "background-speech-at-ten-decibels-in-silence"


def section(scores, kind="real"):
    return Section(summarise(scores), {}, 0, 0.0, 0, (), None, None, None, (), kind=kind)


def asked(stage, delay=0.4, turns=12, name="a"):
    """Questions with a hesitation each, answered."""
    scene = stage(seconds=8.0 * turns + 8, name=name)
    for number in range(turns):
        at = 1.0 + 8 * number
        end = scene.says(at, 2.0, pauses=[(at + 0.5, at + 1.1)]) / RATE
        scene.answers(end + delay, 1.5)
    return score(scene.recording, scene.labels)


def talked_over(stage, count=12):
    """A long talk with everything that can be said over it; every second sound silences it for 0.6 s."""
    scene = stage(seconds=6.0 * count * 5 + 10, greeting=True, name="over")
    kinds = (Kind.TIC, Kind.BACKCHANNEL, Kind.ASIDE, Kind.NOISE, Kind.BARGE_IN)
    at = 1.0
    for number in range(count):
        for kind in kinds:
            scene.says(at + 1.0, 0.4, kind, reply=False)
            stops = number % 2 or kind is Kind.BARGE_IN
            scene.answers(at, 1.3 if stops else 4.5)
            if stops:
                scene.answers(at + 1.9, 2.6)
            at += 5.5
    return score(scene.recording, scene.labels)


@pytest.fixture
def full(stage):
    return made(stage)


@cache
def made(stage):
    found = {
        "smooth": section([asked(stage, 0.4, name="a"), asked(stage, 0.6, name="b")]),
        LONG: section([talked_over(stage)]),
    }
    return Report({}, found)


def told(report, **how):
    return list(lines(report, **how))


def test_no_line_is_wider_than_the_page_however_long_the_names(full):
    shown = told(full)
    assert max(map(len, shown)) <= WIDE
    assert any(line.startswith(f"{LONG[:25]}… ") for line in shown)
    assert not any(line != line.rstrip() for line in shown if line.startswith(" "))


def test_columns_stand_under_their_heads(full):
    shown = told(full)
    head = next(line for line in shown if line.split()[:2] == ["n", "p50"])
    row = next(line for line in shown if line.startswith("smooth"))
    assert row.split()[1:4] == ["any", "24", "0.500"]
    assert row.index("24") + 2 == head.index("n") + 1
    assert row.index("0.500") + 5 == head.index("p50") + 3
    assert row.rstrip().endswith("0 of 24")


def test_both_latencies_the_floor_the_pauses_and_the_operating_points_are_there(full):
    text = "\n".join(told(full))
    pieces = (
        "(any)", "body ", "took over", "100.0 [86.2, 100.0] 24/24", "pause 0.6 s",
        "0 of 24 = 0.0 % (0.0 to 13.8)", "0.3 s   0.0 [0.0, 13.8] 0/24", "windows and thresholds:",
    )  # fmt: skip
    for piece in pieces:
        assert piece in text, piece


def test_yield_and_selectivity_stand_side_by_side_with_the_weights_of_the_penalty(full):
    text = "\n".join(told(full))
    for short in ("R_Y", "S_BC", "S_VT", "S_ND", "S_NOISE"):
        assert f"\n{short:<9}" in text
    assert "ignores: tic              50.0 [25.4, 74.6] 6/12" in text
    assert "R_Y      yields to barge-ins       100.0 [75.8, 100.0] 12/12" in text
    assert "50.0 of 4 kinds" in text
    assert "(2 s for the 0 not yielded to) and of 1 s for 24 false yields" in " ".join(text.split())


def test_kinds_of_brain_never_share_a_table(stage):
    both = {
        "smooth (real)": section([asked(stage)]),
        "smooth (scripted)": section([asked(stage, 0.1)], SCRIPTED),
    }
    shown = told(Report({}, both))
    heads = [place for place, line in enumerate(shown) if line.startswith("===")]
    assert [shown[place] for place in heads] == [
        "=== real ===", "=== a scripted brain and a tone voice, which cost nothing: the runtime alone ===",
    ]  # fmt: skip
    assert all("scripted" not in line for line in shown[: heads[1]])
    assert all("(real)" not in line for line in shown[heads[1] :])


def test_null_agents_are_told_by_their_error_alone(stage):
    null = {"null-0.40s": section([asked(stage)], KNOWN)}
    shown = told(Report({}, null))
    assert any(line.startswith("  delay 0.40 s: 0.") and line.endswith("(n 12)") for line in shown)
    assert not any("voice to voice, s" in line for line in shown)


def test_what_stands_on_fewer_than_ten_is_withheld_and_says_so_unless_asked_for(stage):
    few = Report({}, {"smooth": section([asked(stage, turns=4)])})
    text, whole = "\n".join(told(few)), "\n".join(told(few, small=True))
    assert "withheld, fewer than 10" in text and "withheld, n 4" in text and "n 4, too few to tell" in text
    assert text.count("(--all shows them)") == 1 and "--all" not in whole
    assert "0.400" not in text and "0.400" in whole and "4/4" in whole and "withheld, n" not in whole


def test_a_99th_percentile_of_fewer_than_300_says_why_it_is_not_there():
    few, many = (distribution({"a": [0.25] * count, "b": [0.25]}) for count in (20, 300))
    assert "n<300" in durations(few) and "n<300" not in durations(many)
    assert durations(many).split()[:6] == ["301", *["0.250"] * 5]


def test_what_is_doubtful_missing_mixed_or_unscored_is_listed(stage):
    one = asked(stage)
    mixed = section([
        replace(one, answered_by="real", warnings=("the user's channel is clipped in 9 samples",)),
        replace(one, answered_by="scripted", unscored=("turn 3: the recording ends",)),
    ])  # fmt: skip
    text = "\n".join(told(Report({}, {"smooth": mixed}, missing=("smooth/004: there is no labels.json",))))
    assert "doubtful: a, the user's channel is clipped in 9 samples" in text
    assert "not scored: a, turn 3: the recording ends" in text
    assert "missing: smooth/004: there is no labels.json" in text
    assert "smooth: answered by real and scripted: do not read these together" in text


def test_cells_keep_their_width():
    assert name("short", 8) == "short   " and name("longer-than-that", 8) == "longer… "
    assert name_width(["a" * 60]) == 27 and name_width([]) == 1
    assert len(brief(rate([True] * 999))) <= 27
    assert brief(rate([])) == "-"
