"""A voice that can fall silent and write instead: in a session whose replies are text.

A written reply is one whose voice takes no time, so that turns, tools, history and interrupting are the same.
It must never close the voice that it stands before: other calls speak with it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import numpy as np

from pipeline.ports import Voice, VoiceChunk, WordTime
from tts.lead import AUDIBLE

_MOMENT = 0.001
"""Seconds that stand for a phrase."""
_LEVEL = 1.05 * AUDIBLE
"""Of that moment: silence before a phrase is taken away, and with it would go its words."""


class Pen:
    """A ``Voice`` over another one, which it does not own."""

    def __init__(self, voice: Voice) -> None:
        self.name, self.rate = voice.name, voice.rate
        self.writes = False
        "In this session nothing is spoken, from the next phrase on."
        self._only: bool | None = None
        "The same of one reply."
        self._voice = voice

    def for_one(self, writes: bool | None) -> None:
        """Until told otherwise: whether the reply that is made next is written; None: as the session."""
        self._only = writes

    @property
    def writing(self) -> bool:
        """True while replies are written."""
        return self.writes if self._only is None else self._only

    async def prepare(self) -> None:
        """Let the voice start what it needs. Raises VoiceError."""
        prepare: Callable[[], Awaitable[None]] | None = getattr(self._voice, "prepare", None)
        if prepare is not None and not self.writes:
            await prepare()

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """As the voice does; or a moment that nobody hears, with all words in it."""
        if self.writing:
            words = tuple(WordTime(*each.span(), 0.0, _MOMENT) for each in re.finditer(r"\S+", text))
            yield VoiceChunk(np.full(round(_MOMENT * self.rate), _LEVEL, np.float32), words)
            return
        chunks: AsyncIterator[VoiceChunk] = self._voice.speak(text)
        async with aclosing(chunks) as stream:  # type: ignore[type-var]  # every voice's speak is a generator
            async for chunk in stream:
                yield chunk

    async def close(self) -> None:
        """The voice is its owner's."""
