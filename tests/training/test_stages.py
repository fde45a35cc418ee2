"""Every stage runs on a small made-up corpus; one that was killed goes on as if it had not been."""

import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("scipy")

from training import (  # noqa: E402
    bundle,
    stage_drill,
    stage_encoder,
    stage_listen,
    stage_reward,
    stage_sft,
    stage_text,
)
from training.audio import RATE  # noqa: E402
from training.corpus import Corpus, Utterance  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.language import Language  # noqa: E402
from training.loop import Loop, Plan, load_checkpoint, save_checkpoint  # noqa: E402
from training.skills.registry import draw  # noqa: E402
from training.stage_text import reading  # noqa: E402

SKILLS = ("sum", "chain", "long", "digits", "talk", "addto", "said", "timer", "unclear", "incomplete", "nod")
STEPS, KILLED = 2, 1


@pytest.fixture(name="corpus", scope="module")
def _corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Noise for speech, with words that end at even distances."""
    folder, rng = tmp_path_factory.mktemp("corpus"), random.Random(1)
    sound, lines, start = np.random.default_rng(1), list[str](), 0
    chunks = []
    for i in range(66):
        question = draw(SKILLS[i % len(SKILLS)], rng)
        words = len(question.words)
        count = RATE // 5 * words
        ends = tuple(RATE // 5 * (k + 1) for k in range(words))
        made = Utterance(question, "wʌtɪz", "f2", "espeak", start, count, breaks=ends[1:2], ends=ends)
        lines.append(json.dumps(asdict(made)))
        chunks.append((1600 * sound.standard_normal(count)).astype(np.int16))
        start += count
    np.concatenate(chunks).tofile(folder / "espeak-1-0000.pcm")
    (folder / "espeak-1-0000.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Corpus(folder)


@pytest.fixture(name="start", scope="module")
def _start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with untrained checkpoints to start from."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("start")
    talker = fresh_talker("tiny", len(Language().tokenizer))
    for name in ("encoder", "sft", "listen"):
        save_checkpoint(folder / f"{name}.pt", {"model": talker.state_dict()})
    save_checkpoint(folder / "text.pt", {"model": reading(talker).state_dict()})
    drilled = fresh_talker("tiny", len(Language().tokenizer))
    save_checkpoint(folder / "drill.pt", {"model": reading(drilled).state_dict()})
    return folder


@pytest.fixture(autouse=True)
def _small_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("training.batches.POOL", "training.feed.POOL", "training.stage_listen.POOL"):
        monkeypatch.setattr(name, 1)
    monkeypatch.setattr("training.stage_listen.STEPS", 2)
    monkeypatch.setattr("training.stage_reward.CLIPS", 2)
    monkeypatch.setattr("training.rollouts.LIMIT", 6)
    for name in ("training.stage_sft.BATCH", "training.stage_encoder.BATCH", "training.stage_listen.CLIPS"):
        monkeypatch.setattr(name, 4)
    monkeypatch.setattr("training.stage_listen.ROWS", 8)
    monkeypatch.setattr("training.batches.CROWD", 5)
    for stage, usual in (("drill", "whole"), ("listen", "text")):
        monkeypatch.setattr(f"training.stage_{stage}.ORDER", (usual, "cues"))
        for kind in ("DIRECT", "WHOLE", "CUED"):
            monkeypatch.setattr(f"training.stage_{stage}.{kind}", 4)
    for name in ("training.stage_text.PLAIN", "training.stage_sft.TEXT_BATCH"):
        monkeypatch.setattr(name, 4)
    monkeypatch.setattr("training.stage_text.text_accuracy", lambda *_: 0.0)


def _run(stage: str, plan: Plan, corpus: Corpus, start: Path) -> bool:
    runs: dict[str, Callable[[], bool]] = {
        "text": lambda: stage_text.run(plan),
        "encoder": lambda: stage_encoder.run(plan, corpus, text=start / "text.pt"),
        "sft": lambda: stage_sft.run(plan, corpus, encoder=start / "encoder.pt", text=start / "text.pt"),
        "drill": lambda: stage_drill.run(plan, sft=start / "sft.pt"),
        "listen": lambda: stage_listen.run(plan, corpus, sft=start / "sft.pt", drill=start / "drill.pt"),
        "control": lambda: stage_listen.run(
            plan, corpus, sft=start / "sft.pt", drill=None, modes={"direct": 1.0}
        ),
        "filter": lambda: stage_reward.run(plan, corpus, kind="filter", start=start / "listen.pt"),
        "reward": lambda: stage_reward.run(plan, corpus, kind="reward", start=start / "listen.pt"),
    }
    return runs[stage]()


@pytest.mark.parametrize(
    "stage", ["text", "encoder", "sft", "drill", "listen", "control", "filter", "reward"]
)
def test_a_stage_that_was_killed_goes_on_exactly(
    stage: str, corpus: Corpus, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole" / f"{stage}.pt", tmp_path / "broken" / f"{stage}.pt"
    for path in (whole, broken):
        path.parent.mkdir()
    assert _run(stage, Plan(whole, 0.0, steps=STEPS, size="tiny", warm_steps=1), corpus, start)

    plan = Plan(broken, 0.0, steps=STEPS, size="tiny", warm_steps=1, save_every=-1.0)
    learn = Loop._learn

    def dying(self: Loop, loss: object) -> object:
        if self.step == KILLED:
            raise KeyboardInterrupt
        return learn(self, loss)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Loop, "_learn", dying)
        _run(stage, plan, corpus, start)
    assert load_checkpoint(broken)["step"] == KILLED
    assert _run(stage, plan, corpus, start)

    first, second = load_checkpoint(whole), load_checkpoint(broken)
    assert first["step"] == second["step"] == STEPS
    for name, value in first["model"].items():
        assert torch.equal(value, second["model"][name]), name


@pytest.mark.parametrize("stage", ["text", "encoder", "sft"])
def test_the_first_stages_begin_with_a_bundle_where_those_before_were_left_out(
    stage: str, corpus: Corpus, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    talker = fresh_talker("tiny", len(Language().tokenizer))
    bundle.round_weights(talker)
    bundle.write(talker, own := tmp_path / "bundle", training={}, refusal={"heard_logprob": -1.0})
    plan = Plan(tmp_path / f"{stage}.pt", 0.0, steps=2, size="tiny", leave_after=-1.0)
    none = tmp_path / "none.pt"
    runs: dict[str, Callable[[], bool]] = {
        "text": lambda: stage_text.run(plan, bundle=own),
        "encoder": lambda: stage_encoder.run(plan, corpus, text=none, bundle=own),
        "sft": lambda: stage_sft.run(plan, corpus, encoder=none, text=none, bundle=own),
    }
    assert not runs[stage]()
    wanted = reading(talker).state_dict() if stage == "text" else talker.state_dict()
    found = load_checkpoint(plan.checkpoint)["model"]
    assert found.keys() == wanted.keys()
    for name in found.keys() - {"embedding_rms"}:  # worked out anew from the decoder's table
        assert torch.equal(found[name], wanted[name]), name


def test_a_stage_that_must_leave_says_so_and_goes_on(corpus: Corpus, start: Path, tmp_path: Path) -> None:
    path = tmp_path / "drill.pt"
    assert not _run("drill", Plan(path, 0.0, steps=2, size="tiny", leave_after=-1.0), corpus, start)
    assert load_checkpoint(path)["done"] == 0.0
    assert _run("drill", Plan(path, 0.0, steps=2, size="tiny"), corpus, start)
    assert load_checkpoint(path)["step"] == 2


def test_a_worker_whose_parent_is_gone_saves_and_leaves(
    corpus: Corpus, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([100, 100, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(asked))
    path = tmp_path / "drill.pt"
    assert not _run("drill", Plan(path, 0.0, steps=5, size="tiny"), corpus, start)
    assert load_checkpoint(path)["step"] == 1


def test_what_hears_is_frozen_while_it_learns_to_listen(corpus: Corpus, start: Path, tmp_path: Path) -> None:
    path = tmp_path / "listen.pt"
    _run("listen", Plan(path, 0.0, steps=2, size="tiny", warm_steps=1), corpus, start)
    before, after = load_checkpoint(start / "sft.pt")["model"], load_checkpoint(path)["model"]
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert any(name.startswith("cue_embedding.") for name in changed)
    assert all(name.startswith(("decoder.", "cue_embedding.")) for name in changed)


def test_a_drill_moves_the_decoder_and_what_tells_it_the_cues(
    corpus: Corpus, start: Path, tmp_path: Path
) -> None:
    path = tmp_path / "drill.pt"
    _run("drill", Plan(path, 0.0, steps=2, size="tiny", warm_steps=1), corpus, start)
    before, after = load_checkpoint(start / "sft.pt")["model"], load_checkpoint(path)["model"]
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in changed} == {"decoder", "cue_embedding"} == _parts(after)


def test_listening_goes_on_from_all_that_the_drill_left(corpus: Corpus, start: Path, tmp_path: Path) -> None:
    path = tmp_path / "listen.pt"
    assert not _run("listen", Plan(path, 0.0, steps=2, size="tiny", leave_after=-1.0), corpus, start)
    drilled, after = load_checkpoint(start / "drill.pt")["model"], load_checkpoint(path)["model"]
    assert _parts(drilled) == {"decoder", "cue_embedding"}
    assert all(torch.equal(after[name], value) for name, value in drilled.items())
    heard = load_checkpoint(start / "sft.pt")["model"]
    assert all(torch.equal(after[name], heard[name]) for name in after.keys() - drilled.keys())


def _parts(model: dict[str, object]) -> set[str]:
    return {name.split(".")[0] for name in model}
