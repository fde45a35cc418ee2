"""Sounds without words are trimmed to the sample, come at their level, and follow from the seed."""

import numpy as np
import pytest

from bench.labels import Kind
from bench.mix import active_level
from bench.sounds import NOISES, SOUNDS, TICS, made
from bench.stimuli import EDGE


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("level", [-20.0, -32.0])
def test_every_sound_begins_and_ends_with_itself_at_its_level(name, level):
    for seed in range(5):
        sound = made(name, seed, level)
        assert abs(sound.pcm[0]) > EDGE and abs(sound.pcm[-1]) > EDGE
        assert np.abs(sound.pcm).max() <= 0.91 and 0.1 < sound.seconds < 1.6
        peaked = np.abs(sound.pcm).max() > 0.89
        assert peaked or active_level(sound.pcm) == pytest.approx(level, abs=0.6)
        assert not sound.reply and sound.voice == "synthetic" and f"{level:+.0f} dBFS" in sound.text


@pytest.mark.parametrize("name", SOUNDS)
def test_equal_seeds_give_equal_sounds_and_others_give_others(name):
    assert np.array_equal(made(name, 7, -23).pcm, made(name, 7, -23).pcm)
    assert not np.array_equal(made(name, 7, -23).pcm, made(name, 8, -23).pcm)


def test_a_hum_is_as_short_as_a_backchannel():
    assert all(0.15 <= made("hum", seed, -26).seconds <= 0.7 for seed in range(40))


def test_kinds_are_those_of_labels():
    assert set(TICS) == {"cough", "throat", "laugh"} and set(NOISES) == {"door", "keys", "dog"}
    assert made("hum", 1, -26).kind is Kind.BACKCHANNEL and made("cough", 1, -26).kind is Kind.TIC
    with pytest.raises(KeyError):
        made("sneeze", 1, -26)
