"""Random tests draw equal examples in every run; services for the compute port are found by name."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

settings.register_profile("calm", deadline=None, derandomize=True, database=None)
settings.load_profile("calm")

sys.path.append(str(Path(__file__).parent))
