"""The page in Chromium, spoken to by a fake microphone. Real sockets, real time: a browser has no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.browser_page import find_chromium
from bench.browser_serve import Served, quiet, served
from pipeline.errors import UserError, VoiceError
from tts.choose import best_voice

sys.path.append(str(Path(__file__).parent))  # ``from relay import Relay``
sys.path.append(str(Path(__file__).parent.parent / "agent" / "wire"))  # ``from oracle import valid``
VOICE = "flite:rms"
"""The one that pocketsphinx hears well."""


@pytest.fixture(scope="session")
def browser_here() -> None:
    """Skips, with a word why, where there is no browser or nothing to serve with."""
    for library in ("playwright", "aiohttp", "aiortc", "msgspec"):
        pytest.importorskip(library)
    try:
        find_chromium()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def voice() -> str:
    """The agent's."""
    try:
        best_voice(VOICE)
    except VoiceError as error:
        pytest.skip(str(error))
    return VOICE


@pytest.fixture(scope="session")
def server(browser_here: None, voice: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``hocket serve`` with the bundled brain."""
    log = tmp_path_factory.mktemp("serve") / "server.log"
    with served(log, settings=quiet(voice)) as one:
        yield one
