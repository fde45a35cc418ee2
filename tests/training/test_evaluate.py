"""The evaluation speaks its own sets, counts what it says it counts; the command line gives clear errors."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("scipy")

from training import card, sets  # noqa: E402 - after the skips
from training.__main__ import main  # noqa: E402
from training.audio import RATE  # noqa: E402
from training.augment import Clip, noise_clip  # noqa: E402
from training.bundle import config_of  # noqa: E402
from training.corpus import Corpus  # noqa: E402
from training.evaluate import Outcome, cited_error, table_line  # noqa: E402
from training.generate import Order, generate_apart  # noqa: E402
from training.player import Answer  # noqa: E402
from training.sets import Case  # noqa: E402
from training.sizes import practice  # noqa: E402
from training.spectrum import NO_WARP  # noqa: E402
from training.tasks import Question, held_out  # noqa: E402
from training.voices import TEST_VARIANTS  # noqa: E402
from training.while_listening import Arm, arm_line, block_notes  # noqa: E402

SUM = Question("sum", ("two", "plus", "three"), (2, 3), ("+",))
RIGHT = "heard: two plus three\n2+3: 2+3=5, 0+0=0, 5\n</think>\nTwo plus three is five."


def _outcome(question: Question, text: str, logprob: float, cue: float | None = None) -> Outcome:
    clip = noise_clip(random.Random(0))
    return Outcome(Case(Clip(clip.noisy, clip.clean, cue, NO_WARP), question, "f2"), Answer(text, logprob))


def test_a_refusal_is_right_only_where_asking_again_is_wanted() -> None:
    sure, unsure = _outcome(SUM, RIGHT, -0.01), _outcome(SUM, RIGHT, -0.5)
    assert sure.right and sure.right_with_refusal(-0.1)
    assert unsure.right and not unsure.right_with_refusal(-0.1)
    odd = _outcome(Question("unclear", ("yes",)), RIGHT, -0.5)
    assert not odd.right and odd.right_with_refusal(-0.1)


def test_a_wrong_operand_is_wrong_even_if_the_result_is_right() -> None:
    text = RIGHT.replace("Two plus three", "Three plus two")
    assert not _outcome(SUM, text, -0.01).right


def test_a_row_counts_right_refused_and_words() -> None:
    found = [_outcome(SUM, RIGHT, -0.01), _outcome(SUM, RIGHT, -0.5), _outcome(SUM, "heard: two\n", -0.01)]
    cells = [cell.strip() for cell in table_line("unseen", "sum", found, -0.1).split("|")]
    assert cells[3] == "3"
    assert cells[4].startswith("66.7%")
    assert cells[5].startswith("33.3%")
    assert cells[6:8] == ["33.3%", "50.0%"]
    assert cells[8] == "0.222"


def test_the_cited_value_is_compared_with_the_measured_one() -> None:
    text = "heard: how fast do i speak\npace 6.0 syllables: fast\n</think>\nYou speak fast."
    found = [_outcome(Question("pace", ("how", "fast")), text, -0.01, 5.5)]
    assert cited_error(found, "pace") == pytest.approx(0.5)


def test_a_test_set_is_spoken_by_held_out_voices_only(tmp_path: Path) -> None:
    recipe = sets.Recipe("small", "", "espeak", True, {"sum": 6, "pitch": 4, "noise": 2})
    cases = sets.build((recipe,), tmp_path, seed=3)["small"]
    assert sum(case.question.skill == "noise" for case in cases) == 2
    for case in cases:
        if case.question.skill == "sum":
            assert held_out(*case.question.numbers)
        if case.voice != "none":
            assert case.voice.split("+")[1] in TEST_VARIANTS


def test_generation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    order = Order(str(tmp_path), "espeak", 6, seed=1, shard=3)
    generate_apart([order])
    corpus = Corpus(tmp_path)
    kept = (tmp_path / "espeak-1-0000.pcm").read_bytes()
    assert len(corpus.items) == 6
    assert all(0.1 < len(corpus.pcm(*item)) / RATE < 7 for item in corpus)
    (tmp_path / "espeak-1-0001.jsonl").unlink()
    generate_apart([order])
    again = Corpus(tmp_path)
    assert [(u.question, u.voice) for _, u in again] == [(u.question, u.voice) for _, u in corpus]
    assert (tmp_path / "espeak-1-0000.pcm").read_bytes() == kept


def test_the_rms_voice_refuses_to_speak_training_questions(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="speech worker"):
        generate_apart([Order(str(tmp_path), "rms", 1, seed=1)])


def test_a_declined_nod_needs_a_finished_thought() -> None:
    nod = Question("nod", ("mhm",))
    assert _outcome(nod, "heard: mhm\n</think>\n", -0.01).right
    assert not _outcome(nod, "heard: mhm\n", -0.01).right
    assert not _outcome(nod, "heard: mhm\n</think>\nOkay.", -0.01).right


def test_words_of_notes_and_thought_count_together() -> None:
    answer = Answer("heard: three\n2+3: …\n</think>\nFive.", -0.1, ("heard:\n", "heard: two plus\n1+1=2\n"))
    assert answer.heard == "two plus three"
    assert answer.steps == ["1+1=2", "2+3: …"]
    assert answer.reply == "Five."


def test_a_row_of_an_arm_counts_right_words_and_what_was_thought_before() -> None:
    case = _outcome(SUM, RIGHT, 0.0).case
    early = Answer(
        "heard: three\n2+3: 2+3=5, 0+0=0, 5\n</think>\nTwo plus three is five.", 0.0, ("heard: two\n",)
    )
    cells = [
        c.strip() for c in arm_line("s", Arm("notes", [(case, early), (case, Answer(RIGHT, 0.0))])).split("|")
    ]
    assert cells[3] == "2"
    assert cells[4].startswith("100.0%")
    assert cells[5] == "0.167"
    assert cells[6] == "12.5%"


def test_blocks_end_before_the_turn_does() -> None:
    clip = Clip(np.zeros(1280 * 60, np.float32), np.zeros(1280 * 60, np.float32), None, NO_WARP)
    assert block_notes(Case(clip, SUM, "f2")) == [(25, None), (50, None)]


def test_the_card_is_written_from_the_config(tmp_path: Path) -> None:
    trained = {"seed": 1, "samples": 12345, "minutes": 80.0}
    config = config_of(practice(456), trained, {"heard_logprob": -0.1}, listens=True)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(bytes(8_000_000))
    card.write(tmp_path, ["Seed 7; refused below -0.1", "| a | table |"])
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "4.0 million" in text
    assert "12 345 samples" in text
    assert "--seed 7`" in text
    assert "| a | table |" in text


def test_commands_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["training", "evaluate", "--bundle", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"config\.json"):
        main()
    monkeypatch.setattr("sys.argv", ["training", "export", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="train first"):
        main()
