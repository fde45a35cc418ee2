"""``hocket serve`` in a process of its own, as a person starts it: what the browser's figures talk to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.clock import monotonic
from pipeline.errors import PeerError

PATIENCE = 60.0
"""Seconds for the brain to load on a busy machine."""
FAREWELL = 15.0
"""Seconds that present turns may take when it is told to end."""
_ROOT = Path(__file__).resolve().parent.parent
_URL = re.compile(r"page: (http://\S+)")


@dataclass(slots=True)
class Served:
    """A running server."""

    process: subprocess.Popen[bytes]
    url: str
    "Of its page."
    log: Path
    "What it wrote, both streams."

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.split("//", 1)[1].split("/", 1)[0].rsplit(":", 1)[1])

    def kill(self) -> None:
        """As a power cut does it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def served(log: Path, *words: str, port: int = 0, settings: str = "") -> Iterator[Served]:
    """A server on this machine until the block ends; ``words`` are more of its command line.

    ``settings`` is TOML. Raises PeerError with its last lines where it does not start.
    """
    config = log.with_suffix(".toml")
    config.write_text(settings, encoding="utf-8")
    command = [sys.executable, "-m", "agent.serve", "--config", str(config), "--port", str(port), *words]
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
    told = {name: value for name, value in os.environ.items() if name != "HOCKET_API_KEY"}
    told |= {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=told, cwd=log.parent)
        try:
            yield Served(process, _up(process, log), log)
        finally:
            _end(process)


def _up(process: subprocess.Popen[bytes], log: Path) -> str:
    """Its address, once it answers there."""
    until, pause = monotonic() + PATIENCE, threading.Event()
    while monotonic() < until:
        text = log.read_text(encoding="utf-8", errors="replace")
        if process.poll() is not None:
            raise PeerError(f"hocket serve ended with {process.returncode}: {_last(text)}")
        found = _URL.search(text)
        if found and _healthy(found[1]):
            return found[1]
        pause.wait(0.05)
    text = log.read_text(encoding="utf-8", errors="replace")
    raise PeerError(f"hocket serve did not answer within {PATIENCE:g} s: {_last(text)}")


def _healthy(url: str) -> bool:
    host = url.split("//", 1)[1].split("/", 1)[0]
    try:
        with urllib.request.urlopen(f"http://{host}/healthz", timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _last(text: str) -> str:
    return " | ".join(text.strip().splitlines()[-4:]) or "it wrote nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def quiet(voice: str, greeting: str = "", more: Sequence[str] = ()) -> str:
    """Settings for a run: this voice, and a greeting or none."""
    lines = ["[persona]", f"greeting = {_toml(greeting)}", "[voice]", f"name = {_toml(voice)}", *more]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
