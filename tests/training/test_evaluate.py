"""The evaluation speaks its own sets, counts what it says it counts; the command line gives clear errors."""

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("scipy")

from training import card, sets, wrong  # noqa: E402 - after the skips
from training.__main__ import main  # noqa: E402
from training.audio import RATE  # noqa: E402
from training.augment import Clip  # noqa: E402
from training.budgets import BUDGETS, curve, falls  # noqa: E402
from training.bundle import config_of  # noqa: E402
from training.corpus import Corpus  # noqa: E402
from training.evaluate import Report, cited_error, threshold_of  # noqa: E402
from training.generate import Order, generate_apart  # noqa: E402
from training.outcomes import Outcome, grounded, table_line, word_errors  # noqa: E402
from training.player import Answer  # noqa: E402
from training.scores import clustered, wilson  # noqa: E402
from training.sets import case_of  # noqa: E402
from training.sizes import dims  # noqa: E402
from training.skills import registry, tools  # noqa: E402
from training.skills.drawing import held_out  # noqa: E402
from training.skills.question import Measured, Question  # noqa: E402
from training.spectrum import NO_WARP  # noqa: E402
from training.voices import TEST_VARIANTS  # noqa: E402
from training.while_listening import Arm, arm_line, block_notes, moments  # noqa: E402

SUM = Question("sum", ("two", "plus", "three"), (2, 3), ("+",))
RIGHT = "heard: two plus three\n2+3: 2+3=5, 0+0=0, 5\n</think>\nTwo plus three is five."
PACE = Question("pace", ("how", "fast", "do", "i", "speak"))
SOUND = np.zeros(1280 * 20, np.float32)


def _outcome(
    question: Question, text: str, logprob: float, measured: Measured | None = None, *, ids: int = 0
) -> Outcome:
    clip = replace(Clip(SOUND, SOUND, NO_WARP), measured=measured or Measured())
    return Outcome(case_of(clip, question, "f2"), Answer(text, logprob), ids)


def test_a_refusal_is_right_only_where_asking_again_is_wanted() -> None:
    sure, unsure = _outcome(SUM, RIGHT, -0.01), _outcome(SUM, RIGHT, -0.5)
    assert sure.right and sure.right_with_refusal(-0.1)
    assert unsure.right and not unsure.right_with_refusal(-0.1)
    odd = _outcome(Question("unclear", ("yes",)), RIGHT, -0.5)
    assert not odd.right and odd.right_with_refusal(-0.1)
    assert odd.wrong(-0.6) and not odd.wrong(-0.1)


def test_a_wrong_operand_is_wrong_even_if_the_result_is_right() -> None:
    text = RIGHT.replace("Two plus three", "Three plus two")
    assert not _outcome(SUM, text, -0.01).right


def test_a_row_counts_right_refused_and_words() -> None:
    found = [_outcome(SUM, RIGHT, -0.01), _outcome(SUM, RIGHT, -0.5), _outcome(SUM, "heard: two\n", -0.01)]
    cells = [cell.strip() for cell in table_line("unseen", "sum", found, -0.1).split("|")]
    assert cells[3] == "3"
    assert cells[4].startswith("66.7%")
    assert cells[5].startswith("33.3%")
    assert cells[6:9] == ["33.3%", "50.0%", "33.3%"]
    assert cells[9] == "0.222"


def test_the_cited_value_is_compared_with_the_measured_one() -> None:
    text = "heard: how fast do i speak\npace 6.0 syllables: fast\n</think>\nYou speak fast."
    near = [_outcome(PACE, text, -0.01, Measured(pace=5.5))]
    assert cited_error(near, "pace") == pytest.approx(0.5)
    assert grounded(near) == (1, 1)
    far = [_outcome(PACE, text, -0.01, Measured(pace=8.5)), _outcome(SUM, RIGHT, 0.0)]
    assert grounded(far) == (0, 1)


def test_few_speakers_give_wide_intervals() -> None:
    even = [(speaker, i < 9) for speaker in "abcd" for i in range(10)]
    assert clustered(even) == pytest.approx(wilson(36, 40))
    uneven = [(speaker, speaker != "a") for speaker in "abcd" for _ in range(10)]
    low, high = clustered(uneven)
    assert low == 0.0 and high == 1.0
    assert clustered([("a", True)] * 50) == (0.0, 1.0)


def test_a_threshold_loses_the_share_it_is_told_to() -> None:
    found = [_outcome(SUM, RIGHT, -i / 1000) for i in range(200)]
    threshold = threshold_of(found, 0.05)
    assert sum(o.refused(threshold) for o in found) == 10


def test_a_thought_that_does_not_fit_its_budget_is_dropped() -> None:
    thought = [_outcome(SUM, RIGHT, 0.0, ids=20), _outcome(SUM, "", 0.0, ids=8)]
    direct = [_outcome(SUM, "", 0.0), _outcome(SUM, RIGHT.replace(RIGHT.split("</think>")[0], "\n"), 0.0)]
    points = dict(curve(thought, direct))
    assert (points[0], points[8], points[24]) == (1, 0, 1)
    assert list(points) == list(BUDGETS)
    assert falls(list(points.items()), 2)
    assert not falls([(0, 1), (8, 1), (16, 2)], 2)


