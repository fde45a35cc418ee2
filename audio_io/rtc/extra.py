"""The door to the packages of the extra ``web``: all of them are loaded here, when a call needs them."""

from __future__ import annotations

import importlib
from typing import Any

from pipeline.errors import UserError


def web(name: str) -> Any:
    """A module of the extra ``web``. Raises UserError when it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"WebRTC needs {name.partition('.')[0]}, which cannot be loaded ({error}); "
            "install it with: pip install 'hocket[web]'"
        ) from None
