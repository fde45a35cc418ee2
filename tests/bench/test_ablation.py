"""What a mechanism is worth is read from pairs: known answers, known waits, known cut-offs."""

from dataclasses import replace

import pytest

from bench.ablation import REFERENCE, ablation
from bench.ablation_table import ablation_lines, live_lines
from bench.think_arms import LEFT_OUT, arm_of, config_of, plain
from bench.think_cuts import Cut
from bench.think_edge import PATIENCE
from bench.think_live import LivePlan, Waited
from bench.think_live_rows import apart, by_arm
from bench.think_score import Answered
from pipeline.errors import UserError

ANSWER = Answered(
    right=True, refused=False, silent=False, repeated=True, first_sound=0.3, first_answer=5.0,
    last_answer=5.0, user=60, agent=30, exposed=10, late=0, notes=0, draft_notes=0, hit=True, ahead=100,
    wasted=25, saved=0.1, starved=0, gap=0.04, gap_before_answer=0.0, contradiction=0.0, corrected=False,
    turns=1, commit=0.2, aligned=True, said="",
)  # fmt: skip
COUNT = 20


def arm(**changes):
    return {f"q{number:02d}": replace(ANSWER, **changes) for number in range(COUNT)}


def cuts(name, cut, pause=0.6, would_do=False):
    return [Cut(f"p{n:02d}", name, 0.0, "", pause, would_do, cut(n), False, 0.4) for n in range(COUNT)]


def test_an_arm_that_is_slower_and_wrong_by_known_amounts_is_told_so():
    slow = arm(first_sound=0.55, first_answer=5.5)
    for number in range(5):
        slow[f"q{number:02d}"] = replace(slow[f"q{number:02d}"], right=False)
    full, other = ablation({(REFERENCE, 0.0): arm(), ("no speculation", 0.0): slow}, [], 0.0)
    assert full.name == "full" and full.right_against is None and not full.sound.against
    assert other.right_against.value == pytest.approx(-0.25)
    assert other.right_against.interval.low < -0.25 < other.right_against.interval.high < 0
    assert [one.value for one in other.sound.against] == pytest.approx([0.25, 0.25])
    assert [one.value for one in other.answer.against] == pytest.approx([0.5, 0.5])
    assert other.wasted.value == pytest.approx(0.25) and other.hidden.value == pytest.approx(0.9)


