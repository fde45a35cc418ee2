"""One turn's life, told and drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from talk_scene import CHAIN, ONE, PREDICTED, SPAN

from agent.closeup import WIDTH, draw_life, life
from agent.story import Mark, Story
from agent.timeline import Tracks
from pipeline.errors import UserError
from pipeline.events import Draft, PhraseDrafted, Sample, Span, StartDraft, Think, Turn
from pipeline.records import Decided, Thought
from pipeline.trace import Entry

RATE = 24_000
OTHER: tuple[tuple[float, object], ...] = (
    (4.25, StartDraft(Turn(2), Draft(7), SPAN)),
    (4.3, Thought(2, 7, "another turn's\n")),
    (4.35, PhraseDrafted(Turn(2), Draft(7), 0, "Another.")),
)
WHOLE = sorted(
    [*CHAIN, Entry(90, 0.1, Think(ONE, Span(Sample(0), Sample(0)))), *(Entry(91, *each) for each in OTHER)],  # type: ignore[arg-type]
    key=lambda entry: entry.at,
)


def _tracks() -> Tracks:
    user, agent = np.zeros((2, 8 * RATE), np.float32)
    user[: 4 * RATE], agent[5 * RATE : 6 * RATE] = 0.5, 0.5
    return Tracks(user, agent, RATE)


def test_a_life_reaches_from_the_first_speech_to_the_end_of_the_reply_on_the_recordings_clock() -> None:
    turn = life(WHOLE, 1)
    assert turn.begins == pytest.approx(-0.4), "speech began with the recording, though it was told later"
    assert turn.ends == pytest.approx(6.0 + 0.4)


def test_nothing_of_another_turn_is_in_it() -> None:
    told = "\n".join(life(WHOLE, 1).told())
    assert "nother" not in told
    assert sum(mark.mark is Mark.DRAFT for mark in life(WHOLE, 1).story.marks) == 1


def test_it_is_told_in_time_with_reasons() -> None:
    told = [line.split(" s  ", 1) for line in life(WHOLE, 1).told()]
    assert [float(at) for at, _ in told] == sorted(float(at) for at, _ in told)
    texts = [text for _, text in told]
    assert "draft begins: pause: drafting" in texts
    assert "commit: the turn is over: committed after 600 ms of silence: words 0.95" in texts
    assert "thought while you speak (until 2.20 s): heard: one plus two · 1+2=3" in texts


def test_a_thought_that_goes_on_tells_only_what_was_written_then(tmp_path: Path) -> None:
    of = life(PREDICTED, 1)
    texts = [line.split(" s  ", 1)[1] for line in of.told()]
    assert [text for text in texts if text.startswith("thought")] == [
        "thought while you speak (until 2.20 s): heard: one plus too",
        "thought while you speak: … two",
        "thought of a draft (until 4.40 s): 1+2=3",
        "thought of a draft (until 5.10 s): 1+2+4=7",
        "thought of a draft: so 7",
    ]
    draw_life(tmp_path / "one.png", _tracks(), of, title="goes on")
    draw_life(tmp_path / "other.png", _tracks(), replace(of, story=Story(of.story.marks)), title="goes on")
    top = [np.asarray(Image.open(tmp_path / name).convert("L"))[36:56] for name in ("one.png", "other.png")]
    assert (top[0] < 200).sum() > (top[1] < 200).sum(), "what “…” means is said, and only where it stands"


def test_decisions_of_one_moment_and_one_reason_are_one() -> None:
    again = [Entry(80, 2.5, Decided("anew")), Entry(81, 2.5, StartDraft(ONE, Draft(3), SPAN)),
             Entry(82, 2.51, Decided("anew")), Entry(83, 2.51, StartDraft(ONE, Draft(4), SPAN))]  # fmt: skip
    told = life(sorted([*WHOLE, *again], key=lambda entry: entry.at), 1).told()
    assert sum("anew" in line for line in told) == 1


def test_a_turn_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(UserError, match="no whole spoken turn 9"):
        life(WHOLE, 9)


def test_it_is_drawn_with_its_voices_and_its_writing_where_they_lie(tmp_path: Path) -> None:
    draw_life(tmp_path / "t.png", _tracks(), life(WHOLE, 1), title="t")
    with Image.open(tmp_path / "t.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] == WIDTH

    def columns(colour: tuple[int, int, int], height: int) -> list[int]:
        found = (pixels == np.array(colour, np.uint8)).all(-1)[:, 111:].sum(0)
        return [int(x) + 111 for x in np.flatnonzero(found >= height)]

    scale = (WIDTH - 130) / 6.8
    user, agent = columns((0x2F, 0x6F, 0xB3), 20), columns((0xC2, 0x57, 0x1A), 20)
    assert user[-1] == pytest.approx(110 + 4.4 * scale, abs=6)
    assert agent[0] == pytest.approx(110 + 5.4 * scale, abs=6)
    thought = columns((0x2F, 0x8F, 0x8A), 12)
    assert thought[0] == pytest.approx(110 + 2.4 * scale, abs=3)


def test_a_crowd_of_thoughts_stays_on_the_paper(tmp_path: Path) -> None:
    many = [Entry(100 + n, 5.0 + n / 100, Thought(1, 1, f"{n}+{n}={2 * n} \x1b[2J\n")) for n in range(60)]
    crowd = sorted([*WHOLE, *many], key=lambda entry: entry.at)
    draw_life(tmp_path / "t.png", _tracks(), life(crowd, 1), title="t")
    assert (tmp_path / "t.png").stat().st_size < 200_000
