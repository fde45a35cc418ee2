"""Charts: coloured by the page, the same twice, and only from what was measured."""

from dataclasses import replace

import pytest

from bench.explain import Explained
from bench.explain_parts import Parts
from bench.explain_words import Answer
from bench.labels import Kind
from bench.pictures import INK, themed, waiting, waterfall
from bench.pictures_data import ROWS, contents, curve, replies, rows, yield_dots
from bench.report import Read, read_folder, section
from bench.score import score
from bench.summary import FEW

PARTS = [
    Parts("smooth/000", n, 0.01, 0.2 + 0.01 * n, 0.05, 0.12, 0.15, 0.23 + 0.01 * n, 0.25 + 0.01 * n)
    for n in range(40)
]


def test_our_colours_become_the_pages_and_nothing_else_changes():
    head = '<?xml version="1.0"?><!DOCTYPE svg>'
    svg = f'{head}<svg width="4pt" height="3pt" viewBox="0 0 4 3" fill="{INK}"></svg>'
    assert themed(svg) == '<svg viewBox="0 0 4 3" fill="var(--ink)"></svg>'


def test_a_chart_is_drawn_twice_alike_and_stands_beside_the_page(tmp_path):
    pytest.importorskip("matplotlib")
    one, two = (waiting({"smooth": [0.2, 0.3, 0.25] * 5}, "title", tmp_path) for _ in range(2))
    assert one.svg == two.svg and "people: 200 ms" in one.svg and "smooth (n 15)" in one.svg
    assert (tmp_path / "voice-to-voice.png").read_bytes()[:4] == b"\x89PNG"


def test_a_chart_that_cannot_be_written_is_one_clear_error(tmp_path):
    pytest.importorskip("matplotlib")
    from pipeline.errors import UserError

    with pytest.raises(UserError, match="choose another folder"):
        waterfall(PARTS[:3], tmp_path / "nowhere")


@pytest.fixture
def read(tmp_path, stage):
    from bench import labels as manifests
    from bench import recording as recordings

    scene = stage(seconds=6.0 * FEW)
    for place in range(FEW):
        at = 6.0 * place + 1.0
        end = scene.says(at, 1.5, pauses=[(at + 0.5, at + 1.0)]) / 24_000
        scene.answers(end + 0.3, 0.5)
    recordings.save(scene.recording, tmp_path / "conversation.wav")
    manifests.save(replace(scene.labels, scenario="hesitation"), tmp_path / "labels.json")
    return read_folder(tmp_path)


def test_the_operating_curve_replays_scores_over_pauses_and_ends(read):
    probable = []
    for place, turn in enumerate(read[0].labels.turns):
        pause, end = turn.pauses[0].start / 24_000, turn.end / 24_000
        probable += [(pause + 0.1, 0.6 if place < 2 else 0.15), (end + 0.05, 0.4), (end + 0.20, 0.9)]
    points, own = curve([replace(read[0], explained=Explained(scored=tuple(probable)))])
    found = {one.threshold: (one.cut.hits, round(one.wait, 3)) for one in points}
    assert found[0.1] == (10, 0.05) and found[0.3] == (2, 0.05) and found[0.5] == (2, 0.2)
    assert found[0.7] == (0, 0.2) and 0.95 not in found, "what was never reached is no point"
    assert own is None


def test_without_scores_or_with_few_pauses_there_is_no_curve(read):
    assert curve(read) == ([], None)


def test_a_scenario_with_few_replies_and_agents_without_a_brain_are_left_out(read):
    assert list(replies(read)) == ["hesitation"] and len(replies(read)["hesitation"]) == FEW
    assert yield_dots([section(read)]) == []
    scripted = replace(read[0], labels=replace(read[0].labels, about={"actor": "scripted"}))
    assert replies([scripted]) == {} and rows([replace(scripted, explained=Explained(tuple(PARTS)))]) == []


def test_the_waterfall_spreads_evenly_from_the_quickest_to_the_slowest(read):
    chosen = rows([replace(read[0], explained=Explained(tuple(PARTS)))])
    assert len(chosen) == ROWS and (chosen[0].turn, chosen[-1].turn) == (0, 39)
    assert [one.total for one in chosen] == sorted(one.total for one in chosen)


def test_first_answer_words_are_drawn_where_a_trace_tells_them(read):
    answers = tuple(Answer(n, "5", "five", True, False, 1.0 + 0.1 * n) for n in range(FEW))
    known = replace(read[0], explained=Explained(answers=answers, source="trace"))
    assert contents([known])["hesitation"][:2] == [1.0, 1.1] and contents(read) == {}


def test_a_runs_own_place_has_a_dot_per_sound_with_its_intervals(tmp_path, stage):
    scene = stage(seconds=9.0 * FEW)
    for place in range(FEW):
        at = 9.0 * place + 0.5
        end = scene.says(at, 0.5) / 24_000
        scene.answers(end + 0.3, 4.0)
        scene.says(end + 1.0, 0.3, Kind.BACKCHANNEL, reply=False)
        if place < 8:
            scene.agent[round((end + 3.3) * 24_000) : round((end + 4.4) * 24_000)] = 0
        scene.says(end + 3.0, 1.0, Kind.BARGE_IN)
    told = score(scene.recording, scene.labels)
    (dot,) = yield_dots([section([Read(scene.labels, told, None, [], Explained())])])
    assert dot.name == "this run, backchannel (n 10)"
    assert (dot.selective, dot.yields) == (1.0, pytest.approx(1.0))
    assert dot.selective_by[0] == pytest.approx(0.722, abs=1e-3)
