"""From abilities to what the session is told."""

from __future__ import annotations

from typing import Any

import pytest

from model.http.config import HttpConfig
from model.http.dialect import Able
from model.http.facts import SLOW, Measured, facts_of, ladder
from model.http.server import Server
from pipeline.ports import BrainFacts
from pipeline.speaking.strategy import strategy_for

HOME = Server("vllm", ("http://127.0.0.1:8000/v1",))
THERE = Server("openai", ("https://api.example/v1",), hosted=True, preset="example")


def told(able: Able, measured: Measured | None = None, server: Server = HOME, **config: Any) -> BrainFacts:
    return facts_of(server, "tiny", able, measured or Measured(), HttpConfig(**config), ())


@pytest.mark.parametrize(("able", "speaking", "strategy"), [
    (Able(continues=True, thinks=True), "adaptive", "adaptive"),
    (Able(continues=True), "no-think", "no-think"),
    (Able(thinks=True), "think-fully", "think-fully"),
    (Able(), "no-think", "no-think"),
])  # fmt: skip
def test_no_continuation_means_no_dual_brain(able: Able, speaking: str, strategy: str) -> None:
    facts = told(able)
    assert facts.speaking == speaking
    assert strategy_for("auto", facts).name == strategy


def test_a_slow_or_paid_brain_does_less() -> None:
    able = Able(continues=True, thinks=True)
    assert told(able, Measured(SLOW - 0.1)).thinks_while_listening == "no"
    assert told(able, Measured(SLOW)).thinks_while_listening == "notes"
    assert told(able, Measured(SLOW - 0.1)).speaking == "think-fully"
    paid = told(able, server=THERE)
    assert (paid.paid, paid.speaking) == (True, "think-fully")
    assert told(able, written_price=1.0).paid


def test_a_short_context_means_a_short_history() -> None:
    assert told(Able(context=4096)).history_turns == 5
    assert told(Able(context=65536)).history_turns == told(Able()).history_turns == 20
    assert told(Able(context=512)).history_turns == 1


def test_the_ladder_is_one_line() -> None:
    assert ladder(told(Able(hears=True, continues=True, thinks=True), Measured(41.6, 0.181))) == (
        "hears audio · continues a prefix: yes · thinks while listening: notes · "
        "42 tokens/s, first token 0.18 s"
    )
    assert ladder(told(Able())) == (
        "hears text · continues a prefix: no · thinks while listening: no · speed not measured"
    )
