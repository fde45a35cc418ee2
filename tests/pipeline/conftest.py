"""Random tests draw equal examples in every run, and no example is judged by the machine's clock."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("calm", deadline=None, derandomize=True, database=None)
settings.load_profile("calm")
import os
if os.environ.get("HK_MANY"): settings.register_profile("many", deadline=None, max_examples=3000, database=None); settings.load_profile("many")
