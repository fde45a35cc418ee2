"""A spoken conversation for machines without a microphone: bundled questions, asked aloud by a second voice.

The texts are made into sound when they are needed, by a voice other than the agent's, and reach the agent as
sound only, as with headphones: nothing of its voice comes back. It must never show what a person would not
see: same line, same clock, nothing rehearsed.
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
HERTZ, BEEP, EVERY = 880.0, 0.15, 0.45
"""Of the tones: pitch, seconds of one, seconds from one to the next."""


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
    beeps: int = 0
    "Tones that sound before the words."
    over: float | None = None
    "For an interruption: seconds into the reply to the one before. None: when the agent has finished."


QUESTIONS = (
    Ask("hello", "hello"),
    Ask("what is fifteen plus eight", "twenty three"),
    Ask("and plus twenty six", "forty nine"),
    Ask("what is twelve plus thirty four minus six plus twenty one minus eight", "fifty three", speed=105),
    Ask("am i speaking fast or slow", "fast", speed=230),
    Ask("i speak slowly is that right", "no, you speak fast", speed=230),
    Ask("is my voice high or low", "high", voice=HIGH, pitch=60),
    Ask("how many beeps did you hear", "three beeps", beeps=3),
    Ask("spell monkey backwards", "Y, E, K, N, O, M"),
    Ask("anna lies ben says anna tells the truth does ben tell the truth", "no, ben lies"),
    Ask("what did i say", "you said"),
    Ask("what time is it", "it is"),
    Ask("set a timer for five seconds", "your timer is set"),
    Ask("what can you do", "i can"),
    Ask("what is forty plus twelve", "fifty two", over=1.6),
    Ask("thank you", "welcome"),
    Ask("goodbye", "goodbye", voice=HIGH, pitch=60),
)
"""No sum of these was trained (``training.skills.drawing.held_out``). The long one takes over 6 s to say."""


def beeps(count: int, level: float) -> Pcm:
    """So many tones, and the silence before words, at CAPTURE_RATE; their peaks 6 dB above it."""
    time = np.arange(round(BEEP * CAPTURE_RATE), dtype=np.float32) / CAPTURE_RATE
    tone = np.sin(2 * np.pi * HERTZ * time) * np.minimum(1, np.minimum(time, time[::-1]) / 0.005)
    one = np.zeros(round(EVERY * CAPTURE_RATE), np.float32)
    one[: len(tone)] = tone * 10 ** ((level + 6) / 20)
    return np.tile(one, count)


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
    if not ask.beeps:
        return scaled
    return np.concatenate((beeps(ask.beeps, ask.level), scaled))


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
