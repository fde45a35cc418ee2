"""One page over several runs: what matters most first, gates as one sentence, failures in full."""

import json

import pytest

from bench import everything_page
from bench.everything import Done
from bench.everything_page import write_index
from bench.gates import Gate, Verdict

GATES = [Gate(name, "core", "virtual", "x", why=f"{name} & co", most=1.0) for name in ("waits", "stops")]


@pytest.fixture
def out(tmp_path, monkeypatch):
    for name, suite in (("core", "core"), ("overlap", "overlap"), ("think", "think")):
        (tmp_path / name).mkdir()
        told = json.dumps({"suite": suite, "clock": "virtual"})
        (tmp_path / name / "run.json").write_text(told, encoding="utf-8")
    for name in ("core/waterfall", "overlap/yield-selectivity", "think/think-accuracy-0ms",
                 "think/think-waiting"):  # fmt: skip
        width = 1664 if "waterfall" in name else 832
        (tmp_path / f"{name}.png").write_bytes(b"\x89PNG" + bytes(12) + width.to_bytes(4, "big"))
    monkeypatch.setattr(everything_page, "load_gates", lambda: GATES)
    return tmp_path


def page_of(out, monkeypatch, values):
    judged = [Verdict(gate, value) for gate, value in zip(GATES, values, strict=True)]
    monkeypatch.setattr(everything_page, "judge_run", lambda *_: judged)
    page = write_index(out, ["core", "overlap", "think"], [Done("core", "hocket bench run", 0, 1.0)])
    return page.read_text("utf-8")


def test_gates_that_hold_are_one_sentence_and_the_table_is_folded(out, monkeypatch):
    text = page_of(out, monkeypatch, [0.5, 0.5])
    assert "<strong>2 of 2 gates hold</strong>" in text and "Gates that fail" not in text
    assert text.index("<details>") < text.index("waits</th>") < text.index("</details>")


def test_a_gate_that_fails_or_was_not_measured_stands_before_the_fold(out, monkeypatch):
    text = page_of(out, monkeypatch, [1.5, None])
    assert "0 of 2 gates hold" in text
    above = text[: text.index("<details>")]
    assert "waits &amp; co" in above and "not measured" in above
    text = page_of(out, monkeypatch, [0.5, 1.5])
    above = text[: text.index("<details>")]
    assert "1 of 2 gates hold" in above and "stops</th>" in above and "waits</th>" not in above


def test_the_pictures_that_matter_most_come_first_and_once(out, monkeypatch):
    text = page_of(out, monkeypatch, [0.5, 0.5])
    order = [text.index(f"<figcaption>{name}") for name in ("think: think accuracy", "overlap: yield sel")]
    assert text.index("<h2>Headline</h2>") < order[0] < order[1] < text.index("<h2>Gates</h2>")
    assert text.count("<figure") == 4 and text.index("<h2>think</h2>") < text.index("think waiting")
    assert text.count('<figure class="across"') == 1


def test_without_runs_nothing_is_claimed(tmp_path):
    text = write_index(tmp_path, ["core"], []).read_text("utf-8")
    assert "No run here has a gate." in text and "hold</strong>" not in text and "Headline" not in text
