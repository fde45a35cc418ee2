"""Settings of the turn policy that cannot be meant are refused with what is accepted."""

from __future__ import annotations

import pytest

from agent.turn import TurnConfig


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"endpoint": -0.1}, "endpoint must be 0 to 3600, got -0.1"),
        ({"endpoint": 0.0}, "endpoint must be at least 0.02 s, got 0.0"),
        ({"endpoint_sure": float("inf")}, "endpoint_sure must be 0 to 3600, got inf"),
        ({"early": 1.5}, "early must be 0 to 1, got 1.5"),
        ({"unsure": 0.9}, "unsure must be below sure, got 0.9 and 0.8"),
        ({"adapt_margin": 0.5}, "adapt_margin must be at least 1, got 0.5"),
        ({"adapt_after": 0}, "adapt_after must be at least 1, got 0"),
        ({"nudge_after": float("nan")}, "nudge_after must be 0 to 3600, got nan"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TurnConfig(**settings)  # type: ignore[arg-type]


def test_a_fixed_policy_may_be_told_more() -> None:
    fixed = TurnConfig.fixed(0.3, adapt=True, tail=0.2)
    assert (fixed.endpoint, fixed.endpoint_sure, fixed.endpoint_unsure) == (0.3, 0.3, 0.3)
    assert (fixed.adapt, fixed.tail) == (True, 0.2)
