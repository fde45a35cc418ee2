"""Servers to ask in tests are found by name: ``from servers.like_vllm import LikeVllm``; so are rooms to talk
in: ``from session_scene import Room``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent.parent / "agent"))
