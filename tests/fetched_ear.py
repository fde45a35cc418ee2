"""Where the Moonshine ear was before the tests were given a folder of their own for data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from model.ears.fetch import fetched

_NAME = "HOCKET_TESTS_EAR"
"""Tells processes that are begun by the first one, which hides it from them."""
os.environ.setdefault(_NAME, str(fetched() or ""))


def ear_folder() -> Path:
    """Skips the test where it was not fetched."""
    if not os.environ[_NAME]:
        pytest.skip("the moonshine ear was not fetched (make ear)")
    return Path(os.environ[_NAME])
