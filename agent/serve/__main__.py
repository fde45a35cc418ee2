"""``python -m agent.serve``: the same as ``hocket serve``, for tests and containers."""

from __future__ import annotations

import sys

from agent.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
