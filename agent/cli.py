"""The command line. Every command imports what it needs when it runs, so that help comes at once.

An error of ours is one sentence on stderr: exit 2 where the user can mend it, 1 elsewhere; never a traceback.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DeviceError, HocketError, UserError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.config import Config

VERSION = "0.1.0"
DEMO_FOLDER = Path("hocket-demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = given.run
        return run(given)
    except HocketError as error:
        from agent.story import clean

        print(f"hocket: {clean(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        print("hocket: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hocket", description="A voice agent that listens, drafts and answers aloud.")
    parser.add_argument("--version", action="version", version=f"hocket {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _talk_arguments(_command(commands, "talk", "talk at the microphone, or hold a demonstration without one", _talk))
    _command(commands, "devices", "list microphones and loudspeakers", _devices)
    _command(commands, "voices", "list the voices this machine has", _voices)
    models = _command(commands, "models", "tell which brain would talk and what it can do", _models)
    models.add_argument("--brain", type=Path, metavar="FOLDER", help="another brain than the bundled one")
    _simulate_arguments(_command(commands, "simulate", "hold scripted conversations in virtual time", _simulate))
    _bench_arguments(_command(commands, "bench", "measure a runtime, or score a recording", _bench))
    _command(commands, "version", "print the version", _version)
    return parser
