"""τ-voice's definitions on timelines made by hand: 200 ms a letter, `u` the user, `a` the agent, `b` both."""

import pytest

from bench.tau import Category, Timeline, Uttered, Voiced, events, panel
from bench.tau_ticks import Tick, timeline

TICK = 0.2


def line(pattern, **flags):
    """A call from one letter per tick; ``flags`` are those of the ticks where the user speaks."""
    ticks = [Tick(letter in "ub", letter in "ab", **(flags if letter in "ub" else {})) for letter in pattern]
    return timeline(ticks)


def kinds(found):
    return [event.kind for event in found]


def test_l_r_is_from_the_users_end_to_the_agents_start():
    (reply,) = events(line("uuuuu.....aaaaa....."))
    assert (reply.kind, reply.latency) == ("response", pytest.approx(5 * TICK))


def test_r_r_counts_the_turn_after_which_the_user_had_to_speak_again():
    found = events(line("uuuuu..........uuuuu.....aaa..."))
    assert kinds(found) == ["no_response", "response"]
    assert panel([found])["response_rate"] == 0.5


def test_a_last_turn_that_nothing_follows_is_no_event():
    assert events(line("uuuuu.........")) == []


def test_l_y_is_from_the_interruption_to_the_agents_silence_and_the_turn_then_wants_a_reply():
    found = events(line("aaaabbbuuu.....aaa.."))
    assert kinds(found) == ["yield", "response"]
    assert found[0].latency == pytest.approx(3 * TICK)


def test_r_y_fails_an_agent_that_talks_through_two_seconds():
    found = events(line("aa" + "bbbb" + "a" * 12 + ".."))
    assert kinds(found) == ["no_yield"]
    assert panel([found])["yield_rate"] == 0.0


def test_a_yield_needs_silence_within_the_window_and_not_at_its_end():
    assert kinds(events(line("aa" + "bb" + "a" * 7 + "...")))[0] == "yield"
    assert kinds(events(line("aa" + "bb" + "a" * 8 + "...")))[0] == "no_yield"


def test_an_interruption_that_is_still_talked_over_at_its_end_wants_no_reply():
    assert "response" not in kinds(events(line("aabbaaaaaaaaaaaaaa..aaaa..")))


@pytest.mark.parametrize(
    ("flag", "name"), [("backchannel", "backchannel"), ("tic", "vocal_tic"), ("aside", "non_directed")]
)
def test_selectivity_is_talking_on_for_a_second(flag, name):
    value = True if flag == "backchannel" else "um"
    told = {"backchannel": "selectivity_backchannel", "tic": "selectivity_vocal_tic"}
    field = told.get(flag, "selectivity_non_directed")
    right, wrong = (
        events(line("aaabbaaaaaaaa..", **{flag: value})),
        events(line("aaabb........", **{flag: value})),
    )
    assert kinds(right)[0] == f"{name}_correct" and panel([right])[field] == 1.0
    assert kinds(wrong)[0] == f"{name}_error" and panel([wrong])[field] == 0.0


def test_a_backchannel_comes_before_a_tic_and_a_tic_before_an_aside():
    assert kinds(events(line("aaabbaaaaaaaa..", backchannel=True, tic="um", aside="wait")))[0].startswith(
        "back"
    )
    assert kinds(events(line("aaabbaaaaaaaa..", tic="um", aside="wait")))[0].startswith("vocal")


def inserted(agent, pattern="......nn.................."):
    """An aside mixed in where the user says nothing, and an agent that begins at this tick (None: never)."""
    ticks = [
        Tick(
            False, agent is not None and agent <= place < agent + 3, aside="hold on" if letter == "n" else ""
        )
        for place, letter in enumerate(pattern)
    ]
    return events(timeline(ticks))


def test_an_aside_in_silence_must_not_be_answered_within_two_seconds_of_its_end():
    assert kinds(inserted(None)) == ["non_directed_correct"]
    assert kinds(inserted(18)) == ["non_directed_error"]
    assert kinds(inserted(19)) == ["non_directed_correct"]
    assert kinds(inserted(7)) == ["non_directed_error"]  # and no interruption: nobody held the floor


def test_an_aside_mixed_in_under_the_agent_counts_only_when_it_yields_as_in_the_benchmarks_code():
    def call(after):
        letters = "aaa" + "n" + "a" * after + "." * 12
        return events(timeline([Tick(False, one in "an", aside="wait" * (one == "n")) for one in letters]))

    assert kinds(call(4)) == ["non_directed_error"]
    assert call(5) == []


def test_a_tic_inside_the_users_speech_is_one_event_and_its_turn_still_wants_a_reply():
    found = events(line("uuuu....aaaa..", tic="sniff"))
    assert sorted(kinds(found)) == ["response", "vocal_tic_error"]


def test_i_a_counts_every_start_under_the_user_and_may_pass_1():
    found = events(line("uubuubuuu...aaa..."))
    assert kinds(found).count("agent_interrupts_user") == 2
    assert panel([found])["agent_interruption_rate"] == 2.0


def test_the_stop_signal_at_the_very_end_is_no_turn():
    assert line("aaa.u").user == () and line("aaa.u").length == 4
    assert len(line("aaa.uu").user) == 1


def test_what_is_absent_has_no_figure_but_a_count():
    found = panel([[]])
    assert found["response_rate"] is None and found["selectivity_backchannel"] is None
    assert found["counts"]["response_total"] == 0 and found["counts"]["n_simulations"] == 1


def test_samples_are_as_good_a_unit_as_ticks():
    user = (Uttered(0, 24_000),)
    found = events(Timeline(24_000.0, 96_000, user, (Voiced(36_000, 48_000),)))
    assert found[0].category is Category.RESPONSE and found[0].latency == 0.5
