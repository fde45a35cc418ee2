"""model/machine.py: what the machine tells of itself, read without a framework."""

from __future__ import annotations

import stat
import sys

import pytest

from model import machine as module
from model.machine import Device, Machine, allowed, gpus_of, machine, memory_of, processor

GIB = 1 << 30


def test_nvidias_listing_becomes_devices():
    listing = "0, NVIDIA H200, 143771, 143100\n1, NVIDIA RTX 4090, 24564, 1024\n"
    assert gpus_of(listing) == (
        Device("cuda:0", "NVIDIA H200", 143771 << 20, 143100 << 20),
        Device("cuda:1", "NVIDIA RTX 4090", 24564 << 20, 1024 << 20),
    )


@pytest.mark.parametrize("listing", ["", "No devices were found\n", "0, X, [N/A], [N/A]\n", "a,b\n"])
def test_what_is_no_listing_means_no_device(listing):
    assert gpus_of(listing) == ()


def test_linux_memory_is_what_a_program_could_have():
    assert memory_of("MemTotal:       16 kB\nMemFree:  2 kB\nMemAvailable:    8 kB\n") == (16384, 8192)
    with pytest.raises(ValueError, match="MemTotal"):
        memory_of("nothing")


def test_a_containers_limit_counts_and_its_cached_files_give_way(tmp_path, monkeypatch):
    assert allowed(tmp_path) is None
    (tmp_path / "memory.max").write_text(f"{8 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{3 * GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {GIB}\n")
    assert allowed(tmp_path) == (8 * GIB, 6 * GIB)
    monkeypatch.setattr(module, "allowed", lambda: (8 * GIB, 6 * GIB))
    for known, told in (((64 * GIB, 32 * GIB), (8, 6)), ((64 * GIB, 4 * GIB), (8, 4)), ((0, 0), (8, 6))):
        monkeypatch.setattr(module, "_memory", lambda known=known: known)
        assert (processor().memory // GIB, processor().free // GIB) == told
    (tmp_path / "memory.current").write_text(f"{10 * GIB}\n")
    assert allowed(tmp_path) == (8 * GIB, 0)
    (tmp_path / "memory.max").write_text("max\n")
    assert allowed(tmp_path) is None


def test_the_first_version_of_control_groups_is_read_too(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{2 * GIB}\n")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text(f"{GIB}\n")
    (tmp_path / "memory" / "memory.stat").write_text("inactive_file 9\ntotal_inactive_file 512\n")
    assert allowed(tmp_path) == (2 * GIB, GIB + 512)


def test_this_machine_has_memory():
    here = machine()
    assert here.processor.memory >= here.processor.free > 0
    assert "GiB free" in here.line()


def test_a_driver_that_fails_is_no_device(tmp_path, monkeypatch):
    fake = tmp_path / "nvidia-smi"
    fake.write_text(f"#!{sys.executable}\nprint('0, NVIDIA X, 10, 5')\nraise SystemExit(9)\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine().gpus == ()
    fake.write_text(f"#!{sys.executable}\nprint('0, NVIDIA X, 10, 5')\n")
    assert machine().gpus == (Device("cuda:0", "NVIDIA X", 10 << 20, 5 << 20),)


def test_the_line_names_gpus_where_there_are_any():
    gpu = Device("cuda:0", "NVIDIA X", 8 * GIB, 6 * GIB)
    assert "NVIDIA X: 6.0 of 8.0 GiB free" in Machine(Device("cpu", "2 cores", GIB, GIB), (gpu,)).line()
    assert "no NVIDIA GPU" in Machine(Device("cpu", "2 cores", GIB, GIB)).line()
