"""A scripted brain goes through every step: asked in virtual time, scored, kept, told, drawn."""

import json

import numpy as np
import pytest

from bench.command import main
from bench.think_arms import ARMS, config_of
from bench.think_items import Chain
from bench.think_live import Waited
from bench.think_report import accuracy_report, answers, compared, live_report
from bench.think_run import Plan, Row, Service, ask_all, claim_folder, rows
from bench.think_stimuli import Long
from model.scripted import Answer, ScriptedEngine
from pipeline.errors import StallError, UserError
from pipeline.ports import CAPTURE_RATE, BrainFacts
from pipeline.prompt import Reply

CHAIN = Chain("nine plus eight minus two plus one", (9, 8, 2, 1), ("+", "-", "+"), 16)
REPEATED = "Nine plus eight minus two plus one,"
LINES = 6
THOUGHTS = "".join(f"line {number}: a b c d e f g h i j k l\n" for number in range(LINES))
FACTS = BrainFacts("scripted", "audio", "no", False, 1, holds=True)


def script(prompt):
    """Holds its tongue until its thought is whole; without any thought it guesses."""
    reply = prompt.parts[-1]
    assert isinstance(reply, Reply)
    if not reply.thinking and not reply.thoughts:
        return Answer(f"{REPEATED} that is fifteen.")
    whole = reply.thinking or reply.thoughts.count("\n") >= LINES
    return Answer(f"{REPEATED} that is sixteen." if whole else REPEATED, THOUGHTS)


class Brain(ScriptedEngine):
    """Costs 1 ms a token."""

    renewed = 0

    def __init__(self):
        super().__init__(script, 0.001, 0.001, facts=FACTS)

    def renew(self):
        self.renewed += 1


class Loudness:
    window = 512

    def score(self, window):
        return float(np.sqrt(np.mean(window**2)) > 0.01)

    def reset(self):
        pass


@pytest.fixture
def item(tmp_path):
    noise = np.random.default_rng(1).normal(0.0, 3000, 2 * CAPTURE_RATE).astype(np.int16)
    noise.tofile(tmp_path / "said.pcm")
    return Long("1-0000-00", CHAIN, "noise", tmp_path / "said.pcm", 0, len(noise))


def told(lines):
    return lambda line: lines.append(line)


def asked(folder, item, arms, paces=(0.02,), **more):
    folder.mkdir(exist_ok=True)
    brain, lines = Brain(), list[str]()
    plan = Plan(folder, arms, paces, **more)
    assert ask_all(plan, [item], Service(brain), told(lines), detector=Loudness())
    return {(row.arm, row.pace): row for row in rows(folder)}, brain


def test_thinking_beside_speech_is_right_early_and_hidden(tmp_path, item):
    found, _ = asked(tmp_path / "out", item, ("everything", "think-fully", "no-think"))
    everything, fully, quick = (found[arm, 0.02].answer for arm in ("everything", "think-fully", "no-think"))
    assert everything.right and fully.right and not quick.right
    assert everything.repeated and everything.aligned
    assert everything.first_sound < fully.first_sound - 0.5
    assert everything.agent > 0.5 * everything.thoughts
    assert fully.agent == 0 and fully.exposed == fully.thoughts == everything.thoughts
    assert quick.thoughts == 0
    assert everything.said == f"{REPEATED} that is sixteen."


def test_what_was_asked_is_not_asked_again(tmp_path, item):
    asked(tmp_path / "out", item, ("no-think",))
    found, brain = asked(tmp_path / "out", item, ("no-think", "all off"))
    assert brain.renewed == 1
    assert set(found) == {("no-think", 0.02), ("all off", 0.02)}


def test_two_runs_of_one_question_are_equal(tmp_path, item):
    first, _ = asked(tmp_path / "a", item, ("everything",))
    second, _ = asked(tmp_path / "b", item, ("everything",))
    assert first == second


def test_parts_share_the_questions(tmp_path, item):
    found, _ = asked(tmp_path / "out", item, ("no-think",), part=1, parts=2)
    assert not found
    with pytest.raises(UserError, match="part 3 of 2"):
        Plan(tmp_path, ("no-think",), (0.0,), part=2, parts=2)


