"""Dialects by name."""

from __future__ import annotations

import pytest

from model.http.dialects import NAMES, dialect_of
from model.http.presets import DIALECTS
from pipeline.errors import ConfigError


@pytest.mark.parametrize("name", NAMES)
def test_each_name_gives_the_dialect_of_that_name(name: str) -> None:
    dialect = dialect_of(name)
    assert dialect.name == name
    assert dialect.framing in ("sse", "lines")
    assert dialect.models.startswith("/")


def test_what_people_can_type_is_what_there_is() -> None:
    assert set(DIALECTS) == set(NAMES)


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean ollama"):
        dialect_of("olama")
    with pytest.raises(ConfigError, match="there are openai"):
        dialect_of("zzz")
