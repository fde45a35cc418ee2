"""The scenes and the oracle are found by name: ``from client_scene import Client``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
