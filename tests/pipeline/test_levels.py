"""Where sound begins and ends by its level, and that fading is told before the detector is sure."""

import numpy as np
import pytest

from pipeline.levels import LevelsConfig, began, by_block, ended, faded, room, sounds

CONFIG = LevelsConfig()
ROOM, VOICE = -70.0, -20.0


def line(*parts: tuple[float, int]) -> np.ndarray:
    """Levels: (dBFS, blocks of 10 ms) after one another."""
    return np.concatenate([np.full(count, level) for level, count in parts])


def test_a_level_is_told_for_every_whole_block() -> None:
    pcm = np.concatenate([np.full(160, 0.5), np.zeros(160), np.full(100, 0.5)]).astype(np.float32)
    assert by_block(pcm) == pytest.approx([-6.02, -120.0], abs=0.01)


def test_silence_before_the_reported_end_is_found() -> None:
    assert ended(line((ROOM, 100), (VOICE, 80), (ROOM, 6)), CONFIG) == 6
    assert ended(line((ROOM, 100), (VOICE, 80)), CONFIG) == 0


def test_an_end_moves_by_the_reach_at_most() -> None:
    assert ended(line((ROOM, 100), (VOICE, 80), (ROOM, 40)), CONFIG) == 13


def test_a_faint_tail_is_sound_in_a_quiet_room_and_lost_in_a_noisy_one() -> None:
    assert ended(line((ROOM, 100), (VOICE, 80), (-50, 5), (ROOM, 4)), CONFIG) == 4
    assert ended(line((-52, 100), (VOICE, 80), (-50, 5), (-52, 4)), CONFIG) == 9


def test_sound_before_the_reported_onset_is_found_across_a_stop_consonant() -> None:
    assert began(line((ROOM, 100), (-35, 5), (VOICE, 3)), CONFIG) == 8
    assert began(line((ROOM, 100), (-35, 5), (ROOM, 3), (VOICE, 2)), CONFIG) == 10
    assert began(line((ROOM, 100), (-35, 4), (ROOM, 6), (VOICE, 2)), CONFIG) == 2


def test_an_onset_in_silence_stays() -> None:
    assert began(line((ROOM, 100)), CONFIG) == 0


def test_speech_has_faded_after_40_ms_without_sound() -> None:
    assert not faded(line((ROOM, 100), (VOICE, 80), (ROOM, 3)), CONFIG)
    assert faded(line((ROOM, 100), (VOICE, 80), (ROOM, 4)), CONFIG)
    assert not faded(line((ROOM, 100), (VOICE, 80), (VOICE - 30, 4)), CONFIG)


def test_speech_that_never_pauses_or_a_loud_room_moves_nothing() -> None:
    assert ended(line((VOICE, 300)), CONFIG) == 0
    assert not faded(line((VOICE, 300)), CONFIG)
    assert ended(line((-34, 100), (VOICE, 100), (-34, 6)), CONFIG) == 0


def test_it_can_be_switched_off() -> None:
    off = LevelsConfig(reach=0.0, faded=0.0)
    spoken = line((ROOM, 100), (VOICE, 80), (ROOM, 10))
    assert (ended(spoken, off), began(spoken, off), faded(spoken, off)) == (0, 0, False)


def test_with_too_little_sound_to_know_the_room_only_a_fixed_level_counts() -> None:
    assert ended(line((VOICE, 5), (-65, 3)), CONFIG) == 3


def test_the_weak_parts_of_speech_without_a_pause_are_no_room() -> None:
    spoken = line(*[(VOICE, 20), (-45, 5)] * 12, (VOICE, 20), (-44, 6), (ROOM, 4))
    assert ended(spoken, CONFIG) == 10, "by the sound alone the last consonant would be lost"
    assert ended(spoken, CONFIG, ROOM) == 4
    weak = line(*[(VOICE, 20), (-50, 5)] * 12, (VOICE, 20), (-48, 4))
    assert faded(weak, CONFIG) and not faded(weak, CONFIG, ROOM)
    assert ended(spoken, CONFIG, -np.inf) == 4, "a room that nobody knows is no reason to cut"


def test_the_room_is_what_stood_before_speech_where_that_was_long_enough() -> None:
    assert room(line((ROOM, 60), (VOICE, 12)), CONFIG) == ROOM
    assert room(line((ROOM, 30)), CONFIG) is None


def test_sounds_that_lead_up_to_speech_are_found_from_the_first_on() -> None:
    claps = ((ROOM, 200), (-25, 4), (ROOM, 60), (-25, 4), (ROOM, 80))
    assert sounds(line(*claps), CONFIG) == 4 + 60 + 4 + 80
    assert sounds(line((ROOM, 300)), CONFIG) == 0


def test_sounds_long_ago_or_hardly_above_the_room_lead_up_to_nothing() -> None:
    assert sounds(line((ROOM, 200), (-25, 4), (ROOM, 151)), CONFIG) == 0
    assert sounds(line((ROOM, 200), (-25, 4), (ROOM, 151), (-25, 4), (ROOM, 30)), CONFIG) == 34
    assert sounds(line((-40, 200), (-29, 4), (-40, 30)), CONFIG) == 0
    assert sounds(line((ROOM, 200), (-50, 4), (ROOM, 30)), CONFIG) == 0
