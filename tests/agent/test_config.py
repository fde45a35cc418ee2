"""Settings: TOML in, one clear sentence for whatever cannot be used."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.config import Config, Echo, Where, load, parse
from pipeline.errors import ConfigError


def _write(folder: Path, text: str) -> Path:
    path = folder / "hocket.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_settings_are_the_defaults() -> None:
    assert parse({}) == Config()


def test_settings_of_every_kind_reach_their_stage(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        """
        persona.greeting = "Hello"
        brain = {model = "./brains/mine", where = "process", threads = 2}
        [turn]
        endpoint = 1
        barge_in = false
        [speaking]
        patience = 2.5
        [sound]
        echo = "headphones"
        """,
    )
    config = load(path)
    assert config.persona.greeting == "Hello"
    assert (config.brain.model, config.brain.where, config.brain.threads) == (
        str(tmp_path / "brains/mine"),
        Where.PROCESS,
        2,
    )
    assert (config.turn.endpoint, config.turn.barge_in) == (1.0, False)
    assert isinstance(config.turn.endpoint, float)
    assert config.sound.echo is Echo.HEADPHONES
    session = config.session()
    assert (session.turn.endpoint, session.speaking.patience) == (1.0, 2.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[trun]\nendpoint = 1", "unknown section 'trun'; did you mean 'turn'?"),
        ("[turn]\nendpiont = 1", "unknown key 'turn.endpiont'; did you mean 'endpoint'?"),
        ("[turn]\nzzz = 1", "unknown key 'turn.zzz'; known keys: "),
        ("[turn]\nendpoint = 'fast'", "turn.endpoint must be a finite number, got 'fast'"),
        ("[turn]\nendpoint = nan", "turn.endpoint must be a finite number, got nan"),
        ("[turn]\nendpoint = true", "turn.endpoint must be a finite number, got True"),
        ("[turn]\nbarge_in = 1", "turn.barge_in must be true or false, got 1"),
        ("[brain]\nthreads = 1.5", "brain.threads must be a whole number, got 1.5"),
        ("[brain]\nthreads = 0", "[brain] threads must be 1 to 64, got 0"),
        ("[brain]\nwhere = 'moon'", "brain.where must be one of inline, thread, process, got 'moon'"),
        ("[brain]\nwhere = ['thread']", "brain.where must be one of"),
        ("[brain]\nmodel = ' '", "[brain] model must name a brain; 'bundled' is"),
        ("[tools]\nservers = 'x'", "tools.servers must be a list, got 'x'"),
        ("[tools]\nservers = ['']", "[tools] each server is a command or a URL"),
        ("[http]\nextra = 3", "http.extra must be a table, got 3"),
        ("[http]\nretries = -1", "retries are not negative"),
        ("[ear]\nname = 'tin'", "[ear] there is no ear 'tin'; choose off"),
        ("[sound]\ndetector = 'ear'", "[sound] detector must be silero or webrtc, got 'ear'"),
        ("turn = 3", "'turn' is a section: write its keys under [turn]"),
        ("[hearing]\nstart = 3.0", "need 0 <= rise"),
        ("[turn\n", "not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_a_servers_extra_fields_lists_and_ears_are_taken_as_they_are(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        """
        brain.model = "vllm+http://10.0.0.2:8000/v1#org/name"
        tools.servers = ["python clock.py", "http://127.0.0.1:9/mcp"]
        [http]
        extra = {top_p = 0.9, chat_template_kwargs = {enable_thinking = false}}
        cached_price = 1
        probe = false
        [ear]
        name = "pocketsphinx"
        captions = true
        """,
    )
    config = load(path)
    assert config.brain.model == "vllm+http://10.0.0.2:8000/v1#org/name"
    assert config.tools.servers == ("python clock.py", "http://127.0.0.1:9/mcp")
    assert config.http.extra == {"top_p": 0.9, "chat_template_kwargs": {"enable_thinking": False}}
    assert (config.http.cached_price, config.http.probe) == (1.0, False)
    assert (config.ear.name, config.ear.captions) == ("pocketsphinx", True)


def test_a_missing_or_binary_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read as a text file"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read as a text file"):
        load(tmp_path / "bytes.toml")


def _leaves(config: Any, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for each in fields(config):
        value = getattr(config, each.name)
        name = f"{prefix}{each.name}"
        found += _leaves(value, f"{name}.") if is_dataclass(value) else [(name, value)]
    return found


@pytest.mark.parametrize(("name", "value"), _leaves(Config()))
def test_every_default_can_be_written_down_and_read_back(name: str, value: Any) -> None:
    table: dict[str, Any] = {}
    inner = table
    *sections, key = name.split(".")
    for section in sections:
        inner = inner.setdefault(section, {})
    if value is not None:
        inner[key] = {str: str, tuple: list}.get(type(value), lambda same: same)(value)
    assert parse(table) == Config()


@pytest.mark.parametrize("kind", ["piper", "kokoro"])
def test_files_of_ears_and_voices_are_looked_for_beside_the_settings(kind: str, tmp_path: Path) -> None:
    path = _write(tmp_path, f'voice.name = "{kind}:a/b.onnx#bert"\near.name = "whisper:tiny"\n')
    config = load(path)
    assert config.voice.name == f"{kind}:{tmp_path / 'a' / 'b.onnx'}#bert"
    assert config.ear.name == f"whisper:{tmp_path / 'tiny'}"


def test_names_that_are_no_files_stay_as_they_are(tmp_path: Path) -> None:
    path = _write(tmp_path, 'voice.name = "espeak:en-gb"\near.name = "http://127.0.0.1:9/v1#w"\n')
    config = load(path)
    assert (config.voice.name, config.ear.name) == ("espeak:en-gb", "http://127.0.0.1:9/v1#w")
