"""The voice that comes with macOS (``say``) or Windows (SAPI, through PowerShell), in a process per phrase.

The text goes in through the process's standard input, never through a command line. Sound is there when the
phrase is whole: these programs write files. Not tried on either system; checked with stand-ins on the path.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile

from pipeline.errors import VoiceError
from pipeline.ports import Pcm, VoiceChunk

RATE = 22_050
LONGEST = 1000
"""Characters per phrase."""
PATIENCE = 10.0
"""Seconds that a phrase may take."""
NAME = "system"
_SAPI = (
    "$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue';"
    "$in=New-Object IO.StreamReader([Console]::OpenStandardInput(),[Text.Encoding]::UTF8);"
    "Add-Type -AssemblyName System.Speech;"
    "$f=New-Object System.Speech.AudioFormat.SpeechAudioFormatInfo({rate},'Sixteen','Mono');"
    "$s=New-Object System.Speech.Synthesis.SpeechSynthesizer;"
    "{choose}$s.SetOutputToWaveFile('{out}',$f);$s.Speak($in.ReadToEnd());$s.Dispose()"
)


@dataclass(frozen=True, slots=True)
class Program:
    """How one system's voice is called."""

    path: str
    system: str

    def command(self, out: Path, voice: str) -> Sequence[str]:
        """Reads the text from standard input and writes ``out``, a WAV file at RATE."""
        if self.system == "darwin":
            chosen = ["-v", voice] if voice else []
            form = ["--file-format=WAVE", f"--data-format=LEI16@{RATE}"]
            return [self.path, *chosen, *form, "-o", str(out), "-f", "-"]
        choose = f"$s.SelectVoice({_quoted(voice)});" if voice else ""
        script = _SAPI.format(rate=RATE, choose=choose, out=str(out).replace("'", "''"))
        coded = base64.b64encode(script.encode("utf-16-le")).decode()
        return [self.path, "-NoProfile", "-NonInteractive", "-EncodedCommand", coded]


def program(system: str = sys.platform) -> Program:
    """Raises VoiceError on a system that brings no voice, or lacks the program that speaks with it."""
    name = {"darwin": "say", "win32": "powershell"}.get(system)
    if name is None:
        raise VoiceError("this system brings no voice of its own; macOS and Windows do")
    path = shutil.which(name)
    if path is None:
        raise VoiceError(f"the program {name!r}, which speaks with the system's voice, is not on the path")
    return Program(path, system)


class SystemVoice:
    """ports.Voice. ``voice``: a name that the system knows; empty: its default one."""

    rate = RATE

    def __init__(self, voice: str = "", *, system: str = sys.platform) -> None:
        """Raises VoiceError; an unknown voice is found by the first phrase."""
        if len(voice) > 100 or not voice.isprintable():
            raise VoiceError("the name of a system's voice has at most 100 printable characters")
        self._program = program(system)
        self._voice = voice
        self.name = f"{NAME}:{voice}" if voice else NAME

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """One chunk per phrase; closing ends the process. Raises VoiceError."""
        if len(text) > LONGEST:
            raise VoiceError(f"a phrase of {len(text)} characters is too long; at most {LONGEST}")
        if not text.strip():
            return
        with TemporaryDirectory(prefix="hocket-", ignore_cleanup_errors=True) as folder:
            out = Path(folder, "phrase.wav")
            await self._run(self._program.command(out, self._voice), text)
            yield VoiceChunk(_read(out))

    async def close(self) -> None:
        """Holds nothing."""

    async def _run(self, command: Sequence[str], text: str) -> None:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=nowhere, stderr=pipe)
        except OSError as error:
            raise VoiceError(f"the system's voice cannot be started ({error.strerror or error})") from None
        try:
            async with asyncio.timeout(PATIENCE):
                _, told = await child.communicate(text.encode())
        except TimeoutError:
            raise VoiceError(f"the system's voice took more than {PATIENCE:g} s for a phrase") from None
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode:
            said = " ".join(told.decode(errors="replace").split())[:200]
            why = f"status {child.returncode}{': ' if said else ''}{said}"
            raise VoiceError(f"the system's voice failed ({why})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read(path: Path) -> Pcm:
    try:
        sound, rate = soundfile.read(path, dtype="float32")
    except soundfile.SoundFileError as error:
        raise VoiceError(f"the system's voice left no sound ({error})") from None
    if rate != RATE or sound.ndim != 1:
        raise VoiceError(f"the system's voice wrote {sound.ndim} channels at {rate} Hz, not one at {RATE}")
    pcm: Pcm = sound
    return pcm
