"""The scene in which the turn policy is told facts is found by name: ``from turn_scene import Scene``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
