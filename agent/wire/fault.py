"""What may be said of a fault of ours: its text may hold what somebody said."""

from __future__ import annotations

import traceback


def place_of(error: BaseException) -> tuple[str, str]:
    """An error's kind, and the file and line that it came from."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    return type(error).__name__, f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
