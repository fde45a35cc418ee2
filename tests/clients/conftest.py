"""The servers that other people's clients call, and what they say: a question as sound."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))  # its helpers are found by name

from pages import Pages

from agent.demo import Ask, spoken
from audio_io.resample import resample
from pipeline.clock import run
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE

ROOT = Path(__file__).resolve().parents[2]
RATE = 24_000


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """A server in a process of its own; its address is the first thing that it prints."""
    with subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http"), f"the server said {url!r} instead of its address"
            yield url
        finally:
            process.stdin.close()  # it ends with its input
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@pytest.fixture(scope="session")
def pages() -> Iterator[Pages]:
    """Somebody else's page: its origin is one that our server lets in."""
    with Pages().open() as found:
        yield found


@pytest.fixture(scope="session")
def scripted(pages: Pages) -> Iterator[str]:
    """The address of a server whose brain says what a script says."""
    for library in ("aiohttp", "aiortc", "msgpack"):
        pytest.importorskip(library)
    with serving(str(Path(__file__).with_name("serve_scripted.py")), "--origin", pages.origin) as url:
        yield url


@pytest.fixture(scope="session")
def question() -> bytes:
    """A sum, spoken, with the silence before and after it that ends a turn: PCM16 at 24 kHz."""
    return said("what is two plus six")


@pytest.fixture(scope="session")
def hello() -> bytes:
    """The shortest turn there is."""
    return said("hello")


def said(text: str, *, before: float = 0.3, after: float = 1.0) -> bytes:
    """A text as PCM16 at 24 kHz, silence around it."""
    try:
        (sound,) = run(lambda: spoken([Ask(text, "")], "auto"))
    except VoiceError as error:
        pytest.skip(str(error))
    pcm = np.concatenate(
        [np.zeros(int(before * RATE)), resample(sound, CAPTURE_RATE, RATE), np.zeros(int(after * RATE))]
    )
    return (np.clip(pcm, -1, 1) * 32767).round().astype("<i2").tobytes()
