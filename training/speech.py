"""Speech engines as libraries behind one small port.

espeak-ng is GPL: only a generation process of its own may make an `Espeak`.
"""

import ctypes
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any, Protocol

import espeakng_loader
import numpy as np
from scipy.signal import resample_poly

from .audio import RATE, Pcm, trim


@dataclass(frozen=True, slots=True)
class Style:
    """How a voice should speak."""

    pace: float = 1.0
    "1 is the voice's own pace."
    pitch: float = 0.5
    "0 lowest, 1 highest that the voice can do."
    lively: float = 0.5
    "0 monotone, 1 sings."


class Engine(Protocol):
    """Turns text into trimmed 16 kHz speech."""

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """Raises ValueError for an unknown voice."""
        ...


def _to_rate(pcm: Pcm, rate: int) -> Pcm:
    if rate == RATE:
        return pcm
    shared = gcd(rate, RATE)
    return np.asarray(resample_poly(pcm, RATE // shared, rate // shared), np.float32)


class Espeak:
    """espeak-ng from the wheel `espeakng-loader`, synchronous retrieval (speak_lib.h)."""

    _RATE_PARAMETER, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
    _UTF8, _PHONEMES_IN_TEXT = 1, 0x100

    def __init__(self) -> None:
        self._lib: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self._rate = self._lib.espeak_Initialize(2, 0, str(self._data).encode(), 0)
        if self._rate <= 0:
            raise RuntimeError(f"espeak-ng did not start from {self._data}")
        self._chunks: list[Pcm] = []
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lib.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            ctypes.c_int,
        ]

    def _take(self, wave: Any, count: int, _events: Any) -> int:
        if wave and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32) / np.float32(32768))
        return 0

    def variants(self) -> list[str]:
        """Names of all installed voice variants."""
        return sorted(path.name for path in (self._data / "voices" / "!v").iterdir())

    def _select(self, voice: str) -> None:
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """`voice`: "gmw/en-US+f2"; text may hold espeak phonemes in [[ ]]."""
        self._select(voice)
        settings = {
            self._RATE_PARAMETER: 165 * style.pace,
            self._VOLUME: 100,
            self._PITCH: 99 * style.pitch,
            self._RANGE: 99 * style.lively,
        }
        for parameter, value in settings.items():
            self._lib.espeak_SetParameter(parameter, int(value), 0)
        self._chunks.clear()
        data = text.encode()
        self._lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, self._UTF8 | self._PHONEMES_IN_TEXT, None, None)
        if not self._chunks:
            return np.zeros(0, np.float32)
        return trim(_to_rate(np.concatenate(self._chunks), self._rate))

    def phonemes(self, text: str, *, ipa: bool = True) -> str:
        """United States pronunciation, as IPA or as espeak mnemonics."""
        self._select("gmw/en-US")
        pointer = ctypes.c_char_p(text.encode())
        out = []
        while pointer.value:
            found = self._lib.espeak_TextToPhonemes(ctypes.byref(pointer), 1, 2 if ipa else 0)
            out.append(found.decode() if found else "")
        return " ".join(out)


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_char_p),
        ("rate", ctypes.c_int),
        ("count", ctypes.c_int),
        ("channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("features", ctypes.c_void_p)]


class Flite:
    """flite 2.x from Debian's libflite1: kal16 is diphones; awb, rms, slt are of people (CMU ARCTIC)."""

    VOICES = ("kal16", "awb", "rms", "slt")

    def __init__(self) -> None:
        try:
            self._lib: Any = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        except OSError as problem:
            raise RuntimeError("libflite.so.1 is missing: apt-get install libflite1") from problem
        for name in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        self._lib.flite_init()
        self._voices: dict[str, Any] = {}
        for name in self.VOICES:
            register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
            register.restype, register.argtypes = ctypes.POINTER(_Voice), [ctypes.c_void_p]
            self._voices[name] = register(None)
        self._lib.flite_text_to_wave.restype = ctypes.POINTER(_Wave)
        self._lib.flite_text_to_wave.argtypes = [ctypes.c_char_p, ctypes.POINTER(_Voice)]
        self._lib.delete_wave.argtypes = [ctypes.POINTER(_Wave)]
        self._lib.flite_feat_set_float.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """`rms` follows the pace only; the others follow pitch too."""
        if voice not in self._voices:
            raise ValueError(f"flite has no voice {voice!r}")
        chosen = self._voices[voice]
        low, high = (120.0, 260.0) if voice == "slt" else (85.0, 230.0)
        features = {
            b"duration_stretch": 1 / style.pace,
            b"int_f0_target_mean": low + (high - low) * style.pitch,
            b"f0_shift": 0.75 + 0.75 * style.pitch,
        }
        for name, value in features.items():
            self._lib.flite_feat_set_float(chosen.contents.features, name, value)
        wave = self._lib.flite_text_to_wave(text.encode(), chosen)
        found = wave.contents
        pcm = np.ctypeslib.as_array(found.samples, (found.count,)).astype(np.float32) / np.float32(32768)
        rate = found.rate
        self._lib.delete_wave(wave)
        return trim(_to_rate(pcm, rate))
