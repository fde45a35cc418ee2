"""What a person types for an agent over a socket and for the harness's own error."""

import argparse

import pytest

from bench.adversaries import ADVERSARIES
from bench.target_command import socket_target, validate_arguments, validate_command
from pipeline.errors import UserError


def test_a_target_names_what_is_measured_and_no_secret(monkeypatch):
    monkeypatch.setattr("bench.target_command.choose_voices", lambda agent, user: (agent, "flite:slt"))
    found = socket_target("ws://host/own?api_key=secret", "MY_KEY", model="m", jitter=0.06)
    assert found.names["target"] == "ws://host/own?model=m" and "60 ms" in found.names["buffers"]
    assert "secret" not in str(found.names) and found.names["user"] == "flite:slt"
    with pytest.raises(UserError, match="a jitter buffer is 0 to 1 s"):
        socket_target("ws://host", jitter=3.0)


def test_validate_prints_both_tables_writes_the_figures_and_says_whether_all_is_within_limits(tmp_path):
    parser = argparse.ArgumentParser()
    validate_arguments(parser)
    told = []
    given = parser.parse_args(["--virtual", "--n", "2", "--out", str(tmp_path)])
    assert validate_command(given, told.append) == 0
    whole = "\n".join(told)
    assert "the harness's own error" in whole and all(one.name in whole for one in ADVERSARIES)
    assert (tmp_path / "validate.json").exists()


def test_a_folder_without_recordings_is_refused_before_anything_is_measured(tmp_path):
    parser = argparse.ArgumentParser()
    validate_arguments(parser)
    with pytest.raises(UserError, match="holds no conversation"):
        validate_command(parser.parse_args(["--recordings", str(tmp_path)]), lambda line: None)
