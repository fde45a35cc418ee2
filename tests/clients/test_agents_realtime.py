"""@openai/agents-realtime, pinned, talks to our server: in Node over WebSocket, in Chromium over WebRTC.

Both are driven by small scripts in ``node/``; what they write down is judged here. Real sockets, real time
and real browsers, because that is what the SDK is: skipped with a reason where Node or Chromium is absent.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")

from conformance import conforms, conversation_is_whole
from openai import OpenAI
from pages import Pages
from serve_scripted import HEARD, LONG

NODE = Path(__file__).parent / "node"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
)  # fmt: skip


@pytest.fixture(scope="session")
def modules(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned packages, our scripts beside them; it is kept for the next run."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("Node and npm are absent")
    kept = pytestconfig.cache
    folder = tmp_path_factory.mktemp("node") if kept is None else kept.mkdir("clients-of-realtime")
    package = (NODE / "package.json").read_text(encoding="utf-8")
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_text(encoding="utf-8") != package:
        (folder / "package.json").write_text(package, encoding="utf-8")
        try:
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=folder, capture_output=True, text=True, timeout=120, check=True,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm could not install the pinned packages: {str(error.stderr)[-200:]}")
        installed.write_text(package, encoding="utf-8")
    for script in NODE.iterdir():
        shutil.copy(script, folder)
    return folder


def judge(book: dict[str, Any]) -> None:
    """What holds over either carrier: all events valid, none lost on the SDK's own schemas, no error."""
    assert book["errors"] == []
    for event in book["events"]:
        conforms(event)
    conversation_is_whole(book["events"])
    came = Counter(event["type"] for event in book["events"])
    assert dict(came) == book["understood"], "an event that its schemas refuse is dropped without a word"


def test_in_node_over_websocket_a_default_session_talks_uses_its_tool_and_interrupts(
    scripted: str, modules: Path, hello: bytes, tmp_path: Path
) -> None:
    sound = tmp_path / "hello.pcm"
    sound.write_bytes(hello)
    done = subprocess.run(
        ["node", "socket.mjs", scripted, str(sound)], cwd=modules, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr[-3000:]
    book = json.loads(done.stdout)
    judge(book)
    assert book["tools"] == [{"city": "Oslo"}] * 2
    assert book["audio"] > 48_000 and book["interrupted"] >= 2
    events = book["events"]
    heard = [e for e in events if e["type"] == "conversation.item.input_audio_transcription.completed"]
    assert {event["transcript"] for event in heard} == {HEARD}
    status = [event["response"]["status"] for event in events if event["type"] == "response.done"]
    assert status == ["completed", "completed", "cancelled", "cancelled", "completed", "completed"]
    for item in (event["item"] for event in events if event["type"] == "conversation.item.retrieved"):
        if item["role"] == "assistant":
            assert LONG.startswith(item["content"][0]["transcript"]) or item["status"] == "completed"
    assert {entry["role"] for entry in book["history"]} >= {"user", "assistant"}


def test_in_chromium_over_webrtc_it_hears_answers_runs_a_tool_and_is_silenced(
    scripted: str, modules: Path, pages: Pages, hello: bytes, tmp_path: Path
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("Chromium is absent")
    pages.folder = modules
    sound = microphone(tmp_path / "hello.wav", hello)
    with OpenAI(api_key="any", base_url=f"{scripted}/v1") as client:  # as the page's own backend would
        key = client.realtime.client_secrets.create(session={"type": "realtime"}).value
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--use-file-for-fake-audio-capture={sound}"]
        )
        try:
            page = browser.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{pages.origin}/page.html")
            page.wait_for_function("() => window.call")
            book = page.evaluate("([url, key]) => call(url, key)", [scripted, key])
        finally:
            browser.close()
    judge(book)
    assert complaints == []
    assert book["acknowledged"] and book["callId"].startswith("call_")
    assert {"city": "Oslo"} in book["tools"]
    kinds = [event["type"] for event in book["events"]]
    assert "output_audio_buffer.started" in kinds and "response.output_audio.delta" not in kinds
    done = [event["response"]["status"] for event in book["events"] if event["type"] == "response.done"]
    assert done[:3] == ["completed", "completed", "cancelled"]


def microphone(path: Path, pcm: bytes) -> Path:
    """What Chromium's fake microphone plays again and again: silence, the words, long silence; 48 kHz."""
    import numpy as np

    from audio_io.resample import resample

    sound = resample(np.frombuffer(pcm, "<i2").astype(np.float32) / 32768, 24_000, 48_000)
    whole = np.concatenate([np.zeros(96_000, np.float32), sound, np.zeros(480_000, np.float32)])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes((whole * 32767).round().astype("<i2").tobytes())
    return path
