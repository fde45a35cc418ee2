"""The vocabulary: frozen, positions only, and spans that make sense."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Any

import pytest

from pipeline import events
from pipeline.events import Fact, Hush, Message, Order, Sample, Span, SpeechStarted, Turn

FACTS = typing.get_args(Fact)
ORDERS = typing.get_args(Order)


def span(start: int, end: int) -> Span:
    return Span(Sample(start), Sample(end))


def test_a_span_is_half_open() -> None:
    assert len(span(3, 10)) == 7
    assert len(span(5, 5)) == 0


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"cannot end \(4\) before it starts \(5\)"):
        span(5, 4)


def test_every_message_is_a_fact_or_an_order_and_not_both() -> None:
    defined = {each for each in vars(events).values() if dataclasses.is_dataclass(each)} - {Span}
    assert set(FACTS) | set(ORDERS) == defined
    assert not set(FACTS) & set(ORDERS)
    assert set(typing.get_args(Message)) == defined


@pytest.mark.parametrize("kind", [*FACTS, *ORDERS], ids=lambda kind: kind.__name__)
def test_messages_are_frozen_have_docstrings_and_carry_plain_values(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)
    assert kind.__doc__
    assert not kind.__doc__.startswith(kind.__name__ + "("), "the docstring is the one dataclasses write"
    for hint in typing.get_type_hints(kind).values():
        union = typing.get_origin(hint) in (types.UnionType, typing.Union)
        for each in typing.get_args(hint) if union else (hint,):
            plain: Any = each.__supertype__ if isinstance(each, typing.NewType) else each
            allowed = plain in (int, float, str, bool, type(None), Span)
            assert allowed or issubclass(plain, Enum), f"{kind.__name__} carries a {plain}"


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SpeechStarted(Sample(1)).at = Sample(2)  # type: ignore[misc]


def test_equal_messages_are_equal_and_hashable() -> None:
    assert {Hush(Turn(1)), Hush(Turn(1), 0.03)} == {Hush(Turn(1))}
    assert Hush(Turn(1)) != Hush(Turn(2))
