"""Programs are run one at a time, and a program that fails does not stop the others."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import peers
from bench.peers import Comparison, compare, execute, lines
from bench.peers_plan import Arm
from bench.peers_timeline import BARGE, QUESTION, write_words
from pipeline.errors import HocketError, UserError

RUN = {
    "e2e": 455,
    "cut_ins": 0,
    "was_speaking": True,
    "stop": 250,
    "back": None,
    "stages": {},
    "unlistened": 0,
}
PRINTED = {"runs": [RUN, RUN], "cpu_pct_per_stream": 5.0, "rss_mb": 98, "load": 0.3}


def program(code):
    return Arm("hocket, defaults", "plain", 0, (sys.executable, "-c", code), 1.0)


def test_a_programs_last_line_is_its_json():
    assert execute(program("print('hello'); print('{\"runs\": []}')"), 2) == {"runs": []}


def test_a_program_that_fails_is_quoted():
    with pytest.raises(HocketError, match="failed: ValueError: no ear"):
        execute(program("raise ValueError('no ear')"), 1)


@pytest.fixture
def asked(tmp_path):
    write_words(tmp_path / QUESTION, np.full(16_000, 5000, np.int16))
    write_words(tmp_path / BARGE, np.full(32_000, 6000, np.int16))
    return Comparison(tmp_path / "out" / "peers.json", tmp_path, reps=2, each=2, scenes=("plain",), stt=(0,))


def test_the_file_holds_rows_commands_and_the_machine(asked, monkeypatch):
    order = []
    monkeypatch.setattr(peers, "execute", lambda arm, each: order.append(arm.system) or PRINTED)
    told = []
    rows = compare(asked, told.append)
    found = json.loads(asked.out.read_text())
    assert order == ["hocket, first window", "hocket, defaults"] * 2
    assert [row["n"] for row in found["rows"]] == [4, 4] and found["rounds"] == 2
    assert found["rows"][0]["command"].startswith("python -m bench.peers_ours")
    assert found["machine"]["cores"] and found["versions"]["hocket"]["numpy"]
    assert str(asked.peers) not in asked.out.read_text()
    assert "about" in told[0] and len(lines(rows, asked.out)) == 5


def test_a_failure_is_counted_and_the_rest_goes_on(asked, monkeypatch):
    def sometimes(arm, each):
        if "defaults" in arm.system:
            raise HocketError("it fell over")
        return PRINTED

    monkeypatch.setattr(peers, "execute", sometimes)
    rows = compare(asked, lambda line: None)
    assert [len(row["errors"]) for row in rows] == [0, 2] and [row["n"] for row in rows] == [4, 0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reps": 0}, "at least 1"),
        ({"stt": (-5,)}, "0 to 2000"),
        ({"pipecat": Path("nothing")}, "no program"),
    ],
)
def test_impossible_wishes_are_refused(tmp_path, wrong, said):
    with pytest.raises(UserError, match=said):
        Comparison(tmp_path / "a.json", tmp_path, **wrong)
