"""The losses fall on a tiny batch, and a stopped stage goes on where it was."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from model.networks import Decoder, Talker  # noqa: E402 - after the skip
from training.audio import RATE  # noqa: E402
from training.augment import plain  # noqa: E402
from training.batches import PHONEMES, Item, collate, word_labels  # noqa: E402
from training.corpus import Utterance  # noqa: E402
from training.language import Language  # noqa: E402
from training.loop import Group, Loop, Plan, load_checkpoint  # noqa: E402
from training.losses import cue_loss, phoneme_loss, word_loss  # noqa: E402
from training.sizes import practice  # noqa: E402
from training.spectrum import BatchMel  # noqa: E402
from training.stage_sft import embed, rows  # noqa: E402
from training.tasks import draw  # noqa: E402
from training.text import collate as collate_rows  # noqa: E402
from training.text import text_accuracy, text_batch, text_loss, token_loss  # noqa: E402


def _item(skill: str, seed: int) -> Item:
    rng = random.Random(seed)
    pcm = np.random.default_rng(seed).standard_normal(RATE).astype(np.float32) * 0.05
    question = draw(skill, rng)
    utterance = Utterance(question, "wʌtɪz", "f2", "espeak", 0, len(pcm), pitch=200.0)
    return Item(plain(pcm, utterance, rng), question, utterance)


def test_all_losses_of_a_batch_are_finite_and_reach_every_part() -> None:
    torch.manual_seed(0)
    language = Language()
    talker = Talker(
        replace(practice(len(language.tokenizer)), encoder_layers=1, decoder_layers=1), len(PHONEMES)
    )
    batch = collate([_item(skill, i) for i, skill in enumerate(("sum", "pitch", "unclear", "loudness"))])
    past = [1, 2, 3, 0]
    tokens = collate_rows(rows(batch, language, past, whole=True))
    frames, _ = talker.encoder(BatchMel()(batch.pcm, batch.warps))
    raw = talker.cue_heads(frames)
    audio, vectors = talker.place(frames, raw, 2 * batch.positions)
    embeds = embed(talker, tokens.ids, audio, vectors, batch.positions, past)
    hidden, _ = talker.decoder.hidden(embeds)
    loss = token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)
    loss = loss + phoneme_loss(talker, frames, batch) + cue_loss(raw, batch)[0]
    loss = loss + word_loss(talker, audio, batch, word_labels(batch.items, language))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in talker.parameters())


def test_an_earlier_turn_stands_in_the_prompt_without_its_thought() -> None:
    language = Language()
    batch = collate([_item("sum", 1), _item("talk", 2)])
    row = rows(batch, language, [1, 0], whole=True)[0]
    text = language.tokenizer.decode(row.ids)
    assert text.count("human\n") == 2
    assert text.count("<think>") == 1
    assert text.index("human") < text.index("<think>")


def test_a_short_row_ends_after_the_heard_line() -> None:
    language = Language()
    batch = collate([_item("sum", 1)])
    text = language.tokenizer.decode(rows(batch, language, None, whole=False)[0].ids)
    assert text.count("\n") == 5
    assert "</think>" not in text


def test_text_training_learns_and_goes_on_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    clock = iter(range(10_000))
    monkeypatch.setattr("training.loop.monotonic", lambda: float(next(clock)))
    language, rng = Language(), random.Random(0)
    losses: list[float] = []

    def run(total: float) -> Loop:
        decoder = Decoder(
            replace(practice(len(language.tokenizer)), width=48, decoder_layers=1, decoder_hidden=64)
        )
        plan = Plan(tmp_path / "text.pt", total, warm_steps=1)
        loop = Loop(plan, decoder, [Group(list(decoder.parameters()), 5e-3)])

        def loss(_step: int, _done: float) -> tuple[torch.Tensor, dict[str, float], int]:
            value = text_loss(decoder, text_batch(language, rng, 8, prompt=False))
            losses.append(value.item())
            return value, {"loss": value.item()}, 8

        loop.run(loss)
        assert 0 <= text_accuracy(decoder, language, "sum", 2) <= 1
        return loop

    assert run(12).step == 11
    kept = load_checkpoint(tmp_path / "text.pt")
    assert kept["step"] == 11
    assert run(24).step > 20
    assert losses[-1] < losses[0]
