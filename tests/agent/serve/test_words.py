"""``hocket serve`` as a person starts and ends it: one of these is the program itself, on 127.0.0.1."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from agent.cli import main


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "HOCKET_API_KEY"),
        (["--cert", "none.pem"], "belong together"),
        (["--cert", "none.pem", "--key", "none.pem"], "cannot be used"),
        (["--config", "none.toml"], "none.toml"),
        (["--model", " "], "model must name a brain"),
    ],
)
def test_what_cannot_be_served_is_a_sentence_and_exit_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOCKET_API_KEY", raising=False)
    assert main(["serve", *words]) == 2
    assert told in capsys.readouterr().err


def test_the_program_says_where_it_is_answers_and_ends_well_by_a_signal(root: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-W",
        "error::ResourceWarning",
        "-m",
        "agent.serve",
        "--port",
        "0",
        "--voice",
        "tone",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "HOCKET_API_KEY"}
    environment |= {"PYTHONPATH": str(root), "XDG_DATA_HOME": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path, text=True
    ) as program:
        assert program.stdout is not None
        lines = iter(program.stdout.readline, "")
        url = next(line for line in lines if line.startswith("The page: ")).split()[-1]
        with urllib.request.urlopen(f"{url}healthz", timeout=10) as reply:
            assert reply.status == 200
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    assert not list(tmp_path.iterdir()), "nothing is kept unless it is asked for"
