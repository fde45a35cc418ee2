"""The stand-in calls of these tests are found by name: ``from stand_in import …``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
