"""model/step/fit.py: the sum that is told is the sum that loading takes."""

from __future__ import annotations

import re

import pytest

from model.machine import Device
from model.step import fit
from model.step.config import AudioDims, StepConfig, TextDims
from pipeline.errors import ModelError

R1 = StepConfig(
    name="Step-Audio-R1.1",
    text=TextDims(5120, 27648, 40, 8, 64, 158720, 1e-5, 1e6, 65536),
    audio=AudioDims(128, 1500, 1280, 20, 32, 5120, 3, 2),
    stops=frozenset({151643}),
    dtype="bfloat16",
    thinks=True,
)
MINI = StepConfig(
    name="Step-Audio-2-mini",
    text=TextDims(3584, 18944, 28, 4, 28, 158720, 1e-6, 1e6, 16384),
    audio=AudioDims(128, 1500, 1280, 20, 32, 3584, 3, 2),
    stops=frozenset({151643}),
    dtype="bfloat16",
)
GIB = fit.GIB


@pytest.mark.parametrize(
    ("config", "dtype", "gib"),
    [(R1, "bfloat16", 62.37), (R1, "int8", 33.32), (MINI, "bfloat16", 15.49), (MINI, "int8", 9.41)],
)
def test_weights_take_what_the_released_sizes_say(config, dtype, gib):
    assert fit.need(config, dtype, 0).weights / GIB == pytest.approx(gib, abs=0.01)


@pytest.mark.parametrize(("config", "kib"), [(R1, 256), (MINI, 56)])
def test_a_position_takes_the_published_bytes(config, kib):
    assert fit.position_bytes(config) == kib * 1024
    assert fit.need(config, "bfloat16", 16384).kept == 16384 * kib * 1024


def test_the_lines_add_up():
    wanted = fit.need(R1, "int8", 16384)
    assert sum(size for _, size in wanted.lines()) == wanted.total
    assert wanted.total == wanted.weights + 4 * GIB + int(1.5 * GIB)


def test_a_refusal_shows_the_sum_and_what_fits():
    wanted = fit.need(R1, "bfloat16", 16384)
    text = fit.refusal(R1, wanted, 48 * GIB, "cuda:0")
    shown = [float(found) for found in re.findall(r"([\d.]+) GiB  ", text)]
    assert sum(shown[:5]) == pytest.approx(shown[5], abs=0.03) and shown[6] == 48
    assert (
        "Step-Audio-R1.1 does not fit on cuda:0" in text and "16384 positions of context at 256 KiB" in text
    )
    assert "dtype int8 fits (38.83 GiB)" in text and "bfloat16 fits" not in text


@pytest.mark.parametrize("free", [36, 37.5, 39, 66, 67, 68])
def test_what_is_proposed_does_fit_and_is_the_most_that_does(free):
    free = int(free * GIB)
    for text in fit.alternatives(R1, fit.need(R1, "bfloat16", 16384), free):
        dtype = text.split()[1]
        positions = int(found[1]) if (found := re.search(r"with (\d+) positions", text)) else 16384
        assert fit.need(R1, dtype, positions).total <= free
        assert positions == 16384 or fit.need(R1, dtype, positions + fit.STEP).total > free


def test_fewer_positions_are_proposed_where_the_weights_fit():
    found = fit.alternatives(R1, fit.need(R1, "bfloat16", 16384), 66 * GIB)
    assert found[0] == "dtype bfloat16 with 8192 positions fits"


def test_nothing_is_proposed_that_would_be_larger():
    assert not any("bfloat16" in text for text in fit.alternatives(R1, fit.need(R1, "int8", 16384), 36 * GIB))


def test_where_nothing_fits_the_least_is_told():
    text = fit.refusal(R1, fit.need(R1, "int8", 16384), 24 * GIB, "cuda:0")
    assert "at least 35.33 GiB" in text and "smaller model" in text


def test_what_does_not_fit_is_refused_and_what_fits_passes(monkeypatch):
    monkeypatch.setattr(fit, "free_bytes", lambda device: 80 * GIB)
    assert fit.check(R1, "bfloat16", 16384, device="cuda:0").total < 80 * GIB
    with pytest.raises(ModelError, match="does not fit on cuda:0"):
        fit.check(R1, "bfloat16", 100_000, device="cuda:0")
    monkeypatch.setattr(fit, "free_bytes", lambda device: None)  # a system that does not tell refuses nothing
    assert fit.check(R1, "bfloat16", 100_000, device="cpu")


def test_what_is_free_is_what_the_machine_tells(monkeypatch):
    assert (fit.free_bytes("cpu") or GIB) > 1 << 20
    for memory, free, told in ((8 * GIB, 3 * GIB, 3 * GIB), (8 * GIB, 0, 0), (0, 0, None)):
        monkeypatch.setattr(fit, "processor", lambda found=(memory, free): Device("cpu", "a box", *found))
        assert fit.free_bytes("cpu") == told


def test_the_arithmetic_imports_no_torch():
    import subprocess
    import sys

    code = "import sys, model.step.fit; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
