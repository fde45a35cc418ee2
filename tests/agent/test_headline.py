"""What is told before and after a conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.headline import headline, spent, summary
from agent.receipt import Receipt
from model.http.accounting import Spent
from pipeline.ports import BrainFacts, EdgeReport

BRAIN = BrainFacts("practice brain", "audio", "yes", obeys_instructions=False, history_turns=1)
EDGE = EdgeReport("mic", "open", 0.1)


def test_it_says_brain_ear_thinking_voice_and_echo() -> None:
    assert headline(BRAIN, "flite:rms", EDGE) == (
        "practice brain · hears audio · thinks while listening: yes · voice flite:rms · "
        "no echo cancellation: wait until I have finished"
    )


def test_a_brain_that_was_probed_is_told_with_its_speed() -> None:
    brain = replace(BRAIN, continues=False, rate=41.27, first=0.18)
    told = "· continues a prefix: no · thinks while listening: yes · 41 tokens/s, first token 0.18 s ·"
    assert told in headline(brain, "v", EDGE)
    assert "continues a prefix: yes · " in headline(replace(brain, continues=True), "v", EDGE)
    assert "continues a prefix: no · thinks" in headline(replace(BRAIN, continues=False), "v", EDGE)


@pytest.mark.parametrize("can", ["yes", "notes", "no"])
def test_it_says_how_this_brain_thinks_while_listening(can: str) -> None:
    brain = replace(BRAIN, thinks_while_listening=can)
    assert f"thinks while listening: {can} ·" in headline(brain, "v", EDGE)


@pytest.mark.parametrize(("can", "said"), [("yes", "yes"), ("notes", "yes"), ("no", "no")])
def test_a_brain_that_confirms_thinks_as_if_the_turn_were_over(can: str, said: str) -> None:
    brain = replace(BRAIN, thinks_while_listening=can, confirms=True)
    assert f"thinks while listening: {said} ·" in headline(brain, "v", EDGE)


@pytest.mark.parametrize(
    ("switch", "said"), [("off", "no"), ("notes", "notes"), ("interleaved", "yes"), ("predicted", "yes")]
)
def test_a_switch_goes_before_what_the_brain_can(switch: str, said: str) -> None:
    assert f"thinks while listening: {said} ·" in headline(BRAIN, "v", EDGE, listening=switch)


def test_a_slowed_brain_is_told_to_be_one() -> None:
    assert "· paced to 20 ms per token ·" in headline(BRAIN, "v", EDGE, pace=0.02)
    assert "paced" not in headline(BRAIN, "v", EDGE)


def test_the_summary_counts_turns_and_gives_the_median() -> None:
    receipt = Receipt(turns=3, interrupted=1, drafts=5, wasted=2, latencies=(0.3, 0.5, 0.4))
    assert summary(receipt, "Nothing was recorded.") == (
        "3 turns, 1 of my replies interrupted, median 400 ms from the end of your speech, as I heard it, "
        "to my first sound. "
        "Nothing was recorded."
    )
    assert summary(Receipt(1, 0, 1, 0), "Nothing was recorded.") == "1 turn. Nothing was recorded."


def test_the_summary_says_what_thinking_ahead_brought_and_cost() -> None:
    receipt = Receipt(
        4, 0, 6, 2, declined=1, counted=3, hits=2, ahead=90, unused=12, saved=(0.1, 0.3), thoughts=80,
        beside=60,
    )  # fmt: skip
    assert summary(receipt, "Kept.") == (
        "4 turns, 1 of them needed no answer. 2 of 3 answers drafted before you had finished "
        "(median 200 ms saved); 80 tokens of thought, 60 of them while one of us spoke; "
        "12 tokens written for nothing. Kept."
    )


def test_what_went_wrong_is_told_and_only_that() -> None:
    receipt = Receipt(2, 0, 2, 0, corrections=1, underruns=2, holds=3, false_holds=1, seconds=30.0)
    assert summary(receipt, "Kept.") == (
        "2 turns. I took back 1 number that I had said too early, ran out of words 2 times in mid-answer, "
        "stopped for nothing 1 time (2.0 per minute). Kept."
    )


def test_what_a_served_brain_took_is_told_with_its_money_and_what_was_estimated() -> None:
    assert spent(Spent()) == ""
    kept = "3 requests: 1200 tokens read (900 of them kept there), 80 written."
    assert spent(Spent(3, 1200, 900, 80)) == kept
    told = spent(Spent(1, 40, 0, 2, money=0.00123, estimated=7))
    assert told == "1 request: 40 tokens read, 2 written, for 0.0012; 7 of the tokens are estimated."
