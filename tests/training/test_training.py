"""The losses fall on a tiny batch, and reach every part of the network."""

import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from training.audio import RATE  # noqa: E402
from training.augment import plain  # noqa: E402
from training.batches import Item, collate, word_labels  # noqa: E402
from training.conversations import Placed, place  # noqa: E402
from training.corpus import Utterance  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.language import Language  # noqa: E402
from training.loop import Group, Loop, Plan, load_checkpoint  # noqa: E402
from training.losses import cue_loss, phoneme_loss, word_loss  # noqa: E402
from training.pools import embed, positions_of  # noqa: E402
from training.rows import collate as collate_rows  # noqa: E402
from training.skills import registry  # noqa: E402
from training.skills.registry import draw  # noqa: E402
from training.spectrum import BatchFeatures  # noqa: E402
from training.stage_sft import rows, segments  # noqa: E402
from training.text import any_row, text_loss, token_loss  # noqa: E402


def _item(skill: str, seed: int) -> Item:
    rng = random.Random(seed)
    question = draw(skill, rng)
    pcm = np.random.default_rng(seed).standard_normal(RATE).astype(np.float32) * 0.05
    utterance = Utterance(question, "wʌtɪz", "f2", "espeak", 0, len(pcm))
    return Item(plain(pcm, utterance, rng), question, utterance)


def test_all_losses_of_a_batch_are_finite_and_reach_every_part() -> None:
    torch.manual_seed(0)
    language, rng = Language(), random.Random(0)
    talker = fresh_talker("tiny", len(language.tokenizer))
    batch = collate([_item(skill, i) for i, skill in enumerate(("sum", "digits", "unclear", "talk"))])
    positions = positions_of(batch.items)
    placed = [Placed(0, (1,), ((batch.items[1].question, "Okay."),)), Placed(1), Placed(2), Placed(3, (0, 1))]
    placed[3] = place(batch.items, 3, rng, 1.0)
    tokens = collate_rows(rows(batch.items, placed, language, rng, whole=True))
    frames, raw, _ = talker.listen(BatchFeatures()(batch.pcm, batch.warps))
    audio, vectors = talker.place(frames, raw, 2 * batch.positions)
    embeds = embed(talker, tokens.ids, segments(audio, vectors, positions, placed))
    hidden, _ = talker.decoder.hidden(embeds)
    loss = token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)
    loss = loss + phoneme_loss(talker, frames, batch) + cue_loss(raw, batch)[0]
    loss = loss + word_loss(talker, audio, batch, word_labels(batch.items, language))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in talker.parameters())


def test_an_earlier_turn_stands_in_the_prompt_without_its_thought() -> None:
    language, items = Language(), [_item("sum", 1), _item("talk", 2)]
    reply = registry.reply(items[1].question)
    placed = Placed(0, (1,), ((items[1].question, reply),))
    text = language.tokenizer.decode(rows(items, [placed], language, random.Random(1), whole=True)[0].ids)
    assert text.count("human\n") == 2
    assert text.count("<think>") == 1
    assert text.index(reply) < text.index("<think>")


def test_a_short_row_ends_after_the_heard_line() -> None:
    language, items = Language(), [_item("sum", 1)]
    short, whole = (rows(items, [Placed(0)], language, random.Random(1), whole=w)[0] for w in (False, True))
    assert "</think>" not in language.tokenizer.decode(short.ids)
    assert short.ids == whole.ids[: len(short.ids)]
    assert language.tokenizer.decode(short.ids[:-1]).endswith(" ".join(items[0].question.words) + "\n")


def test_a_follow_up_comes_after_what_it_needs_and_answers_it() -> None:
    items = [
        _item("addto", 1),
        *(_item(skill, i) for i, skill in enumerate(("talk", "spell", "sum", "sum", "sum", "sum"), 2)),
    ]
    found = [place(items, 0, random.Random(seed), 0.0) for seed in range(30)]
    after = [at for at in found if at.before]
    assert len(after) > 20
    assert sum(at.before[-1] > 2 for at in after) > 0.8 * len(after)
    fitting = next(at for at in after if at.before[-1] > 2)
    assert registry.reply(items[0].question, past=fitting.past) != registry.reply(items[0].question)


def test_text_training_learns(tmp_path: Path) -> None:
    language, losses = Language(), list[float]()
    talker = fresh_talker("tiny", len(language.tokenizer))
    decoder = talker.decoder
    loop = Loop(
        Plan(tmp_path / "text.pt", 0.0, steps=24, warm_steps=1),
        decoder,
        [Group(list(decoder.parameters()), 5e-3)],
    )

    def loss(_step: int, _done: float) -> tuple[torch.Tensor, dict[str, float], int]:
        batch = collate_rows([any_row(language, loop.rng, prompt=False) for _ in range(4)])
        value = text_loss(decoder, batch, talker.embed_cues)
        losses.append(value.item())
        return value, {"loss": value.item()}, 4

    assert loop.run(loss)
    assert load_checkpoint(tmp_path / "text.pt")["step"] == 24
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])
