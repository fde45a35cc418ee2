"""The system's flite 2.x through ctypes: text in, sound and word times out, 20 to 25 ms at a time.

flite is global and not reentrant: one utterance at a time per process, under ``LOCK``. Calls block for tens
of milliseconds, so they must never be made from the event loop's thread. Every utterance seeds the process's
``rand``. (flite's own licence is BSD-like.)
"""

from __future__ import annotations

import ctypes
import sys
import threading
import unicodedata
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_float, c_int, c_short, c_void_p
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.errors import VoiceError
from pipeline.ports import Pcm, WordTime

LOCK = threading.Lock()
"""Held during every call that synthesises."""
VOICES = ("rms", "slt", "awb", "kal16")
"""Voices of the CMU distribution that speak 16 kHz, the best first."""

INSTALL = "apt-get install libflite1" if sys.platform != "darwin" else "brew install flite"
Take = Callable[[Pcm, tuple[WordTime, ...]], bool]
"""Gets sound and the words not told before; returns False to stop."""

_STOP, _GO = -1, 0
_FOLDERS = ("", "/opt/homebrew/lib/", "/usr/local/lib/") if sys.platform == "darwin" else ("",)
_ENDINGS = (".1.dylib", ".dylib") if sys.platform == "darwin" else (".so.1", ".so")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "\0": " "})


class _Wave(ctypes.Structure):
    """cst_wave.h"""

    _fields_ = [
        ("type", c_char_p),
        ("rate", c_int),
        ("count", c_int),
        ("channels", c_int),
        ("samples", POINTER(c_short)),
    ]


class _Streaming(ctypes.Structure):
    """cst_audio.h: cst_audio_streaming_info"""


_Callback = CFUNCTYPE(c_int, POINTER(_Wave), c_int, c_int, c_int, POINTER(_Streaming))
_Streaming._fields_ = [
    ("smallest", c_int),
    ("callback", _Callback),
    ("utterance", c_void_p),
    ("item", c_void_p),
    ("user", c_void_p),
]


class _Voice(ctypes.Structure):
    """cst_voice.h, as far as it is needed."""

    _fields_ = [("name", c_char_p), ("features", c_void_p)]


_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "flite_text_to_wave": (POINTER(_Wave), [c_char_p, POINTER(_Voice)]),
    "delete_wave": (None, [POINTER(_Wave)]),
    "new_audio_streaming_info": (POINTER(_Streaming), []),
    "audio_streaming_info_val": (c_void_p, [POINTER(_Streaming)]),
    "flite_feat_set": (None, [c_void_p, c_char_p, c_void_p]),
    "flite_feat_remove": (c_int, [c_void_p, c_char_p]),
    "flite_get_param_float": (c_float, [c_void_p, c_char_p, c_float]),
    "flite_feat_set_float": (None, [c_void_p, c_char_p, c_float]),
    "utt_relation": (c_void_p, [c_void_p, c_char_p]),
    "utt_relation_present": (c_int, [c_void_p, c_char_p]),
    "relation_head": (c_void_p, [c_void_p]),
    "item_next": (c_void_p, [c_void_p]),
    "item_prev": (c_void_p, [c_void_p]),
    "item_as": (c_void_p, [c_void_p, c_char_p]),
    "item_daughter": (c_void_p, [c_void_p]),
    "item_last_daughter": (c_void_p, [c_void_p]),
    "item_feat_float": (c_float, [c_void_p, c_char_p]),
    "item_feat_string": (c_char_p, [c_void_p, c_char_p]),
}


def plain(text: str) -> str:
    """ASCII of the same length, so that positions stay: accents go, and what flite cannot read is a space."""
    letters = []
    for letter in text.translate(_PLAIN):
        base = letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0]
        letters.append(base if base.isascii() else " ")
    return "".join(letters)


def load(stem: str) -> ctypes.CDLL:
    """A shared library of flite's. Raises VoiceError with the command that installs it."""
    problem = ""
    for folder in _FOLDERS:
        for ending in _ENDINGS:
            try:
                return ctypes.CDLL(f"{folder}{stem}{ending}", mode=ctypes.RTLD_GLOBAL)
            except OSError as error:
                problem = problem or str(error)
    raise VoiceError(f"flite is not installed ({problem}): {INSTALL}")


@lru_cache(maxsize=1)
def _library() -> Any:
    library: Any = load("libflite")
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.srand = ctypes.CDLL(None).srand
    library.flite_init()
    return library


@lru_cache(maxsize=len(VOICES))
def synthesiser(voice: str) -> FliteSynthesiser:
    """The one of this voice: flite itself has each voice, and what is set in it, once per process."""
    return FliteSynthesiser(voice)


