from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.config import parse
from agent.serve.config import ServeConfig
from pipeline.errors import ConfigError


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 65536}, {"host": " "}, {"most": 0}, {"idle": 0.0}, {"resume": -1.0},
        {"origins": ("https://a.example/",)}, {"origins": ("*",)}, {"origins": ("http://[",)},
        {"certificate": Path("x")},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ServeConfig(**wrong)


def test_the_section_serve_is_read_with_its_own_sections() -> None:
    config = parse(
        {"serve": {"port": 9000, "origins": ["https://a.example"], "rtc": {"announce": "192.0.2.1"}}}
    )
    assert config.serve.port == 9000 and config.serve.rtc.announce == "192.0.2.1"
    with pytest.raises(ConfigError, match="serve"):
        parse({"serve": {"port": 99999}})
