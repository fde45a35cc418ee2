"""Prompts: values that compare by content."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ports import Pcm
from pipeline.prompt import BLOCK, Audio, Heard, Human, Prompt, Reply, System, Text


def noise(count: int, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).uniform(-1, 1, count).astype(np.float32)


def test_two_recordings_of_equal_content_are_one_value() -> None:
    one, two = Audio(noise(5000)), Audio(noise(5000))
    assert one == two
    assert hash(one) == hash(two)
    assert len({one, two}) == 1


def test_two_recordings_of_equal_length_are_told_apart() -> None:
    assert Audio(noise(5000, seed=1)) != Audio(noise(5000, seed=2))


def test_one_sample_makes_a_difference_from_its_position_on() -> None:
    sound = noise(10 * BLOCK)
    changed = sound.copy()
    changed[3 * BLOCK] += 0.25
    one, two = Audio(sound).digests(), Audio(changed).digests()
    assert [a == b for a, b in zip(one, two, strict=True)] == [True] * 3 + [False] * 7


@given(st.integers(0, 6 * BLOCK), st.integers(0, 6 * BLOCK))
def test_a_longer_recording_shares_the_positions_it_begins_with(count: int, cut: int) -> None:
    sound = noise(count)
    cut = min(cut, count)
    whole, part = Audio(sound).digests(), Audio(sound[:cut].copy()).digests()
    full = cut // BLOCK
    assert whole[:full] == part[:full]
    assert len(whole) == Audio(sound).positions == -(-count // BLOCK)


def test_the_last_position_is_padded_with_silence() -> None:
    sound = noise(BLOCK + 10)
    padded = np.concatenate([sound, np.zeros(BLOCK - 10, np.float32)])
    assert Audio(sound).digests() == Audio(padded).digests()


def test_empty_sound_is_a_value_too() -> None:
    empty = Audio(np.zeros(0, np.float32))
    assert empty == Audio(np.zeros(0, np.float32))
    assert empty != Audio(np.zeros(1, np.float32))
    assert hash(empty) == hash(Audio(np.zeros(0, np.float32)))
    assert empty.positions == 0


def test_sound_in_a_prompt_cannot_be_written_to() -> None:
    sound = noise(100)
    Audio(sound)
    with pytest.raises(ValueError, match="read-only"):
        sound[0] = 0


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 5), np.float32), np.zeros(5, np.float64), np.zeros(5, np.int16)]
)
def test_sound_of_another_form_is_refused(wrong: Pcm) -> None:
    with pytest.raises(ValueError, match="1-d float32"):
        Audio(wrong)


def test_seconds_follow_the_capture_rate() -> None:
    assert Audio(noise(8000)).seconds == 0.5


def test_prompts_compare_part_by_part() -> None:
    def told(seed: int, said: str) -> Prompt:
        human = Human((Audio(noise(2000, seed)), Text("typed")))
        return Prompt((System("be brief"), human, Heard("Hello."), human, Reply(said=said, thinking=False)))

    assert told(1, "a") == told(1, "a")
    assert hash(told(1, "a")) == hash(told(1, "a"))
    assert told(1, "a") != told(2, "a")
    assert told(1, "a") != told(1, "b")


def test_a_prompt_grows_without_changing() -> None:
    base = Prompt((System("x"),))
    longer = base.then(Human((Text("hi"),)), Reply())
    assert list(base) == [System("x")]
    assert list(longer) == [System("x"), Human((Text("hi"),)), Reply()]
    assert base.then() == base


def test_an_open_thought_has_no_words_after_it() -> None:
    for wrong in ({"said": "so"}, {"thoughts": None}):
        with pytest.raises(ValueError, match="open thought"):
            Reply(thinking=True, **wrong)
    assert Reply(thoughts=None, thinking=False, said="so").said == "so"
