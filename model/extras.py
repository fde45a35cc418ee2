"""Says how to get what a base install lacks, before an import fails with less to go by."""

from __future__ import annotations

import importlib

from pipeline.errors import UserError


def require(*modules: str) -> None:
    """Import these packages of the torch extra. Raises UserError naming the first that is not there."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UserError(
                f"released weights need {name}, which cannot be imported ({error}); install it with: "
                "pip install 'hocket[torch]', or name a server (--model URL)"
            ) from error
