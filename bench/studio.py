"""A voice recorded beforehand: a simulation can play real speech, not make it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pipeline.errors import VoiceError
from pipeline.ports import Voice, VoiceChunk


class RecordedVoice:
    """Says the texts it was recorded with, at no cost, and nothing else."""

    def __init__(self, name: str, rate: int, texts: dict[str, tuple[VoiceChunk, ...]]) -> None:
        self.name = name
        self.rate = rate
        self._texts = texts

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """The chunks as they came. Raises VoiceError for a text that was not recorded."""
        if text not in self._texts:
            raise VoiceError(f"{text!r} was not recorded; this voice knows {len(self._texts)} texts")
        for chunk in self._texts[text]:
            yield chunk

    async def close(self) -> None:
        """Nothing to give back."""


async def record(voice: Voice, texts: list[str]) -> RecordedVoice:
    """Let a voice say some texts now. Raises VoiceError."""
    kept = {text: tuple([chunk async for chunk in voice.speak(text)]) for text in texts}
    return RecordedVoice(f"{voice.name} (recorded)", voice.rate, kept)
