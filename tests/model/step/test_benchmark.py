"""model/step/benchmark.py and rig.py: every part runs anywhere, and bytes are counted right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from model.step import benchmark
from model.step.benchmark import PARTS, main
from model.step.rig import SHAPES, Rig
from model.step.shapes import decoder

ASKED = ["--shape", "tiny", "--device", "cpu", "--random", "--out"]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much less of everything that it is over at once."""
    for name, value in {
        "ROWS": (1, 2), "CONTEXT": 40, "STEPS": 2, "POSITIONS": (13,), "SECONDS": (0.5,), "HEAD_START": 4,
        "THOUGHT": 6, "COPIED": {"cpu": 1 << 16},
    }.items():  # fmt: skip
        monkeypatch.setattr(benchmark, name, value)


@pytest.mark.usefixtures("little")
def test_all_parts_run_and_the_file_holds_them(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed (extra: torch)")
    main([*ASKED, str(tmp_path / "out.json"), "--note", "today"])
    report = json.loads((tmp_path / "out.json").read_text())
    assert list(report["parts"]) == list(PARTS) and report["note"] == "today"
    rows = report["parts"]["tokens"]["rows"]
    assert all(rows[count]["step_ms"]["p50"] > 0 and rows[count]["least_ms"] > 0 for count in ("1", "2"))
    assert list(report["parts"]["turn"]["ways"]) == ["no-think", "speak-first", "think-first", "think-fully"]
    assert report["parts"]["plain"]["rows"]["2"]["step_ms"] != 0


@pytest.mark.usefixtures("little")
def test_what_the_file_holds_is_not_measured_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    main([*ASKED, str(out), "--parts", "copy"])
    first = json.loads(out.read_text())["parts"]["copy"]
    main([*ASKED, str(out), "--parts", "copy", "encoder"])
    assert json.loads(out.read_text())["parts"]["copy"] == first
    assert "encoder" in json.loads(out.read_text())["parts"]
    capsys.readouterr()
    main([*ASKED, str(out), "--parts", "copy"])
    assert "holds all of copy" in capsys.readouterr().out


def test_a_file_of_something_else_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text('{"of": {"shape": "r1"}, "parts": {}}')
    with pytest.raises(SystemExit, match="take another --out"):
        main([*ASKED, str(out)])
    out.write_text("what is this")
    with pytest.raises(SystemExit, match="no report of this program"):
        main([*ASKED, str(out)])


def test_a_gpu_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="finds no GPU; choose cpu"):
        main(["--shape", "tiny", "--device", "cuda", "--random", "--out", str(tmp_path / "out.json")])


@pytest.mark.parametrize(("dtype", "each"), [("float32", 4), ("bfloat16", 2)])
def test_a_token_reads_every_weight_but_the_embeddings_once(dtype: str, each: int) -> None:
    rig = Rig("tiny", "cpu", dtype, 64, graphs=False)
    sizes = {name: torch.Size(shape).numel() for name, shape in decoder(SHAPES["tiny"].text).items()}
    del sizes["model.embed_tokens.weight"]
    assert rig.read_per_step == each * sum(sizes.values())
    assert rig.position_bytes == 2 * 2 * 2 * 16 * each


def test_released_shapes_have_the_released_sizes() -> None:
    sizes = {
        name: sum(torch.Size(shape).numel() for shape in decoder(SHAPES[name].text).values())
        for name in ("r1", "mini")
    }
    assert sizes["r1"] == pytest.approx(32.83e9, rel=2e-4)
    assert sizes["mini"] == pytest.approx(7.66e9, rel=5e-3)


@pytest.mark.parametrize("dtype", ["int8", "fp8"])
def test_matrices_that_are_stored_small_are_counted_small(dtype: str) -> None:
    pytest.importorskip("torchao", reason="torchao is not installed (extra: torch)")
    rig = Rig("tiny", "cpu", dtype, 64, graphs=False)
    wide = Rig("tiny", "cpu", "bfloat16", 64, graphs=False)
    head = 2 * rig.network.lm_head.weight.numel()
    assert 0.45 < (rig.read_per_step - head) / (wide.read_per_step - head) < 0.65
    line, (token, _) = rig.read(rig.words(9), rig.patches(0.5))
    assert len(rig.write([line], [token], 3)[0]) == 3
