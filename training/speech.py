"""The port of all speech engines, and two of them: espeak-ng and flite, as libraries.

espeak-ng is GPL: only a generation process of its own may make an `Espeak`.
"""

import ctypes
import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any, Protocol

import espeakng_loader
import numpy as np
from scipy.signal import resample_poly

from .audio import RATE, Pcm, trim
from .speech_variants import SLOT, folder


@dataclass(frozen=True, slots=True)
class Style:
    """How a voice should speak."""

    pace: float = 1.0
    "1 is the voice's own pace."
    pitch: float = 0.5
    "0 lowest, 1 highest that the voice can do."
    lively: float = 0.5
    "0 monotone, 1 sings."


class EngineDied(RuntimeError):
    """An engine in a process of its own crashed over what it was asked to say."""


class Missing(RuntimeError):
    """An engine or its voices cannot be had here; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Trimmed 16 kHz speech and where its words end."""

    pcm: Pcm
    ends: tuple[int, ...] = ()
    "Samples, one per word, the last at the end of the speech; empty where the engine told another number."


class Engine(Protocol):
    """Turns text into trimmed 16 kHz speech."""

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """Raises ValueError for an unknown voice."""
        ...

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """The same with the ends of its `count` words. Raises ValueError for an unknown voice."""
        ...


def spoken(pcm: Pcm, rate: int, ends: Sequence[float], count: int) -> Spoken:
    """Trims and resamples raw speech; `ends`: seconds at which words end, perhaps too many or too few."""
    whole = _to_rate(pcm, rate)
    loud = np.nonzero(np.abs(whole) > QUIET)[0]
    trimmed = trim(whole, QUIET)
    if not count or len(ends) != count or not len(trimmed):
        return Spoken(trimmed)
    places = [min(max(int(RATE * end) - int(loud[0]), 1), len(trimmed)) for end in ends]
    places[-1] = len(trimmed)
    rising = all(a < b for a, b in itertools.pairwise(places))
    return Spoken(trimmed, tuple(places) if rising else ())


QUIET = 0.01
"Of full scale; what is quieter at both ends of speech is trimmed."


def _to_rate(pcm: Pcm, rate: int) -> Pcm:
    if rate == RATE:
        return pcm
    shared = gcd(rate, RATE)
    return np.asarray(resample_poly(pcm, RATE // shared, rate // shared), np.float32)


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


class Espeak:
    """espeak-ng from the wheel `espeakng-loader`, synchronous retrieval (speak_lib.h)."""

    _RATE_PARAMETER, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
    _UTF8, _PHONEMES_IN_TEXT = 1, 0x100
    _WORD, _ENDED = 1, 0
    "Kinds of events: a word begins, and the end of a list of events."

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """`own`: made-up variants by name, as texts of voice files."""
        self._lib: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self._libc = ctypes.CDLL(None)
        self._own = dict(own or {})
        if own:
            self._made = folder(self._data)
            self._data = Path(self._made.name) / self._data.name
        self._rate = self._lib.espeak_Initialize(2, 0, str(self._data).encode(), 0)
        if self._rate <= 0:
            raise RuntimeError(f"espeak-ng did not start from {self._data}")
        self._chunks: list[Pcm] = []
        self._starts: list[float] = []
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

    def _take(self, wave: Any, count: int, events: Any) -> int:
        event = ctypes.cast(events, ctypes.POINTER(_Event))
        place = 0
        while event[place].type != self._ENDED:
            if event[place].type == self._WORD:
                self._starts.append(event[place].milliseconds / 1000)
            place += 1
        if wave and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32) / np.float32(32768))
        return 0

    def variants(self) -> list[str]:
        """Names of all installed voice variants, without made-up ones."""
        return sorted(path.name for path in self._folder.iterdir() if path.name != SLOT)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the made-up variants."""
        return tuple(self._own)

    @property
    def _folder(self) -> Path:
        return self._data / "voices" / "!v"

    def _select(self, voice: str) -> None:
        base, _, variant = voice.partition("+")
        known = voice
        if variant in self._own:
            (self._folder / SLOT).write_text(self._own[variant], encoding="utf-8")
            known = f"{base}+{SLOT}"
        if self._lib.espeak_SetVoiceByName(known.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """`voice`: "gmw/en-US+f2"; text may hold espeak phonemes in [[ ]]."""
        return trim(_to_rate(self._raw(text, voice, style), self._rate), QUIET)

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """A word ends where the next begins."""
        pcm = self._raw(text, voice, style)
        return spoken(pcm, self._rate, [*self._starts[1:], len(pcm) / self._rate], count)

    def _seed(self, seed: int) -> None:
        """Breath, flutter and Klatt's noise are random: the same words by one voice should sound alike."""
        self._lib.espeak_ng_SetRandSeed(ctypes.c_long(seed))
        self._libc.srand(ctypes.c_uint(seed))

    def _raw(self, text: str, voice: str, style: Style) -> Pcm:
        """Untrimmed, at the engine's rate; the words' beginnings are in `_starts`."""
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
        self._starts.clear()
        data = text.encode()
        self._seed(zlib.crc32(data))
        self._lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, self._UTF8 | self._PHONEMES_IN_TEXT, None, None)
        return np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)

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
            raise Missing("libflite.so.1 is missing: apt-get install libflite1") from problem
        for name in ("libflite_usenglish.so.1", "libflite_cmulex.so.1"):
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        self._lib.flite_init()
        self._voices: dict[str, Any] = {}
        for name in self.VOICES:
            register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
            register.restype, register.argtypes = ctypes.POINTER(_Voice), [ctypes.c_void_p]
            self._voices[name] = register(None)
        pointer, text, voice = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(_Voice)
        for function, result, arguments in (
            ("flite_synth_text", pointer, [text, voice]),
            ("utt_wave", ctypes.POINTER(_Wave), [pointer]),
            ("utt_relation", pointer, [pointer, text]),
            ("relation_head", pointer, [pointer]),
            ("item_next", pointer, [pointer]),
            ("ffeature_float", ctypes.c_float, [pointer, text]),
            ("delete_utterance", None, [pointer]),
        ):
            getattr(self._lib, function).restype = result
            getattr(self._lib, function).argtypes = arguments
        self._lib.flite_feat_set_float.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float]

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """`rms` follows the pace only; the others follow pitch too."""
        return self.timed(text, 0, voice, style).pcm

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """A word ends with its last segment."""
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
        utterance = self._lib.flite_synth_text(text.encode(), chosen)
        found = self._lib.utt_wave(utterance).contents
        pcm = np.ctypeslib.as_array(found.samples, (found.count,)).astype(np.float32) / np.float32(32768)
        rate, ends = found.rate, self._ends(utterance)
        self._lib.delete_utterance(utterance)
        return spoken(pcm, rate, ends, count)

    def _ends(self, utterance: int) -> list[float]:
        """Seconds at which each word ends."""
        ends, word = [], self._lib.relation_head(self._lib.utt_relation(utterance, b"Word"))
        while word:
            ends.append(self._lib.ffeature_float(word, b"R:SylStructure.daughtern.daughtern.R:Segment.end"))
            word = self._lib.item_next(word)
        return ends
