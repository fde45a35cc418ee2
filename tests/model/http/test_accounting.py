"""Tokens and money: added up as told, estimated where nobody tells, refused where a bound is reached."""

from __future__ import annotations

import numpy as np
import pytest

from model.http.accounting import Account, Spent, reading
from model.http.config import HttpConfig
from model.http.dialect import Usage
from pipeline.errors import ModelError
from pipeline.prompt import Audio, Heard, Human, Prompt, Reply, System, Text


def test_totals_are_added_and_cached_tokens_have_their_own_price() -> None:
    account = Account(HttpConfig(read_price=2.0, cached_price=0.5, written_price=8.0))
    account.add(Usage(1000, 600, 50), told=True)
    account.add(Usage(200, 0, 10), told=False)
    assert account.spent == Spent(2, 1200, 600, 60, pytest.approx(0.0012 + 0.0003 + 0.00048), 210)


def test_without_a_price_for_cached_tokens_they_cost_what_others_cost() -> None:
    account = Account(HttpConfig(read_price=2.0))
    account.add(Usage(1_000_000, 400_000, 5), told=True)
    assert account.spent.money == pytest.approx(2.0)


def test_more_cached_than_read_is_read_as_all_of_it() -> None:
    account = Account(HttpConfig(read_price=2.0, cached_price=1.0))
    account.add(Usage(10, 50, 0), told=True)
    assert (account.spent.cached, account.spent.money) == (10, pytest.approx(10e-6))


def test_a_bound_is_kept() -> None:
    account = Account(HttpConfig(read_price=1.0, most_money=0.001))
    account.admit()
    account.add(Usage(1000, 0, 0), told=True)
    with pytest.raises(ModelError, match=r"0\.0010 of the 0\.001 .* raise most_money"):
        account.admit()
    tokens = Account(HttpConfig(most_tokens=10))
    tokens.add(Usage(5, 0, 5), told=False)
    with pytest.raises(ModelError, match=r"the 10 tokens .* raise most_tokens"):
        tokens.admit()


def test_a_reading_is_estimated_from_letters_and_seconds() -> None:
    prompt = Prompt((
        System("x" * 350), Human((Audio(np.zeros(160_000, np.float32)), Text("y" * 35))),
        Heard("z" * 10), Reply(),
    ))  # fmt: skip
    assert 240 <= reading(prompt) <= 290
