"""Tiny random folders of the models that transformers runs, in the layout in which they are released."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

NEEDED = ("torch", "transformers", "safetensors", "tokenizers")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
"""Without the torch extra there is nothing to test here."""

FAMILIES = ("qwen2_audio", "qwen2_5_omni")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny shapes run faster on one thread, and leave the others to other tests."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder per family; for reading only."""
    import tiny_folders

    top = tmp_path_factory.mktemp("foreign")
    return {family: tiny_folders.write(top / family, family) for family in FAMILIES}


@pytest.fixture(scope="session", params=FAMILIES)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    """Each family's in turn."""
    return folders[request.param]
