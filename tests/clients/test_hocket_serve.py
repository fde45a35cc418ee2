"""`hocket serve` as a user starts it, with the practice brain: a sum is asked aloud and answered aloud.

A process of its own, real loopback sockets and real time, like everything that a client of it has.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openai")

from listening_in import Listening, listening_in

from pipeline.clock import run

ROOT = Path(__file__).resolve().parents[2]
HOCKET = "import sys; from agent.cli import main; sys.exit(main())"
"""What the command `hocket` is."""


def test_a_spoken_sum_is_heard_and_answered_aloud_and_the_server_ends_when_it_is_told(
    question: bytes, tmp_path: Path
) -> None:
    for library in ("aiohttp", "aiortc", "msgspec"):
        pytest.importorskip(library)
    with subprocess.Popen(
        [sys.executable, "-u", "-c", HOCKET, "serve", "--port", "0"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not (found := re.search(r"base URL (http://\S+)/v1", "".join(lines[-1:]))):
                line = process.stdout.readline()
                assert line, f"it ended instead of listening, after {lines}"
                lines.append(line)
            call = run(lambda: ask(found[1], question))
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        finally:
            process.kill()
    (done,) = [event["response"] for event in call.of("response.done")][-1:]
    assert done["status"] == "completed"
    assert "eight" in done["output"][0]["content"][0]["transcript"].lower()
    (heard,) = call.of("conversation.item.input_audio_transcription.completed")
    assert "two plus six" in heard["transcript"]
    session = call.of("session.created")[0]["session"]
    assert session["hocket"]["transcripts"] == "brain", "who wrote down what was heard is said"


async def ask(url: str, sound: bytes) -> Listening:
    transcription = {"model": "gpt-4o-mini-transcribe"}
    async with listening_in(url, audio={"input": {"transcription": transcription}}) as call:
        async with asyncio.TaskGroup() as group:
            group.create_task(call.speak(sound))
            await call.until("input_audio_buffer.committed")
            await call.until("response.done")
        if not call.of("conversation.item.input_audio_transcription.completed"):
            await call.until("conversation.item.input_audio_transcription.completed")
    return call
