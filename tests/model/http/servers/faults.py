"""What goes wrong with servers, between any stand-in and its askers, on the loop's clock.

A fault is put before a handler of ``wire`` and strikes requests for an answer alone, from the n-th on; lists
of models and properties come through, unless the server is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import httpx

from .wire import Answer, Asked, Handler, told


@dataclass
class Faulty:
    """A server with one fault; ``kind`` names it."""

    server: Handler
    kind: str = ""
    """``gone`` (refuses connections), ``500``, ``503``, ``silent`` (never answers), ``stalls`` (never goes
    on), ``slow`` (each chunk takes ``seconds``), ``cut`` (the connection breaks), ``ends`` (as if the answer
    were whole, without its last event), ``half`` (inside an event), ``garbage``; empty: none."""
    after: int = 3
    "Chunks that come before it, where an answer has begun."
    first: int = 1
    "The number of the request for an answer that it strikes first."
    last: int = 10**9
    "And last."
    seconds: float = 1.0
    dies: bool = False
    "After a fault in mid-answer it refuses connections."
    answers: int = 0
    dead: bool = False

    async def __call__(self, asked: Asked) -> Answer:
        if self.dead or (self.kind == "gone" and self.answers + 1 >= self.first and not self._asks(asked)):
            raise httpx.ConnectError("connection refused")
        if not self._asks(asked):
            return await self.server(asked)
        self.answers += 1
        if not self.kind or not self.first <= self.answers <= self.last:
            return await self.server(asked)
        match self.kind:
            case "gone":
                self.dead = True
                raise httpx.ConnectError("connection refused")
            case "500" | "503":
                return told({"error": {"message": "out of memory"}}, int(self.kind))
            case "silent":
                await asyncio.sleep(1e6)
        answer = await self.server(asked)
        assert answer.stream is not None, "answers stream"
        return replace(answer, stream=self._struck(answer.stream))

    def _asks(self, asked: Asked) -> bool:
        return asked.method == "POST" and asked.path.endswith(("/completions", "/completion", "/chat"))

    async def _struck(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        number = 0
        try:
            async for chunk in chunks:
                if self.kind == "slow":
                    await asyncio.sleep(self.seconds)
                number += 1
                if number <= self.after or self.kind == "slow":
                    yield chunk
                    continue
                if self.kind == "stalls":
                    await asyncio.sleep(1e6)
                self.dead = self.dead or self.dies
                if self.kind == "cut":
                    raise httpx.ReadError("connection reset by peer")
                if self.kind in ("half", "garbage"):
                    yield chunk[: len(chunk) // 2] if self.kind == "half" else b"data: <<<\n\n"
                return
        finally:
            await chunks.aclose()
