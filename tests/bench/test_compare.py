"""Two runs beside each other: only what may be compared, paired by stimulus."""

import json
from dataclasses import asdict, replace

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.compare import compare_folders
from bench.compare_table import as_page, as_text
from bench.socket_turns import BY_HAND
from bench.think_run import Row
from pipeline.errors import UserError

RUN = {"suite": "core", "seed": 1, "minutes": 5.0, "clock": "virtual", "count": 12, "endpoint": None,
       "target": {"brain": "bundled", "voice": "tone", "user": "espeak:en-us"}}  # fmt: skip


def run(folder, stage, wait, *, count=6, seconds=1.0, actor="brain", **settings):
    """A run of ``count`` conversations with two turns each, answered after ``wait``."""
    for number in range(count):
        scene = stage(seconds=16.0)
        for turn in range(2):
            end = scene.says(1.0 + 8 * turn, seconds + 0.1 * number) / 24_000
            scene.answers(end + wait + 0.01 * number, 0.8)
        place = folder / "smooth" / f"{number:03d}"
        place.mkdir(parents=True)
        recordings.save(scene.recording, place / "conversation.wav")
        told = replace(
            scene.labels, conversation=f"smooth/{number:03d}", scenario="smooth", about={"actor": actor}
        )
        manifests.save(told, place / "labels.json")
    (folder / "run.json").write_text(json.dumps(RUN | settings), encoding="utf-8")
    return folder


def text(found):
    return "\n".join(as_text(found))


def test_the_difference_is_second_minus_first_with_its_interval(tmp_path, stage):
    found = compare_folders(run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.5, endpoint=0.7))
    cells = {one.name: one.cell for one in found.figures}
    assert cells["voice to voice p50"].difference == pytest.approx(0.2, abs=0.003)
    assert cells["voice to voice p50"].pairs == 12 and cells["voice to voice p50"].apart
    assert cells["no reply"].difference == 0.0 and "stop latency p50" not in cells
    assert "+200 ms   [+2" in text(found) or "+200 ms   [+1" in text(found)
    assert ("endpoint", "as shipped", "0.7") in found.differs


def test_conversations_of_only_one_run_are_counted_and_told(tmp_path, stage):
    found = compare_folders(run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.3, count=5))
    assert found.pairs == 10
    assert f"unpaired: 1 conversations only in {tmp_path / 'a'} (smooth/005)" in text(found)


def test_a_recording_that_cannot_be_scored_is_told_and_the_rest_is_compared(tmp_path, stage):
    first, second = run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.3)
    (second / "smooth" / "002" / "labels.json").write_text("{", encoding="utf-8")
    found = compare_folders(first, second)
    assert found.pairs == 10 and "not read: smooth/002: " in text(found)


def test_fewer_than_ten_pairs_are_withheld(tmp_path, stage):
    runs = [run(tmp_path / name, stage, 0.3, count=2) for name in "ab"]
    assert "withheld, fewer than 10 pairs" in text(compare_folders(*runs))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seed": 2}, "seed is 1 in the first and 2 in the second"),
        ({"suite": "overlap"}, "suite is core in the first and overlap in the second"),
        ({"clock": "wall"}, "clock is virtual in the first and wall in the second"),
        (
            {"target": RUN["target"] | {"user": "flite:rms"}},
            "user is espeak:en-us in the first and flite:rms",
        ),
    ],
)
def test_runs_that_mean_different_things_are_refused_with_what_differs(tmp_path, stage, settings, said):
    first, second = run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.3, **settings)
    with pytest.raises(UserError, match=f"not comparable: {said}"):
        compare_folders(first, second)


def test_scripted_and_real_are_never_compared(tmp_path, stage):
    first, second = run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.3, actor="scripted")
    with pytest.raises(UserError, match="scripted and real are never compared"):
        compare_folders(first, second)


def test_one_name_for_two_stimuli_is_refused(tmp_path, stage):
    first, second = run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.3, seconds=1.05)
    with pytest.raises(UserError, match=r"turn 1 of smooth/000 is another stimulus .* 1\.000 s .* 1\.050 s"):
        compare_folders(first, second)


def test_a_folder_that_is_missing_empty_or_does_not_tell_its_settings_is_refused(tmp_path, stage):
    whole = run(tmp_path / "a", stage, 0.3, count=1)
    with pytest.raises(UserError, match="there is no folder"):
        compare_folders(whole, tmp_path / "b")
    silent = run(tmp_path / "c", stage, 0.3, count=1)
    (silent / "run.json").unlink()
    with pytest.raises(UserError, match=r"no run\.json"):
        compare_folders(whole, silent)
    empty = tmp_path / "d"
    empty.mkdir()
    (empty / "run.json").write_text(json.dumps(RUN), encoding="utf-8")
    with pytest.raises(UserError, match="holds no conversation"):
        compare_folders(whole, empty)


