"""model/step/decoder.py: the same network as transformers' Qwen2, read at once or through the pool."""

from __future__ import annotations

import pytest
import tiny
import torch

from model.step.decoder import Decoder
from model.step.paged import BLOCK
from model.step.pool import Pool

transformers = pytest.importorskip("transformers", reason="transformers is not installed (extra: torch)")
DIMS = tiny.TEXT


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    torch.manual_seed(3)
    made = Decoder(DIMS)
    for name, parameter in made.named_parameters():
        torch.nn.init.normal_(parameter, std=0.2, mean=1.0 if "norm" in name else 0.0)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def reference(decoder: Decoder) -> torch.nn.Module:
    config = transformers.Qwen2Config(
        vocab_size=DIMS.vocabulary, hidden_size=DIMS.hidden, intermediate_size=DIMS.intermediate,
        num_hidden_layers=DIMS.layers, num_attention_heads=DIMS.heads, num_key_value_heads=DIMS.kv_heads,
        rms_norm_eps=DIMS.rms_eps, max_position_embeddings=DIMS.context,
        rope_parameters={"rope_type": "default", "rope_theta": DIMS.rope_theta},
    )  # fmt: skip
    model = transformers.Qwen2Model(config).eval()
    model.load_state_dict(decoder.state_dict(), strict=True)
    return model


def ids(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(DIMS.vocabulary, (1, count), generator=torch.Generator().manual_seed(seed))


def paged(decoder: Decoder, tokens: torch.Tensor, pieces: list[int], table: list[int]) -> torch.Tensor:
    """States of the tokens, read in pieces of these sizes into blocks of a pool."""
    pool, at, states = Pool(DIMS, 12), 0, []
    for size in pieces:
        part = tokens[:, at : at + size]
        reach = pool.reach([table], [at], size)
        states.append(decoder(decoder.embed_tokens(part), reach.positions, reach))
        at += size
    return torch.cat(states, 1)


def test_it_computes_what_qwen2_of_transformers_computes_on_equal_weights(
    decoder: Decoder, reference: torch.nn.Module
) -> None:
    tokens = ids(45)
    expected = reference(tokens).last_hidden_state
    states = decoder(decoder.embed_tokens(tokens), torch.arange(45)[None])
    torch.testing.assert_close(states, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("pieces", [[45], [1] * 45, [16, 16, 13], [20, 1, 1, 23]])
def test_read_in_pieces_through_scattered_blocks_it_computes_the_same(
    decoder: Decoder, reference: torch.nn.Module, pieces: list[int]
) -> None:
    tokens = ids(45)
    expected = reference(tokens).last_hidden_state
    states = paged(decoder, tokens, pieces, [7, 2, 11])
    torch.testing.assert_close(states, expected, atol=1e-4, rtol=1e-4)


def test_lines_of_unequal_length_in_one_run_compute_what_each_does_alone(decoder: Decoder) -> None:
    pool, tables, lengths = Pool(DIMS, 12), [[1, 2, 3], [4], [5, 6]], [40, 3, 17]
    alone = []
    for number, (table, length) in enumerate(zip(tables, lengths, strict=True)):
        tokens = ids(length + 1, number)
        alone.append(paged(decoder, tokens, [length, 1], table)[0, -1])
        reach = pool.reach([table], [0], length)
        decoder(decoder.embed_tokens(tokens[:, :length]), reach.positions, reach)
    last = torch.cat([ids(length + 1, number)[:, -1:] for number, length in enumerate(lengths)])
    reach = pool.reach(tables, lengths, 1)
    together = decoder(decoder.embed_tokens(last), reach.positions, reach)[:, 0]
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-5, rtol=1e-5)


def test_positions_written_beyond_those_seen_change_nothing(decoder: Decoder) -> None:
    """A prediction that was read and not taken over leaves its keys behind; the next reading overwrites."""
    tokens, wrong, pool = ids(20), ids(20, 1), Pool(DIMS, 4)

    def read(part: torch.Tensor, start: int) -> torch.Tensor:
        reach = pool.reach([[1, 2]], [start], part.shape[1])
        return decoder(decoder.embed_tokens(part), reach.positions, reach)

    read(tokens[:, :9], 0)
    read(wrong[:, 9:], 9)
    torch.testing.assert_close(read(tokens[:, 9:], 9), paged(decoder, tokens, [20], [1, 2])[:, 9:])


def test_a_copied_block_holds_its_first_positions_and_no_more(decoder: Decoder) -> None:
    pool = Pool(DIMS, 3)
    pool.kv.normal_(generator=torch.Generator().manual_seed(1))
    before = pool.kv.clone()
    pool.copy(1, 2, 5)
    assert torch.equal(pool.kv[:, :, 2, :5], before[:, :, 1, :5])
    assert torch.equal(pool.kv[:, :, 2, 5:], before[:, :, 2, 5:])
    assert torch.equal(pool.kv[:, :, [0, 1, 3]], before[:, :, [0, 1, 3]])
    assert pool.kv.shape[2:4] == (4, BLOCK)
