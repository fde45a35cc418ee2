"""espeak-ng as a voice, behind a child process: the engine is GPL-3, global and synchronous, and stays there.

The parent speaks the protocol of ``espeak_worker`` and never loads the library. A child that dies costs the
phrase in flight; the next phrase starts a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import re
import struct
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np

from pipeline.errors import VoiceError
from pipeline.ports import Pcm, VoiceChunk, WordTime

from .espeak_worker import HEADER
from .lead import AUDIBLE

INSTALL = f"{Path(sys.executable).name} -m pip install espeakng-loader"
RATE = 22_050
"""Samples per second of every espeak-ng voice that is not mbrola's."""
LONGEST = 1000
"""Characters per phrase."""
START = 3.0
"""Seconds that the child may take to say it is ready."""
PATIENCE = 3.0
"""Seconds that it may be silent while it speaks."""
GOODBYE = 1.0
"""Seconds that it may take to end before it is killed."""

_LIBRARY = {"win32": "espeak-ng.dll", "darwin": "libespeak-ng.dylib"}.get(sys.platform, "libespeak-ng.so")
_WORKER = Path(__file__).with_name("espeak_worker.py")


def find_engine() -> tuple[Path, Path]:
    """The library and the data that the wheel carries, found without importing it. Raises VoiceError."""
    found = importlib.util.find_spec("espeakng_loader")
    if found is None or not found.submodule_search_locations:
        raise VoiceError(f"espeak-ng is not installed: {INSTALL}")
    folder = Path(found.submodule_search_locations[0])
    library, data = folder / _LIBRARY, folder / "espeak-ng-data"
    for path in (library, data):
        if not path.exists():
            raise VoiceError(f"espeakng-loader lacks its {path.name}: {INSTALL} --force-reinstall")
    return library, data


class EspeakVoice:
    """One espeak-ng voice at 22.05 kHz with word times from its events.

    ``variant`` as espeak-ng names it: ``en-us``, ``en-gb+f3``, ``gmw/en-US+m3``. ``speed`` in words a minute
    (80 to 450), ``pitch`` and ``spread`` (how lively) from 0 to 99. Raises VoiceError for values out of range
    and where the wheel is absent; an unknown variant is found by ``prepare`` or the first phrase.
    """

    def __init__(
        self,
        variant: str = "en-us",
        *,
        speed: int = 165,
        pitch: int = 50,
        spread: int = 50,
        data: Path | None = None,
    ) -> None:
        limits = {"speed": (speed, 80, 450), "pitch": (pitch, 0, 99), "spread": (spread, 0, 99)}
        for name, (value, low, high) in limits.items():
            if not low <= value <= high:
                raise VoiceError(f"espeak-ng's {name} lies between {low} and {high}, not {value}")
        if not variant.isprintable() or len(variant) > 100:
            raise VoiceError("the name of an espeak-ng voice has at most 100 printable characters")
        library, found = find_engine()
        self.name = f"espeak:{variant}"
        self.rate = RATE
        options = {"library": library, "data": (data or found).absolute(), "voice": variant}
        options |= {name: value for name, (value, _, _) in limits.items()}
        self._arguments = [str(_WORKER), *(f"--{name}={value}" for name, value in options.items())]
        self._child: _Child | None = None
        self._number = 0
        self._turn = asyncio.Lock()

    async def prepare(self) -> None:
        """Start the child now, so that the first phrase need not wait for it. Raises VoiceError."""
        async with self._turn:
            await self._ready()

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """Stream one phrase; closing aborts within a chunk. Raises VoiceError, also when the child dies."""
        if len(text) > LONGEST:
            raise VoiceError(
                f"a phrase of {len(text)} characters is too long for espeak-ng; at most {LONGEST}"
            )
        async with self._turn:
            child = await self._ready()
            self._number += 1
            number, marks, done = self._number, _Marks(text), False
            try:
                await child.send(b"S", struct.pack("<I", number) + text.encode())
                while not done:
                    kind, body = await child.answer(number)
                    done = kind == b"D"
                    chunk = marks.take(kind, body)
                    if chunk is not None:
                        yield chunk
            except VoiceError:
                done = True
                raise
            finally:
                if not done:
                    child.abort(number)

    async def phonemes(self, text: str) -> str:
        """How this voice would say a text: IPA, a line per clause. Raises VoiceError."""
        if len(text) > LONGEST:
            raise VoiceError(f"{len(text)} characters are too many for espeak-ng at once; at most {LONGEST}")
        async with self._turn:
            child = await self._ready()
            self._number += 1
            await child.send(b"P", struct.pack("<I", self._number) + text.encode())
            told = ""
            while (answer := await child.answer(self._number))[0] != b"D":
                told += answer[1].decode()
            return told

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            await child.end()

    async def _ready(self) -> _Child:
        if self._child is not None and not self._child.alive:
            await self.close()
        if self._child is None:
            self._child = await _Child.start(self._arguments)
        return self._child


