"""The page of a run: one file, everything inside, honest about clock and counts."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.html_page import Limits, notable, write_page
from bench.labels import Kind
from bench.report import read_folder
from pipeline.errors import UserError


def put(folder, scene, scenario, text="what is two plus two"):
    folder.mkdir(parents=True)
    recordings.save(scene.recording, folder / "conversation.wav")
    turns = tuple(replace(turn, text=text) for turn in scene.labels.turns)
    told = replace(scene.labels, conversation=f"{scenario}/{folder.name}", scenario=scenario, turns=turns)
    manifests.save(told, folder / "labels.json")


@pytest.fixture
def run_folder(tmp_path, stage):
    for number in range(6):
        scene = stage(seconds=24.0)
        for turn in range(2):
            end = scene.says(1.0 + 10 * turn, 2.0, pauses=[(2.0 + 10 * turn, 2.4 + 10 * turn)]) / 24_000
            scene.answers(end + 0.3 + 0.02 * number, 1.0)
        put(tmp_path / "smooth" / f"{number:03d}", scene, "smooth", text="<script>alert(1)</script>")
    scene = stage(seconds=12.0)
    end = scene.says(0.5, 1.0) / 24_000
    scene.answers(end + 0.2, 3.0)
    scene.says(end + 1.2, 1.0, Kind.BARGE_IN)
    put(tmp_path / "barge-in" / "000", scene, "barge-in")
    about = {"clock": "virtual", "suite": "core", "seed": 7, "count": 6, "endpoint": None,
             "target": {"brain": "bundled", "user": "espeak:en-us"}}  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(about), encoding="utf-8")
    return tmp_path


class Seen(HTMLParser):
    """All tags with what they load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name == "src"]
        if tag == "link":
            self.sources.append("link")


def page_of(folder, **limits):
    return write_page(folder, Limits(**limits)).read_text(encoding="utf-8")


def test_the_page_loads_nothing_from_anywhere(run_folder):
    text = page_of(run_folder)
    seen = Seen(text)
    assert seen.sources and all(
        source.startswith(("data:audio/", "smooth/", "barge-in/")) for source in seen.sources
    )
    assert not re.search(r"@import|url\((?!#)|fetch\(|https?://(?!www\.w3\.org)", text)


def test_the_clock_stands_first_and_plain(run_folder):
    text = page_of(run_folder, conversations=0)
    assert text.index("<strong>Virtual clock</strong>") < text.index("<table")
    assert "It is not a measurement of latency" in text.replace("\n", " ")
    (run_folder / "run.json").unlink()
    assert "<strong>Clock not told</strong>" in page_of(run_folder, conversations=0)


def test_what_a_user_said_is_text_and_never_markup(run_folder):
    text = page_of(run_folder, conversations=0)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_sound_goes_inside_up_to_the_limit_and_the_page_tells(run_folder):
    assert page_of(run_folder, conversations=2).count('src="data:audio/') == 2
    text = page_of(run_folder, conversations=5, megabytes=0.0)
    assert "data:audio/" not in text and 'src="smooth/000/conversation.wav"' in text
    assert "The sound of 0 conversations lies inside" in text


def test_figures_with_too_few_events_are_withheld(run_folder):
    text = page_of(run_folder, conversations=0)
    row = next(line for line in text.split("<tr>") if ">barge-in</th>" in line)
    assert "withheld" in row and "200 ms" not in row
    smooth = next(line for line in text.split("<tr>") if ">smooth</th>" in line)
    assert "350 ms" in smooth and "withheld" not in smooth and "No 99th percentile: n &lt; 300" in text


def test_charts_are_inside_and_beside_and_what_is_not_drawn_is_said(run_folder):
    pytest.importorskip("matplotlib")
    text = page_of(run_folder, conversations=0)
    assert (run_folder / "voice-to-voice.png").stat().st_size > 1000
    assert "people: 200 ms" in text and "Not drawn:" in text
    assert "where the time went (no trace beside the recordings)" in text


def test_without_matplotlib_the_page_says_what_is_missing(run_folder, monkeypatch):
    monkeypatch.setattr("bench.html_page.drawable", lambda: False)
    text = page_of(run_folder, conversations=0)
    assert "The charts need matplotlib" in text and "<table" in text


def test_the_worst_conversation_of_each_scenario_comes_first(run_folder):
    ordered = [one.labels.conversation for one in notable(read_folder(run_folder))]
    assert ordered[:2] == ["barge-in/000", "smooth/005"] and len(ordered) == 7


