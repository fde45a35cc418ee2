"""Real servers with tiny random models made on the spot: real events, real aborts, real concurrency.

In real time, in child processes of their own. ``transformers serve`` runs where its extras are installed;
llama.cpp's server where it is on the PATH or named by ``HOCKET_LLAMA_SERVER``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pytest
from servers import tiny_models

from model.http.brain import HttpBrain
from model.http.discovery import find
from model.http.facts import ladder
from model.http.presets import parse_server
from pipeline import clock
from pipeline.ports import BrainFacts, Limits
from pipeline.prompt import Audio, Human, Prompt, Reply, System, Text

T = TypeVar("T")


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path, within: float, **environ: str) -> Iterator[str]:
    """The server, once it says that it is well."""
    root, begun = f"http://127.0.0.1:{port}", clock.monotonic()
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **environ})
    try:
        with httpx.Client(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{root}/health").status_code == 200:
                        break
                late = clock.monotonic() - begun > within
                if child.poll() is not None or late:
                    pytest.fail(f"{command[0]} did not start: {log.read_text(errors='replace')[-2000:]}")
        yield root
    finally:
        child.kill()
        child.wait()


@pytest.fixture(scope="module")
def transformers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A spec of ``transformers serve`` with its model."""
    wanted = ("torch", "transformers", "accelerate", "fastapi", "uvicorn", "openai")
    if absent := [name for name in wanted if importlib.util.find_spec(name) is None]:
        pytest.skip(f"transformers serve needs {', '.join(absent)}")
    folder, port = tmp_path_factory.mktemp("served"), _port()
    model = tiny_models.for_transformers(folder / "tiny")
    entry = "import torch; torch.set_num_threads(1); from transformers.cli.transformers import main; main()"
    command = [sys.executable, "-W", "ignore", "-c", entry, "serve", str(model), "--device", "cpu"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environ = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with _running(command, port, folder / "log", 60.0, **environ) as root:
        yield f"transformers+{root}/v1#{model}"


@pytest.fixture(scope="module")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A spec of llama.cpp's server with its model."""
    program = os.environ.get("HOCKET_LLAMA_SERVER") or shutil.which("llama-server")
    if program is None:
        pytest.skip("llama-server is not on the PATH, nor named by HOCKET_LLAMA_SERVER")
    if importlib.util.find_spec("gguf") is None:
        pytest.skip("making a tiny GGUF needs the gguf package")
    folder, port = tmp_path_factory.mktemp("llamacpp"), _port()
    model, ears = tiny_models.gguf(folder / "tiny.gguf"), tiny_models.ears(folder / "ears.gguf")
    command = [
        program,
        "-m",
        str(model),
        "--mmproj",
        str(ears),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "-t",
        "1",
        "-np",
        "2",
    ]
    with _running([*command, "-c", "8192"], port, folder / "log", 30.0) as root:
        yield f"llama.cpp+{root}"


def _asked(spec: str, scene: Callable[[HttpBrain, BrainFacts], Awaitable[T]]) -> T:
    async def main() -> T:
        brain = HttpBrain(parse_server(spec))
        try:
            return await scene(brain, await brain.call("facts"))
        finally:
            await brain.close()

    return clock.run(main)


def _prompt(asked: str, said: str = "") -> Prompt:
    return Prompt((System("Be brief."), Human((Text(asked),)), Reply(None, thinking=False, said=said)))


async def _text(brain: HttpBrain, prompt: Prompt, tokens: int = 24) -> str:
    return "".join([piece.text async for piece in brain.stream("generate", prompt, Limits(tokens))])


async def _equal_alone_and_together(brain: HttpBrain) -> tuple[list[str], list[str]]:
    prompts = [_prompt(f"Tell me of {number}.") for number in range(3)]
    alone = [await _text(brain, prompt) for prompt in prompts]
    return alone, list(await asyncio.gather(*(_text(brain, prompt) for prompt in prompts)))


async def _left_early(brain: HttpBrain) -> str:
    """Three answers are left in the middle; what a fourth one says."""
    for number in range(3):
        stream = brain.stream("generate", _prompt(f"Count to {number}."), Limits(1500))
        async for piece in stream:
            if piece.text:
                break
        await stream.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(2.0):  # with three answers of 1500 tokens before it, it would come later
        return await _text(brain, _prompt("Still there?"), 4)


def test_transformers_serve_is_known_and_answers(transformers: str) -> None:
    async def scene(brain: HttpBrain, facts: BrainFacts) -> None:
        assert (facts.hears, facts.continues, facts.thinks, facts.paid) == ("text", False, False, False)
        assert facts.rate is not None
        assert facts.rate > 5
        assert ladder(facts).startswith("hears text · continues a prefix: no · thinks while listening: no")
        assert len(await _text(brain, _prompt("Hello."))) >= 20  # a letter to a token

    _asked(transformers, scene)


def test_transformers_serve_answers_three_at_once_as_one_by_one(transformers: str) -> None:
    alone, together = _asked(transformers, lambda brain, _: _equal_alone_and_together(brain))
    assert together == alone
    assert len(set(alone)) > 1


def test_transformers_serve_lets_go_of_what_nobody_reads(transformers: str) -> None:
    assert _asked(transformers, lambda brain, _: _left_early(brain))


def test_transformers_serve_is_found(transformers: str) -> None:
    port = httpx.URL(transformers.partition("+")[2].partition("#")[0]).port or 0
    (found,) = clock.run(lambda: find(5.0, ports=(port,)))  # a busy machine may need longer than 0.3 s
    assert found.server.dialect == "transformers"


def test_llamacpp_goes_on_from_any_beginning(llamacpp: str) -> None:
    async def scene(brain: HttpBrain, facts: BrainFacts) -> None:
        assert (facts.hears, facts.continues, facts.paid) == ("audio", True, False)
        for asked in ("Hello.", "And now?", "Who is it?"):
            whole = await _text(brain, _prompt(asked))
            assert len(whole) >= 20
            for cut in (1, 7, 15):
                assert whole[:cut] + await _text(brain, _prompt(asked, whole[:cut]), 24 - cut) == whole

    _asked(llamacpp, scene)


def test_llamacpp_hears_and_goes_on_after_sound(llamacpp: str) -> None:
    def prompt(pitch: float, said: str = "") -> Prompt:
        tone = 0.3 * np.sin(np.arange(16_000) * 2 * np.pi * pitch / 16_000) * np.sin(np.arange(16_000) / 900)
        asked = Human((Audio(tone.astype(np.float32)), Text("What was that?")))
        return Prompt((System("Be brief."), asked, Reply(None, thinking=False, said=said)))

    async def scene(brain: HttpBrain, _facts: BrainFacts) -> None:
        low, high = await _text(brain, prompt(220)), await _text(brain, prompt(440))
        assert low != high
        assert low == await _text(brain, prompt(220))
        assert low[:9] + await _text(brain, prompt(220, low[:9]), 15) == low

    _asked(llamacpp, scene)


def test_llamacpp_stops_at_a_text_and_gives_it(llamacpp: str) -> None:
    async def scene(brain: HttpBrain, _facts: BrainFacts) -> None:
        whole = await _text(brain, _prompt("Hello."))
        stop = whole[9:12]
        ended = brain.stream("generate", _prompt("Hello."), Limits(24, (stop,)))
        assert "".join([piece.text async for piece in ended]) == whole[: whole.index(stop) + 3]

    _asked(llamacpp, scene)


def test_llamacpp_keeps_what_it_read(llamacpp: str) -> None:
    async def scene(brain: HttpBrain, _facts: BrainFacts) -> None:
        long = _prompt("A long story about a river and a road. " * 8)
        before = brain.spent()
        await _text(brain, long, 2)
        between = brain.spent()
        await _text(brain, long, 2)
        after = brain.spent()
        assert after.read - between.read == between.read - before.read > 300
        assert after.cached - between.cached >= after.read - between.read - 2

    _asked(llamacpp, scene)


def test_llamacpp_answers_two_at_once_as_one_by_one(llamacpp: str) -> None:
    alone, together = _asked(llamacpp, lambda brain, _: _equal_alone_and_together(brain))
    assert together == alone


def test_llamacpp_frees_a_slot_that_nobody_reads(llamacpp: str) -> None:
    async def scene(brain: HttpBrain, _facts: BrainFacts) -> None:
        assert await _left_early(brain)
        root = llamacpp.partition("+")[2]
        async with httpx.AsyncClient(trust_env=False) as client:
            slots = (await client.get(f"{root}/slots")).json()
        assert not any(slot["is_processing"] for slot in slots)

    _asked(llamacpp, scene)


def test_llamacpp_is_found(llamacpp: str) -> None:
    port = httpx.URL(llamacpp.partition("+")[2]).port or 0
    (found,) = clock.run(lambda: find(5.0, ports=(port,)))
    assert found.server.dialect == "llama.cpp"
    assert found.server.model.endswith("tiny.gguf")
