"""What cannot end a sentence is known; that one has ended never is."""

from __future__ import annotations

import pytest

from pipeline.completeness import end_of_turn, going_on
from pipeline.reading import INCOMPLETE_SCORE


@pytest.mark.parametrize(
    "text",
    [
        "what is fourteen plus", "turn on the", "i would like to book a", "tell me about my", "we could um",
        "What is", "because", "i want to go to", "well", "i", "can you", "and then she",
        "Please remind me to call my…", "How many people are in the,",
    ],
)  # fmt: skip
def test_a_sentence_that_must_go_on_is_seen(text: str) -> None:
    assert going_on(text)
    assert end_of_turn(text) == INCOMPLETE_SCORE


@pytest.mark.parametrize(
    "text",
    [
        "", "...", "yes", "what is fourteen plus nine", "who is it for", "where are you from", "how are you",
        "turn it on", "stop", "what is this", "I do not know.", "thank you", "who is she", "what time is it",
        "as quickly as you can",
    ],
)  # fmt: skip
def test_of_any_other_nothing_is_said(text: str) -> None:
    assert not going_on(text)
    assert end_of_turn(text) is None
