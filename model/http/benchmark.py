"""What a socket costs: ``python -m model.http.benchmark [--out FILE.json]``. Loopback only, real time.

A scripted brain writes at a stated pace behind a stub server in a process of its own (aiohttp, of the ``web``
extra), and says with each token when it had it. Called directly, whoever asked would have had it then; what
it comes later over HTTP is the latency that HTTP adds. The stub also says when it noticed that an asker went
away. The machine's clock is one for both processes (Linux).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.clock import monotonic, run
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Limits
from pipeline.prompt import Audio, Human, Prompt, Reply, Text

from .brain import HttpBrain
from .config import HttpConfig
from .dialect import Ask, Bit, Dialect, How, Listed
from .openai_chat import vllm
from .server import Server

FIRST, PACE, TOKENS = 0.05, 0.02, 40
"""Seconds to the stub's first token and between tokens, and tokens of an answer."""
ASKED = Prompt((Human((Text("Tell me a story."),)), Reply(None, thinking=False)))
SECONDS = 10
"""Of sound in the other prompt."""
LIMITS = Limits(TOKENS)
WORDS = [f" word{number}" for number in range(TOKENS)]
HOME = "127.0.0.1"


# --- the stub, in its own process ------------------------------------------------------------------------


class Stub:
    """A server that writes at the pace, and keeps when its askers went away."""

    def __init__(self, fault: str) -> None:
        """``fault``: none, ``vanish`` or ``silence`` after the tenth token."""
        self._fault = fault
        self._left: list[float] = []

    async def models(self, _request: Any) -> Any:
        from aiohttp import web

        return web.json_response({"data": [{"id": "stub"}]})

    async def left(self, _request: Any) -> Any:
        from aiohttp import web

        return web.json_response(self._left)

    async def chat(self, request: Any) -> Any:
        from aiohttp import web

        body = await request.json()
        last = body["messages"][-1]
        known = len(last["content"].split()) if last["role"] == "assistant" else 0
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await self._write(request, response, WORDS[known:])
        except BaseException:
            self._left.append(monotonic())
            raise
        return response

    async def _write(self, request: Any, response: Any, words: list[str]) -> None:
        began = monotonic()
        for number, word in enumerate(words):
            await asyncio.sleep(max(0.0, began + FIRST + number * PACE - monotonic()))
            if self._fault and number == 10:
                await _fail(self._fault, request)
            times = {"began": began, "had": monotonic()}
            event = {"choices": [{"delta": {"content": word}, "finish_reason": None}], **times}
            await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
        await response.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")


async def serve(fault: str) -> None:
    """Answer until the process is ended."""
    from aiohttp import web

    stub, app = Stub(fault), web.Application(client_max_size=1 << 24)
    app.router.add_get("/v1/models", stub.models)
    app.router.add_get("/left", stub.left)
    app.router.add_post("/v1/chat/completions", stub.chat)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOME, 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def _fail(fault: str, request: Any) -> None:
    if fault == "vanish":
        request.transport.abort()
    await asyncio.sleep(3600.0)


@contextlib.asynccontextmanager
async def stub(fault: str = "") -> AsyncIterator[str]:
    """A stub's base URL, while it lives."""
    command = (sys.executable, "-m", "model.http.benchmark", "--serve", fault or "well")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise UserError("the stub server does not start; it needs aiohttp: pip install 'hocket[web]'")
        yield f"http://{HOME}:{int(line)}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


# --- the figures -----------------------------------------------------------------------------------------


class Watching:
    """A dialect that keeps what the stub says of its times."""

    def __init__(self) -> None:
        self._dialect = vllm()
        self.name, self.framing, self.models = "vllm", "sse", self._dialect.models
        self.times: list[tuple[float, float]] = []

    def listed(self, payload: Any) -> tuple[Listed, ...]:
        return self._dialect.listed(payload)

    def ask(self, prompt: Prompt, limits: Limits, how: How) -> Ask:
        return self._dialect.ask(prompt, limits, how)

    def bit(self, event: Any) -> Bit | None:
        if "had" in event:
            self.times.append((event["began"], event["had"]))
        return self._dialect.bit(event)


def spoken(seed: int) -> Prompt:
    """A prompt of sound, another one for each seed."""
    pcm = np.random.default_rng(seed).normal(0.0, 0.1, SECONDS * CAPTURE_RATE).astype(np.float32)
    return Prompt((Human((Audio(pcm),)), Reply(None, thinking=False)))


