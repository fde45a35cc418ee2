"""``hocket serve``: its words on the command line. Serving itself is ``command``'s."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agent.chosen import fetched
from agent.config import Config, load
from pipeline.errors import ConfigError

from .command import ServeOptions, serve_command

KEY = "HOCKET_API_KEY"


def main(words: list[str]) -> int:
    """Serve until Ctrl-C; the exit status. Raises HocketError."""
    from platformdirs import user_data_path

    given = _parser().parse_args(words)
    options = ServeOptions(
        host=given.host, port=given.port, lan=given.lan, certificate=given.cert, private_key=given.key,
        most=given.most,
    )  # fmt: skip
    folder = Path(user_data_path("hocket", appauthor=False))
    config = _config(given)
    person = input if sys.stdin.isatty() and sys.stdout.isatty() else None
    brain = replace(config.brain, model=fetched(config.brain.model, person, _tell))
    key = os.environ.get(KEY, "").strip()
    serve_command(replace(config, brain=brain), options, key=key, folder=folder, tell=_tell)
    return 0


def _tell(line: str) -> None:
    """At once, for whoever waits for the address; a server outlives the terminal that it was started from."""
    with suppress(OSError, ValueError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hocket serve",
        description="A page to talk to, and the OpenAI Realtime protocol over WebSocket and WebRTC.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML, [serve] among them")
    parser.add_argument("--model", metavar="WHICH", help="the brain, as in `hocket talk --model`")
    parser.add_argument("--ear", metavar="NAME", help="who writes down what users say, as in `hocket talk`")
    parser.add_argument("--voice", metavar="NAME", help="the agent's voice, as in `hocket talk`")
    parser.add_argument("--host", metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, metavar="N", help="default 8765; 0: any that is free")
    parser.add_argument(
        "--lan", action="store_true",
        help="for a phone or another machine: makes a key and a certificate, and tells how to use them",
    )  # fmt: skip
    parser.add_argument("--cert", type=Path, metavar="FILE", help="a certificate of your own (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    parser.add_argument("--most", type=_count, metavar="N", help="calls at the same time")
    parser.epilog = f"{KEY} in the environment is what callers have to show as a Bearer token."
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"give a port from 0 to 65535, not {text[:20]!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= len(text) <= 5 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"give a whole number from 1 on, not {text[:20]!r}")
    return int(text)


def _config(given: argparse.Namespace) -> Config:
    config = load(given.config) if given.config else Config()
    try:
        return replace(
            config,
            brain=config.brain if given.model is None else replace(config.brain, model=given.model),
            ear=config.ear if given.ear is None else replace(config.ear, name=given.ear, captions=True),
            voice=config.voice if given.voice is None else replace(config.voice, name=given.voice),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