class _Child:
    """The process and its answers, message by message; a cancelled read loses nothing."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self._head: tuple[bytes, int] | None = None
        self._reading = False

    @classmethod
    async def start(cls, arguments: list[str]) -> _Child:
        """Raises VoiceError when it does not get ready."""
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-s", *arguments, stdin=pipe, stdout=pipe, stderr=nowhere
        )
        child = cls(process)
        try:
            async with asyncio.timeout(START):
                kind, body = await child._message()
            if kind != b"R":
                raise VoiceError(body[4:].decode(errors="replace"))
            rate = struct.unpack("<I", body)[0]
            if rate != RATE:
                raise VoiceError(f"this espeak-ng speaks at {rate} Hz, not at {RATE}")
        except BaseException as error:
            await child.end()
            if isinstance(error, TimeoutError):
                raise VoiceError(f"espeak-ng's process was not ready within {START:g} s") from None
            raise
        return child

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._stdout.at_eof()

    async def send(self, kind: bytes, body: bytes) -> None:
        try:
            self._stdin.write(_message(kind, body))
            await self._stdin.drain()
        except OSError:
            raise self._died() from None

    def abort(self, number: int) -> None:
        """Ask for no more of this utterance; what is on its way is skipped by the next reader."""
        if self.alive and not self._stdin.is_closing():
            self._stdin.write(_message(b"A", struct.pack("<I", number)))

    async def answer(self, number: int) -> tuple[bytes, bytes]:
        """The next answer about this utterance: kind, and the body behind the id. Raises VoiceError."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    kind, body = await self._message()
            except TimeoutError:
                self._kill()
                raise VoiceError(f"espeak-ng was silent for {PATIENCE:g} s and was ended") from None
            (about,) = struct.unpack_from("<I", body)
            if about == number and kind == b"E":
                raise VoiceError(body[4:].decode(errors="replace"))
            if about == number:
                return kind, body[4:]

    async def end(self) -> None:
        """Let it end, or kill it, and wait until it is gone."""
        self._stdin.close()
        if self._reading:
            self._kill()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._gone()
        except TimeoutError:
            self._kill()
            await self._gone()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _gone(self) -> None:
        while not self._reading and await self._stdout.read(1 << 16):
            pass
        await self._process.wait()

    async def _message(self) -> tuple[bytes, bytes]:
        self._reading = True
        try:
            if self._head is None:
                self._head = HEADER.unpack(await self._stdout.readexactly(HEADER.size))
            kind, length = self._head
            body = await self._stdout.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            raise self._died() from None
        finally:
            self._reading = False
        self._head = None
        return kind, body

    def _died(self) -> VoiceError:
        code = self._process.returncode
        how = "ended" if code is None else f"ended with status {code}"
        return VoiceError(f"espeak-ng's process {how} while it spoke; the next phrase starts it again")


class _Marks:
    """Turns word marks, each of which ends what came before it, into times of words between spaces.

    espeak-ng marks a number once for each word that it reads it as, at positions inside the number, and ends
    a clause after its pause; the pause is not the word's.
    """

    def __init__(self, text: str) -> None:
        self._spans = [match.span() for match in re.finditer(r"\S+", text)]
        self._open: tuple[tuple[int, int], int] | None = None
        self._words: tuple[WordTime, ...] = ()
        self._samples = 0
        self._audible = 0

    def take(self, kind: bytes, body: bytes) -> VoiceChunk | None:
        """A chunk, when this answer is one or is the last and words are left."""
        if kind == b"W":
            self._mark(*struct.unpack("<3I", body))
            return None
        if kind == b"C":
            pcm: Pcm = np.frombuffer(body, "<i2").astype(np.float32) / np.float32(32768)
            loud = np.flatnonzero(np.abs(pcm) >= AUDIBLE)
            self._audible = self._samples + int(loud[-1]) + 1 if loud.size else self._audible
            self._samples += len(pcm)
        else:
            pcm = np.zeros(0, np.float32)
            self._close(self._audible)
        words, self._words = self._words, ()
        return VoiceChunk(pcm, words) if len(pcm) or words else None

    def _mark(self, start: int, length: int, sample: int) -> None:
        span = next((span for span in self._spans if span[1] > start), None) if length else None
        if span is not None and self._open is not None and self._open[0] == span:
            return
        self._close(sample if length else min(sample, self._audible))
        if span is not None:
            self._open = (span, sample)

    def _close(self, sample: int) -> None:
        if self._open is not None:
            span, begins = self._open
            self._words += (WordTime(*span, begins / RATE, max(begins, sample) / RATE),)
        self._open = None


def _message(kind: bytes, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body)) + body
