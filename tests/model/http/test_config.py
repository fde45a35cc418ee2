"""Settings that cannot be meant are refused with what is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from model.http.config import HttpConfig


@pytest.mark.parametrize(("settings", "match"), [
    ({"first_token": 0.0}, "positive"), ({"pause": -1.0}, "not negative"), ({"retries": -1}, "not negative"),
    ({"probe_tokens": 0}, "at least 1"), ({"segment": 0.1}, "0.5 to 25"), ({"segment": 30.0}, "0.5 to 25"),
    ({"written_price": -1.0}, "negative"), ({"most_money": -1.0}, "negative"),
    ({"temperature": 3.0}, "between 0 and 2"),
    ({"told": {"hear": True}}, "there are hears, continues"), ({"rest": 60.0}, "longest_rest"),
    ({"told": {"hears": "yes"}}, "hears is true or false, got 'yes'"),
    ({"told": {"tools": "all"}}, "'native' or 'text' or 'no'"), ({"told": {"context": "4096"}}, "a number"),
    ({"extra": {"since": {1, 2}}}, "no JSON"), ({"extra": {"bias": float}}, "no JSON"),
])  # fmt: skip
def test_each_wrong_setting_is_named(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        HttpConfig(**settings)


def test_the_defaults_stay_under_the_sessions_own_patience() -> None:
    config = HttpConfig()
    assert config.elsewhere < config.between_tokens < config.first_token < 8.0
    assert not config.priced
    assert HttpConfig(cached_price=0.1).priced