async def added(brain: HttpBrain, watching: Watching, asked: Prompt = ASKED) -> list[float]:
    """Seconds that each token of one answer came later than if the brain had been called directly."""
    watching.times.clear()
    called, came = monotonic(), list[float]()
    stream: Any = brain.stream("generate", asked, LIMITS)
    async with aclosing(stream) as pieces:
        async for piece in pieces:
            if piece.text:
                came.append(monotonic())
    began, had = watching.times[0]
    first = came[0] - called - (had - began)
    return [first, *(at - had for at, (_, had) in zip(came[1:], watching.times[1:], strict=True))]


def told(seconds: list[float]) -> dict[str, float]:
    """Count, median, 95th percentile and worst in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20)
    return {
        "n": len(seconds),
        "p50_ms": round(1e3 * statistics.median(seconds), 2),
        "p95_ms": round(1e3 * cuts[-1], 2),
        "worst_ms": round(1e3 * max(seconds), 2),
    }


def over(urls: list[str], dialect: Dialect | None = None) -> HttpBrain:
    """A brain at these stubs."""
    server = Server("vllm", tuple(f"{url}/v1" for url in urls), "stub")
    return HttpBrain(
        server,
        HttpConfig(probe=False, told={"continues": True, "thinks": False, "hears": True}),
        dialect=dialect,
    )


async def latency(rounds: int) -> dict[str, dict[str, float]]:
    """Of first and later tokens; the first answers, which make the connection, are left out."""
    first, later, heard = list[float](), list[float](), list[float]()
    async with stub() as url:
        watching = Watching()
        brain = over([url], watching)
        for number in range(rounds + 3):
            found = await added(brain, watching)
            if number >= 3:
                first.append(found[0])
                later += found[1:]
        for number in range(max(3, rounds // 4)):
            heard.append((await added(brain, watching, spoken(number)))[0])
        await brain.close()
    after = f"first token after {SECONDS} s of new sound"
    return {"first token": told(first), "later tokens": told(later), after: told(heard)}


async def aborts(rounds: int) -> dict[str, float]:
    """Seconds from closing the stream in mid-answer to the server's noticing it."""
    import httpx

    async with stub() as url, httpx.AsyncClient(trust_env=False) as asking:
        brain, closed = over([url]), list[float]()
        for _ in range(rounds):
            stream: AsyncGenerator[Any, None] = brain.stream("generate", ASKED, LIMITS)  # type: ignore[assignment]
            async with aclosing(stream) as pieces:
                await anext(pieces)
                await anext(pieces)
                closed.append(monotonic())
        await asyncio.sleep(1.0)
        noticed = (await asking.get(f"{url}/left")).json()
        await brain.close()
    assert len(noticed) == rounds, f"{rounds} answers were aborted, and the server noticed {len(noticed)}"
    return told([b - a for a, b in zip(closed, noticed, strict=True)])


async def failover(fault: str, rounds: int) -> dict[str, float]:
    """Seconds from the last token of a server that fails in mid-sentence to the next one from elsewhere."""
    gaps = []
    async with stub(fault) as bad, stub() as good:
        for _ in range(rounds):
            brain = over([bad, good])
            marks, said = list[float](), ""
            stream: Any = brain.stream("generate", ASKED, LIMITS)
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    said += piece.text
                    if piece.text:
                        marks.append(monotonic())
            await brain.close()
            assert said.split() == "".join(WORDS).split(), f"a word was lost or said twice: {said!r}"
            gaps.append(marks[10] - marks[9])
    return told(gaps)


async def measured(rounds: int) -> dict[str, Any]:
    """All of it."""
    return {
        "pace": {"first_s": FIRST, "per_token_s": PACE, "tokens": TOKENS},
        "added latency": await latency(rounds),
        "abort": await aborts(rounds),
        "failover, connection lost": await failover("vanish", max(3, rounds // 4)),
        "failover, silence": await failover("silence", max(3, rounds // 10)),
    }


def main() -> None:
    """Print the figures, or serve as the stub."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=200, help="answers per figure")
    parser.add_argument("--out", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if options.serve:
        run(lambda: serve("" if options.serve == "well" else options.serve))
        return
    figures = json.dumps(run(lambda: measured(options.rounds)), indent=1)
    sys.stdout.write(figures + "\n")
    if options.out:
        options.out.write_text(figures + "\n")


if __name__ == "__main__":
    main()
