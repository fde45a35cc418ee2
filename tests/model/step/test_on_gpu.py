"""The engine on a GPU says what it says on the processor, with and without recorded steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiny
import torch
from playing import SECOND, asked, engine, network_of, sound, tokenizer

from model.step.engine import StepEngine
from model.step.options import StepOptions
from pipeline.ports import Limits
from pipeline.prompt import Heard, Human, Prompt, Reply, Text

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")

PROMPTS = [
    asked(sound(1, 2 * SECOND)),
    asked(sound(2, 3 * SECOND), Human((Text("hi"),)), Heard("Yes."), reply=Reply("two\n", False)),
    Prompt((Human((Text("hello"),)), Reply(None, False))),
]


def on_gpu(**options: object) -> StepEngine:
    config = replace(tiny.config(), thinks=True)
    return StepEngine(network_of(config).to("cuda"), config, tokenizer(), StepOptions(**options))


@pytest.mark.parametrize("graphs", [False, True], ids=["launched", "recorded"])
def test_rows_on_a_gpu_write_what_they_write_alone_on_the_processor(graphs: bool) -> None:
    there, limits = on_gpu(device="cuda", graphs=graphs), Limits(16)
    lines = [there.generate(prompt, limits) for prompt in PROMPTS]
    got: list[list[tuple[int, float]]] = [[] for _ in PROMPTS]
    for _ in range(16):
        for row, line in zip(got, lines, strict=True):
            if (piece := next(line, None)) is not None:
                row.append((piece.token, piece.logprob))
    for row, prompt in zip(got, PROMPTS, strict=True):
        alone = [(p.token, p.logprob) for p in engine().engine.generate(prompt, limits)]
        # Convolutions and matrices round otherwise there: logits agree to about a hundredth.
        for (token, logprob), (expected, expected_logprob) in zip(row, alone, strict=True):
            if token != expected:
                assert abs(logprob - expected_logprob) < 0.02, "another token although one was clearly ahead"
                break
            assert abs(logprob - expected_logprob) < 0.02
    for line in lines:
        line.close()
    assert there.stats().leased == 0
