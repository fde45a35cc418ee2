"""The child process by itself: its protocol, and that it does not outlive its parent."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import VoiceError
from tts import espeak, espeak_worker
from tts.espeak_worker import HEADER

ROOT = Path(espeak.__file__).parent.parent


def engine() -> tuple[Path, Path] | None:
    try:
        return espeak.find_engine()
    except VoiceError:
        return None


pytestmark = pytest.mark.skipif(engine() is None, reason="the wheel espeakng-loader is not installed")


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    found = engine()
    assert found is not None
    command = [sys.executable, "-m", "tts.espeak_worker", f"--library={found[0]}", f"--data={found[1]}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        yield process
        process.kill()


def answer(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    kind, length = HEADER.unpack(process.stdout.read(HEADER.size))
    return kind, process.stdout.read(length)


def order(process: subprocess.Popen[bytes], kind: bytes, body: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(HEADER.pack(kind, len(body)) + body)
    process.stdin.flush()


def test_it_answers_ready_then_words_sound_and_done_in_order(worker: subprocess.Popen[bytes]) -> None:
    assert answer(worker) == (b"R", struct.pack("<I", 22_050))
    order(worker, b"S", struct.pack("<I", 7) + b"hello there")
    kinds, samples, marks = b"", 0, []
    while not kinds.endswith(b"D"):
        kind, body = answer(worker)
        kinds += kind
        assert struct.unpack_from("<I", body)[0] == 7
        if kind == b"C":
            samples += (len(body) - 4) // 2
        elif kind == b"W":
            marks.append(struct.unpack("<4I", body)[1:])
    assert set(kinds) == set(b"WCD") and 10_000 < samples < 40_000
    assert [mark[:2] for mark in marks[:2]] == [(0, 5), (6, 5)]
    assert marks[-1][1] == 0 and marks[-1][2] <= samples


def test_an_abort_that_comes_first_silences_the_utterance(worker: subprocess.Popen[bytes]) -> None:
    answer(worker)
    order(worker, b"A", struct.pack("<I", 3))
    order(worker, b"S", struct.pack("<I", 4) + b"hello")
    order(worker, b"S", struct.pack("<I", 2) + b"never")
    found: dict[int, set[bytes]] = {}
    while b"D" not in found.get(2, ()):
        kind, body = answer(worker)
        found.setdefault(struct.unpack_from("<I", body)[0], set()).add(kind)
    assert found == {4: {b"W", b"C", b"D"}, 2: {b"D"}}


def test_an_unknown_order_is_answered_with_an_error_and_changes_nothing(
    worker: subprocess.Popen[bytes],
) -> None:
    answer(worker)
    order(worker, b"X", struct.pack("<I", 9))
    kind, body = answer(worker)
    assert kind == b"E" and b"no order" in body
    order(worker, b"S", struct.pack("<I", 10) + b"hello")
    assert answer(worker)[0] == b"W"


def test_it_ends_when_its_parent_is_gone(worker: subprocess.Popen[bytes]) -> None:
    answer(worker)
    order(worker, b"S", struct.pack("<I", 1) + b"a long sentence that fills the pipe, " * 20)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(10) == 0


def test_it_imports_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import tts.espeak_worker; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", code, str(ROOT)]
    loaded: Any = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    roots = {name.partition(".")[0] for name in loaded} - {"tts", "__main__"}
    assert roots <= set(sys.stdlib_module_names)
    assert espeak_worker.BUFFER_MS == 40
