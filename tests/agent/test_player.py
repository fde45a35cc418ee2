"""A user who is not in the room: frames in step with the clock, recordings that wait for their answer."""

from __future__ import annotations

import numpy as np

from agent.player import PULL, STEP, Player, Recording
from pipeline.clock import now, simulate
from pipeline.events import Fact, PlaybackStarted, Remember, Sample, Span, Turn
from pipeline.ports import CAPTURE_RATE, FRAME, Pcm
from pipeline.ring import AudioRing
from pipeline.trace import Entry, Item


class Count:
    """A part of so many frames, each filled with its number; notes when it was asked."""

    def __init__(self, frames: int) -> None:
        self.left, self.asked = frames, list[float]()

    def frame(self, at: float) -> Pcm | None:
        self.asked.append(at)
        if not self.left:
            return None
        self.left -= 1
        return np.full(FRAME, 0.1 * (len(self.asked)), np.float32)


class Silence:
    """A playout source; notes how much was pulled and when."""

    def __init__(self) -> None:
        self.pulls: list[tuple[float, int]] = []

    def pull(self, count: int) -> Pcm:
        self.pulls.append((now(), count))
        return np.zeros(count, np.float32)


def _emit(fact: Fact) -> None:
    raise AssertionError(f"a player has nothing to report, but told {fact}")


def test_each_frame_is_written_when_its_time_has_passed_and_played_beside_it() -> None:
    part, source = Count(5), Silence()

    async def main() -> AudioRing:
        ring = AudioRing()
        await Player(part, "test").run(ring, source, _emit)
        return ring

    ring = simulate(main)
    assert ring.end == 5 * FRAME
    pcm = ring.read(Span(Sample(0), Sample(ring.end))).reshape(5, FRAME)
    assert np.allclose(pcm.mean(1), [0.1, 0.2, 0.3, 0.4, 0.5], atol=1e-3)
    start = part.asked[0]
    assert np.allclose([at - start for at, _ in source.pulls], STEP * np.arange(1, 6))
    assert {count for _, count in source.pulls} == {PULL}


def _recorded(sound: Pcm, *events: tuple[float, Item]) -> float:
    """Seconds for which a recording asks to be played, when these things happen at these times."""
    part = Recording(sound, patience=6.0, after=1.0)

    async def main() -> float:
        pending = sorted(events, key=lambda event: event[0])
        frames = 0
        source = Silence()

        class Told:
            def frame(self, at: float) -> Pcm | None:
                nonlocal frames
                while pending and pending[0][0] <= frames * STEP + 1e-9:
                    part.see(Entry(0, 0.0, pending.pop(0)[1]))
                frames += 1
                return part.frame(at)

        await Player(Told(), "test").run(AudioRing(), source, _emit)
        return len(source.pulls) * STEP

    return simulate(main)


def test_a_recording_nobody_answers_waits_for_its_patience() -> None:
    assert abs(_recorded(np.zeros(CAPTURE_RATE, np.float32)) - 7.0) < 0.1


def test_a_recording_ends_soon_after_its_answer() -> None:
    answered = _recorded(
        np.zeros(CAPTURE_RATE, np.float32), (1.5, PlaybackStarted(Turn(1))), (9.0, Remember(Turn(1), None))
    )
    assert abs(answered - 10.0) < 0.1


def test_an_answer_in_the_middle_of_a_long_recording_does_not_end_it() -> None:
    sound = np.zeros(20 * CAPTURE_RATE, np.float32)
    played = _recorded(sound, (2.0, PlaybackStarted(Turn(1))), (4.0, Remember(Turn(1), None)))
    assert 20.9 < played < 21.2


def test_the_last_frame_of_a_recording_is_filled_with_silence() -> None:
    part = Recording(np.ones(FRAME + 1, np.float32))
    part.frame(0.0)
    last = part.frame(0.02)
    assert last is not None and last[0] == 1.0 and not last[1:].any()
    assert part.played == (FRAME + 1) / CAPTURE_RATE