def test_the_page_loads_nothing_and_says_which_clock(tmp_path, stage):
    found = compare_folders(run(tmp_path / "a", stage, 0.3), run(tmp_path / "b", stage, 0.5))
    as_page(found, tmp_path / "table.html")
    told = (tmp_path / "table.html").read_text(encoding="utf-8")
    assert "http" not in told and "src=" not in told and "Virtual clock" in told and "+200 ms" in told
    with pytest.raises(UserError, match="choose another place with --html"):
        as_page(found, tmp_path / "nowhere" / "table.html")


def without(folder, place, number):
    """Take a turn out of a conversation's labels, as a skipped cue leaves it."""
    file = folder / "smooth" / place / "labels.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    del told["turns"][number - 1]
    for at, turn in enumerate(told["turns"], 1):
        turn["number"] = at
    file.write_text(json.dumps(told), encoding="utf-8")


def lengthened(folder, place, number, seconds):
    """Another stimulus at one place."""
    file = folder / "smooth" / place / "labels.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["turns"][number - 1]["end"] -= round(seconds * told["rate"])
    file.write_text(json.dumps(told), encoding="utf-8")


def test_a_turn_that_one_run_lacks_is_told_and_those_after_it_find_their_partners(tmp_path, stage):
    first, second = (run(tmp_path / name, stage, 0.3) for name in "ab")
    for folder in (first, second):
        lengthened(folder, "000", 1, 0.2)  # so that the two turns differ
    without(second, "000", 1)
    found = compare_folders(first, second)
    assert found.pairs == 11
    assert f"unpaired: smooth/000: turn 1 (question) only in {first}" in text(found)
    wait = next(one.cell for one in found.figures if one.name == "voice to voice mean")
    assert wait.pairs == 11 and wait.difference == pytest.approx(0.0, abs=0.002)


def test_ends_told_by_hand_are_not_compared_with_ends_that_were_found(tmp_path, stage):
    target = RUN["target"]
    first = run(tmp_path / "a", stage, 0.3, target=target | {"endpoint": f"{BY_HAND}: the user says"})
    second = run(tmp_path / "b", stage, 0.3, target=target | {"endpoint": "server_vad"})
    for pair in ((first, second), (second, first), (first, run(tmp_path / "c", stage, 0.3))):
        with pytest.raises(UserError, match=r"not comparable: endpoint is .* by hand|is by hand"):
            compare_folders(*pair)
    assert compare_folders(first, first).pairs == 12


def test_where_both_were_held_is_told_as_a_setting(tmp_path, stage):
    held = [{"held_on": [{"commit": commit, "host": "h", "version": "1"}]} for commit in ("aaaa", "bbbb")]
    found = compare_folders(*(run(tmp_path / name, stage, 0.3, **told)
                              for name, told in zip("ab", held, strict=True)))  # fmt: skip
    ((name, one, two),) = found.differs
    assert name == "held on" and "commit aaaa" in one and "commit bbbb" in two


# --- answers of bench think --------------------------------------------------------------------------------


@pytest.fixture
def answer():
    from bench.think_score import Answered

    return Answered(
        right=True, refused=False, silent=False, repeated=None, first_sound=0.4, first_answer=2.0,
        last_answer=2.0, user=0, agent=0, exposed=0, late=0, notes=0, draft_notes=0, hit=None, ahead=0,
        wasted=0, saved=0.0, starved=0, gap=0.0, gap_before_answer=0.0, contradiction=0.0, corrected=False,
        turns=1, commit=None, aligned=True, said="",
    )  # fmt: skip


def thought(folder, answer, wrong, *, seed=1, count=20):
    folder.mkdir()
    (folder / "think.json").write_text(json.dumps({"seed": seed, "brain": folder.name}), encoding="utf-8")
    rows = [Row(f"q{n}", "full", 0.02, "", replace(answer, right=n >= wrong)) for n in range(count)]
    lines = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
    (folder / "answers-1of1.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_answers_are_paired_by_question(tmp_path, answer):
    found = compare_folders(thought(tmp_path / "a", answer, 10), thought(tmp_path / "b", answer, 4, count=19))
    right = next(one for one in found.figures if one.name == "right")
    assert right.scenario == "full, 20 ms per token" and right.cell.pairs == 19
    assert right.cell.difference == pytest.approx(6 / 19)
    assert found.unpaired == ("full, 20 ms per token: 1 questions in only one of the two",)


def test_answers_to_other_questions_or_beside_a_run_are_refused(tmp_path, stage, answer):
    mine = thought(tmp_path / "a", answer, 1)
    with pytest.raises(UserError, match="seed is 1 in the first and 2 in the second"):
        compare_folders(mine, thought(tmp_path / "b", answer, 1, seed=2))
    with pytest.raises(UserError, match="only one of"):
        compare_folders(mine, run(tmp_path / "c", stage, 0.3, count=1))
