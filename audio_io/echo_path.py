"""A loudspeaker, a room and a microphone in numbers: what a microphone hears of the agent's own voice.

For simulations and tests of echo cancellation. Equal seeds give equal rooms. Must never be on a live path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.ports import CAPTURE_RATE, Pcm


@dataclass(frozen=True, slots=True)
class EchoConfig:
    """One room."""

    gain: float = -20.0
    "Decibels of the echo relative to what is played: 0 is a loudspeaker beside the microphone."
    delay: float = 0.06
    "Seconds from handing a sample to the device until its echo is captured."
    reverberation: float = 0.15
    "Seconds in which the room's sound decays by 60 dB."
    drive: float = 1.2
    "How hard the loudspeaker is driven; its cone saturates as tanh(drive * x) / drive."
    noise: float = -65.0
    "dBFS of steady room noise."
    seed: int = 0


class EchoPath:
    """Streams played sound to its echo at CAPTURE_RATE; blocks of any size, equal to the whole."""

    def __init__(self, config: EchoConfig = EchoConfig()) -> None:  # frozen
        self.config = config
        self._dice = np.random.default_rng(config.seed)
        self._response = _response(config, self._dice)
        self._history = np.zeros(self._response.size - 1, dtype=np.float32)

    def hear(self, played: Pcm) -> Pcm:
        """What the microphone captures while this is handed to the loudspeaker; same length."""
        drive = np.float32(self.config.drive)
        sound = np.concatenate((self._history, np.tanh(drive * played) / drive))
        self._history = sound[played.size :]
        size = 1 << (sound.size + self._response.size).bit_length()
        spectrum = np.fft.rfft(sound, size) * np.fft.rfft(self._response, size)
        echo = np.fft.irfft(spectrum, size)[self._history.size : self._history.size + played.size]
        noise = self._dice.standard_normal(played.size) * 10 ** (self.config.noise / 20)
        return (echo + noise).astype(np.float32)


def _response(config: EchoConfig, dice: np.random.Generator) -> Pcm:
    """Pure delay, a direct sound, and exponentially decaying noise of the stated energy."""
    tail = max(1, round(config.reverberation * CAPTURE_RATE))
    room = dice.standard_normal(tail) * np.exp(-6.9 * np.arange(tail) / tail)
    room[0] = 3.0 * np.abs(room).max()
    room *= 10 ** (config.gain / 20) / np.sqrt(np.sum(room**2))
    before = np.zeros(round(config.delay * CAPTURE_RATE))
    return np.concatenate((before, room)).astype(np.float32)
