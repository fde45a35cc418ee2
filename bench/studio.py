"""A voice recorded beforehand: a simulation can play real speech, not make it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from audio_io.resample import Resampler
from pipeline.errors import VoiceError
from pipeline.ports import Voice, VoiceChunk


class RecordedVoice:
    """Says the texts it was recorded with, at no cost; other texts in another voice, where it has one."""

    def __init__(
        self, name: str, rate: int, texts: dict[str, tuple[VoiceChunk, ...]],
        rest: Callable[[], Voice] | None = None,
    ) -> None:  # fmt: skip
        """``rest`` makes the voice for texts that were not recorded, inside the loop where they are said."""
        self.name = name
        self.rate = rate
        self._texts = texts
        self._rest = rest

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """The chunks as they came. Raises VoiceError for a text that nobody here can say."""
        if text in self._texts:
            for chunk in self._texts[text]:
                yield chunk
            return
        if self._rest is None:
            raise VoiceError(f"{text!r} was not recorded; this voice knows {len(self._texts)} texts")
        voice = self._rest()
        turned = Resampler(voice.rate, self.rate)
        async for chunk in voice.speak(text):
            yield VoiceChunk(turned.push(chunk.pcm), chunk.words)
        yield VoiceChunk(turned.flush())
        await voice.close()

    async def close(self) -> None:
        """Nothing to give back."""


async def record(
    voice: Voice, texts: list[str], rest: Callable[[], Voice] | None = None
) -> RecordedVoice:  # fmt: skip
    """Let a voice say some texts now. Raises VoiceError."""
    kept = {text: tuple([chunk async for chunk in voice.speak(text)]) for text in texts}
    return RecordedVoice(f"{voice.name} (recorded)", voice.rate, kept, rest)
