"""SVOX Pico (Apache-2.0) as a library: an American, a British and four other European women's recordings.

The other four read English by sounds, in the accent of their own language.
"""

import ctypes
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from .audio import Pcm
from .speech import Missing, Spoken, Style, spoken

FOLDER = "HOCKET_PICO"
"Environment variable: a folder with libttspico.so and the lingware (*.bin), if they are not of the system."
_SYSTEM = (Path("/usr/share/pico/lang"), Path("/usr/share/pico"))
_LIBRARIES = ("libttspico.so.0", "libttspico.so")
RATE = 16000
MEMORY = 4_000_000
_IDLE, _BUSY = 200, 201
_SPEED, _PITCH = (30, 300), (50, 200)
"Percent of the voice's own."


def _folder() -> Path:
    own = os.environ.get(FOLDER)
    for folder in (Path(own),) if own else _SYSTEM:
        if any(folder.glob("en-US_*.bin")):
            return folder
    raise Missing(
        f"pico is missing: install libttspico-data (Debian non-free, Ubuntu), or point {FOLDER} to a folder "
        "with libttspico.so and its lingware (en-US_ta.bin and others)"
    )


def _library(folder: Path) -> Any:
    for name in (*(str(folder / name) for name in _LIBRARIES), *_LIBRARIES):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise Missing(f"libttspico.so is missing: install libttspico0, or put it into the folder of {FOLDER}")


class _Voice:
    """One language: a system of Pico with its one engine."""

    def __init__(self, library: Any, folder: Path, language: str) -> None:
        self._library = library
        self._memory = ctypes.create_string_buffer(MEMORY)
        self._system, self._engine = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("initialize", self._memory, ctypes.c_uint32(MEMORY), ctypes.byref(self._system))
        self._call("createVoiceDefinition", self._system, b"voice")
        for part in ("ta", "sg"):
            for path in sorted(folder.glob(f"{language}_*{part}.bin")):
                resource, name = ctypes.c_void_p(), ctypes.create_string_buffer(200)
                self._call("loadResource", self._system, str(path).encode(), ctypes.byref(resource))
                self._call("getResourceName", self._system, resource, name)
                self._call("addResourceToVoiceDefinition", self._system, b"voice", name)
        self._call("newEngine", self._system, b"voice", ctypes.byref(self._engine))
        self._out = ctypes.create_string_buffer(4096)

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, f"pico_{name}")(*arguments)
        if status != 0:
            raise RuntimeError(f"pico_{name} failed with {status}")

    def speak(self, markup: str) -> Pcm:
        """Raw samples of UTF-8 text with Pico's tags."""
        data = markup.encode() + b"\0"
        done, taken, kind = ctypes.c_int16(), ctypes.c_int16(), ctypes.c_int16()
        chunks, at = list[bytes](), 0
        while True:
            if at < len(data):
                rest = data[at:]
                self._call("putTextUtf8", self._engine, rest, ctypes.c_int16(len(rest)), ctypes.byref(done))
                at += done.value
            status = self._library.pico_getData(
                self._engine, self._out, ctypes.c_int16(4096), ctypes.byref(taken), ctypes.byref(kind)
            )
            chunks.append(self._out.raw[: taken.value])
            if status == _IDLE and at >= len(data):
                break
            if status not in (_IDLE, _BUSY):
                raise RuntimeError(f"pico_getData failed with {status}")
        return np.frombuffer(b"".join(chunks), np.int16).astype(np.float32) / np.float32(32768)


class Pico:
    """Voices are named by language: "en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT"."""

    ENGLISH = ("en-US", "en-GB")
    FOREIGN = ("de-DE", "fr-FR", "es-ES", "it-IT")

    def __init__(self) -> None:
        """Raises Missing where the library or its lingware cannot be found."""
        self._folder = _folder()
        self._library = _library(self._folder)
        self._voices: dict[str, _Voice] = {}

    def say(self, text: str, voice: str, style: Style) -> Pcm:
        """`text` of a foreign voice is X-SAMPA in [[ ]], a word each, else it is read in its own language."""
        return self.timed(text, 0, voice, style).pcm

    def timed(self, text: str, count: int, voice: str, style: Style) -> Spoken:
        """Pico does not tell where words end."""
        if voice not in self._voices:
            if not any(self._folder.glob(f"{voice}_*.bin")):
                raise ValueError(f"pico has no voice {voice!r}")
            self._voices[voice] = _Voice(self._library, self._folder, voice)
        speed = min(max(round(100 * style.pace), _SPEED[0]), _SPEED[1])
        low, high = _PITCH
        pitch = round(low * (high / low) ** (0.15 + 0.7 * style.pitch))
        body = re.sub(r"\[\[(.*?)\]\]", r"<phoneme alphabet='xsampa' ph='\1'/>", text)
        markup = f'<speed level="{speed}"><pitch level="{pitch}">{body}</pitch></speed>'
        return spoken(self._voices[voice].speak(markup), RATE, (), count)
