"""The demonstration's user: asks in turn, waits for answers, interrupts where the script says so."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest

from agent.demo import HIGH, LOW, QUESTIONS, Ask, Asking, spoken
from agent.player import STEP
from pipeline.clock import now, run, simulate
from pipeline.errors import UserError, VoiceError
from pipeline.events import PlaybackStarted, Remember, Turn
from pipeline.ports import CAPTURE_RATE, Pcm
from pipeline.trace import Entry, Item
from training.tasks import held_out

SECOND = np.ones(CAPTURE_RATE, np.float32)


def _scene(
    asks: list[Ask], events: list[tuple[float, Item]], *, greeted: bool = False
) -> tuple[list[float], float]:
    """When the user began to speak each time, and when the conversation was over."""

    async def main() -> tuple[list[float], float]:
        part = Asking(asks, [SECOND] * len(asks), greeted=greeted, gap=0.6, patience=5.0)
        start, began, talking = now(), list[float](), False
        waiting = list(events)
        for tick in itertools.count():
            while waiting and waiting[0][0] <= tick * STEP + 1e-9:
                part.see(Entry(0, 0.0, waiting.pop(0)[1]))
            piece = part.frame(now())
            if piece is None:
                return began, now() - start
            if piece.any() and not talking:
                began.append(round(now() - start, 2))
            talking = bool(piece.any())
            await asyncio.sleep(STEP)
        raise AssertionError("never ends")

    return simulate(main)


def _reply(turn: int, begins: float, ends: float) -> list[tuple[float, Item]]:
    return [(begins, PlaybackStarted(Turn(turn))), (ends, Remember(Turn(turn), None))]


def test_the_next_question_comes_after_the_answer_and_a_breath() -> None:
    began, over = _scene([Ask("a", ""), Ask("b", "")], [*_reply(1, 2.0, 4.0), *_reply(2, 6.0, 8.0)])
    assert began == pytest.approx([0.6, 4.6], abs=0.05)
    assert over == pytest.approx(8.6, abs=0.05)


def test_a_greeted_user_lets_the_agent_finish_first() -> None:
    began, _ = _scene([Ask("a", "")], [*_reply(1, 0.3, 3.0), *_reply(2, 5.0, 6.0)], greeted=True)
    assert began == pytest.approx([3.6], abs=0.05)


def test_an_unanswered_question_costs_the_users_patience_only() -> None:
    began, over = _scene([Ask("a", ""), Ask("b", "")], [])
    assert began == pytest.approx([0.6, 6.6], abs=0.05)
    assert over == pytest.approx(12.6, abs=0.05)


def test_an_interruption_comes_so_long_into_the_reply_and_its_own_answer_is_waited_for() -> None:
    scene = [*_reply(1, 2.0, 4.2), *_reply(2, 5.5, 7.0)]  # the first reply is cut while the user speaks
    began, over = _scene([Ask("a", ""), Ask("b", "", over=1.6)], scene)
    assert began == pytest.approx([0.6, 3.6], abs=0.05)
    assert over == pytest.approx(7.6, abs=0.05)


def test_an_interruption_that_finds_nothing_to_interrupt_is_asked_all_the_same() -> None:
    began, _ = _scene([Ask("a", ""), Ask("b", "", over=1.6)], _reply(1, 2.0, 2.5))
    assert began == pytest.approx([0.6, 7.5], abs=0.05)


def test_the_bundled_questions_cover_what_the_brain_can_do() -> None:
    assert len(QUESTIONS) >= 10
    assert sum(ask.over is not None for ask in QUESTIONS) == 1
    said = " ".join(ask.text for ask in QUESTIONS)
    assert all(word in said for word in ("plus", "minus", "fast", "high", "loud", "hello", "thank you"))


@pytest.mark.parametrize("operands", [(15, 8), (62, 50), (12, 6, 4), (40, 12)])
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
