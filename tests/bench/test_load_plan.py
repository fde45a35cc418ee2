"""The plan of a load test: open loop, alike at every level, out of phase, room for every reply."""

from functools import partial
from itertools import pairwise

import pytest

from bench.load_plan import PHASE, LoadSettings, Plans, begins, cues, lead, length, levels_of
from bench.score import WINDOW
from bench.script import When
from pipeline.clock import run
from pipeline.errors import UserError
from tts.tone import ToneVoice


def plans(tmp_path, sessions, **changes):
    found = Plans(LoadSettings(tmp_path, **changes))
    run(partial(found.prepare, sessions, ToneVoice()))
    return found


def test_every_question_is_followed_by_its_whole_window_before_the_next(tmp_path):
    made = plans(tmp_path, 6)
    for number in range(6):
        asked = made.of(number)
        assert len(asked) >= 9
        for before, after in pairwise(asked):
            assert after.at - (before.at + before.stimulus.seconds) >= WINDOW
        assert asked[-1].at + asked[-1].stimulus.seconds <= 120.0


def test_sessions_are_out_of_phase_and_their_questions_unevenly_spaced(tmp_path):
    made = plans(tmp_path, 40, marked=True)
    first = sorted(made.of(number)[0].at for number in range(40))
    assert first[0] < 0.15 * PHASE and first[-1] > 0.85 * PHASE
    spaces = [after.at - before.at - before.stimulus.seconds
              for number in range(40) for before, after in
              pairwise(made.of(number))]  # fmt: skip
    assert max(spaces) - min(spaces) > 4.0 and 6.5 < sum(spaces) / len(spaces) < 7.5


def test_a_session_says_the_same_at_every_level_and_with_every_equal_seed(tmp_path):
    few, many = plans(tmp_path, 2), plans(tmp_path, 5)
    other = plans(tmp_path, 2, seed=2)
    told = [[(one.at, one.stimulus.text) for one in made.of(1)] for made in (few, many, other)]
    assert told[0] == told[1] != told[2]
    assert [one.stimulus.text for one in few.of(0)] != [one.stimulus.text for one in few.of(1)]


def test_all_have_begun_before_the_first_question_and_end_together(tmp_path):
    for sessions in (1, 4, 64):
        starts = begins(sessions, 1)
        assert len(starts) == sessions and min(starts) >= 0 and max(starts) <= lead(sessions) - 1.0
        ends = [start + length(sessions, start, 60.0) for start in starts]
        assert max(ends) - min(ends) <= 0.0201 and min(ends) > lead(sessions) + 60.0 + WINDOW
    made = plans(tmp_path, 1)
    cue = cues(made.of(0), 1, 0.5)[0]
    assert cue.when is When.AT and cue.seconds == pytest.approx(lead(1) - 0.5 + made.of(0)[0].at)


@pytest.mark.parametrize(
    ("text", "said"),
    [("0,4", "a level has 1 to 4096 sessions"), ("", "no list of whole numbers"),
     ("1,x", "for example 1,4,16"), ("4,1", "levels must increase, and 4, 1 do not"),
     ("2,2", "must increase"), ("-1", "1 to 4096"),
     ("1,99999", "1 to 4096")],
)  # fmt: skip
def test_levels_that_cannot_be_held_are_one_clear_error(text, said):
    with pytest.raises(UserError, match=said):
        levels_of(text)


def test_other_settings_are_checked_too(tmp_path):
    assert levels_of("1, 4,16") == (1, 4, 16)
    with pytest.raises(UserError, match=r"minutes must be 0\.25 to 60 per level, not 0"):
        LoadSettings(tmp_path, minutes=0)
    with pytest.raises(UserError, match="an endpoint must be"):
        LoadSettings(tmp_path, endpoint=9.0)