def test_a_line_that_was_cut_off_is_asked_again(tmp_path, item):
    asked(tmp_path / "out", item, ("no-think",))
    file = next((tmp_path / "out").glob("answers-*.jsonl"))
    file.write_text(file.read_text()[:-20] + "\n")
    assert not list(rows(tmp_path / "out"))


def test_the_report_counts_a_failed_session_as_wrong(tmp_path, item):
    found, _ = asked(tmp_path / "out", item, ("everything", "think-fully"))
    failed = Row("2", "everything", 0.02, "ModelError: gone", None)
    table = answers([*found.values(), failed])
    lines = list(accuracy_report(table))
    assert any(line.startswith("| everything | 2 | 50.0 %") for line in lines)
    assert any(line.startswith("| think-fully | 1 | 100.0 %") for line in lines)
    assert compared(table["everything", 0.02], table["think-fully", 0.02], "this").startswith("this: +0.0")


def test_the_live_report_pairs_the_arms_and_counts_no_sound_as_the_longest_wait():
    def row(item, arm, first):
        return Waited(item, arm, 0.02, "flite", first, None, 0, 0.001, 0, "", "")

    waited = [row("a", "everything", 0.5), row("a", "no-think", 0.45), row("b", "everything", 0.6)]
    waited += [row("b", "no-think", None)]
    lines = list(live_report(waited))
    assert any(line.startswith("| no-think | 2 |") and "| 1 |" in line for line in lines)
    assert any("p50: -9675" in line for line in lines)


def test_a_folder_holds_figures_of_one_brain(tmp_path):
    claim_folder(tmp_path, {"weights": "a"})
    claim_folder(tmp_path, {"weights": "a"})
    with pytest.raises(UserError, match="another brain"):
        claim_folder(tmp_path, {"weights": "b"})


def test_every_arm_has_settings():
    assert all(config_of(arm) for arm in ARMS)
    with pytest.raises(UserError, match="no arm is called"):
        config_of("half")


def test_the_command_tells_what_there_is(tmp_path, item, capsys):
    asked(tmp_path / "out", item, ("everything", "no-think"))
    assert main(["think", "report", "--out", str(tmp_path / "out")]) == 0
    assert "### Paced to 20 ms per token" in capsys.readouterr().out
    assert (tmp_path / "out" / "thinking.md").stat().st_size > 500
    with pytest.raises(UserError, match="no answers yet"):
        main(["think", "report", "--out", str(tmp_path)])


def test_a_session_that_stands_still_costs_its_own_row_only(tmp_path, item, monkeypatch):
    def stuck(*given, **more):
        raise StallError("nothing is ready")

    monkeypatch.setattr("bench.think_run.simulate", stuck)
    found, _ = asked(tmp_path / "out", item, ("no-think",))
    row = found["no-think", 0.02]
    assert row.answer is None and "nothing is ready" in row.error


def test_a_run_that_was_killed_goes_on_without_losing_the_next_answer(tmp_path, item):
    asked(tmp_path / "out", item, ("no-think",))
    file = next((tmp_path / "out").glob("answers-*.jsonl"))
    file.write_text(file.read_text()[:-20])
    found, brain = asked(tmp_path / "out", item, ("no-think", "all off"))
    assert set(found) == {("no-think", 0.02), ("all off", 0.02)} and brain.renewed == 2


def test_the_folder_says_where_its_answers_were_made_and_goes_on_elsewhere(tmp_path, item, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    for commit in ("aaaa", "bbbb"):
        monkeypatch.setattr("bench.claim.about_host", lambda commit=commit: {"commit": commit, "host": "h"})
        claim_folder(out, {"weights": "a"})
        asked(out, item, ("no-think",) if commit == "aaaa" else ("no-think", "all off"))
    told = json.loads((out / "think.json").read_text())
    assert [one["commit"] for one in told["held_on"]] == ["aaaa", "bbbb"]
