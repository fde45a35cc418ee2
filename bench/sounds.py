"""Sounds without words, made from noise and vibrations: coughs, laughs, hums, doors, keys, a dog.

Synthetic, and said so: a stand-in where nobody's recordings were given, with edges known to the sample.
Shares no code with what the bundled brain's noise head was trained on. Equal seeds give equal sounds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.ports import CAPTURE_RATE

from .labels import Kind
from .mix import at_level
from .stimuli import Stimulus, trimmed

Dice = np.random.Generator
_Sound = NDArray[np.float64]


def made(name: str, seed: int, level: float) -> Stimulus:
    """One of SOUNDS at this active level in dBFS, trimmed to -50 dBFS. Raises KeyError."""
    kind, make = SOUNDS[name]
    sound = make(np.random.default_rng([seed, *name.encode()]))
    pcm = trimmed(at_level(sound.astype(np.float32), level), what=name)
    return Stimulus(pcm, kind, (), f"({name}, {level:+.0f} dBFS)", None, False, "synthetic")


def _steps(seconds: float) -> _Sound:
    return np.arange(round(seconds * CAPTURE_RATE)) / CAPTURE_RATE


def _resonated(sound: _Sound, peaks: dict[float, float]) -> _Sound:
    """Formed by resonances, in hertz with their bandwidths; causal, so nothing rings before the onset."""
    hertz = np.fft.rfftfreq(2 * len(sound), 1 / CAPTURE_RATE)
    gain = sum(1.0 / (1.0 + 1j * (hertz - at) / (width / 2)) for at, width in peaks.items())
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, 2 * len(sound)) * gain)[: len(sound)])


def _swell(seconds: float, rise: float, fall: float) -> _Sound:
    """Up in ``rise`` seconds, then down exponentially by 60 dB in ``fall``."""
    steps = _steps(seconds)
    return np.minimum(1.0, steps / rise) * np.exp(-6.9 * np.maximum(0.0, steps - rise) / fall)


def _buzz(pitch: _Sound, dice: Dice) -> _Sound:
    """A voice's source at a moving pitch in hertz: pulses with a soft edge and a little noise."""
    jitter = 1.0 + 0.01 * dice.standard_normal(len(pitch))
    phase = np.cumsum(pitch * jitter) / CAPTURE_RATE
    return np.asarray((1.0 - phase % 1.0) ** 3 - 0.25 + 0.02 * dice.standard_normal(len(pitch)))


def _cough(dice: Dice) -> _Sound:
    """A burst, a breath that fades, and sometimes a voiced end; two or three times."""
    parts = []
    for _ in range(int(dice.integers(2, 4))):
        length = dice.uniform(0.22, 0.34)
        burst = dice.standard_normal(len(_steps(length))) * _swell(length, 0.004, dice.uniform(0.2, 0.35))
        throat = _resonated(
            burst, {dice.uniform(450, 700): 250.0, dice.uniform(1300, 1800): 500.0, 3200.0: 900.0}
        )
        voiced = _buzz(np.linspace(150, 90, len(burst)), dice) * _swell(length, 0.08, 0.25)
        parts += [
            throat + 0.4 * _resonated(voiced, {550.0: 200.0}),
            np.zeros(round(dice.uniform(0.05, 0.15) * CAPTURE_RATE)),
        ]
    return np.concatenate(parts)


def _throat(dice: Dice) -> _Sound:
    """A scraped, low, pulsing noise with the mouth half shut."""
    length = dice.uniform(0.45, 0.7)
    steps = _steps(length)
    scrape = dice.standard_normal(len(steps)) * (
        0.5 + 0.5 * np.sign(np.sin(2 * np.pi * dice.uniform(28, 45) * steps))
    )
    rasp = _buzz(np.full(len(steps), dice.uniform(60, 80)), dice)
    whole = (0.6 * scrape + rasp) * np.sin(np.pi * steps / length) ** 0.5
    return _resonated(whole, {dice.uniform(350, 500): 200.0, dice.uniform(1000, 1300): 350.0})


