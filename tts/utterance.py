"""One phrase through a voice: its sound at the playout rate, without the silence that voices put in front.

It must never know a turn, a draft or the gate.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from pipeline.ports import PLAYOUT_RATE, Pcm, Voice, VoiceChunk

from .lead import Lead


class StreamResampler(Protocol):
    """Streaming change of rate that keeps positions: output m lies at time m / output rate."""

    def push(self, pcm: Pcm) -> Pcm:
        """Take sound in; give what is certain."""
        ...

    def flush(self) -> Pcm:
        """The rest."""
        ...


MakeResampler = Callable[[int, int], StreamResampler]
"""From a source rate and an output rate."""


async def utter(
    voice: Voice, text: str, *, lead: float, resampler: MakeResampler
) -> AsyncGenerator[VoiceChunk, None]:
    """Stream a phrase at PLAYOUT_RATE with ``lead`` seconds of silence before its sound, word times to match.

    Closing it aborts the synthesis. Raises VoiceError. Chunks may be empty.
    """
    trim = Lead(voice.rate, lead)
    convert = None if voice.rate == PLAYOUT_RATE else resampler(voice.rate, PLAYOUT_RATE)
    text = text.encode(errors="replace").decode()  # half a pair is no text: one "?" for each, so places stay
    async with _closing(voice.speak(text)) as stream:
        async for raw in stream:
            chunk = trim.push(raw)
            yield chunk if convert is None else VoiceChunk(convert.push(chunk.pcm), chunk.words)
    if convert is not None:
        yield VoiceChunk(convert.flush())


@asynccontextmanager
async def _closing(stream: AsyncIterator[VoiceChunk]) -> AsyncIterator[AsyncIterator[VoiceChunk]]:
    """Close an iterator that can be closed: that is how a synthesis is aborted."""
    try:
        yield stream
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
