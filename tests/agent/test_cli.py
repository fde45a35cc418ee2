"""The command line: help at once, one sentence per mistake, a clean end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from agent.cli import VERSION, _ask, main
from agent.config import SoundConfig
from audio_io.wav import write_wav
from model.http.discovery import Found
from model.http.server import Server
from pipeline.errors import ModelError, UserError

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"hocket {VERSION}\n"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, agent.cli; print(sorted({'numpy', 'rich', 'onnxruntime', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["talk", "devices", "voices", "models", "simulate", "bench", "version"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"hocket {command}" in capsys.readouterr().out


def test_the_voices_of_this_machine_are_listed_the_best_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("(auto)") and "tone" in lines


def test_the_bundled_brain_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--model", "bundled"]) == 0
    told = capsys.readouterr().out
    assert "practice brain" in told and "instructions: ignored; tools: alone" in told
    assert "hears audio · continues a prefix: yes · thinks while listening: yes" in told


def test_models_are_listed_with_what_fits_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("bundled") and lines[1].endswith("it is here")
    (large,) = [line for line in lines if line.startswith("Step-Audio R1.1")]
    assert re.search(r" 33\.5 B +6\d\.\d / 3\d\.\d ", large), large
    assert any(line.startswith("Running on this machine:") for line in lines)


def test_a_name_that_means_no_brain_is_refused_with_what_is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, line = _fails(["models", "--model", "mybrain"], capsys)
    assert status == 2 and "give bundled, a folder" in line


def _fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and the one line on stderr."""
    status = main(arguments)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("hocket: "), lines
    return status, lines[0]


def test_a_recording_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("this is no sound", encoding="utf-8")
    write_wav(tmp_path / "none.wav", np.zeros(0, np.float32), 16000)
    for name, said in (
        ("missing.wav", "does not exist"),
        ("empty.wav", "is empty"),
        ("text.wav", "is not a sound file"),
        ("none.wav", "0 samples"),
        (".", "is a folder"),
    ):
        status, line = _fails(["talk", "--wav", str(tmp_path / name)], capsys)
        assert status == 2 and said in line, line


def test_settings_and_options_that_cannot_be_used_are_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "hocket.toml"
    settings.write_text("[turn]\nendpiont = 1\n", encoding="utf-8")
    dated = tmp_path / "dated.toml"
    dated.write_text("[http.extra]\nday = 2026-01-01\n", encoding="utf-8")
    deep = tmp_path / "deep.toml"
    deep.write_text(f"a = {'[' * 5000}{']' * 5000}\n", encoding="utf-8")
    homeless = tmp_path / "homeless.toml"
    homeless.write_text('[record]\nfolder = "~nobody-knows-them/x"\n', encoding="utf-8")
    for arguments, said in (
        (["talk", "--config", str(settings)], "did you mean 'endpoint'?"),
        (["talk", "--config", str(dated)], "http.extra holds what cannot be sent as JSON"),
        (["talk", "--config", str(deep)], "too deep"),
        (["talk", "--config", str(homeless)], "names a home that is not known"),
        (["talk", "--demo", "--model", " "], "must name a brain"),
        (["talk", "--demo", "--ear", "nobody"], "there is no ear 'nobody'; choose off"),
        (["talk", "--demo", "--ear", ""], "there is no ear ''; choose off"),
        (["talk", "--demo", "--model", "~nobody-knows-them/x"], "no folder that there can be"),
        (["models", "--model", ""], "must name a brain"),
        (["models", "--model", "a" * 5000], "no folder that there can be"),
        (["models", "--get", ""], "'' is on no hub"),
        (["models", "--get", "ollama:qwen3"], "is on no hub: --get takes org/name"),
        (["talk", "--out", "answer.wav"], "give --wav too"),
        (["talk", "--questions", "3"], "give --demo too"),
    ):
        status, line = _fails(arguments, capsys)
        assert status == 2 and said in line, line


def test_a_brain_or_a_voice_that_is_not_there_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["models", "--model", str(tmp_path)],
        ["talk", "--demo", "--model", str(tmp_path), "--record", str(tmp_path / "a")],
        ["talk", "--demo", "--voice", "nobody", "--record", str(tmp_path / "b")],
    ):
        status, _ = _fails(arguments, capsys)
        assert status == 1


