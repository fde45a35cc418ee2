"""The best voice that is here, or what to install."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import VoiceError
from tts import choose
from tts.choose import available_voices, best_voice
from tts.espeak import EspeakVoice
from tts.tone import ToneVoice


def absent(command: str) -> Any:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise VoiceError(f"not installed: {command}")

    return refuse


def test_flite_comes_first_then_espeak_then_an_error_with_both_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Here:
        def __init__(self, name: str = "here") -> None:
            self.name = name

    monkeypatch.setattr(choose, "FliteVoice", Here)
    monkeypatch.setattr(choose, "EspeakVoice", Here)
    assert best_voice().name == "rms"
    monkeypatch.setattr(choose, "FliteVoice", absent("libflite1"))
    assert best_voice().name == "here"
    monkeypatch.setattr(choose, "EspeakVoice", absent("espeakng-loader"))
    with pytest.raises(
        VoiceError, match=r"no voice is installed: .*flite.* or .*pip install espeakng-loader"
    ):
        best_voice("auto")


def test_every_voice_that_is_listed_can_be_had() -> None:
    names = available_voices()
    assert names[-1] == "tone"
    for name in names:
        assert best_voice(name).name == name


def test_voices_are_chosen_by_name() -> None:
    assert isinstance(best_voice("tone"), ToneVoice)
    if any(name.startswith("espeak") for name in available_voices()):
        voice = best_voice("espeak:en-gb+f3")
        assert isinstance(voice, EspeakVoice) and voice.name == "espeak:en-gb+f3"


@pytest.mark.parametrize("name", ["", "sam", "auto:rms", "tone:high", "Flite"])
def test_an_unknown_name_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(VoiceError, match=r"choose auto, flite\[:rms\|slt"):
        best_voice(name)


@pytest.mark.parametrize("path", ["~nobody-knows-them/x.onnx", "a" * 5000])
@pytest.mark.parametrize("engine", ["piper", "kokoro"])
def test_a_path_that_can_be_none_is_refused(engine: str, path: str) -> None:
    with pytest.raises(VoiceError, match="is no path of a file"):
        best_voice(f"{engine}:{path}")


@pytest.mark.parametrize("variant", ["a\0b", "\ud800", "e" * 101])
def test_a_name_that_no_process_can_be_given_is_refused(variant: str) -> None:
    with pytest.raises(VoiceError, match="printable characters"):
        EspeakVoice(variant)


def test_the_list_says_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose.flite_library, "load", absent("libflite1"))
    monkeypatch.setattr(choose.espeak, "find_engine", absent("espeakng-loader"))
    assert available_voices() == ["tone"]
