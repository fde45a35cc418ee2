"""A spoken conversation for machines without a microphone: bundled questions, asked aloud by a second voice.

The texts are made into sound when they are needed, by a voice other than the agent's, and reach the agent as
sound only. It must never show what a person would not see: same line, same clock, nothing rehearsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from audio_io.resample import resample
from pipeline.clock import now
from pipeline.errors import UserError
from pipeline.events import PlaybackStarted, Remember
from pipeline.ports import CAPTURE_RATE, FRAME, Pcm
from pipeline.trace import Entry
from tts.espeak import EspeakVoice

LOW, HIGH = "gmw/en-US+m6", "gmw/en-US+f4"
"""The user's two voices; the practice brain was trained with neither."""


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
    Ask("how much is sixty two minus fifty", "twelve", voice=HIGH),
    Ask("what is twelve plus six minus four", "fourteen"),
    Ask("am i speaking fast or slow", "fast", speed=230),
    Ask("is my voice high or low", "high", voice=HIGH, pitch=60),
    Ask("is my voice loud or soft", "soft", level=-35.0),
    Ask("who are you", "practice brain"),
    Ask("what can you do", "add and subtract"),
    Ask("what is forty plus twelve", "fifty two", over=1.6),
    Ask("thank you", "welcome"),
    Ask("goodbye", "goodbye", voice=HIGH),
)
"""No pair or triple of these numbers was trained; see ``training.tasks.held_out``."""


async def spoken(asks: Sequence[Ask], agent_voice: str) -> list[Pcm]:
    """Every question as sound at CAPTURE_RATE.

    Raises UserError when the agent speaks in a user's voice, VoiceError without espeak-ng.
    """
    if agent_voice in (f"espeak:{LOW}", f"espeak:{HIGH}"):
        raise UserError(f"the demonstration's user speaks as {agent_voice}; give the agent another voice")
    return [await _sound(ask) for ask in asks]


async def _sound(ask: Ask) -> Pcm:
    voice = EspeakVoice(ask.voice, speed=ask.speed, pitch=ask.pitch)
    try:
        async with aclosing(voice.speak(ask.text)) as chunks:
            pcm = np.concatenate([chunk.pcm async for chunk in chunks])
    finally:
        await voice.close()
    pcm = resample(pcm, voice.rate, CAPTURE_RATE)
    loud = pcm[np.abs(pcm) > 0.05 * np.abs(pcm).max(initial=0.0)]
    power = float(np.sqrt(np.mean(np.square(loud)))) if len(loud) else 1.0
    scaled: Pcm = np.clip(pcm * np.float32(10 ** (ask.level / 20) / power), -1.0, 1.0)
    return scaled


class Asking:
    """The part of a user who asks one thing after another, waits for answers, and sometimes interrupts."""

    def __init__(
        self,
        asks: Sequence[Ask],
        sounds: Sequence[Pcm],
        *,
        greeted: bool,
        gap: float = 0.6,
        patience: float = 5.0,
    ) -> None:
        """``greeted``: the agent speaks first. ``gap``: seconds between an answer and the next question;
        ``patience``: seconds that an answer may take."""
        self._asks, self._sounds = asks, sounds
        self._gap, self._patience = gap, patience
        self._next = 0
        self._left: Pcm = np.zeros(0, np.float32)
        self._since: float | None = None
        "When the user, or at last the agent, fell silent."
        self._answered = not greeted
        self._began: float | None = None
        "When the agent began to speak; None while it is silent."

    def see(self, entry: Entry) -> None:
        """For ``trace.subscribe``: follows when the agent speaks."""
        if isinstance(entry.item, PlaybackStarted):
            self._began = now()
        elif isinstance(entry.item, Remember):
            self._began, self._since = None, now()
            self._answered = not len(
                self._left
            )  # a reply that ends under the user's words answers none of them

    def frame(self, at: float) -> Pcm | None:
        if self._since is None:
            self._since = at
        if not len(self._left) and self._due(at):
            if self._next == len(self._asks):
                return None
            self._left, self._next = self._sounds[self._next], self._next + 1
            self._answered = False
        piece, self._left = self._left[:FRAME], self._left[FRAME:]
        if len(piece):
            self._since = at
        return np.pad(piece, (0, FRAME - len(piece)))

    def _due(self, at: float) -> bool:
        """True when it is time for the next question, or for the end."""
        over = self._asks[self._next].over if self._next < len(self._asks) else None
        if self._began is not None:
            return over is not None and at >= self._began + over
        assert self._since is not None, "set by the first frame"
        wait = self._gap if self._answered and over is None else self._patience
        return at >= self._since + wait
