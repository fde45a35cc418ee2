"""What a person types for an agent over a socket and for the harness's own error."""

import argparse
import sys

import pytest

from bench.adversaries import ADVERSARIES
from bench.table_cells import WIDE
from bench.target_command import socket_target, validate_arguments, validate_command
from pipeline.errors import UserError


def test_a_target_names_what_is_measured_and_no_secret(monkeypatch):
    monkeypatch.setattr("bench.target_command.choose_voices", lambda agent, user: (agent, "flite:slt"))
    found = socket_target("ws://host/own?api_key=secret", "MY_KEY", model="m", jitter=0.06)
    assert found.names["target"] == "ws://host/own?model=m" and "60 ms" in found.names["buffers"]
    assert "secret" not in str(found.names) and found.names["user"] == "flite:slt"
    assert found.names["protocol"] == "OpenAI Realtime over WebSocket" and found.jitter == 0.06
    with pytest.raises(UserError, match="a jitter buffer is 0 to 1 s"):
        socket_target("ws://host", jitter=3.0)


def voiced(monkeypatch):
    monkeypatch.setattr("bench.target_command.choose_voices", lambda agent, user: (agent, "flite:slt"))


def test_a_webrtc_target_names_its_buffers_and_has_a_jitter_buffer_unless_told_otherwise(monkeypatch):
    pytest.importorskip("aiortc", reason="the extra web is not installed")
    voiced(monkeypatch)
    found = socket_target("webrtc+https://host?key=secret", model="m")
    assert found.names["target"] == "webrtc+https://host/v1/realtime/calls?model=m"
    assert found.jitter == 0.04 and "Opus 6.5 ms each way" in found.names["buffers"]
    assert "jitter 40 ms" in found.names["buffers"] and "secret" not in str(found.names)
    assert socket_target("webrtc+http://host", jitter=0.0).jitter == 0.0


def test_a_webrtc_target_without_its_libraries_says_what_to_install_before_anything_is_held(monkeypatch):
    voiced(monkeypatch)
    monkeypatch.setitem(sys.modules, "aiortc", None)
    with pytest.raises(UserError, match=r"pip install 'hocket\[web\]'"):
        socket_target("webrtc+http://host")


def test_a_moshi_target_takes_nothing_that_moshi_has_not(monkeypatch):
    pytest.importorskip("sphn", reason="sphn is not installed")
    voiced(monkeypatch)
    found = socket_target("moshi+ws://host:8998")
    assert found.names["protocol"] == "moshi" and found.names["target"] == "moshi+ws://host:8998/api/chat"
    with pytest.raises(UserError, match="moshi has no model"):
        socket_target("moshi+ws://host", turn_detection="none")
    monkeypatch.setitem(sys.modules, "sphn", None)
    with pytest.raises(UserError, match=r"pip install 'sphn>=0\.2'"):
        socket_target("moshi+ws://host")


def test_turns_by_hand_are_said_in_every_report(monkeypatch):
    voiced(monkeypatch)
    assert "leaves endpointing out" in socket_target("ws://host", turn_detection="none").names["endpoint"]


@pytest.mark.parametrize(
    "url", ["http://host", "host:80", "webrtc+ws://host", "moshi+http://host", "webrtc"]
)
def test_an_address_of_no_known_kind_is_refused_with_what_is_accepted(url):
    with pytest.raises(UserError, match=r"no address of a .*server; accepted are"):
        socket_target(url)


@pytest.mark.parametrize("url", ["wsx://host", "nonsense", "ws:host"])
def test_an_unknown_scheme_is_told_all_that_a_target_may_be(url):
    with pytest.raises(UserError) as caught:
        socket_target(url)
    for accepted in ("inproc", "ws(s)://", "webrtc+http(s)://", "moshi+ws(s)://"):
        assert accepted in str(caught.value)


def test_validate_prints_both_tables_writes_the_figures_and_says_whether_all_is_within_limits(
    tmp_path, monkeypatch
):
    some = ADVERSARIES[:2]  # all of them are faced in test_adversaries.py
    monkeypatch.setattr("bench.validate.ADVERSARIES", some)
    monkeypatch.setattr("bench.validate_adversaries.ADVERSARIES", some)
    parser = argparse.ArgumentParser()
    validate_arguments(parser)
    told = []
    given = parser.parse_args(["--virtual", "--n", "2", "--out", str(tmp_path)])
    assert validate_command(given, told.append) == 0
    whole = "\n".join(told)
    assert max(len(line) for line in told if "all figures" not in line) <= WIDE
    assert "the harness's own error" in whole and all(one.name in whole for one in some)
    assert (tmp_path / "validate.json").exists()


def test_a_folder_without_recordings_is_refused_before_anything_is_measured(tmp_path):
    parser = argparse.ArgumentParser()
    validate_arguments(parser)
    with pytest.raises(UserError, match="holds no conversation"):
        validate_command(parser.parse_args(["--recordings", str(tmp_path)]), lambda line: None)


def test_other_instructions_are_another_target(monkeypatch):
    voiced(monkeypatch)
    brief, long = (socket_target("ws://host", instructions=said).names for said in ("be brief", "be long"))
    assert brief != long and brief["instructions"] == "be brief"
    assert socket_target("ws://host").names["instructions"] == "none sent"
