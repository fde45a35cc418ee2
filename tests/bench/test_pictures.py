"""Charts: coloured by the page, the same twice, and only from what was measured."""

from dataclasses import replace

import pytest

from bench.explain import Explained
from bench.explain_parts import Parts
from bench.explain_words import Answer
from bench.labels import Kind
from bench.pictures import INK, Dot, themed, waiting, waterfall, yielding
from bench.pictures_data import ROWS, TAU_VOICE, contents, curve, replies, rows, yield_dots
from bench.pictures_labels import name_points
from bench.pictures_labels import place as place_of
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


def test_a_name_stands_off_what_is_drawn_and_inside_the_frame():
    frame = (0.0, 0.0, 100.0, 100.0)
    free = place_of((50.0, 50.0), (20.0, 6.0), [], frame, 3.0)
    assert free == (53.0, 47.0, 73.0, 53.0)
    level = (0.0, 49.0, 100.0, 60.0)
    box = place_of((50.0, 50.0), (20.0, 6.0), [level], frame, 3.0)
    assert box[3] <= 49.0 or box[1] >= 60.0
    corner = place_of((98.0, 99.0), (20.0, 6.0), [], frame, 3.0)
    assert corner[2] <= 100.0 and corner[3] <= 100.0


def test_names_of_other_systems_cover_neither_each_other_nor_our_bars(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    seen = []

    def kept(axes, points, taken, colour):
        name_points(axes, points, taken, colour)
        boxes = [one.get_window_extent() for one in axes.texts]
        seen.extend((one.x0, one.y0, one.x1, one.y1) for one in boxes)
        seen.append(tuple(taken))

    monkeypatch.setattr("bench.pictures.name_points", kept)
    own = [Dot(f"sound {n}", 0.9, at, (0.74, 0.97), (at - 0.1, at + 0.1)) for n, at in enumerate((0.1, 0.7))]
    yielding(own, TAU_VOICE, tmp_path)
    *boxes, taken = seen
    assert len(boxes) == len(TAU_VOICE)
    for number, one in enumerate(boxes):
        area = (one[2] - one[0]) * (one[3] - one[1])
        assert sum(shared(one, other) for other in boxes[:number]) == 0, TAU_VOICE[number].name
        assert sum(shared(one, other) for other in taken) < 0.1 * area, TAU_VOICE[number].name


def shared(one, two):
    across, up = (min(one[side + 2], two[side + 2]) - max(one[side], two[side]) for side in (0, 1))
    return max(across, 0) * max(up, 0)


def test_more_curves_than_colours_have_their_legend_beside_them(tmp_path):
    pytest.importorskip("matplotlib")
    waits = {f"scenario {n}": [0.2 + 0.01 * n] * 10 for n in range(9)}
    many = waiting(waits, "title", tmp_path)
    few = waiting(dict(list(waits.items())[:8]), "title", tmp_path)
    assert many.wide and not few.wide and "scenario 8 (n 10)" in many.svg
