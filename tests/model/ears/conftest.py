"""Sentences to hear are found by name: ``import cascade_scene``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "agent"))
