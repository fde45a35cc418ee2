"""A spoken conversation for machines without a microphone: bundled questions, asked aloud by a second voice.

The texts are made into sound when they are needed, by a voice other than the agent's, and reach the agent as
sound only. It must never show what a person would not see: same line, same clock, nothing rehearsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio_io.cues import Cue
from audio_io.resample import resample
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Pcm, Voice
from tts.espeak import EspeakVoice

LOW, HIGH = "gmw/en-US+m6", "gmw/en-US+f4"
"""The user's two voices; the practice brain was trained with neither."""
GAP = 0.6
"""Seconds between an answer and the next question."""
PATIENCE = 5.0
"""Seconds that an answer may take; then the next question is asked all the same."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that the user says."""

    text: str
    answer: str
    "Words that a right reply holds."
    voice: str = LOW
    speed: int = 165
    "Words a minute."
    pitch: int = 40
    "0 to 99."
    level: float = -20.0
    "dBFS, root mean square."
    over: float | None = None
    "For an interruption: seconds into the reply to the one before. None: when the agent has finished."


QUESTIONS = (
    Ask("hello", "hello"),
    Ask("what is fifteen plus eight", "twenty three"),
    Ask("what is twelve plus thirty four minus six plus twenty one minus eight", "fifty three", speed=105),
    Ask("how much is sixty two minus fifty", "twelve", voice=HIGH, pitch=60),
    Ask("what is twelve plus six minus four", "fourteen"),
    Ask("am i speaking fast or slow", "fast", speed=230),
    Ask("is my voice high or low", "high", voice=HIGH, pitch=60),
    Ask("is my voice loud or soft", "soft", level=-35.0),
    Ask("who are you", "practice brain"),
    Ask("what can you do", "add and subtract"),
    Ask("what is forty plus twelve", "fifty two", over=1.6),
    Ask("thank you", "welcome"),
    Ask("goodbye", "goodbye", voice=HIGH, pitch=60),
)
"""No sum of these was trained (``training.skills.drawing.held_out``). The long one takes over 6 s to say."""


async def spoken(asks: Sequence[Ask], agent_voice: str) -> list[Pcm]:
    """Every question as sound at CAPTURE_RATE.

    Raises UserError when the agent speaks in a user's voice, VoiceError without espeak-ng.
    """
    if agent_voice in (f"espeak:{LOW}", f"espeak:{HIGH}"):
        raise UserError(f"the demonstration's user speaks as {agent_voice}; give the agent another voice")
    settings = {(ask.voice, ask.speed, ask.pitch) for ask in asks}
    voices = {
        (name, speed, pitch): EspeakVoice(name, speed=speed, pitch=pitch) for name, speed, pitch in settings
    }
    try:
        return [await _sound(ask, voices[ask.voice, ask.speed, ask.pitch]) for ask in asks]
    finally:
        for voice in voices.values():
            await voice.close()


async def _sound(ask: Ask, voice: Voice) -> Pcm:
    pcm = np.concatenate([chunk.pcm async for chunk in voice.speak(ask.text)])
    pcm = resample(pcm, voice.rate, CAPTURE_RATE)
    loud = pcm[np.abs(pcm) > 0.05 * np.abs(pcm).max(initial=0.0)]
    power = float(np.sqrt(np.mean(np.square(loud)))) if len(loud) else 1.0
    scaled: Pcm = np.clip(pcm * np.float32(10 ** (ask.level / 20) / power), -1.0, 1.0)
    return scaled


def part(asks: Sequence[Ask], sounds: Sequence[Pcm], *, greeted: bool) -> list[Cue]:
    """What the user does, one thing after another; ``greeted``: the agent speaks first."""
    cues = []
    for ask, sound in zip(asks, sounds, strict=True):
        if ask.over is not None:
            cues.append(Cue(sound, during=ask.over, patience=PATIENCE))
        elif cues or greeted:
            cues.append(Cue(sound, silence=GAP, patience=PATIENCE))
        else:
            cues.append(Cue(sound, at=GAP))
    return cues
