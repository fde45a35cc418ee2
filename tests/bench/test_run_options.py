"""An option that nothing would read is refused, and one that is read is not."""

import argparse

import pytest

from bench.command import bench_arguments
from bench.run_command import usual_values
from bench.run_options import TAKES, check_options
from pipeline.errors import UserError


def given(*words):
    parser = argparse.ArgumentParser()
    bench_arguments(parser)
    return parser.parse_args(["run", "--out", "x", *words])


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("--jitter 0.2", "a server"),
        ("--key-env NOPE", "a server"),
        ("--turn-detection none", "a server"),
        ("--sessions 1,2", "the suite load"),
        ("--lanes 3", "the suite think"),
        ("--full", "the suite think"),
        ("--target ws://h --voice flite:rms", "this runtime"),
        ("--target ws://h --brain /b", "this runtime"),
        ("--target ws://h --endpoint 0.3", "this runtime"),
        ("--suite load --scenario smooth", "the suites core, turns, overlap and replay"),
        ("--suite load --n 3", "the suites core, turns, overlap, replay and think"),
        ("--suite think --scenario smooth", "the suites core"),
        ("--suite think --voice flite:rms", "this runtime"),
        ("--suite think --hear", "the suites core"),
        ("--people p", "the suites turns and overlap"),
        ("--stimuli s", "the suites replay and think"),
        ("--suite turns --minutes 3", "the suites core, overlap and load"),
    ],
)
def test_an_option_of_another_suite_or_target_is_refused(words, who):
    with pytest.raises(UserError, match=f"is for {who}"):
        check_options(given(*words.split()), usual_values())


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--suite core --n 3 --scenario smooth --minutes 1 --voice flite:rms --endpoint 0.3 --hear",
        "--suite turns --people p",
        "--suite replay --stimuli s --n 2",
        "--suite load --sessions 1,2 --minutes 1 --target ws://h --jitter 0.1 --server-pid 1",
        "--suite think --stimuli s --lanes 2 --full --brain b --n 4",
        "--target ws://h --model m --instructions i --server-voice v --key-env K",
    ],
)
def test_options_that_are_read_pass(words):
    check_options(given(*words.split()), usual_values())


def test_every_option_in_the_table_is_one_of_run():
    assert TAKES.keys() <= usual_values().keys() | {"hear"}