def test_a_session_that_failed_is_a_wrong_answer_and_the_longest_wait():
    broken = arm()
    for number in range(COUNT // 2 + 1):
        broken[f"q{number:02d}"] = None
    _, found = ablation({(REFERENCE, 0.0): arm(), ("no-think", 0.0): broken}, [], 0.0)
    assert found.failed == COUNT // 2 + 1 and found.right.hits == COUNT // 2 - 1
    assert found.sound.p50 == found.answer.p50 == PATIENCE
    assert found.sound.never.hits == COUNT // 2 + 1


def test_words_are_compared_only_where_both_arms_came_to_one_and_the_rest_is_counted():
    mute = arm(first_answer=6.0)
    for number in range(4):
        mute[f"q{number:02d}"] = replace(mute[f"q{number:02d}"], first_answer=None)
    _, found = ablation({(REFERENCE, 0.0): arm(), ("no-think", 0.0): mute}, [], 0.0)
    assert found.answer.against[0].count == COUNT - 4
    assert found.answer.against[0].value == pytest.approx(1.0)
    assert found.answer.never.hits == 4 and found.answer.p95 == PATIENCE


def test_a_percentile_between_a_wait_and_none_is_none():
    late = arm()
    for number in range(2):  # 18 of 20 came: the 95th percentile lies between the last of them and never
        late[f"q{number:02d}"] = replace(late[f"q{number:02d}"], first_answer=None)
    (found,) = ablation({(REFERENCE, 0.0): late}, [], 0.0)
    assert found.answer.p95 == PATIENCE and found.answer.p50 == 5.0
    assert any("5000 ms / > 20 s" in line for line in ablation_lines([found], 0.0))


def test_a_difference_of_percentiles_is_beyond_where_one_of_them_is_a_wait_in_vain():
    late = arm()
    late["q19"] = replace(ANSWER, first_sound=None)
    full, found = ablation({(REFERENCE, 0.0): arm(), ("no-think", 0.0): late}, [], 0.0)
    assert found.sound.p95 == PATIENCE and found.sound.against[1].value is None
    assert found.sound.against[0].value == 0.0
    told = ablation_lines([full, found], 0.0)
    (row,) = [line for line in told if line.startswith("| no thinking | 20 | +")]
    assert "| beyond [+0, beyond] ms |" in row


def test_cut_offs_are_paired_by_question_and_parted_by_length_and_by_what_was_said():
    told = cuts(REFERENCE, lambda n: n < 2) + cuts("all off", lambda n: n < 12)
    told += [replace(one, item=f"w{one.item}", pause=1.0, would_do=True, cut=True) for one in told]
    found = ablation({(REFERENCE, 0.0): arm(), ("all off", 0.0): arm()}, told, 0.0)
    none = found[-1].cuts
    assert none.all.hits == 12 + COUNT and none.by_pause[0.6].hits == 12 and none.by_pause[1.0].hits == COUNT
    assert none.open.hits == 12 and none.would_do.hits == COUNT
    assert none.against.value == pytest.approx(10 / (2 * COUNT)) and none.against.count == 2 * COUNT
    assert found[0].cuts.against is None


def test_a_hesitation_whose_session_failed_is_in_no_rate():
    told = [replace(one, cut=None) if one.item == "p00" else one for one in cuts(REFERENCE, lambda n: True)]
    (found,) = ablation({(REFERENCE, 0.0): arm()}, told, 0.0)
    assert found.cuts.all.n == COUNT - 1 and found.cuts.failed == 1


def test_another_pace_is_another_table():
    assert ablation({(REFERENCE, 0.02): arm()}, [], 0.0) == []
    assert list(ablation_lines([], 0.0)) == []


def test_the_table_has_the_list_in_order_and_withholds_what_is_too_few():
    few = {f"q{number}": ANSWER for number in range(4)}
    found = {(arm_of(name), 0.02): arm() for name in LEFT_OUT} | {("no-think", 0.02): few}
    lines = list(ablation_lines(ablation(found, [], 0.02), 0.02))
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    assert rows[1 : len(LEFT_OUT) + 1] == list(LEFT_OUT)
    assert any("no thinking | 4 | withheld" in line for line in lines)
    assert "20 ms per token" in lines[0]


def test_every_plain_name_has_an_arm_and_700_ms_of_silence_end_the_turn_in_two():
    assert [plain(arm_of(name)) for name in LEFT_OUT] == list(LEFT_OUT)
    for name in ("fixed 700 ms endpoint", "none of all"):
        config = config_of(name)
        turn = config.turn
        assert {turn.endpoint, turn.endpoint_sure, turn.endpoint_unsure} == {0.7}
        assert not turn.adapt and not config.mechanisms.end_of_turn
    fixed = config_of("fixed 700 ms endpoint").mechanisms
    assert replace(fixed, end_of_turn=True) == config_of("full").mechanisms
    with pytest.raises(UserError, match="no arm is called 'half'"):
        arm_of("half")


# --- live -------------------------------------------------------------------------------------------------


def waited(name, sound, lanes=4, **more):
    return [
        Waited(f"q{n:02d}", name, 0.02, "v", sound + n / 1000, None, 1, 0.006, 0, "", "", lanes, 500, **more)
        for n in range(COUNT)
    ]


def test_live_arms_are_paired_with_the_full_one_and_lateness_and_company_are_told():
    rows = waited(REFERENCE, 0.3) + waited("think-fully", 2.8)
    ((_, arms),) = by_arm(rows)
    for one in apart(arms["think-fully"], arms[REFERENCE]):
        assert one.value == pytest.approx(2.5)
    lines = list(live_lines(rows))
    assert "4 at a time" in lines[0] and any("+2500 [+2500, +2500] ms" in line for line in lines)
    assert any("0.20 % of 20000 ticks" in line and "6 ms" in line for line in lines)


def test_a_live_session_that_failed_waited_for_the_longest():
    rows = waited(REFERENCE, 0.3) + [replace(one, error="broke") for one in waited("no-think", 0.2)]
    ((_, arms),) = by_arm(rows)
    assert apart(arms["no-think"], arms[REFERENCE])[0].value == pytest.approx(PATIENCE - 0.3095)


def test_live_percentiles_do_not_reach_into_a_wait_in_vain():
    mute = waited("no-think", 0.3)
    mute[-1] = replace(mute[-1], first_sound=None)
    rows = list(live_lines(waited(REFERENCE, 0.3) + mute))
    (row,) = [line for line in rows if line.startswith("| no thinking |")]
    assert "| > 20 s |" in row and "beyond" in row


def test_of_a_question_asked_twice_the_last_counts():
    ((_, arms),) = by_arm(waited(REFERENCE, 0.3) + waited(REFERENCE, 0.5))
    assert len(arms[REFERENCE]) == COUNT and arms[REFERENCE][0].first_sound == 0.5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"arms": ("half",)}, "no arm"), ({"pace": 2.0}, "between 0 and 1"), ({"lanes": 0}, "side by side")],
)
def test_a_live_plan_that_cannot_be_is_refused(tmp_path, wrong, said):
    with pytest.raises(UserError, match=said):
        LivePlan(tmp_path, **wrong)
