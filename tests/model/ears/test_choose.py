"""Which ear: every name gives one, or says what to do."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from model.ears.choose import EarConfig, hearing, make_ear
from model.ears.with_cues import WithCues
from model.http.transcriptions import Transcriptions
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.clock import run, simulate
from pipeline.compute import InlineCompute, ProcessCompute
from pipeline.errors import ConfigError
from pipeline.ports import BrainFacts, EarFacts, Pcm, Transcript
from pipeline.prompt import Audio


def hum() -> Pcm:
    """A second of a low voice-like tone."""
    at = np.arange(16000) / 16000
    return (0.1 * np.sin(2 * np.pi * 120 * at) + 0.05 * np.sin(2 * np.pi * 240 * at)).astype(np.float32)


class Deaf:
    """ports.Recogniser that hears nothing."""

    def facts(self) -> EarFacts:
        return EarFacts("deaf", True)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        return Transcript("", final=final)

    def close(self) -> None:
        return None


def test_off_is_no_ear() -> None:
    assert make_ear(EarConfig()) is None


def test_only_another_language_is_not_english() -> None:
    assert [EarConfig(language=name).english for name in ("", "en", "English", "de")] == [True] * 3 + [False]


def test_a_url_is_a_server() -> None:
    async def main() -> EarFacts:
        ear = make_ear(EarConfig("http://127.0.0.1:8000/v1#tiny", language="en"))
        assert isinstance(ear, Transcriptions)
        facts: EarFacts = await ear.call("facts")
        await ear.close()
        return facts

    facts = simulate(main)
    assert facts == EarFacts("tiny at 127.0.0.1:8000", streams=False)


@pytest.mark.parametrize("name", ["auto", "pocketsphinx"])
def test_pocketsphinx_that_is_not_there_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'hocket\[ears\]'"):
        make_ear(EarConfig(name))


def test_a_whisper_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no folder .* with a whisper model"):
        make_ear(EarConfig(f"whisper:{tmp_path / 'none'}"))


@pytest.mark.parametrize("name", ["whisper", "whisper:", "loud", ""])
def test_an_unknown_ear_is_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(ValueError, match="ear"):
        EarConfig(name)
    with pytest.raises(ConfigError):
        make_ear(EarConfig("loud:speaker"))


def test_threads_are_bounded() -> None:
    with pytest.raises(ValueError, match="threads"):
        EarConfig(threads=0)


def test_a_brain_gets_an_ear_and_its_cues_or_not() -> None:
    async def main() -> str:
        engine = ScriptedEngine(ByText({}, Answer("Yes.")))
        cascade = hearing(InlineCompute(engine), InlineCompute(WithCues(Deaf())), EarConfig(cues=False))
        facts: BrainFacts = await cascade.call("facts")
        await cascade.close()
        return facts.hears

    assert simulate(main) == "text via deaf"


@pytest.mark.skipif(importlib.util.find_spec("pocketsphinx") is None, reason="pocketsphinx is not installed")
def test_the_zero_download_ear_lives_in_a_process_of_its_own() -> None:
    """A real process: the ear keeps the interpreter's lock, and its library may crash."""

    async def main() -> tuple[EarFacts, str]:
        ear = make_ear(EarConfig("auto"))
        assert isinstance(ear, ProcessCompute)
        try:
            return await ear.call("facts"), await ear.call("told", hum(), ())
        finally:
            await ear.close()

    facts, told = run(main)
    assert facts.name == "pocketsphinx" and facts.streams
    assert "pitch 120 Hz" in told
