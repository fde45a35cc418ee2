"""The last stages train the decoder alone, on conversations of clips; their corpus tells where words end."""

import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from model.tokenizer import AUDIO_END, AUDIO_PATCH  # noqa: E402 - after the skips
from training.audio import POSITION, RATE  # noqa: E402
from training.augment import plain  # noqa: E402
from training.batches import Item, Sampler  # noqa: E402
from training.conversations import spoken_of  # noqa: E402
from training.corpus import Corpus, Utterance  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.generate import Order, generate_apart  # noqa: E402
from training.language import Language  # noqa: E402
from training.pools import Pool, batches, embed, hear  # noqa: E402
from training.recipe import newest  # noqa: E402
from training.rows import collate  # noqa: E402
from training.run import Run  # noqa: E402
from training.skills.registry import draw  # noqa: E402
from training.spectrum import BatchFeatures  # noqa: E402


def _item(skill: str, seed: int) -> Item:
    rng = random.Random(seed)
    question = draw(skill, rng)
    count = len(question.words)
    pcm = np.random.default_rng(seed).standard_normal(RATE // 4 * count).astype(np.float32) * 0.05
    ends = tuple(RATE // 4 * (i + 1) for i in range(count))
    utterance = Utterance(question, "", "f2", "espeak", 0, len(pcm), breaks=ends[1:2], ends=ends)
    return Item(plain(pcm, utterance, rng), question, utterance)


def test_every_segment_stands_where_its_turn_is() -> None:
    torch.manual_seed(0)
    language, rng = Language(), random.Random(1)
    talker = fresh_talker("tiny", len(language.tokenizer))
    items = [_item(skill, i) for i, skill in enumerate(("long", "sum", "nod", "digits", "addto"))]
    pool = Pool(items, hear(talker, items, BatchFeatures(), rng))
    made = batches(
        pool,
        language,
        rng,
        random.Random(2),
        repeats=3,
        size=5,
        share=1.0,
        modes={"think": 1, "part": 1, "direct": 1},
    )
    assert sum(map(len, made)) == 15
    for work in made:
        tokens = collate([one.row for one in work])
        segments = pool.segments(talker, [one.placed for one in work])
        embeds = embed(talker, tokens.ids, segments)
        for row, one in enumerate(work):
            patches = (tokens.ids[row] == AUDIO_PATCH).nonzero()[:, 0]
            wanted = torch.cat([pool.heard[i][0] for i in (*one.placed.before, one.placed.owner)])
            assert torch.equal(embeds[row, patches], wanted)
            (vector,) = talker.embed_cues(pool.heard[one.placed.owner][1][None])
            ends = (tokens.ids[row] == AUDIO_END).nonzero()[:, 0]
            plain_end = talker.decoder.model.embed_tokens.weight[AUDIO_END]
            assert torch.allclose(embeds[row, ends[-1]] - plain_end, vector, atol=1e-6)
        embeds.sum().backward()
        assert all(p.grad is not None and p.grad.any() for p in talker.cue_embedding.parameters())


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
