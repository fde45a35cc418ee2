from __future__ import annotations

import pytest

from agent.serve.command import Plan, ServeOptions, _over, code
from agent.serve.config import ServeConfig
from pipeline.errors import ConfigError, UserError

KEY = "a-key-of-sixteen-letters"


def test_an_address_for_everybody_is_refused_without_a_key() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "voice.example"):
        with pytest.raises(UserError, match="HOCKET_API_KEY"):
            Plan.of(ServeConfig(host=host), ServeOptions(), "")
        assert Plan.of(ServeConfig(host=host), ServeOptions(), KEY).key == KEY
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        assert Plan.of(ServeConfig(host=host), ServeOptions(), "").key == ""


def test_a_short_key_is_refused() -> None:
    with pytest.raises(UserError, match="too short"):
        Plan.of(ServeConfig(), ServeOptions(), "secret")


def test_lan_makes_a_key_and_a_certificate_and_listens_to_others() -> None:
    options = ServeOptions(lan=True)
    settings = _over(ServeConfig(), options)
    plan, other = (Plan.of(settings, options, "") for _ in range(2))
    assert settings.host == "0.0.0.0" and plan.sign and plan.made
    assert len(plan.key) >= 32 and plan.key != other.key
    assert not Plan.of(settings, options, KEY).made


def test_the_command_line_stands_over_the_settings() -> None:
    told = _over(ServeConfig(port=1, most=2), ServeOptions(port=9000))
    assert (told.port, told.most, told.host) == (9000, 2, "127.0.0.1")
    for wrong in (ServeOptions(port=70000), ServeOptions(most=0)):
        with pytest.raises(ConfigError):
            _over(ServeConfig(), wrong)


def test_a_link_is_drawn_for_a_camera() -> None:
    pytest.importorskip("segno", reason="draws the code")
    drawn = list(code("https://192.0.2.7:8765/?key=abc"))
    assert len(drawn) > 10 and len({len(line) for line in drawn}) <= 3
