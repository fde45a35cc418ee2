"""Keys: from one variable, for one server's hosts, shown nowhere."""

from __future__ import annotations

import pytest

from model.http.keys import key_of, local, origin
from model.http.server import Server
from pipeline.errors import ConfigError

SERVER = Server(
    "openai", ("https://api.example/v1", "http://127.0.0.1:8000/v1"), key_env="A_KEY", hosted=True
)
ENV = {"A_KEY": " sk-secret\n", "OTHER_KEY": "sk-other"}


def test_only_the_named_variable_is_read() -> None:
    key = key_of(SERVER, ENV)
    assert key.headers("https://api.example/v1/chat") == {"Authorization": "Bearer sk-secret"}
    assert key_of(Server("openai", ("http://a/v1",)), ENV).headers("http://a/v1") == {}


@pytest.mark.parametrize(
    "url",
    ["http://api.example/v1", "https://api.example:444/v1", "https://api.example.evil.com/v1", "https://x/"],
)
def test_any_other_origin_gets_nothing(url: str) -> None:
    assert key_of(SERVER, ENV).headers(url) == {}


def test_a_key_shows_itself_in_no_text() -> None:
    key = key_of(SERVER, ENV)
    assert "secret" not in f"{key!r} {key} {[key]}"


@pytest.mark.parametrize(("environ", "match"), [
    ({}, "put it into the environment variable A_KEY"),
    ({"A_KEY": "sk-\u00fc"}, "characters that no key has"),
    ({"A_KEY": "sk-a\nHost: evil"}, "characters that no key has"),
])  # fmt: skip
def test_a_key_that_cannot_be_sent_is_an_error_without_the_key(environ: dict[str, str], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as error:
        key_of(SERVER, environ)
    assert "sk-" not in str(error.value)


def test_a_hosted_servers_key_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="https only"):
        key_of(Server("openai", ("http://api.example/v1",), key_env="A_KEY", hosted=True), ENV)
    lan = Server("vllm", ("http://192.168.1.5:8000/v1",), key_env="A_KEY")
    assert key_of(lan, ENV).headers("http://192.168.1.5:8000/v1/models")


def test_origins_know_the_usual_ports() -> None:
    assert origin("https://API.example/v1") == origin("https://api.example:443")
    assert local("http://[::1]:8000/v1")
    assert not local("http://localhost.example/v1")


def test_what_a_server_says_of_its_key_is_shown_without_it() -> None:
    assert key_of(SERVER, ENV).hidden("no such key: sk-secret!") == "no such key: …!"
    short = key_of(Server("openai", ("http://a/v1",), key_env="A_KEY"), {"A_KEY": "no"})
    assert short.hidden("no such model") == "no such model", "a word instead of a key is no secret"
