"""What people type for a server."""

from __future__ import annotations

import pytest

from model.http.presets import PRESETS, is_server, parse_server
from model.http.server import Server
from pipeline.errors import ConfigError


def test_a_name_stands_for_its_usual_address() -> None:
    assert parse_server("ollama") == Server("ollama", ("http://127.0.0.1:11434",), preset="ollama")
    assert parse_server("vllm").urls == ("http://127.0.0.1:8000/v1",)


def test_a_model_follows_the_name_and_may_hold_a_colon_itself() -> None:
    assert parse_server("ollama:qwen3:0.6b").model == "qwen3:0.6b"
    assert parse_server("OpenRouter:qwen/qwen3-32b").model == "qwen/qwen3-32b"


def test_names_are_known_by_other_spellings() -> None:
    assert {parse_server(name).dialect for name in ("llama.cpp", "llamacpp", "llama-server")} == {"llama.cpp"}


def test_only_services_are_hosted_and_want_a_key() -> None:
    for name, preset in PRESETS.items():
        server = parse_server(name)
        assert server.hosted == server.urls[0].startswith("https://") == bool(server.key_env), name
        assert preset.url == server.urls[0]


@pytest.mark.parametrize(
    ("typed", "dialect", "url"),
    [
        ("http://10.0.0.7:8000", "openai", "http://10.0.0.7:8000/v1"),
        ("http://10.0.0.7:8000/v1/", "openai", "http://10.0.0.7:8000/v1"),
        ("vllm+http://gpu:8000", "vllm", "http://gpu:8000/v1"),
        ("http://gpu:8000/v1/chat/completions", "openai", "http://gpu:8000/v1"),
        ("ollama+http://box:9999/", "ollama", "http://box:9999"),
        ("http://box:11434", "ollama", "http://box:11434"),
        ("http://box:11434/api/chat", "ollama", "http://box:11434"),
        ("http://webui:3000/api", "openai", "http://webui:3000/api"),
        ("http://box:11434/v1", "openai", "http://box:11434/v1"),
        ("llamacpp+http://box:8080/v1", "llama.cpp", "http://box:8080"),
        ("https://host/some/prefix/v1", "openai", "https://host/some/prefix/v1"),
    ],
)
def test_a_url_is_read_with_or_without_its_dialect_and_path(typed: str, dialect: str, url: str) -> None:
    server = parse_server(f"{typed}#a/model:tag")
    assert (server.dialect, server.urls, server.model) == (dialect, (url,), "a/model:tag")


def test_a_service_is_known_by_its_host() -> None:
    server = parse_server("https://api.groq.com/openai/v1#some-model")
    assert (server.key_env, server.hosted, server.preset) == ("GROQ_API_KEY", True, "groq")


def test_several_addresses_are_one_brain() -> None:
    server = parse_server("vllm+http://a:8000, vllm+http://b:8000,vllm+http://a:8000#m")
    assert server.urls == ("http://a:8000/v1", "http://b:8000/v1")
    assert (server.dialect, server.model) == ("vllm", "m")
    assert server.title == "a:8000 and 1 more", "whichever of them answers"
    assert parse_server("http://a:8000").title == "a:8000"


def test_a_dialect_stands_once_for_all_addresses() -> None:
    server = parse_server("vllm+http://a:8000,http://b:8000")
    assert (server.dialect, server.urls) == ("vllm", ("http://a:8000/v1", "http://b:8000/v1"))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "a name or a URL"),
        ("olama:qwen3", "did you mean 'ollama'"),
        ("vlm", "did you mean 'vllm'"),
        ("what", "accepted are ollama"),
        ("vlm+http://a:8000", "did you mean 'vllm'"),
        ("http://", "no host"),
        ("http://a:port", "no host"),
        ("http://a:8000,what", "is no URL"),
        ("ftp://a", "is no URL"),
        ("http://me:secret@a:8000", "environment variable"),
        ("http://a:8000/v1?key=1", "no '?key=1'"),
        ("vllm+http://a:8000,sglang+http://b:8000", "one dialect"),
        ("https://api.openai.com,http://127.0.0.1:8000", "not mixed"),
        ("https://api.openai.com/v1,https://api.groq.com/openai/v1", "different keys"),
    ],
)
def test_what_cannot_be_used_is_said_with_what_can(typed: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says.replace("?", r"\?")):
        parse_server(typed)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        parse_server("http://me:hunter2@a:8000")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("text", ["ollama", "ollama:qwen3", "llamacpp", "http://a:1", "vllm+https://a"])
def test_servers_are_told_from_other_brains(text: str) -> None:
    assert is_server(text)


@pytest.mark.parametrize(
    "text", ["./folder", "org/name", "/models/qwen", "C:\\models", "bundled", "ollama2:x"]
)
def test_folders_and_hub_ids_are_no_servers(text: str) -> None:
    assert not is_server(text)


@pytest.mark.parametrize("typed", ["http://[::1", "http://[::1]:x/v1", "http://a:99999", "http://:8000"])
def test_an_address_that_is_none_is_an_error_that_says_what_is_accepted(typed: str) -> None:
    with pytest.raises(ConfigError, match="accepted are"):
        parse_server(typed)
