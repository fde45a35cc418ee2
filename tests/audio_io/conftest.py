"""A sound card made of numbers for the tests of this folder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def portaudio() -> ModuleType:
    """The module with FakePortAudio; tests are no packages, so it is loaded by its path."""
    path = Path(__file__).with_name("fake_portaudio.py")
    spec = importlib.util.spec_from_file_location("fake_portaudio", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_portaudio"] = module
    spec.loader.exec_module(module)
    return module
