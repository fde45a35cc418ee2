"""A load test's figures on the page: those that were told, with the knee, and withheld like all others."""

import json
from dataclasses import asdict, replace

import pytest

from bench.bootstrap import Difference
from bench.html_load import knee_card, load_notes, load_tables, load_told
from bench.html_page import Limits, write_page
from bench.load_hold import Level
from bench.load_knee import knee
from bench.load_pace import Pace
from bench.load_run import save
from bench.load_score import LevelFigures
from bench.load_usage import Usage
from bench.stats import Interval
from bench.summary import distribution, rate


def level(sessions, count, wait, *, missed=0, refused=0, metered=False):
    usage = Usage(10.0, 5.0, 100 * 2**20, 160 * 2**20) if metered else None
    held = Level(sessions, (), Pace(100, 0, 0.0, 0.001, 0.002), usage, None, 20 * 2**20, False, {})
    waits = {f"{n:03d}": [wait + 0.001 * n] * (count // sessions) for n in range(sessions)}
    return LevelFigures(
        held, sessions - refused, {"HTTP 503 <full>": refused} if refused else {}, {}, {}, float(sessions),
        distribution(waits, missed), rate([n < missed for n in range(count)]), 0, (),
        Difference(0.01, Interval(0.0, 0.02), sessions), 0, None, 0, 0,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    run = {"suite": "load", "clock": "virtual", "seed": 1, "target": {"brain": "bundled"}}
    (tmp_path / "run.json").write_text(json.dumps(run), encoding="utf-8")
    save([level(1, 4, 0.2), level(4, 40, 0.3, metered=True), level(8, 80, 1.4, refused=2)], tmp_path)
    return tmp_path


def test_what_was_saved_is_read_back_whole(folder):
    told = load_told(folder)
    assert told.kind == "real" and told.unread == ""
    levels = [level(1, 4, 0.2), level(4, 40, 0.3, metered=True), level(8, 80, 1.4, refused=2)]
    assert list(told.levels) == levels and told.knee == knee(levels)
    assert load_told(folder / "nowhere") is None


def test_each_level_has_a_row_and_few_events_no_percentile(folder):
    served, spent = (one for one in load_tables(load_told(folder)) if one.rows)
    rows = {row[0]: " ".join(row) for row in served.rows}
    assert "withheld, n &lt; 10" in rows["1"] and "200 ms" not in rows["1"]
    assert "302 ms" in rows["4"] and "303 ms" in rows["4"]
    assert '<strong class="bad">2</strong>' in rows["8"] and "80" in rows["8"]
    assert spent.rows == (("4", "0.50", "0.125", "100.0 MB", "10.0 MB", "20.0 MB"),)


def test_the_knee_and_what_was_refused_are_told_in_words(folder):
    told = load_told(folder)
    short, whole = knee_card(told)
    assert short == "8 sessions" and whole.startswith("knee at 8 sessions: of 8 sessions 2 refused")
    notes = load_notes(told)
    assert notes[0].startswith("knee at 8 sessions") and "at 8: 2 refused: HTTP 503 <full>" in notes
    unbent = replace(told, knee=knee(told.levels[:2]))
    assert knee_card(unbent)[0] == "none up to 4"


def test_a_file_of_an_older_harness_or_none_of_ours_takes_no_page_away(folder):
    file = folder / "load.json"
    found = json.loads(file.read_text("utf-8"))
    del found["levels"][0]["level"]["pace"]["begun"]
    file.write_text(json.dumps(found | {"new": 1}), encoding="utf-8")
    assert len(load_told(folder).levels) == 3
    for text in ("{", "[]", '{"levels": [{}], "knee": {}, "run": {}}', '{"levels": 3}'):
        file.write_text(text, encoding="utf-8")
        told = load_told(folder)
        assert "load.json cannot be read" in load_notes(told)[0]
        assert knee_card(told) is None and not list(load_tables(told))


def test_page_and_markdown_show_the_levels_first(folder, stage):
    from bench import labels as manifests
    from bench import recording as recordings

    scene = stage(seconds=8.0)
    scene.answers(scene.says(1.0, 1.0) / 24_000 + 0.3, 1.0)
    place = folder / "load-001" / "000"
    place.mkdir(parents=True)
    recordings.save(scene.recording, place / "conversation.wav")
    manifests.save(replace(scene.labels, scenario="load-001"), place / "labels.json")
    page = write_page(folder, Limits(conversations=0)).read_text("utf-8")
    assert "<b>knee: 8 sessions</b>" in page and "HTTP 503 &lt;full&gt;" in page and "<full>" not in page
    figures = page[page.index("<h2>Figures</h2>") :]
    assert figures.index("Under load, brain: real") < figures.index("Voice to voice, from the labelled end")
    text = (folder / "report.md").read_text("utf-8")
    assert "## Under load, brain: real" in text and "| 8 | 6 | 2 | 8.0 | 80 |" in text
    assert asdict(load_told(folder).knee)["sessions"] == 8
