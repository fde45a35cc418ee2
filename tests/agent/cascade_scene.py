"""What tests of brains that read share: speech to hear, and what hearing it costs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from audio_io.resample import resample
from pipeline.clock import run
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE, Pcm


@lru_cache
def spoken(text: str) -> Pcm:
    """A sentence in flite's voice, and nothing around it."""
    from tts.flite import FliteVoice

    async def said() -> Pcm:
        voice = FliteVoice("rms")
        chunks = [chunk.pcm async for chunk in voice.speak(text)]
        await voice.close()
        return resample(np.concatenate(chunks), voice.rate, CAPTURE_RATE)

    try:
        return run(said)
    except VoiceError as error:
        pytest.skip(str(error))


def cost(method: str, result: object) -> float:
    """Seconds that the ear was measured to take for a final and for a partial reading."""
    return 0.12 if method == "transcribe" and getattr(result, "final", False) else 0.05
