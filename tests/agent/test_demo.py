"""The demonstration's user: asks in turn, waits for answers, interrupts where the script says so."""

from __future__ import annotations

import numpy as np
import pytest

from agent.demo import EVERY, GAP, HIGH, LOW, QUESTIONS, Ask, part, spoken
from pipeline.clock import run, simulate
from pipeline.errors import UserError, VoiceError
from pipeline.ports import CAPTURE_RATE, Pcm
from training.skills.drawing import held_out


def test_the_user_waits_for_answers_and_interrupts_where_the_script_says_so() -> None:
    asks = [Ask("a", ""), Ask("b", ""), Ask("c", "", over=1.6)]
    sounds = [np.zeros(CAPTURE_RATE, np.float32)] * 3
    after, later, over = part(asks, sounds, greeted=True)
    assert (after.silence, later.silence, over.silence, over.during) == (GAP, GAP, None, 1.6)
    first, *_ = part(asks, sounds, greeted=False)
    assert first.at is not None and first.silence is None, "nobody is waited for who does not speak"


def test_the_bundled_questions_cover_what_the_brain_can_do() -> None:
    assert len(QUESTIONS) >= 10
    assert sum(ask.over is not None for ask in QUESTIONS) == 1
    said = " ".join(ask.text for ask in QUESTIONS)
    assert all(word in said for word in ("plus", "minus", "fast", "high", "beeps", "hello", "thank you"))


@pytest.mark.parametrize("operands", [(15, 8), (23, 26), (12, 34, 6, 21, 8), (40, 12)])
def test_no_sum_of_the_demonstration_was_trained(operands: tuple[int, ...]) -> None:
    assert held_out(*operands)


def test_the_agent_may_not_speak_in_its_users_voice() -> None:
    with pytest.raises(UserError, match="give the agent another voice"):
        simulate(lambda: spoken(QUESTIONS, f"espeak:{LOW}"))


def _spoken(*asks: Ask) -> list[Pcm]:
    try:
        return run(lambda: spoken(asks, "flite:rms"))
    except VoiceError as error:
        pytest.skip(str(error))


def test_a_spoken_question_has_the_level_it_asks_for_and_a_soft_one_is_softer() -> None:
    for sound, level in zip(
        _spoken(Ask("thank you", ""), Ask("thank you", "", level=-35.0)), (-20, -35), strict=True
    ):
        assert sound.dtype == np.float32 and 0.3 * CAPTURE_RATE < len(sound) < 2 * CAPTURE_RATE
        loud = sound[np.abs(sound) > 0.05 * np.abs(sound).max()]
        assert 10 * np.log10(np.mean(np.square(loud))) == pytest.approx(level, abs=0.5)


def test_the_long_question_lasts_long_enough_to_think_beside_it() -> None:
    (sound,) = _spoken(next(ask for ask in QUESTIONS if ask.text.count("plus") + ask.text.count("minus") > 3))
    assert 6.0 <= len(sound) / CAPTURE_RATE <= 8.0


def test_a_fast_question_is_shorter_and_a_high_voice_is_higher() -> None:
    slow, fast = _spoken(
        Ask("am i speaking fast or slow", ""), Ask("am i speaking fast or slow", "", speed=230)
    )
    assert len(fast) < 0.85 * len(slow)
    low, high = _spoken(Ask("hello there", ""), Ask("hello there", "", voice=HIGH, pitch=60))
    assert _pitch(high) > 1.3 * _pitch(low)


def _pitch(pcm: Pcm) -> float:
    """Hertz by autocorrelation of the loudest 0.2 s."""
    at = int(np.argmax(np.convolve(np.abs(pcm), np.ones(1600), "valid")))
    piece = pcm[max(0, at - 800) : at + 2400]
    both = np.correlate(piece, piece, "full")[len(piece) - 1 :]
    lag = 40 + int(np.argmax(both[40:230]))
    return CAPTURE_RATE / lag


def test_beeps_come_before_the_words_one_by_one() -> None:
    bare, beeping = _spoken(Ask("thank you", ""), Ask("thank you", "", beeps=3))
    lead = 3 * round(EVERY * CAPTURE_RATE)
    assert len(beeping) - lead == pytest.approx(len(bare), abs=CAPTURE_RATE // 100)
    loud = np.abs(beeping[:lead]).reshape(3, -1).max(1)
    assert loud == pytest.approx([loud[0]] * 3) and loud[0] > 0.1
    assert not beeping[lead - CAPTURE_RATE // 5 : lead].any()
