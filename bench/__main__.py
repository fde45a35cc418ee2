"""``python -m bench``: the harness without the rest of the command line."""

import sys

from pipeline.errors import HocketError, UserError

from .command import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except HocketError as error:
        print(f"hocket bench: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UserError) else 1)
