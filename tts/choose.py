"""Which voices this machine has, and the best of them. It must never load more than the voice it returns."""

from __future__ import annotations

from pipeline.errors import VoiceError
from pipeline.ports import Voice

from . import espeak, flite_library
from .espeak import EspeakVoice
from .flite import FliteVoice
from .tone import ToneVoice

ENGLISH = ("en-us", "en-gb")
"""espeak-ng's voices that are offered by name; any other of its names may be given too."""


def best_voice(preference: str = "auto") -> Voice:
    """The voice of this name: ``auto``, ``flite``, ``flite:slt``, ``espeak``, ``espeak:en-gb+f3``, ``tone``.

    ``auto`` is flite's ``rms``, which listeners and recognisers understand better, else espeak-ng. Raises
    VoiceError when it is not installed, or not known, with what to do.
    """
    engine, _, name = preference.partition(":")
    if engine == "auto" and not name:
        return _auto()
    if engine == "flite":
        return FliteVoice(name or "rms")
    if engine == "espeak":
        return EspeakVoice(name or "en-us")
    if preference == "tone":
        return ToneVoice()
    raise VoiceError(
        f"there is no voice {preference!r}; choose auto, flite[:{'|'.join(flite_library.VOICES)}], "
        "espeak[:en-us|en-gb|…] or tone"
    )


def available_voices() -> list[str]:
    """Names that ``best_voice`` takes on this machine, the best first."""
    found: list[str] = []
    for name in flite_library.VOICES:
        if _works(f"libflite_cmu_us_{name}"):
            found.append(f"flite:{name}")
    try:
        espeak.find_engine()
    except VoiceError:
        pass
    else:
        found += [f"espeak:{name}" for name in ENGLISH]
    return [*found, "tone"]


def _auto() -> Voice:
    try:
        return FliteVoice("rms")
    except VoiceError as without_flite:
        try:
            return EspeakVoice()
        except VoiceError as without_espeak:
            raise VoiceError(
                f"no voice is installed: {flite_library.INSTALL} (the better one), or {espeak.INSTALL}"
            ) from ExceptionGroup("neither voice works", [without_flite, without_espeak])


def _works(stem: str) -> bool:
    try:
        flite_library.load("libflite")
        flite_library.load(stem)
    except VoiceError:
        return False
    return True
