"""``python -m bench``: the harness without the rest of the command line."""

import sys

from pipeline.errors import HocketError, UserError


def run() -> int:
    """The exit status; what went wrong is one line on stderr, never a traceback, and so is Ctrl-C."""
    try:
        from .command import main  # here, so that Ctrl-C while it loads is caught too

        return main()
    except HocketError as error:
        print(f"hocket bench: {error}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        print("hocket bench: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(run())
