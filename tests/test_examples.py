"""Every example runs as a person would run it, without a sound card, and says something true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.demo import Ask, spoken
from audio_io.wav import write_wav
from pipeline.clock import run
from pipeline.errors import VoiceError
from pipeline.ports import CAPTURE_RATE

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(name: str, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / name), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        (sound,) = run(lambda: spoken([Ask("what is fifteen plus eight", "")], "auto"))
    except VoiceError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("question") / "question.wav"
    write_wav(path, sound, CAPTURE_RATE)
    return path


def test_there_are_six_and_each_is_short_and_runnable() -> None:
    assert len(EXAMPLES) == 6
    for path in EXAMPLES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 40
        assert f"python examples/{path.name}" in text, "it says how to run it"


def test_a_recording_is_answered_and_both_voices_are_kept(question: Path, tmp_path: Path) -> None:
    said = _run("ask_a_recording.py", str(question), str(tmp_path / "kept"), folder=tmp_path)
    assert "turn 1: " in said and "answered " in said
    assert {path.suffix for path in (tmp_path / "kept").iterdir()} == {".wav", ".jsonl", ".png"}


def test_a_conversation_can_be_watched(question: Path, tmp_path: Path) -> None:
    said = _run("watch_it_think.py", folder=tmp_path)
    assert "heard:" in said and "speech end to answer" in said and "Receipt(turns=2" in said
    assert not list(tmp_path.iterdir()), "nothing is kept that nobody asked for"


def test_the_life_of_one_utterance_can_be_drawn_and_told(question: Path, tmp_path: Path) -> None:
    said = _run("one_utterance.py", "life.png", folder=tmp_path)
    for what in ("draft begins", "commit: the turn is over", "thought of a draft", "heard from here on"):
        assert what in said
    assert [path.name for path in tmp_path.iterdir()] == ["life.png"]
    assert 10_000 < (tmp_path / "life.png").stat().st_size < 200_000


def test_a_conversation_can_be_lived_through_in_virtual_time(tmp_path: Path) -> None:
    said = _run("simulated_conversation.py", "7", folder=tmp_path)
    assert said.count("virtual seconds") == 2
    assert said == _run("simulated_conversation.py", "7", folder=tmp_path), "equal seeds, equal conversations"


def test_a_tool_is_called_and_its_result_spoken(tmp_path: Path) -> None:
    said = _run("tools.py", folder=tmp_path).splitlines()
    answer = "In Ostend the tide is high at ten past four."
    assert said == [f'tide{{"harbour": "Ostend"}}: {answer}', answer]


def test_another_brain_goes_on_with_what_was_heard(question: Path, tmp_path: Path) -> None:
    first, second = _run("swap_brains.py", folder=tmp_path).splitlines()
    assert first.startswith("practice brain: ")
    assert second == f"reader: I have read: {first.removeprefix('practice brain: ')}"
