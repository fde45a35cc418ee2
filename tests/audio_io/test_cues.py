"""A scripted user begins to speak exactly when its cues say so, knowing the agent by sound alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio_io.cues import TICK, Cue, Ear, Recordings
from pipeline.errors import ConfigError
from pipeline.ports import Pcm

LOUD, SILENT = np.full(480, 0.1, np.float32), np.zeros(480, np.float32)


def speech(seconds: float, value: float) -> Pcm:
    return np.full(round(seconds * 16000), value, np.float32)


def begun(script: Recordings, agent: Callable[[float], bool], *, limit: float = 60.0) -> dict[float, float]:
    """Play a script against an agent that sounds when ``agent(second)``; when which value was first heard."""
    ear, starts, now = Ear(), {}, 0.0
    while (frame := script.frame(ear)) is not None:
        value = round(float(frame.max()), 3)
        starts.setdefault(value, round(now, 2))
        ear.hear(LOUD if agent(now) else SILENT)
        now = round(now + TICK, 6)
        assert now < limit, "the script does not end"
    starts[-1.0] = round(now, 2)
    return starts


def never(_: float) -> bool:
    return False


def yes() -> bool:
    return True


def test_a_cue_at_a_time_begins_at_that_time() -> None:
    heard = begun(Recordings([Cue(speech(0.5, 0.3), at=1.0), Cue(speech(0.5, 0.6), at=3.0)], 1.0, yes), never)
    assert (heard[0.3], heard[0.6]) == (1.0, 3.0)
    assert heard[-1.0] == pytest.approx(4.5, abs=0.021)


def test_a_cue_whose_time_is_past_begins_when_the_one_before_ends() -> None:
    heard = begun(Recordings([Cue(speech(2.0, 0.3), at=0.0), Cue(speech(0.5, 0.6), at=1.0)], 1.0, yes), never)
    assert heard[0.6] == 2.0


def test_a_cue_after_silence_waits_for_the_answer_first() -> None:
    cues = [Cue(speech(1.0, 0.3), at=0.0), Cue(speech(1.0, 0.6), silence=0.8)]
    heard = begun(Recordings(cues, 1.0, yes), lambda now: 3.0 <= now < 5.0)
    assert heard[0.6] == pytest.approx(5.8, abs=0.021)


def test_silence_within_an_answer_does_not_count_if_short() -> None:
    cues = [Cue(speech(1.0, 0.3), at=0.0), Cue(speech(1.0, 0.6), silence=0.8)]
    heard = begun(Recordings(cues, 1.0, yes), lambda now: 3.0 <= now < 4.0 or 4.6 <= now < 5.0)
    assert heard[0.6] == pytest.approx(5.8, abs=0.021)


def test_an_agent_that_never_answers_is_not_waited_for_for_ever() -> None:
    cues = [Cue(speech(1.0, 0.3), at=0.0), Cue(speech(1.0, 0.6), silence=0.8, patience=4.0)]
    assert begun(Recordings(cues, 1.0, yes), never)[0.6] == pytest.approx(5.0, abs=0.021)


def test_a_cue_during_the_answer_interrupts_it() -> None:
    cues = [Cue(speech(1.0, 0.3), at=0.0), Cue(speech(1.0, 0.6), during=0.7)]
    heard = begun(Recordings(cues, 1.0, yes), lambda now: 2.0 <= now < 6.0)
    assert heard[0.6] == pytest.approx(2.7, abs=0.021)


def test_the_end_waits_for_silence_and_for_what_the_agent_still_has_to_say() -> None:
    def script(quiet: Callable[[], bool]) -> Recordings:
        return Recordings([Cue(speech(1.0, 0.3), at=0.0)], 2.0, quiet)

    asked = 0

    def busy() -> bool:
        nonlocal asked
        asked += 1
        return asked > 250  # five seconds of frames after the recording

    assert begun(script(yes), lambda now: 2.0 <= now < 4.0)[-1.0] == pytest.approx(6.0, abs=0.041)
    assert begun(script(busy), never)[-1.0] == pytest.approx(8.0, abs=0.041)


def test_a_last_partial_frame_is_filled_with_silence() -> None:
    script, ear = Recordings([Cue(np.ones(330, np.float32), at=0.0)], 0.02, yes), Ear()
    first, second = script.frame(ear), script.frame(ear)
    assert first is not None
    assert second is not None
    assert first.shape == second.shape == (320,)
    assert second.sum() == 10


@pytest.mark.parametrize("when", [{}, {"at": 1.0, "silence": 1.0}, {"at": 1.0, "during": 1.0}])
def test_a_cue_has_exactly_one_moment(when: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="exactly one"):
        Cue(speech(1.0, 0.1), **when)
