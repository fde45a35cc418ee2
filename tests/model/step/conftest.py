"""Makes ``tiny`` importable: tiny random checkpoints in the released format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

NEEDED = ("torch", "safetensors", "tokenizers")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]
"""Without the torch extra there is nothing to test here."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny shapes run faster on one thread, and leave the others to other tests."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint of the nested layout, sharded, float32; for reading only."""
    import tiny

    return tiny.write(tmp_path_factory.mktemp("step") / "tiny")
