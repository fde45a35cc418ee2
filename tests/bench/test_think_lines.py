"""A run that was killed in the middle of a line loses that line and no other."""

import json
from dataclasses import asdict

from bench.think_lines import rows_to
from bench.think_live import LIVE, Waited, read_live


def line(item):
    return json.dumps(asdict(Waited(item, "everything", 0.02, "v", 0.3, None, 0, 0.0, 0, "", "")))


def test_what_is_added_after_a_line_that_was_cut_off_is_read(tmp_path):
    file = tmp_path / LIVE
    file.write_text(line("a") + "\n" + line("b")[:40], encoding="utf-8")
    with rows_to(file) as kept:
        kept.write(line("b") + "\n")
    with rows_to(file) as kept:
        kept.write(line("c") + "\n")
    assert [row.item for row in read_live(tmp_path)] == ["a", "b", "c"]
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4, "no empty line where none was cut off"


def test_a_whole_last_line_without_its_end_is_kept_and_a_new_file_begins_with_its_first(tmp_path):
    file = tmp_path / LIVE
    with rows_to(file) as kept:
        kept.write(line("a"))
    with rows_to(file) as kept:
        kept.write(line("b") + "\n")
    assert [row.item for row in read_live(tmp_path)] == ["a", "b"]
