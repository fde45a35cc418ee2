"""Losses of hearing are small where the heads say what is there, and only there."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from model.shapes import CUES, SOUNDS  # noqa: E402 - after the skip
from training.labels import around  # noqa: E402
from training.losses import cue_loss  # noqa: E402

FRAMES = 40


def _batch(**changes: Any) -> Any:
    """One clip of 40 frames: speech in the middle, a beep before it, a second voice behind."""
    speech = torch.zeros(1, FRAMES)
    speech[:, 10:30] = 1
    sounds = around(
        FRAMES, noise=-50.0, bandwidth=3400.0, onsets=[("beep", 4 * 640)], others=[(31 * 640, 38 * 640)]
    )
    content = {
        "positions": torch.tensor([FRAMES // 2]),
        "pitch": torch.full((1, FRAMES), 0.3),
        "voiced": speech,
        "level": torch.full((1, FRAMES), 0.7),
        "speech": speech,
        "pitch_known": torch.ones(1),
        "syllables": torch.tensor([5.0]),
        "sounds": torch.from_numpy(sounds)[None],
        "sounds_known": torch.ones(1),
    }
    return SimpleNamespace(**(content | changes))


def _right(batch: Any) -> Any:
    """Raw heads that say all that."""
    raw = torch.zeros(1, FRAMES, len(CUES + SOUNDS))
    raw[..., 0], raw[..., 2], raw[..., 5] = 0.3, 0.7, batch.sounds[..., 0]
    for place, label in ((1, batch.voiced), (4, batch.speech)):
        raw[..., place] = 16 * label - 8
    raw[..., 6:] = 16 * batch.sounds[..., 1:] - 8
    density = 5.0 / FRAMES
    raw[..., 3] = 2 + np.log(np.expm1(density))
    return raw


def test_what_is_there_costs_next_to_nothing() -> None:
    batch = _batch()
    assert cue_loss(_right(batch), batch)[0].item() < 0.02


@pytest.mark.parametrize("channel", range(12))
def test_every_head_is_taught(channel: int) -> None:
    batch = _batch()
    raw = _right(batch)
    raw[..., channel] = -raw[..., channel] + 1
    assert cue_loss(raw, batch)[0].item() > 0.1


def test_without_the_generator_only_the_voice_is_taught() -> None:
    batch = _batch(sounds_known=torch.zeros(1))
    raw = _right(batch)
    raw[..., 5:] += 3
    assert cue_loss(raw, batch)[0].item() < 0.02


def test_syllables_that_nobody_counted_and_a_second_voice_teach_the_first_nothing() -> None:
    batch = _batch(syllables=torch.tensor([-1.0]))
    raw = _right(batch)
    raw[..., 3] += 5
    raw[:, 31:38, 4] = 8
    assert cue_loss(raw, batch)[0].item() < 0.02
    assert cue_loss(raw[..., : len(CUES)], batch)[0].item() > 0.1  # today's five know of no second voice


def test_how_pitch_moves_at_the_end_is_taught_by_itself() -> None:
    speech = torch.zeros(1, FRAMES)
    speech[:, 4:30] = 1
    batch = _batch(voiced=speech, speech=speech)
    raw = _right(batch)
    raw[:, 26:30, 0] += 0.3
    figures = cue_loss(raw, batch)[1]
    assert figures["end"] > 2 * figures["pitch"]
    few = torch.zeros(1, FRAMES)
    few[:, 21:30] = 1
    for unknown in (
        _batch(voiced=speech, speech=speech, pitch_known=torch.zeros(1)),
        _batch(voiced=few, speech=speech),
    ):
        assert cue_loss(raw, unknown)[1]["end"] == 0
