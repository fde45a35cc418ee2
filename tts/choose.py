"""Which voices this machine has, and the best of them. It must never load more than the voice it returns."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import VoiceError
from pipeline.ports import Voice

from . import espeak, flite_library, system_voice
from .espeak import EspeakVoice
from .flite import FliteVoice
from .speech_server import ServedVoice, speech_server
from .system_voice import NAME as SYSTEM
from .system_voice import SystemVoice
from .tone import ToneVoice

ENGLISH = ("en-us", "en-gb")
"""espeak-ng's voices that are offered by name; any other of its names may be given too."""


def best_voice(preference: str = "auto") -> Voice:
    """The voice of this name: ``auto``, ``flite:slt``, ``espeak:en-gb+f3``, ``system``, ``openai:…``.

    Served ones are written as ``speech_server`` reads them. ``auto`` is flite's ``rms``, which listeners and
    recognisers understand better, else the system's own, else espeak-ng. Raises VoiceError when it is not
    installed, or not known, with what to do.
    """
    engine, _, name = preference.partition(":")
    if engine == "auto" and not name:
        return _auto()
    if engine == "flite":
        return FliteVoice(name or "rms")
    if engine == "espeak":
        return EspeakVoice(name or "en-us")
    if engine == SYSTEM:
        return SystemVoice(name)
    if engine in ("openai", "http", "https"):
        return ServedVoice(speech_server(preference))
    if engine in ("piper", "kokoro"):
        return _neural(engine, name)
    if preference == "tone":
        return ToneVoice()
    raise VoiceError(
        f"there is no voice {preference!r}; choose auto, flite[:{'|'.join(flite_library.VOICES)}], "
        "espeak[:en-us|en-gb|…], system[:VOICE], piper:FILE.onnx[#SPEAKER], kokoro:FILE.onnx[#VOICE], "
        "openai:VOICE, http://host:port/v1#VOICE or tone"
    )


def available_voices() -> list[str]:
    """Names that ``best_voice`` takes on this machine, the best first."""
    found: list[str] = []
    for name in flite_library.VOICES:
        if _works(f"libflite_cmu_us_{name}"):
            found.append(f"flite:{name}")
    if _has_system():
        found.append(SYSTEM)
    try:
        espeak.find_engine()
    except VoiceError:
        pass
    else:
        found += [f"espeak:{name}" for name in ENGLISH]
    return [*found, "tone"]


def _neural(engine: str, name: str) -> Voice:
    """A voice from local files: ``FILE[#SPEAKER]``."""
    path, _, speaker = name.partition("#")
    if not path:
        raise VoiceError(f"{engine} needs a file: write {engine}:FILE.onnx")
    if engine == "piper":
        from .piper import piper_voice

        return piper_voice(_file(path), speaker)
    from .kokoro import kokoro_voice

    return kokoro_voice(_file(path), speaker)


def _file(name: str) -> Path:
    """Raises VoiceError for what can be no path: the home of somebody unknown, or one that is too long."""
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        why = error.args[-1]
        raise VoiceError(f"{name[:80]!r} is no path of a file ({why}); give the .onnx file's") from None
    return path


def _auto() -> Voice:
    problems: list[VoiceError] = []
    for make in (lambda: FliteVoice("rms"), SystemVoice, EspeakVoice):
        try:
            return make()
        except VoiceError as problem:
            problems.append(problem)
    raise VoiceError(
        f"no voice is installed: {flite_library.INSTALL} (the better one), or {espeak.INSTALL}"
    ) from ExceptionGroup("no voice works", problems)


def _has_system() -> bool:
    try:
        system_voice.program()
    except VoiceError:
        return False
    return True


def _works(stem: str) -> bool:
    try:
        flite_library.load("libflite")
        flite_library.load(stem)
    except VoiceError:
        return False
    return True