def _laugh(dice: Dice) -> _Sound:
    """Ha, ha, ha: breath, then a falling open vowel, five times a second."""
    pitch, parts = dice.uniform(150, 280), []
    for place in range(int(dice.integers(3, 6))):
        length = dice.uniform(0.09, 0.12)
        steps = _steps(length)
        voice = _buzz(np.linspace(pitch, 0.85 * pitch, len(steps)), dice) * np.sin(np.pi * steps / length)
        breath = dice.standard_normal(round(dice.uniform(0.06, 0.09) * CAPTURE_RATE)) * 0.12
        parts += [breath, voice * 0.9**place]
        pitch *= 0.95
    return _resonated(np.concatenate(parts), {750.0: 150.0, 1250.0: 200.0, 2600.0: 400.0})


def _hum(dice: Dice) -> _Sound:
    """mm-hm: two closed-mouth pulses, the second higher, with a breath of nose between."""
    pitch = dice.uniform(100, 210)
    first, rest, second = dice.uniform(0.12, 0.18), dice.uniform(0.03, 0.06), dice.uniform(0.16, 0.24)
    low = _buzz(np.full(len(_steps(first)), pitch), dice) * np.sin(np.pi * _steps(first) / first) ** 0.6
    nose = dice.standard_normal(len(_steps(rest))) * 0.02
    high = _buzz(np.linspace(1.1 * pitch, 1.3 * pitch, len(_steps(second))), dice)
    high *= np.sin(np.pi * _steps(second) / second) ** 0.6
    source = np.concatenate([low, nose, high])
    return _resonated(source, {250.0: 80.0}) + 0.15 * _resonated(source, {1000.0: 250.0, 2200.0: 500.0})


def _door(dice: Dice) -> _Sound:
    """A slam: a click of the latch, a thud of the leaf, the frame ringing after it."""
    length = dice.uniform(0.5, 0.8)
    thud = dice.standard_normal(len(_steps(length))) * _swell(length, 0.002, dice.uniform(0.25, 0.4))
    click = dice.standard_normal(len(thud)) * _swell(length, 0.001, 0.03) * 0.5
    low = {dice.uniform(70, 110): 40.0, dice.uniform(180, 260): 80.0, dice.uniform(400, 600): 200.0}
    return _resonated(thud, low) + 0.3 * _resonated(click, {2500.0: 1500.0})


def _keys(dice: Dice) -> _Sound:
    """A bunch of keys: a dozen metal rings, each a few high partials."""
    whole = np.zeros(round(dice.uniform(0.7, 1.1) * CAPTURE_RATE))
    for _ in range(int(dice.integers(9, 15))):
        start, ring = int(dice.integers(0, int(0.8 * len(whole)))), _steps(dice.uniform(0.08, 0.16))
        tone = sum(
            dice.uniform(0.3, 1) * np.sin(2 * np.pi * dice.uniform(2200, 7000) * ring) for _ in range(4)
        )
        piece = tone * np.exp(-ring / 0.02) * dice.uniform(0.2, 1.0)
        end = min(len(whole), start + len(ring))
        whole[start:end] += piece[: end - start]
    return whole


def _dog(dice: Dice) -> _Sound:
    """Two or three barks: a rough voice that leaps up and falls."""
    parts, pitch = [], dice.uniform(280, 480)
    for _ in range(int(dice.integers(2, 4))):
        length = dice.uniform(0.14, 0.22)
        steps = _steps(length)
        glide = pitch * (0.7 + 0.6 * np.sin(np.pi * np.minimum(1.0, 1.3 * steps / length)))
        rough = _buzz(glide, dice) + 0.25 * dice.standard_normal(len(steps))
        parts += [rough * _swell(length, 0.012, 0.5), np.zeros(round(dice.uniform(0.12, 0.3) * CAPTURE_RATE))]
    return _resonated(
        np.concatenate(parts), {dice.uniform(700, 1000): 300.0, dice.uniform(1600, 2200): 600.0}
    )


SOUNDS: dict[str, tuple[Kind, Callable[[Dice], _Sound]]] = {
    "cough": (Kind.TIC, _cough),
    "throat": (Kind.TIC, _throat),
    "laugh": (Kind.TIC, _laugh),
    "hum": (Kind.BACKCHANNEL, _hum),
    "door": (Kind.NOISE, _door),
    "keys": (Kind.NOISE, _keys),
    "dog": (Kind.NOISE, _dog),
}
"""By name: what it is labelled as, and how it is made."""
TICS = tuple(name for name, (kind, _) in SOUNDS.items() if kind is Kind.TIC)
NOISES = tuple(name for name, (kind, _) in SOUNDS.items() if kind is Kind.NOISE)