def test_a_folder_without_conversations_and_one_that_is_not_there_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no conversation; one is a folder with conversation\.wav"):
        write_page(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        write_page(tmp_path / "nowhere")


def test_impossible_limits_are_refused():
    with pytest.raises(UserError, match="accepted are 0 or more conversations and 0 to 200 MB"):
        Limits(conversations=-1)
    with pytest.raises(UserError, match="0 to 200 MB"):
        Limits(megabytes=1e6)


def test_a_recording_that_cannot_be_scored_is_told_and_the_rest_goes_on(run_folder):
    (run_folder / "smooth" / "003" / "labels.json").write_text("{", encoding="utf-8")
    (run_folder / "smooth" / "004" / "conversation.wav").write_bytes(b"")
    text = page_of(run_folder, conversations=0)
    assert "left out: smooth/003: " in text and "is not JSON" in text
    assert "left out: smooth/004: " in text and "is empty (0 bytes)" in text
    assert "5, with 10 user turns" in text


def test_a_broken_trace_takes_no_figure_away_and_is_told(run_folder):
    (run_folder / "smooth" / "001" / "trace.jsonl").write_text("garbage\n", encoding="utf-8")
    text = page_of(run_folder, conversations=0)
    assert "left out: the trace of smooth/001: " in text and "7, with 14 user turns" in text


def test_a_folder_in_which_nothing_can_be_scored_is_one_clear_error(tmp_path, stage):
    put(tmp_path / "smooth" / "000", stage(seconds=2.0), "smooth")
    (tmp_path / "smooth" / "000" / "labels.json").write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match=r"nothing in .* can be scored: smooth/000"):
        write_page(tmp_path)


def test_two_recordings_of_one_name_keep_their_own_turns(tmp_path, stage):
    for place, text in (("a", "first words"), ("b", "other words")):
        scene = stage(seconds=8.0)
        scene.answers(scene.says(1.0, 1.0) / 24_000 + 0.3, 1.0)
        put(tmp_path / place / "000", scene, "smooth", text=text)
    text = page_of(tmp_path, conversations=0)
    assert "first words" in text and "other words" in text


def test_the_same_figures_stand_in_markdown_beside_the_page(run_folder):
    page_of(run_folder, conversations=0)
    text = (run_folder / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"# hocket bench: {run_folder.name}") and "**Virtual clock.**" in text
    row = next(line for line in text.splitlines() if line.startswith("| smooth | 12 "))
    assert "350 ms" in row and "No 99th percentile: n &lt; 300" in text and "<span" not in text
    assert "| barge-in | 2 | withheld" in text and "(voice-to-voice.png)" in text


def test_without_a_trace_the_page_says_what_is_not_known_instead_of_a_number(run_folder):
    text = page_of(run_folder, conversations=0)
    assert "7 of 7 conversations have no trace" in text and "not known from a recording" in text
    assert "Where the time went" not in text and "Cleanliness" not in text


def test_two_kinds_of_brain_share_no_table(run_folder):
    labels = run_folder / "barge-in" / "000" / "labels.json"
    told = json.loads(labels.read_text(encoding="utf-8")) | {"about": {"protocol": "OpenAI Realtime"}}
    labels.write_text(json.dumps(told), encoding="utf-8")
    for number in range(6):
        labels = run_folder / "smooth" / f"{number:03d}" / "labels.json"
        mine = json.loads(labels.read_text(encoding="utf-8")) | {"about": {"brain": "bundled"}}
        labels.write_text(json.dumps(mine), encoding="utf-8")
    text = page_of(run_folder, conversations=0)
    assert text.index("<h3>Brain: real</h3>") < text.index("<h3>Brain: server</h3>")
    assert "several kinds of brain (real, server)" in text
    real = text[text.index("<h3>Brain: real</h3>") : text.index("<h3>Brain: server</h3>")]
    assert ">smooth</th>" in real and ">barge-in</th>" not in real


def test_charts_that_another_verb_left_go_into_the_page_and_what_is_missing_is_told(run_folder):
    (run_folder / "think-accuracy-unpaced.png").write_bytes(b"\x89PNG")
    (run_folder / "smooth" / "007").mkdir()
    (run_folder / "smooth" / "007" / "missing.json").write_text('{"error": "it <hung> up"}', encoding="utf-8")
    text = page_of(run_folder, conversations=0)
    assert "Right answers against the wait for the first answer word" in text
    assert 'src="data:image/png;base64,iVBORw=="' in text
    assert "left out: smooth/007: it &lt;hung&gt; up" in text
    assert "left out: smooth/007: it &lt;hung> up" in (run_folder / "report.md").read_text(encoding="utf-8")
