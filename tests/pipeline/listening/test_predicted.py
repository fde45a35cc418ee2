"""pipeline/listening/predicted.py: the thought so far predicts the one to come, and stands in no prompt."""

from __future__ import annotations

import numpy as np

from pipeline.listening.predicted import Predicted
from pipeline.prompt import Audio, Heard, Human, Note, Prompt, Reply, System

HISTORY = Prompt((System("be brief"), Human(()), Heard("Yes.")))
USER = Human((Audio(np.zeros(1280, np.float32)),))
NOTES = (Note("heard: two\n", 1), Note("heard: two plus", 2))


def test_a_thought_is_asked_for_as_if_the_turn_ended_here() -> None:
    request = Predicted().request(HISTORY, USER, NOTES, 50)
    assert request is not None and request.prompt == HISTORY.then(USER, Reply())
    assert request.limits.stop == ("</think>",)


def test_the_newest_thought_is_the_prediction_and_costs_nothing_of_the_budget() -> None:
    request = Predicted().request(HISTORY, USER, NOTES, 50)
    assert request is not None and request.limits.predicted == "heard: two plus"
    assert request.limits.max_tokens == 50 + len("heard: two plus")


def test_nothing_is_predicted_at_first() -> None:
    request = Predicted().request(HISTORY, USER, (), 50)
    assert request is not None and request.limits.predicted == "" and request.limits.max_tokens == 50


def test_no_note_stands_in_a_prompt() -> None:
    assert Predicted().carry(USER, NOTES) == Predicted().ahead(USER, NOTES) == USER
