"""tts/system_voice.py: stand-ins for ``say`` and PowerShell on the path. Real processes, real time."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import VoiceError
from tts.system_voice import RATE, SystemVoice, program

SAY = """\
import sys, wave
text = sys.stdin.buffer.read().decode()
with open(sys.argv[0] + ".asked", "w") as asked:
    asked.write("\\n".join([text, *sys.argv[1:]]))
with wave.open(sys.argv[sys.argv.index("-o") + 1], "wb") as out:
    out.setparams((1, 2, {rate}, 0, "NONE", ""))
    out.writeframes(b"\\x00\\x40" * 10 * len(text))
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "win32":
        pytest.skip("stand-ins are shell scripts")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def stand_in(folder: Path, name: str, source: str) -> Path:
    script = folder / f"{name}.py"
    script.write_text(source)
    program = folder / name
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    program.chmod(0o755)
    return script.with_suffix(".py.asked")


def spoken(voice: SystemVoice, text: str) -> np.ndarray:
    async def listen() -> np.ndarray:
        return np.concatenate([np.zeros(0), *[chunk.pcm async for chunk in voice.speak(text)]])

    return asyncio.run(listen())


def test_say_reads_the_text_from_its_input_and_leaves_sound(path: Path) -> None:
    asked = stand_in(path, "say", SAY.format(rate=RATE))
    sound = spoken(SystemVoice("Samantha", system="darwin"), "$(boom) `ls` é")
    assert len(sound) == 140 and np.allclose(sound, 0.5)
    text, *arguments = asked.read_text().split("\n")
    assert text == "$(boom) `ls` é"
    assert arguments[:2] == ["-v", "Samantha"] and f"--data-format=LEI16@{RATE}" in arguments
    assert arguments[-2:] == ["-f", "-"]


def test_powershell_gets_a_script_in_which_a_name_cannot_break_out(path: Path) -> None:
    (path / "powershell").write_text("#!/bin/sh\n")
    (path / "powershell").chmod(0o755)
    command = program("win32").command(Path("o'ut.wav"), "It's'); exit #")
    script = base64.b64decode(command[-1]).decode("utf-16-le")
    assert "SelectVoice('It''s''); exit #')" in script and "SetOutputToWaveFile('o''ut.wav'" in script
    assert "InputEncoding" not in script  # that would change the console, which is the user's


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit('no such voice')", "status 1: no such voice"),
        ("", "left no sound"),
        (SAY.format(rate=8000), "at 8000 Hz"),
    ],
)
def test_a_voice_that_fails_is_told_in_one_sentence(path: Path, source: str, said: str) -> None:
    stand_in(path, "say", source)
    with pytest.raises(VoiceError, match=said):
        spoken(SystemVoice(system="darwin"), "Hello.")


def test_a_program_that_cannot_be_started_is_told(path: Path) -> None:
    (path / "say").write_bytes(b"no program")
    (path / "say").chmod(0o755)
    with pytest.raises(VoiceError, match=r"cannot be started \(Exec format error\)"):
        spoken(SystemVoice(system="darwin"), "Hello.")


def test_closing_an_utterance_ends_its_process(path: Path) -> None:
    pid = path / "pid"
    os.mkfifo(pid)  # reading it waits until the real process has begun
    tell = f"open({str(pid)!r}, 'w').write(str(os.getpid()))"
    stand_in(path, "say", f"import os, signal; {tell}; signal.pause()")

    async def consume() -> None:
        async for _ in SystemVoice(system="darwin").speak("Hello."):
            pass

    async def listen() -> int:
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(consume())
            begun = int(await asyncio.to_thread(pid.read_text))
            speaking.cancel()
        return begun

    begun = asyncio.run(listen())
    with pytest.raises(ProcessLookupError):
        os.kill(begun, 0)


def test_a_system_without_a_voice_or_without_its_program_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(VoiceError, match="brings no voice"):
        SystemVoice(system="linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceError, match=r"'say'.*not on the path"):
        SystemVoice(system="darwin")


def test_names_and_phrases_out_of_bounds_are_refused(path: Path) -> None:
    stand_in(path, "say", SAY.format(rate=RATE))
    with pytest.raises(VoiceError, match="printable"):
        SystemVoice("a\nb", system="darwin")
    with pytest.raises(VoiceError, match="too long"):
        spoken(SystemVoice(system="darwin"), "a" * 1001)
    assert not len(spoken(SystemVoice(system="darwin"), " "))
