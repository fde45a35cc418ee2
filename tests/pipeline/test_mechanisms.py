"""pipeline/mechanisms.py: switches with names that exist."""

from __future__ import annotations

import pytest

from pipeline.mechanisms import Mechanisms


def test_everything_is_on_unless_it_is_left_out() -> None:
    assert Mechanisms() == Mechanisms(True, "auto", True, "auto", True, True)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [("listening_thoughts", "shanks", "interleaved"), ("speaking_thoughts", "fast", "speak-first")],
)
def test_an_unknown_way_is_refused_with_the_known_ones(name: str, value: str, accepted: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be one of .*{accepted}"):
        Mechanisms(**{name: value})  # type: ignore[arg-type]
