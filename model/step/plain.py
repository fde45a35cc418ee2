"""transformers' Qwen2 on a rig's own tensors, to be timed beside ours in one run. For the benchmark alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from .rig import Rig


def per_token(rig: Rig, rows: int, context: int, steps: int) -> dict[str, Any]:
    """Greedy ``generate`` after ``context`` random tokens: one token's cost, the reading taken off.

    The rig's matrices must not be stored small: its modules do not take such over.
    """
    model = _model(rig)
    ids = torch.randint(rig.config.text.vocabulary, (rows, context), device=rig.device)

    def generate(count: int) -> None:
        model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=count,
            max_new_tokens=count,
        )

    short = rig.time(lambda: generate(1), 3, warm=1)
    long = rig.time(lambda: generate(1 + steps), 3, warm=1)
    step = (long.p50 - short.p50) / steps
    return {
        "step_ms": round(step, 4),
        "ms_per_token": round(step / rows, 4),
        "read_ms": asdict(short),
        "whole_ms": asdict(long),
    }


def _model(rig: Rig) -> Any:
    text = rig.config.text
    config = Qwen2Config(
        vocab_size=text.vocabulary, hidden_size=text.hidden, intermediate_size=text.intermediate,
        num_hidden_layers=text.layers, num_attention_heads=text.heads, num_key_value_heads=text.kv_heads,
        rms_norm_eps=text.rms_eps, max_position_embeddings=text.context,
        rope_parameters={"rope_type": "default", "rope_theta": text.rope_theta},
        tie_word_embeddings=False, bos_token_id=None, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    with torch.device("meta"):
        model = Qwen2ForCausalLM(config)
    held = rig.network.state_dict()
    own = {name: tensor for name, tensor in held.items() if name.startswith(("model.", "lm_head."))}
    model.load_state_dict(own, strict=True, assign=True)
    with torch.device(rig.device):  # no parameters: its angles are made, not loaded
        model.model.rotary_emb = type(model.model.rotary_emb)(config)
    model.train(False)
    return model
