"""What this machine has to run a model on: memory and NVIDIA devices, read without a framework.

Nothing is imported that a base install lacks, and nothing is started but ``nvidia-smi``, where it is there.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30
PATIENCE = 10.0
"""Seconds that nvidia-smi may take; a driver that hangs counts as none."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that computes."""

    kind: str
    "``cpu`` or ``cuda:N``."
    name: str
    "As a person calls it."
    memory: int
    "Bytes."
    free: int
    "Bytes of it that nobody uses now."


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor with its memory, and the GPUs."""

    processor: Device
    gpus: tuple[Device, ...] = ()

    def line(self) -> str:
        """One line for the screen."""
        told = ", ".join(_told(gpu) for gpu in self.gpus) or "no NVIDIA GPU"
        return f"{_told(self.processor)}; {told}"


def machine() -> Machine:
    """This one. What cannot be read counts as nothing."""
    return Machine(processor(), gpus_of(_smi()))


def processor() -> Device:
    """This machine's, with the memory that this program may have: 0 bytes where the system does not tell."""
    memory, free = _memory()
    limit = allowed()
    if limit is not None:
        memory, free = min(memory or limit[0], limit[0]), min(free or limit[1], limit[1])
    return Device("cpu", f"{os.cpu_count() or 1} processor cores", memory, free)


def gpus_of(listing: str) -> tuple[Device, ...]:
    """The devices in nvidia-smi's answer to ``index,name,memory.total,memory.free`` as csv in MiB."""
    found = []
    for line in listing.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 4 and all(field.isdigit() for field in (fields[0], *fields[2:])):
            found.append(Device(f"cuda:{fields[0]}", fields[1], int(fields[2]) << 20, int(fields[3]) << 20))
    return tuple(found)


def _told(device: Device) -> str:
    return f"{device.name}: {device.free / GIB:.1f} of {device.memory / GIB:.1f} GiB free"


def _smi() -> str:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ""
    asked = [command, "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _memory() -> tuple[int, int]:
    """Bytes of main memory, and how many a program could have now."""
    try:
        return memory_of(Path("/proc/meminfo").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return _windows() if sys.platform == "win32" else _posix()


def memory_of(listing: str) -> tuple[int, int]:
    """Total and available bytes in the text of Linux' /proc/meminfo. Raises ValueError."""
    fields = {name: int(size) << 10 for name, size in re.findall(r"^(\w+): +(\d+) kB$", listing, re.M)}
    if "MemTotal" not in fields:
        raise ValueError("no MemTotal in it")
    return fields["MemTotal"], fields.get("MemAvailable", fields.get("MemFree", 0))


_GROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file "),
    (
        "memory/memory.limit_in_bytes",
        "memory/memory.usage_in_bytes",
        "memory/memory.stat",
        "total_inactive_file ",
    ),
)
"""Control groups of Linux, second version and first: limit, use, and what of the use gives way."""


def allowed(group: Path = Path("/sys/fs/cgroup")) -> tuple[int, int] | None:
    """Bytes that a container may have, and what is left of them; None without a limit."""
    for limit, used, stat, cached in _GROUPS:
        try:
            most = int((group / limit).read_text())
            taken = int((group / used).read_text())
            lines = (group / stat).read_text().splitlines()
            spare = sum(int(line.split()[1]) for line in lines if line.startswith(cached))
        except (OSError, ValueError):  # no such limit ("max"), or no such control groups here
            continue
        return most, max(0, most - taken + spare)
    return None


def _posix() -> tuple[int, int]:
    """macOS tells no simple free figure: there all of it counts as free."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0, 0
    return total, total


class _Status(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
    )


def _windows() -> tuple[int, int]:
    status = _Status()
    status.length = ctypes.sizeof(status)
    library = getattr(ctypes, "windll", None)
    if library is None or not library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return 0, 0
    return int(status.total), int(status.free)
