"""From settings to a session: what is built, and that nothing is left behind when building fails."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.brains import make_brain
from agent.config import BrainConfig, Config, VoiceConfig, Where
from agent.launch import launch, parts
from agent.session import Agent
from audio_io.wav_edge import WavEdge
from pipeline.clock import run
from pipeline.compute import InlineCompute, ProcessCompute, ThreadCompute
from pipeline.errors import CheckpointError, VoiceError
from pipeline.ports import CAPTURE_RATE, BrainFacts

KINDS = {Where.INLINE: InlineCompute, Where.THREAD: ThreadCompute, Where.PROCESS: ProcessCompute}


def _ended() -> bool:
    """True when no engine's thread is left, at most a moment after it said goodbye."""
    left = [thread for thread in threading.enumerate() if thread.name == "compute"]
    for thread in left:
        thread.join(5.0)
    return not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize("where", list(Where))
def test_the_brain_computes_where_the_settings_say(where: Where) -> None:
    async def main() -> BrainFacts:
        brain = make_brain(BrainConfig(where=where))
        try:
            assert isinstance(brain, KINDS[where])
            facts: BrainFacts = await brain.call("facts")
            return facts
        finally:
            await brain.close()

    assert run(main).hears == "audio"


def test_a_folder_without_a_brain_is_told_and_leaves_no_thread(tmp_path: Path) -> None:
    async def main() -> None:
        async with parts(Config(brain=BrainConfig(str(tmp_path)))):
            raise AssertionError("there is no brain in an empty folder")

    with pytest.raises(CheckpointError):
        run(main)
    assert _ended()


def test_an_unknown_voice_is_told_and_leaves_no_thread() -> None:
    async def main() -> None:
        async with parts(Config(voice=VoiceConfig("nobody"))):
            raise AssertionError("there is no such voice")

    with pytest.raises(VoiceError, match="nobody"):
        run(main)
    assert _ended()


def test_a_launched_session_keeps_its_files_also_when_the_program_fails(tmp_path: Path) -> None:
    config = replace(Config(), voice=VoiceConfig("tone"))

    async def main() -> None:
        edge = WavEdge(np.zeros(CAPTURE_RATE // 2, np.float32), tail=0.1)
        async with launch(Agent(greeting="Hello"), edge, config=config, record=tmp_path) as session:
            await session.run()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
    assert {path.suffix for path in tmp_path.iterdir()} == {".wav", ".jsonl", ".png"}
