"""Of sampled thoughts those are kept that are right, hold together and cite what was measured."""

import random
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")

from model.tokenizer import EOT  # noqa: E402 - after the skips
from training.audio import POSITION  # noqa: E402
from training.augment import Clip  # noqa: E402
from training.batch_player import Written  # noqa: E402
from training.player import Answer  # noqa: E402
from training.rollouts import Judged, advantages, coherent, judge, sums_hold, value_of  # noqa: E402
from training.sets import Case, case_of  # noqa: E402
from training.skills import registry  # noqa: E402
from training.skills.question import Measured, Question  # noqa: E402
from training.spectrum import NO_WARP  # noqa: E402
from training.stage_reward import keep  # noqa: E402

SILENCE = np.zeros(POSITION, np.float32)
SUM = Question("sum", ("two", "plus", "three"), (2, 3), ("+",))


def _case(question: Question, measured: Measured | None = None) -> Case:
    clip = Clip(SILENCE, SILENCE, NO_WARP)
    return case_of(replace(clip, measured=measured or Measured()), question, "f2")


def _judged(case: Case, text: str, *, ended: bool = True) -> Judged:
    return judge(case, 0, Written(Answer(text, -0.1), (1, EOT) if ended else (1,), 3))


def _whole(case: Case) -> str:
    return "".join(line + "\n" for line in case.lines) + "</think>\n" + case.reply


def test_the_wanted_thought_of_every_family_is_kept() -> None:
    for name in registry.FAMILIES:
        for seed in range(4):
            rng = random.Random(f"{name} {seed}")
            question = registry.draw(name, rng)
            case = _case(question, registry.imagined(question, rng))
            judged = _judged(case, _whole(case))
            assert judged.right
            assert judged.grounded, case.lines
            assert judged.coherent or case.called, case.lines


def test_a_wrong_sum_in_the_thought_is_not_coherent() -> None:
    case = _case(SUM)
    right = _whole(case)
    assert _judged(case, right).kept
    assert not _judged(case, right.replace("2+3=5", "2+3=6")).coherent
    assert not _judged(case, right, ended=False).coherent
    assert not _judged(case, right.replace("five", "six").replace("Five", "Six")).right


def test_a_cue_that_was_not_measured_is_not_grounded() -> None:
    case = _case(Question("pitch", ("how", "high", "is", "my", "voice")), Measured(pitch=210.0))
    assert _judged(case, _whole(case)).kept
    low = _case(case.question, Measured(pitch=240.0))
    made_up = _judged(low, _whole(case))
    assert made_up.right
    assert not made_up.grounded
    assert made_up.reward == pytest.approx(0.8)


def test_equations_are_reckoned_with_times_first() -> None:
    assert value_of("2+3*4-1") == 13
    assert sums_hold(["47+38: 7+8=15, 4+3+1=8, 85", "16:05: 16-12=4, afternoon"])
    assert not sums_hold(["7*8=54"])


def test_advantages_are_about_the_mean_of_each_clip() -> None:
    judged = [Judged(owner, (i,), right, True, True) for i, (owner, right) in enumerate(
        [(0, True), (0, False), (1, True), (1, True)])]  # fmt: skip
    found = advantages(judged)
    assert found[0] == pytest.approx(1.0)
    assert found[1] == pytest.approx(-1.0)
    assert found[2:] == [0.0, 0.0]


def test_each_different_thought_is_kept_once() -> None:
    one, other = Judged(0, (1,), True, True, True), Judged(0, (2,), True, True, False)
    assert keep([one, one, other]) == [1.0, 0.0, 0.0]


def test_an_answer_without_a_heard_line_is_not_coherent() -> None:
    assert not coherent(Answer("2+3=5\n</think>\nFive.", 0.0), (1, EOT))
