"""Tiny Step-Audio engines, sounds and prompts for the tests of this folder; it holds no test of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tiny
import torch

from model.step.config import StepConfig
from model.step.engine import StepEngine
from model.step.network import StepNetwork
from model.step.options import StepOptions
from model.step.tokens import StepTokenizer
from pipeline.ports import Limits, Pcm, Piece
from pipeline.prompt import Audio, Human, Prompt, Reply, System

SYSTEM = System("You are a helpful assistant.")
SECOND = 16_000


class Watched:
    """An engine, and of every token that it gave the logits (vocabulary,) it was taken from."""

    def __init__(self, engine: StepEngine, network: StepNetwork) -> None:
        self.engine, self.network = engine, network
        self.runs: list[tuple[int, int]] = []
        "Lines and positions of each run of the language model."
        self.logits = torch.zeros(0)
        "Of the last run, (lines or positions, vocabulary)."
        self.broken = False
        network.model.register_forward_pre_hook(self._ran)
        network.lm_head.register_forward_hook(self._gave)

    def _ran(self, _module: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        self.runs.append((args[0].shape[0], args[0].shape[1]))

    def _gave(self, _module: torch.nn.Module, _args: Any, logits: torch.Tensor) -> torch.Tensor | None:
        self.logits = logits.clone()
        return torch.full_like(logits, torch.nan) if self.broken else None

    @property
    def positions(self) -> int:
        """Read so far, by whatever run."""
        return sum(lines * new for lines, new in self.runs)


def network_of(config: StepConfig, seed: int = 0) -> StepNetwork:
    network = StepNetwork(config)
    network.load_state_dict(tiny.weights(config, seed), strict=True)
    return network.eval().requires_grad_(False)


def tokenizer() -> StepTokenizer:
    return StepTokenizer(tiny.tokenizer_json())


def engine(seed: int = 0, *, thinks: bool = True, name: str = "tiny", **options: Any) -> Watched:
    """A fresh engine; equal seeds have equal weights."""
    config = replace(tiny.config(), thinks=thinks, name=name)
    network = network_of(config, seed)
    return Watched(StepEngine(network, config, tokenizer(), StepOptions(**options)), network)


def sound(seed: int, samples: int) -> Pcm:
    """Something like a voice, the same for equal seeds; a longer one begins like a shorter one."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / SECOND
    pitch, pace = rng.uniform(90, 240), rng.uniform(2, 5)
    voice = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, 8))
    loud = np.clip(np.sin(2 * np.pi * pace * t), 0, 1)
    return (0.1 * voice * loud + 0.003 * rng.standard_normal(samples)).astype(np.float32)


def asked(pcm: Pcm, *before: Any, reply: Reply | None = None) -> Prompt:
    return Prompt((SYSTEM, *before, Human((Audio(pcm),)), reply or Reply()))


def answer(watched: Watched, prompt: Prompt, tokens: int = 12) -> list[tuple[Piece, torch.Tensor]]:
    """Pieces, each with the logits it was taken from (the row of one line alone)."""
    got = []
    steps = watched.engine.generate(prompt, Limits(tokens))
    for piece in steps:
        got.append((piece, watched.logits[-1]))
    return got


def assert_alike(one: list[tuple[Piece, torch.Tensor]], other: list[tuple[Piece, torch.Tensor]]) -> None:
    """Equal greedy tokens wherever the top-two gap exceeds rounding; logits within 1e-4."""
    for (piece, logits), (expected, expected_logits) in zip(one, other, strict=True):
        torch.testing.assert_close(logits, expected_logits, atol=1e-4, rtol=0)
        second, first = expected_logits.sort().values[-2:]
        if piece.token != expected.token:
            assert first - second < 2e-4, "a different token although one was clearly ahead"
            return
        assert piece.text == expected.text and abs(piece.logprob - expected.logprob) < 1e-4


def thought_of(watched: Watched, prompt: Prompt, limits: Limits) -> list[Piece]:
    return list(watched.engine.generate(prompt, limits))
