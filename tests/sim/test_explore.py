from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.turn import RULES, Agent, User
from pipeline.errors import UserError
from pipeline.events import TimerRang
from pipeline.trace import read
from sim.cast import fakes
from sim.command import simulate_arguments, simulate_command, summary
from sim.decisions import EVERY
from sim.evidence import Evidence
from sim.explore import Account, explore

ROOT = Path(__file__).parents[2]
SEEDS = range(6)


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    simulate_arguments(parser)
    return parser.parse_args(words)


def test_equal_seeds_are_equal_conversations_in_any_process_whatever_its_hash_seed() -> None:
    program = f"from sim.explore import explore; print(explore({SEEDS!r}).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, check=True,
            capture_output=True, text=True, timeout=300,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert digests == {explore(SEEDS).digest}


def test_other_seeds_are_other_conversations() -> None:
    assert explore([1]).digest != explore([2]).digest


def test_a_few_dozen_conversations_hold_every_invariant() -> None:
    account = explore(range(300, 330))
    assert account.violations == []
    assert account.fewest_turns >= 2
    assert account.shortest >= 20.0
    assert account.overlaps >= 15


def test_what_a_conversation_dies_of_is_a_finding_about_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_plan: object, _cast: object) -> Evidence:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr("sim.explore.play", die)
    assert explore([7], fakes()).violations == [(7, "it died of ZeroDivisionError: no such luck")]


def test_rare_cells_are_told_with_their_visits_the_rarest_first() -> None:
    account = Account()
    every = [(*row, kind) for row, cells in RULES.items() for kind in cells]
    account.cells.update(dict.fromkeys(every, 10))
    assert account.rare() == []
    rare = (User.PAUSED, Agent.HELD, TimerRang)
    account.cells[rare] = 3
    assert account.rare() == [(rare, 3)]
    assert any("paused x held: TimerRang" in text for text in summary(account))


def test_kinds_of_decision_are_told_when_they_were_hardly_met() -> None:
    account = Account()
    account.decisions.update(dict.fromkeys(EVERY, 10))
    assert account.seldom() == []
    account.decisions["silence broken"] = 0
    assert account.seldom() == [("silence broken", 0)]
    assert any(text.endswith("0  silence broken") for text in summary(account))
    assert f"{len(EVERY) - 1} of {len(EVERY)} kinds of decision" in summary(account)[2]


def test_the_command_counts_shows_the_way_back_and_fails_when_something_is_wrong() -> None:
    told: list[str] = []
    assert simulate_command(arguments("--seeds", "2", "--first", "300"), told.append) == 0
    assert told[0].startswith("2 conversations")
    assert any("violations: none" in text for text in told)
    account = Account(seeds=1, violations=[(41, "planted")])
    assert any("hocket simulate --first 41 --seeds 1" in text for text in summary(account))


def test_the_trace_of_one_seed_can_be_kept_and_read(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    given = arguments("--seeds", "1", "--first", "300", "--trace", str(file))
    assert simulate_command(given, lambda _: None) == 0
    seen: list[Evidence] = []
    explore([300], watch=seen.append)
    assert tuple(read(file)) == seen[0].entries


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--seeds", "0"), "at least 1"),
        (("--first", "-1"), "at least 0"),
        (("--seeds", "2", "--trace", "x"), "--seeds 1"),
        (("--seeds", "1", "--trace", "/nowhere/x"), "cannot write"),
    ],
)
def test_wrong_arguments_are_told_in_a_sentence(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(UserError, match=says):
        simulate_command(arguments(*words), lambda _: None)