@pytest.mark.parametrize("number", ["0", "-1", "three"])
def test_a_number_of_questions_that_is_none_is_refused(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["talk", "--demo", "--questions", number])
    assert ended.value.code == 2
    assert "give a whole number from 1 on" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child alone")
def test_ctrl_c_ends_a_conversation_with_its_receipt_and_its_files(tmp_path: Path) -> None:
    # A shell starts background jobs deaf to Ctrl-C, and their children inherit that.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{hears}; import sys; from agent.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["talk", "--demo", "--record", str(tmp_path / "kept")]
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )
    assert child.stdout is not None
    while "Ctrl-C ends" not in (line := child.stdout.readline()) and line:
        pass
    child.stdout.readline()  # the first finished turn: the greeting
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, ""), err
    assert "Recorded in" in out
    assert {path.suffix for path in (tmp_path / "kept").iterdir()} == {".wav", ".jsonl", ".png"}


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A person at a microphone and a terminal, on a machine where a brain runs."""

    async def find(within: float = 0.3) -> tuple[Found, ...]:
        return (Found(Server("ollama", ("http://127.0.0.1:11434",)), ("qwen3",)),)

    monkeypatch.setattr("audio_io.devices.probe", lambda: None)
    monkeypatch.setattr("model.http.discovery.find", find)
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr("agent.cli._person", lambda: _ask)
    return monkeypatch


def test_the_question_which_brain_is_asked_where_one_ctrl_c_ends_it(
    question: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def person(text: str) -> str:
        assert "ollama:qwen3" in text
        with pytest.raises(RuntimeError):  # a running loop would keep the first Ctrl-C to itself
            asyncio.get_running_loop()
        raise KeyboardInterrupt

    question.setattr("builtins.input", person)
    status, line = _fails(["talk"], capsys)
    assert (status, line) == (130, "hocket: stopped")
    assert not list(tmp_path.iterdir())


def test_ctrl_d_at_a_question_ends_the_program(
    question: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def gone(_: str) -> str:
        raise EOFError

    question.setattr("builtins.input", gone)
    assert _fails(["talk"], capsys) == (130, "hocket: stopped")
    assert not list(tmp_path.iterdir())


def test_a_brain_that_was_chosen_once_gets_time_to_answer_where_it_is_busy(
    question: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks: list[float] = []

    async def find(within: float = 0.3) -> tuple[Found, ...]:
        looks.append(within)
        return (Found(Server("ollama", ("http://127.0.0.1:11434",)), ("qwen3",)),) if within > 1 else ()

    def talking(config: SoundConfig) -> NoReturn:
        raise UserError(f"{len(looks)} looks")

    question.setattr("model.http.discovery.find", find)
    question.setattr("audio_io.devices.open_edge", talking)
    (tmp_path / "brain.json").write_text('{"model": "ollama:qwen3", "offered": ["ollama:qwen3"]}')
    assert main(["talk"]) == 2 and looks == [0.3, 2.0]


def test_settings_that_name_the_practice_brain_are_not_asked_about(
    question: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def talking(config: SoundConfig) -> NoReturn:
        raise UserError("at the microphone")

    question.setattr("audio_io.devices.open_edge", talking)
    settings = tmp_path / "hocket.toml"
    settings.write_text('brain.model = "bundled"\n')
    assert _fails(["talk", "--config", str(settings)], capsys) == (2, "hocket: at the microphone")


def test_a_sum_is_told_line_by_line_and_without_what_steers_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(words: list[str]) -> int:
        raise ModelError("big\x1b[2J does not fit:\n   62.37 GiB  weights\n\n   80.00 GiB  free\nstop")

    monkeypatch.setattr("agent.cli._run", refuse)
    assert main(["talk"]) == 1
    said = capsys.readouterr().err
    assert said == "hocket: big [2J does not fit:\n  62.37 GiB weights\n  80.00 GiB free\n  stop\n"


def test_a_brain_is_told_of_with_the_settings_that_hold_its_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_SERVERS_KEY", raising=False)
    settings = tmp_path / "hocket.toml"
    settings.write_text('[http]\nkey_env = "MY_SERVERS_KEY"', encoding="utf-8")
    wanted = ["models", "--model", "https://brains.invalid/v1#m", "--config", str(settings)]
    assert "MY_SERVERS_KEY" in _fails(wanted, capsys)[1]
