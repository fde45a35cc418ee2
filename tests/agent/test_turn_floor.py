"""Silence that nobody captured ends no turn."""

from __future__ import annotations

import pytest

from agent.turn import State, TurnConfig, advance
from agent.turn_state import Agent, User
from pipeline.events import AudioLost, CommitDraft, Fact, Sample, Span, SpeechPaused, SpeechStarted, TimerRang

RATE = 16_000
CONFIG = TurnConfig.fixed(0.5)


def after(*facts: tuple[float, Fact], state: State | None = None) -> State:
    """The state after facts told at these seconds, with capture on time."""
    state = state or State()
    for now, fact in facts:
        state, _ = advance(state.seen(round(now * RATE), now), fact, now, CONFIG)
    return state


def span(start: float, end: float) -> Span:
    return Span(Sample(round(start * RATE)), Sample(round(end * RATE)))


def at(seconds: float) -> Sample:
    return Sample(round(seconds * RATE))


def test_a_gap_in_mid_speech_does_not_count_as_the_pause_it_brings() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (2.8, AudioLost(span(2.0, 2.8))), (2.8, SpeechPaused(at(2.0)))
    )  # fmt: skip
    assert state.user is User.PAUSED
    assert state.wake_at == pytest.approx(2.8 + 0.5)


def test_a_gap_told_in_pieces_is_one_gap() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (2.1, AudioLost(span(2.0, 2.1))), (2.2, AudioLost(span(2.1, 2.2))),
        (2.2, SpeechPaused(at(2.0))),
    )  # fmt: skip
    assert state.wake_at == pytest.approx(2.2 + 0.5)


def test_a_gap_before_the_last_words_does_not_prolong_the_pause() -> None:
    state = after(
        (1.1, SpeechStarted(at(1.0))), (1.6, AudioLost(span(1.5, 1.6))), (2.1, SpeechPaused(at(2.0)))
    )  # fmt: skip
    assert state.wake_at == pytest.approx(2.0 + 0.5)


def test_a_pause_is_not_believed_while_capture_stands_still() -> None:
    state = after((1.1, SpeechStarted(at(1.0))), (2.1, SpeechPaused(at(2.0))))
    standing = state.seen(round(2.1 * RATE), 2.5)
    state, orders = advance(standing, TimerRang(), 2.5, CONFIG)
    assert not orders
    assert state.user is User.PAUSED
    assert state.wake_at == pytest.approx(2.55)


def test_when_capture_comes_back_the_turn_ends_after_captured_silence() -> None:
    state = after((1.1, SpeechStarted(at(1.0))), (2.1, SpeechPaused(at(2.0))))
    state, _ = advance(state.seen(round(2.1 * RATE), 2.5), TimerRang(), 2.5, CONFIG)
    state, _ = advance(state.seen(round(3.0 * RATE), 3.0), AudioLost(span(2.1, 2.9)), 3.0, CONFIG)
    assert state.wake_at == pytest.approx(2.0 + 0.8 + 0.5)
    state, orders = advance(state.seen(round(3.3 * RATE), 3.3), TimerRang(), 3.3, CONFIG)
    assert any(isinstance(order, CommitDraft) for order in orders)
    assert state.agent is Agent.DUE
