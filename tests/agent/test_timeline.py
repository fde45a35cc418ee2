"""The picture of a conversation, checked by its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.story import Decision, Lane, Mark, Story, Stretch, Words
from agent.timeline import ROW, Tracks, draw
from pipeline.errors import UserError

RATE = 24_000


def _tracks(seconds: float) -> Tracks:
    """The user's tone in the first second, the agent's in the second second."""
    user, agent = np.zeros((2, int(seconds * RATE)), np.float32)
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE).astype(np.float32)
    user[:RATE], agent[RATE : 2 * RATE] = tone, tone
    return Tracks(user, agent, RATE)


def _colours(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _columns(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], colour: str, height: int) -> list[int]:
    """Columns in which at least ``height`` pixels have this colour."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
    return [int(x) for x in np.flatnonzero((pixels == wanted).all(-1).sum(0) >= height)]


def test_each_voice_fills_its_own_second(tmp_path: Path) -> None:
    draw(tmp_path / "t.png", _tracks(3.0), Story(), title="t")
    pixels = _colours(tmp_path / "t.png")
    user = [x for x in _columns(pixels, "#2f6fb3", 30) if x >= 84]
    agent = [x for x in _columns(pixels, "#c2571a", 30) if x >= 84]
    assert min(user) == 84 and 180 <= max(user) <= 184
    assert 183 <= min(agent) <= 185 and 280 <= max(agent) <= 284


def test_a_commit_is_a_line_through_both_voices_at_its_second(tmp_path: Path) -> None:
    draw(tmp_path / "t.png", _tracks(3.0), Story(marks=[Decision(2.5, Mark.COMMIT)]), title="t")
    found = set(_columns(_colours(tmp_path / "t.png"), "#2b8a4b", 120))
    assert len(found) == 2 and found <= {333, 334, 335}


@pytest.mark.parametrize(
    ("lane", "colour"),
    [(Lane.LISTENING, "#2f8f8a"), (Lane.FORMULATION, "#6f5a9c"), (Lane.ARTICULATION, "#b06a9a")],
)
def test_writing_is_a_bar_of_its_lane_from_its_first_token_to_its_last(
    tmp_path: Path, lane: Lane, colour: str
) -> None:
    story = Story(stretches=[Stretch(lane, 0.5, 1.5, "1+2=3")])
    draw(tmp_path / "t.png", _tracks(3.0), story, title="t")
    bar = _columns(_colours(tmp_path / "t.png")[84:], colour, 6)
    assert (min(bar), max(bar)) == (134, 235)


def test_writing_that_came_to_nothing_is_faded(tmp_path: Path) -> None:
    story = Story(stretches=[Stretch(Lane.FORMULATION, 0.5, 1.5, "1+2=3", 1, faint=True)])
    draw(tmp_path / "t.png", _tracks(3.0), story, title="t")
    pixels = _colours(tmp_path / "t.png")[84:]
    assert not _columns(pixels, "#6f5a9c", 6) and _columns(pixels, "#d5d1c8", 6)


def test_a_voice_that_is_held_is_marked_on_the_agents_lane_alone(tmp_path: Path) -> None:
    draw(tmp_path / "t.png", _tracks(3.0), Story(marks=[Decision(2.5, Mark.HOLD)]), title="t")
    pixels = _colours(tmp_path / "t.png")[84:]
    rows = np.flatnonzero((pixels == (0xD9, 0xA4, 0x20)).all(-1).any(1))
    assert 50 <= len(rows) <= 54 and rows[0] > 52


def test_texts_that_would_overlap_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    one = Story(thoughts=[Words(0.1, "heard: what is one plus two")])
    two = Story(
        thoughts=[Words(0.1, "heard: what is one plus two"), Words(0.2, "heard: what is one plus two")]
    )
    rows = []
    for story in (one, two):
        draw(tmp_path / "t.png", _tracks(2.0), story, title="t")
        pixels = _colours(tmp_path / "t.png")[84:]
        rows.append(int((pixels == (0x6F, 0x5A, 0x9C)).all(-1).any(1).sum()))
    assert rows[1] >= 2 * rows[0] > 0


def test_a_longer_conversation_gets_more_rows(tmp_path: Path) -> None:
    for seconds, name in ((1.0, "a"), (2 * ROW + 1, "b")):
        draw(tmp_path / f"{name}.png", _tracks(max(seconds, 2.0)), Story(), title="t")
    small, large = (_colours(tmp_path / f"{name}.png").shape[0] for name in "ab")
    assert large - 84 == 3 * (small - 84)


def test_a_folder_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write the picture"):
        draw(tmp_path / "none" / "t.png", _tracks(2.0), Story(), title="t")
