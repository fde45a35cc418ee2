"""Names for what a client is told of: events, items, responses, calls."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias

Ids: TypeAlias = Callable[[str], str]
"""Makes a new id of a kind: ``event``, ``item``, ``resp`` or ``conv``."""


def random_id(kind: str) -> str:
    """An id that nobody can guess and that none has had before: 128 random bits."""
    return f"{kind}_{secrets.token_hex(16)}"