class FliteSynthesiser:
    """One voice, one utterance at a time; have it from ``synthesiser``.

    ``streams`` False: only whole utterances, without word times. Raises VoiceError when the library or the
    voice is absent or does not speak.
    """

    def __init__(self, voice: str) -> None:
        if voice not in VOICES:
            raise VoiceError(f"flite has no voice {voice!r}; it has {', '.join(VOICES)}")
        self._library = _library()
        register = getattr(load(f"libflite_cmu_us_{voice}"), f"register_cmu_us_{voice}")
        register.restype, register.argtypes = POINTER(_Voice), [c_void_p]
        self._voice = register(None)
        self._callback = _Callback(self._called)
        self._take: Take = _refuse
        self._words: tuple[WordTime, ...] | None = None
        self._text = ""
        self._problem: BaseException | None = None
        self.streams = False
        features = self._voice.contents.features
        self._library.flite_feat_remove(features, b"streaming_info")
        self._stretch = self._library.flite_get_param_float(features, b"duration_stretch", 1.0)
        with LOCK:
            self.rate = self._measure()
            self.streams = self._can_stream()

    def speak(self, text: str, take: Take, stretch: float = 1.0) -> None:
        """Synthesise, handing sound to ``take`` as it is made; slower above 1. Blocks. Raises VoiceError."""
        with LOCK:
            features, duration = self._voice.contents.features, self._stretch * stretch
            self._library.flite_feat_set_float(features, b"duration_stretch", duration)
            self._synthesise(text, take)

    def _synthesise(self, text: str, take: Take) -> tuple[int, Pcm]:
        """Returns the sample rate and the whole sound that flite keeps, also when it streamed."""
        self._take, self._words, self._problem, self._text = take, None, None, plain(text)
        self._library.srand(2)  # flite's breath is the C library's chance: equal texts are to sound equal
        wave = self._library.flite_text_to_wave(self._text.encode("ascii"), self._voice)
        self._take = _refuse
        try:
            if self._problem is not None:
                raise self._problem
            if not wave:
                raise VoiceError("flite made no sound")
            whole = _samples(wave.contents, 0, wave.contents.count)
            if not self.streams:
                take(whole, ())
            return int(wave.contents.rate), whole
        finally:
            if wave:
                self._library.delete_wave(wave)

    def _measure(self) -> int:
        """The voice's sample rate, by speaking; which also makes flite read its lexicon now and not later."""
        rate, whole = self._synthesise("one", _collect([], []))
        if not 8000 <= rate <= 48000 or not 0.1 < len(whole) / rate < 2:
            raise VoiceError("this build of flite lays out its sound in a way that is not known here")
        return rate

    def _can_stream(self) -> bool:
        """Attach the stream if its structure looks as it should; a word must come out as flite keeps it."""
        info = self._library.new_audio_streaming_info()
        fields = info.contents
        if fields.smallest <= 0 or fields.callback or fields.utterance or fields.item or fields.user:
            return False
        fields.callback = self._callback
        value = self._library.audio_streaming_info_val(info)
        self._library.flite_feat_set(self._voice.contents.features, b"streaming_info", value)
        made: list[Pcm] = []
        words: list[WordTime] = []
        self.streams = True
        _, whole = self._synthesise("one", _collect(made, words))
        if words and made and np.array_equal(np.concatenate(made), whole):
            return 0 <= words[0].begins < words[0].ends <= len(whole) / self.rate
        self._library.flite_feat_remove(self._voice.contents.features, b"streaming_info")
        return False

    def _called(self, wave: Any, start: int, size: int, _last: int, info: Any) -> int:
        try:
            words: tuple[WordTime, ...] = ()
            if self._words is None:
                words = self._words = tuple(self._word_times(info.contents.utterance))
            return _GO if self._take(_samples(wave.contents, start, size), words) else _STOP
        except BaseException as error:  # noqa: BLE001  # must not cross C; raised again behind the call
            self._problem = error
            return _STOP

    def _word_times(self, utterance: int) -> list[WordTime]:
        """Every token of the text whose sound is known: from its first to its last segment."""
        library, found, at = self._library, [], 0
        if not utterance or not library.utt_relation_present(utterance, b"Token"):
            return []
        token = library.relation_head(library.utt_relation(utterance, b"Token"))
        while token:
            name = (library.item_feat_string(token, b"name") or b"").decode("ascii", "replace")
            start = self._text.find(name, at)
            times = self._token_times(library.item_as(token, b"Token"))
            if start >= 0 and name:
                at = start + len(name)
                if times is not None:
                    found.append(WordTime(start, at, *times))
            token = library.item_next(token)
        return found

    def _token_times(self, token: int | None) -> tuple[float, float] | None:
        library = self._library
        first = self._segment(library.item_daughter(token), library.item_daughter)
        last = self._segment(library.item_last_daughter(token), library.item_last_daughter)
        if first is None or last is None:
            return None
        before = library.item_prev(first)
        begins = library.item_feat_float(before, b"end") if before else 0.0
        return float(begins), float(library.item_feat_float(last, b"end"))

    def _segment(self, word: int | None, daughter: Callable[[Any], int | None]) -> int | None:
        """The first or last segment of a word, through its syllables; None for a word without sound."""
        syllable = daughter(self._library.item_as(word, b"SylStructure")) if word else None
        segment = daughter(syllable) if syllable else None
        return self._library.item_as(segment, b"Segment") if segment else None


def _samples(wave: Any, start: int, size: int) -> Pcm:
    count = max(0, min(size, wave.count - start))
    if not count or not wave.samples:
        return np.zeros(0, np.float32)
    raw = np.ctypeslib.as_array(wave.samples, (wave.count,))[start : start + count]
    return raw.astype(np.float32) / np.float32(32768)


def _collect(made: list[Pcm], words: list[WordTime]) -> Take:
    def take(pcm: Pcm, found: tuple[WordTime, ...]) -> bool:
        made.append(pcm)
        words.extend(found)
        return True

    return take


def _refuse(_pcm: Pcm, _words: tuple[WordTime, ...]) -> bool:
    return False
