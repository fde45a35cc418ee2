from __future__ import annotations

import pytest

from audio_io.rtc.config import RtcConfig, ice_server


def test_stun_and_turn_servers_are_read_from_one_line_each():
    assert ice_server("stun:stun.example.org:3478").for_browsers() == {"urls": ["stun:stun.example.org:3478"]}
    turn = ice_server("turn:anna:s3cret@turn.example.org:3478?transport=tcp")
    assert turn.for_browsers() == {
        "urls": ["turn:turn.example.org:3478?transport=tcp"], "username": "anna", "credential": "s3cret",
    }  # fmt: skip
    assert ice_server("turns:anna:s3cret@turn.example.org").url == "turns:turn.example.org"


@pytest.mark.parametrize(
    "text",
    ["", "http://x", "stun:", "stun:a b", "turn:host", "turn:user@host", "stun:u:p@host", "turn::x@host"],
)
def test_a_server_that_cannot_be_read_is_refused_without_repeating_its_secret(text):
    with pytest.raises(ValueError, match="ice_servers are written"):
        ice_server(text)
    with pytest.raises(ValueError) as caught:
        RtcConfig(ice_servers=("turn:user:hunter2@host name",))
    assert "hunter2" not in str(caught.value)


def test_a_secret_does_not_show_in_a_printed_config():
    config = RtcConfig(ice_servers=("turn:anna:hunter2@host",))
    assert "hunter2" not in f"{config!r} {config.servers!r}"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"addresses": ("my.host",)}, "no IP address"),
        ({"announce": "nowhere"}, "no IP address"),
        ({"first_port": 100, "last_port": 200}, "1024 to 65535"),
        ({"first_port": 5000}, "1024 to 65535"),
        ({"first_port": 6000, "last_port": 5000}, "1024 to 65535"),
        ({"candidates": "any"}, "none, lan, public"),
        ({"setup": 0.0}, "setup"),
        ({"gone": float("nan")}, "gone"),
        ({"bitrate": 1}, "bitrate"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        RtcConfig(**wrong)
