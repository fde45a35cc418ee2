"""model/step/batch.py behind the engine: what was predicted of a text is read, and never changes the text."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from playing import SECOND, Watched, asked, engine, sound, thought_of, tokenizer

from pipeline.ports import Limits
from pipeline.prompt import Reply

TEXT = "one two three four\nfive six seven ten answer"
"""Every token of it occurs once, so each tells which one follows."""


def recites(watched: Watched) -> Watched:
    """Make it write TEXT after "the", and go on as its weights have it after that."""
    ids = tokenizer().encode(TEXT)
    assert len(set(ids)) == len(ids)
    follows = {tokenizer().encode("the")[-1]: ids[0]} | dict(pairwise(ids))
    table, seen = watched.network.model.embed_tokens.weight, []

    def look(_module: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        seen[:] = [(args[0].flatten(0, 1)[:, None] == table).all(-1)]

    def aim(_module: torch.nn.Module, _args: object, logits: torch.Tensor) -> torch.Tensor:
        logits = logits.clone()
        tokens = [int(same.nonzero()[0]) if same.any() else -1 for same in seen[0]]
        for row, token in enumerate(tokens[-len(logits) :]):
            if token in follows:
                logits[row, follows[token]] += 100
        return logits

    watched.network.model.register_forward_pre_hook(look)
    watched.network.lm_head.register_forward_hook(aim)
    return watched


@pytest.mark.parametrize(
    ("told", "confirmed"),
    [
        (TEXT, 10),
        (TEXT[:-7], 9),
        (TEXT.replace("four", "3"), 3 + 5),
        ("one two @ four\nfive six seven", 2 + 3),
        ("@ two three four\nfive six seven", 3),
    ],
)
def test_a_prediction_changes_how_soon_tokens_come_and_never_which(told: str, confirmed: int) -> None:
    prompt = asked(sound(1, SECOND), reply=Reply("the"))
    plain = thought_of(recites(engine()), prompt, Limits(14))
    assert "".join(piece.text for piece in plain).startswith(TEXT)
    warm = recites(engine())
    got = thought_of(warm, prompt, Limits(14, predicted=told))
    assert [p.token for p in got] == [p.token for p in plain]
    np.testing.assert_allclose([p.logprob for p in got], [p.logprob for p in plain], atol=1e-4)
    assert sum(p.confirmed for p in got) == confirmed
    assert len([run for run in warm.runs if run == (1, 1)]) <= 14 - confirmed
    assert warm.engine.work().written == 14 - confirmed
    again = thought_of(warm, prompt, Limits(14))
    assert [p.token for p in again] == [p.token for p in plain], "what a prediction left behind was believed"


def test_a_wrong_prediction_costs_nothing_but_a_reading() -> None:
    prompt = asked(sound(1, SECOND))
    plain = thought_of(engine(), prompt, Limits(12))
    got = thought_of(engine(), prompt, Limits(12, predicted="nothing of the kind\nat all\n"))
    assert [(p.token, p.confirmed) for p in got] == [(p.token, False) for p in plain]