def test_a_test_set_is_spoken_by_held_out_voices_only(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    counts = {"sum": 6, "pitch": 4, "noise": 2, "addto": 2, "timer": 2}
    recipe = sets.Recipe("small", "", "espeak", True, counts)
    cases = sets.build((recipe,), tmp_path, seed=3)["small"]
    assert sum(case.kind == "noise" for case in cases) == 2
    for case in cases:
        if case.kind == "sum":
            assert held_out(*case.question.numbers)
        if case.kind == "pitch":
            assert case.reply in ("Your voice is high.", "Your voice is low.")
        if case.kind == "timer" and case.called:
            assert case.words == [] and case.tools
        if case.voice != "none":
            assert case.voice in TEST_VARIANTS


def test_generation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    order = Order(str(tmp_path), "espeak", 6, seed=1, shard=3, skills=(("sum", 1.0),))
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


def test_blocks_end_before_the_turn_does_and_drafts_stand_in_pauses() -> None:
    pcm = np.zeros(1280 * 60, np.float32)
    clip = Clip(pcm, pcm, NO_WARP, pauses=((1280 * 30, 1280 * 40), (1280 * 50, 1280 * 51)))
    case = case_of(clip, SUM, "f2")
    assert block_notes(case) == [(25, None), (50, None)]
    assert moments(case, blocks=True) == [(25, False), (33, True), (50, False)]
    assert moments(case, blocks=False) == [(33, True)]


def test_wrong_answers_are_told_with_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    misheard = RIGHT.replace("three\n", "tree\n").replace("Two", "Ten")
    found = [_outcome(SUM, misheard, -0.01), _outcome(SUM, RIGHT, -0.01), _outcome(SUM, "heard: two\n", -0.9)]
    chosen = wrong.choose({"unseen": found}, -0.1, seed=1)
    assert [o.answer.text for _, o in chosen] == [misheard, "heard: two\n"]
    lines = wrong.report(chosen, tmp_path / "wrong", -0.1)
    assert 'Misheard: "three" as "tree" (word 3).' in lines[0]
    assert "refused" in lines[4]
    assert len(list((tmp_path / "wrong").glob("*.png"))) == 2
    reckoned = RIGHT.replace("2+3=5, 0+0=0, 5", "2+3=6, 0+0=0, 6").replace("five", "six")
    counted = wrong.causes({"unseen": [*found, _outcome(SUM, reckoned, -0.01)]})
    assert counted[-1] == "| unseen | 4 | 75.0% | 25.0% | 25.0% | 0.0% | 25.0% | 0.0% | 0.0% |"
    assert "never ended | misheard |" in counted[0]


def test_what_goes_on_after_a_call_hears_nothing() -> None:
    rng = random.Random(3)
    clock = next(q for q in (registry.draw("clock", rng) for _ in range(99)) if tools.stage(q) == "result")
    right = case_of(Clip(np.zeros(1280, np.float32), np.zeros(1280, np.float32), NO_WARP), clock, "f2")
    thought = "\n".join(right.lines)
    said = Answer(f"{thought}\n</think>\nIt is noon.", -0.1)
    assert said.heard == "" and said.steps == right.lines and said.lines == right.lines
    assert wrong.cause(Outcome(right, said)) == "said"
    assert wrong.cause(Outcome(right, Answer("x\n</think>\nIt is noon.", -0.1))) == "thought"
    assert word_errors([Outcome(right, said)]) == 0.0


def test_wrong_answers_are_of_many_skills_and_sets() -> None:
    pace = registry.draw("pace", random.Random(1))
    found = {name: [_outcome(q, "", -0.01) for q in (SUM,) * 20 + (pace,) * 5] for name in ("a", "b", "c")}
    chosen = wrong.choose(found, -0.1, seed=1)
    assert Counter(o.case.kind for _, o in chosen) == {"sum": 5, "pace": 5}
    assert sorted(Counter(name for name, _ in chosen).values()) == [3, 3, 4]


def test_the_card_is_written_from_config_and_figures(tmp_path: Path) -> None:
    trained = {"seed": 1, "samples": 12345, "minutes": 80.0, "size": "small", "steps": {"text": 7}}
    trained |= {"budget": 90.0, "scale": 0.6, "utterances": {"awb": 40, "slt": 60}}
    trained["before"] = {"seed": 4, "samples": 5, "minutes": 20.0, "ear": {"seed": 6, "minutes": 30.0}}
    config = config_of(dims("small", 456), trained, {"heard_logprob": -0.1}, listens=True)
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(bytes(8_000_000))
    report = Report(
        ["Seed 7; refused below -0.1", "| a | table |"], {"unseen": [_outcome(SUM, "", 0.0)]}, -0.1
    )
    card.write(tmp_path, report, people=["| ann | 1 |"])
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for wanted in (
        "4.0 million",
        "12 350 samples",
        "in 130 processor",
        "went on from all weights of a bundle of seed 4, 50 minutes (`--start`",
        "--seed 7`",
        "--minutes 90 --scale 0.6 --start BUNDLE --stages speech text export`",
        "| awb | flite | CMU, free for any use | 40 | 47% |",
        "Not installed where it was trained: espeak, invented, kal16, ",
        "| a | table |",
        "| ann | 1 |",
        "sum 0.0%",
        "| text | 7 |",
    ):
        assert wanted in text
    assert all(f"| {name} |" in text for name in registry.FAMILIES)


def test_earlier_turns_of_cases_are_replied_to_in_order() -> None:
    first = _outcome(SUM, RIGHT, 0.0).case
    more = Question("addto", ("and", "plus", "three"), (3,), ("+",))
    case = replace(first, question=more, before=(first,))
    assert case.past == [(SUM, "Two plus three is five.")]
    assert case.reply != replace(case, before=()).reply
    assert sets.conversed([first, case], random.Random(1), 0.0)[0].before == ()


def test_commands_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["training", "evaluate", "--bundle", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"config\.json"):
        main()
    monkeypatch.setattr("sys.argv", ["training", "export", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="train first"):
        main()
    (tmp_path / "config.json").write_text('{"training": {"steps": 3}}', encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["training", "run", "--out", str(tmp_path), "--steps-of", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"training\.steps"):
        main()
