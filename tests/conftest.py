"""What many tests need: the folder of real recordings, where there is one."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(Path(__file__).parent))

import fetched_ear  # noqa: E402, F401  # looks where it was fetched, before the next line hides it

_DATA = tempfile.TemporaryDirectory(prefix="hocket-data-")
"""No test finds what a person fetched, unless it asks for it; gone with the process."""
os.environ["XDG_DATA_HOME"] = _DATA.name


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings beside the repository; they are never part of it."""
    folder = ROOT.parent / "shared" / "audio"
    if not folder.is_dir():
        pytest.skip(f"the real recordings are not beside the repository ({folder.name}/ is absent)")
    return folder
