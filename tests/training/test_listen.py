"""The last stage trains the decoder alone, on turns with notes; its corpus tells where words end."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from model.networks import Talker  # noqa: E402 - after the skips
from training.audio import POSITION, RATE  # noqa: E402
from training.augment import plain  # noqa: E402
from training.batches import PHONEMES, Item, Sampler  # noqa: E402
from training.corpus import Corpus, Utterance  # noqa: E402
from training.generate import Order, generate_apart  # noqa: E402
from training.language import Language  # noqa: E402
from training.recipe import Run, newest  # noqa: E402
from training.sizes import practice  # noqa: E402
from training.spectrum import BatchMel  # noqa: E402
from training.stage_listen import answer_loss, hear, spoken_of, turn_rows  # noqa: E402
from training.tasks import draw  # noqa: E402


def _item(skill: str, seed: int) -> Item:
    rng = random.Random(seed)
    question = draw(skill, rng)
    count = len(question.words)
    pcm = np.random.default_rng(seed).standard_normal(RATE // 4 * count).astype(np.float32) * 0.05
    ends = tuple(RATE // 4 * (i + 1) for i in range(count))
    utterance = Utterance(question, "", "f2", "espeak", 0, len(pcm), breaks=ends[1:2], ends=ends)
    return Item(plain(pcm, utterance, rng), question, utterance)


def test_only_the_decoder_learns_and_history_does_not_shift_the_sound() -> None:
    torch.manual_seed(0)
    language, rng = Language(), random.Random(1)
    dims = replace(practice(len(language.tokenizer)), encoder_layers=1, decoder_layers=1)
    talker = Talker(dims, len(PHONEMES))
    items = [_item(skill, i) for i, skill in enumerate(("long", "sum", "nod", "unclear"))]
    heard = hear(talker, items, BatchMel(), rng)
    owners, modes = [0, 0, 1, 2, 3], {"think": 1.0, "part": 1.0, "direct": 1.0}
    for past in (None, [1, 2, 0, 3, 1]):
        loss = answer_loss(talker, heard, owners, past, turn_rows(heard, owners, past, language, rng, modes))
        assert torch.isfinite(loss)
        loss.backward()
    assert all(p.grad is not None for p in talker.decoder.parameters())
    assert all(p.grad is None for p in (*talker.encoder.parameters(), *talker.adaptor.parameters()))


def test_words_and_pauses_come_on_the_grid_of_positions() -> None:
    item = _item("long", 3)
    spoken = spoken_of(item)
    assert spoken.length == len(item.clip.noisy) // POSITION
    assert len(spoken.ends) == len(item.question.words)
    assert spoken.ends[-1] <= spoken.length
    assert len(spoken.pauses) == 1
    assert spoken.pauses[0][0] == pytest.approx(spoken.ends[1], abs=0.01)


def test_engines_tell_where_words_end_and_the_sampler_cuts_there(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    skills = (("long", 0.8), ("nod", 0.2))
    generate_apart([Order(str(tmp_path), "espeak", 12, seed=1, skills=skills)])
    corpus = Corpus(tmp_path)
    timed = [u for _, u in corpus if u.ends]
    assert len(timed) >= 9
    for utterance in timed:
        assert len(utterance.ends) == len(utterance.question.words)
        assert list(utterance.ends) == sorted(set(utterance.ends))
        assert utterance.ends[-1] == utterance.count
        assert set(utterance.breaks) <= set(utterance.ends)
    sampler = Sampler(
        corpus, {"long": 1.0}, random.Random(2), noise_share=0.0, timed_share=1.0, cut_share=1.0
    )
    items = next(sampler.groups(8, random.Random(3)))
    assert any(item.question.skill != "long" for item in items)
    assert all(len(item.question.words) == len(item.clip.ends) for item in items)


def test_the_last_stage_that_was_trained_is_exported(tmp_path: Path) -> None:
    run = Run(tmp_path, 1.0)
    assert newest(run).name == "sft.pt"
    (tmp_path / "listen.pt").touch()
    assert newest(run).name == "listen.pt"
