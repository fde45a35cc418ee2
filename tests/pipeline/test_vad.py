"""Hearing: starts and pauses at the right samples, strictly in turn, and nothing guessed about lost sound."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import now, simulate
from pipeline.events import EndOfTurnScored, Fact, Sample, SpeechPaused, SpeechStarted
from pipeline.levels import SILENCE, decibels
from pipeline.ports import Pcm
from pipeline.records import Window
from pipeline.ring import AudioRing
from pipeline.vad import Hearing, Hysteresis, HysteresisConfig

WINDOW = 512


def started(window: float) -> SpeechStarted:
    return SpeechStarted(Sample(round(window * WINDOW)))


def paused(window: float) -> SpeechPaused:
    return SpeechPaused(Sample(round(window * WINDOW)))


def heard(scores: Iterable[float], config: HysteresisConfig | None = None) -> list[tuple[int, Fact]]:
    """For each fact, the window after which it was told."""
    hysteresis = Hysteresis(config or HysteresisConfig(), WINDOW)
    facts = [(number, hysteresis.hear(Sample(number * WINDOW), score)) for number, score in enumerate(scores)]
    return [(number, fact) for number, fact in facts if fact is not None]


# --- the hysteresis ------------------------------------------------------------------------------------


def test_one_sure_window_starts_speech() -> None:
    assert heard([0, 0, 0.8]) == [(2, started(2))]


def test_two_unsure_windows_start_speech_from_the_first() -> None:
    assert heard([0, 0.6, 0.6]) == [(2, started(1))]


def test_one_unsure_window_is_no_speech() -> None:
    assert heard([0, 0.6, 0, 0.6, 0.04, 0.74, 0]) == []


def test_the_start_reaches_back_over_what_was_rising() -> None:
    assert heard([0, 0.1, 0.3, 0.2, 0.9]) == [(4, started(1))]
    assert heard([0.1, 0, 0.3, 0.2, 0.9]) == [(4, started(2))]


def test_the_start_reaches_back_a_quarter_of_a_second_at_most() -> None:
    assert heard([0.1] * 30 + [0.9]) == [(30, started(22))]


def test_the_first_silent_window_pauses_speech() -> None:
    assert heard([0.9, 0.9, 0.3]) == [(0, started(0)), (2, paused(2))]


def test_a_longer_pause_can_be_asked_for_and_begins_where_silence_began() -> None:
    config = HysteresisConfig(pause=0.064)
    assert heard([0.9, 0.3, 0.9, 0.3, 0.3], config) == [(0, started(0)), (4, paused(3))]


def test_scores_between_the_thresholds_change_nothing() -> None:
    assert heard([0.9] + [0.4] * 50) == [(0, started(0))]
    assert heard([0.4] * 50) == []


def test_speech_after_a_pause_does_not_reach_back_into_the_speech_before() -> None:
    facts = heard([0.9, 0.9, 0.3, 0.2, 0.9])
    assert facts == [(0, started(0)), (2, paused(2)), (4, started(3))]


def test_windows_of_another_length_count_in_seconds() -> None:
    """webrtcvad has 20 ms windows and says yes or no."""
    hysteresis = Hysteresis(HysteresisConfig(sure=1.0, pause=0.064), 320)
    facts = [hysteresis.hear(Sample(at * 320), score) for at, score in enumerate([0.9] * 4 + [0.0] * 4)]
    assert facts == [None, None, None, SpeechStarted(Sample(0)), None, None, None, SpeechPaused(Sample(1280))]


def test_a_cut_closes_what_is_open_and_nothing_reaches_back_over_it() -> None:
    hysteresis = Hysteresis(HysteresisConfig(), WINDOW)
    assert hysteresis.cut(Sample(0)) is None
    assert hysteresis.hear(Sample(0), 0.9) == started(0)
    assert hysteresis.cut(Sample(700)) == SpeechPaused(Sample(700))
    assert hysteresis.cut(Sample(2000)) is None
    assert hysteresis.hear(Sample(512), 0.9) == SpeechStarted(Sample(2000))
    assert hysteresis.hear(Sample(1024), 0.0) == SpeechPaused(Sample(2000))


@given(
    st.lists(st.one_of(st.floats(0, 1), st.just("cut")), max_size=60), st.floats(0, 0.2), st.floats(0, 0.2)
)
def test_starts_and_pauses_alternate_and_never_go_back(
    program: list[float | str], onset: float, pause: float
) -> None:
    hysteresis = Hysteresis(HysteresisConfig(onset=onset, pause=pause), WINDOW)
    facts = []
    for number, score in enumerate(program):
        at = Sample(number * WINDOW)
        facts.append(hysteresis.cut(at) if isinstance(score, str) else hysteresis.hear(at, score))
    told = [fact for fact in facts if fact is not None]
    assert all(isinstance(fact, (SpeechStarted, SpeechPaused)[odd % 2]) for odd, fact in enumerate(told))
    assert [fact.at for fact in told] == sorted(fact.at for fact in told)
    assert hysteresis.talking == (len(told) % 2 == 1)


@pytest.mark.parametrize(
    "wrong", [{"start": 0.2}, {"stop": -0.1}, {"sure": 1.1}, {"pause": -1.0}, {"idle": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be|need"):
        HysteresisConfig(**wrong)


# --- the stage -------------------------------------------------------------------------------------------


class Loudness:
    """A detector that calls every loud window speech, and counts how often it is told to forget."""

    window = WINDOW

    def __init__(self) -> None:
        self.resets = 0

    def score(self, window: Pcm) -> float:
        assert window.shape == (WINDOW,)
        return float(np.abs(window).max() > 0.1)

    def reset(self) -> None:
        self.resets += 1


LOUD, QUIET = np.full(320, 0.5, np.float32), np.zeros(320, np.float32)


class Room:
    """A ring with someone listening to it, and what was told when."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.ring = AudioRing(seconds)
        self.detector = Loudness()
        self.facts: list[Fact] = []
        self.told: list[float] = []
        self.windows: list[Window] = []
        hearing = Hearing(self.ring, self.detector, self._hear, self.windows.append)
        create = asyncio.get_running_loop().create_task
        self.tasks = [create(hearing.run()), create(hearing.watch())]
        self.levels: list[tuple[float, EndOfTurnScored]] = []

    def _hear(self, fact: Fact) -> None:
        if isinstance(fact, EndOfTurnScored):
            self.levels.append((round(now(), 3), fact))
            return
        self.facts.append(fact)
        self.told.append(now())

    async def capture(self, frame: Pcm, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0.02)
            self.ring.write(frame)

    async def leave(self) -> None:
        self.ring.close()
        await asyncio.gather(*self.tasks)


def visit(story: Callable[[Room], object], seconds: float = 60.0) -> Room:
    """Live through a story and return the room."""

    async def main() -> Room:
        room = Room(seconds)
        await asyncio.sleep(0)
        await story(room)  # type: ignore[misc]
        await room.leave()
        return room

    return simulate(main)


def test_speech_is_told_while_it_goes_on_and_with_its_positions() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 50)
        await room.capture(LOUD, 50)
        await room.capture(QUIET, 50)

    room = visit(story)
    started_at, paused_at = (fact.at for fact in room.facts)
    assert [type(fact) for fact in room.facts] == [SpeechStarted, SpeechPaused]
    assert abs(started_at - 16_000) <= WINDOW
    assert 32_000 <= paused_at < 32_160, "the level tells the end to 10 ms"
    assert room.told[0] - 1.0 <= 0.05
    assert room.told[1] - 2.0 <= 0.08


def deaf(room: Room) -> None:
    """From now on the detector calls nothing speech."""
    room.detector.score = lambda window: 0.0  # type: ignore[method-assign]


def test_sounds_before_speech_that_no_detector_takes_for_speech_are_told_with_its_start() -> None:
    async def story(room: Room) -> None:
        heard = room.detector.score
        await room.capture(QUIET, 100)
        deaf(room)
        for _ in range(2):
            await room.capture(LOUD, 5)
            await room.capture(QUIET, 25)
        room.detector.score = heard  # type: ignore[method-assign]
        await room.capture(LOUD, 25)

    start = visit(story).facts[0]
    assert isinstance(start, SpeechStarted) and abs(start.at - 160 * 320) <= WINDOW
    assert start.sounds == 100 * 320


def test_the_end_of_earlier_speech_is_no_sound_that_leads_up_to_the_next() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 50)
        for _ in range(2):
            await room.capture(LOUD, 25)
            await room.capture(QUIET, 25)

    starts = [fact for fact in visit(story).facts if isinstance(fact, SpeechStarted)]
    assert [fact.sounds for fact in starts] == [None, None]


def slow(room: Room) -> None:
    """From now on the detector calls everything speech."""
    room.detector.score = lambda window: 1.0  # type: ignore[method-assign]


def test_a_voice_that_fades_is_told_and_told_again_when_it_is_back() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 50)
        await room.capture(LOUD, 25)
        slow(room)
        await room.capture(QUIET, 3)
        await room.capture(LOUD, 10)

    room = visit(story)
    assert [type(fact) for fact in room.facts] == [SpeechStarted, SpeechPaused], "no detector saw the gap"
    assert room.levels == [
        (1.54, EndOfTurnScored(Sample(24_000), 1.0, "level")),
        (1.58, EndOfTurnScored(Sample(25_280), 0.0, "level")),
    ]


@pytest.mark.parametrize("silence", [50, 250, 1001], ids=["1 s", "longer than the ring", "20 s"])
def test_silence_is_passed_over_and_what_fades_after_it_is_told_just_as_soon(silence: int) -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, silence)
        await room.capture(LOUD, 25)
        slow(room)
        await room.capture(QUIET, 3)
        await room.capture(LOUD, 10)

    start = 0.02 * silence
    room = visit(story, seconds=4.0)
    assert [(round(at - start, 3), fact.at - 320 * silence) for at, fact in room.levels] == [
        (0.54, 8_000), (0.58, 9_280),
    ]  # fmt: skip


def test_capture_that_was_lost_is_no_voice_that_fades() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 50)
        await room.capture(LOUD, 25)
        slow(room)
        room.ring.lose(4800)
        await room.capture(LOUD, 10)

    assert visit(story).levels == []


def test_a_weak_consonant_after_speech_without_a_pause_is_not_cut_off() -> None:
    weak = (LOUD * 0.03).astype(np.float32)
    end = 16_000 + 3 * 16_000 + 4 * 320

    async def story(room: Room) -> None:
        await room.capture(QUIET, 50)
        for _ in range(10):
            await room.capture(LOUD, 13)
            slow(room)
            await room.capture(weak, 2)
        await room.capture(weak, 4)
        await room.capture(QUIET, 3)
        await asyncio.sleep(0.01)
        del room.detector.score
        await room.capture(QUIET, 20)

    room = visit(story)
    assert isinstance(room.facts[-1], SpeechPaused)
    assert end - 160 <= room.facts[-1].at <= end + 160
    assert [fact.at for _, fact in room.levels] == [end], "nor did it fade before its end"


def test_every_window_is_observed_with_its_level() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 16)
        await room.capture(LOUD, 16)

    room = visit(story)
    assert [window.at for window in room.windows] == list(range(0, 20 * WINDOW, WINDOW))
    assert [window.level for window in room.windows] == [SILENCE] * 10 + [pytest.approx(-6.02, abs=0.01)] * 10
    assert [window.probability for window in room.windows] == [0.0] * 10 + [1.0] * 10


def test_the_end_of_the_sound_closes_open_speech() -> None:
    async def story(room: Room) -> None:
        await room.capture(LOUD, 17)

    room = visit(story)
    assert room.facts == [SpeechStarted(Sample(0)), SpeechPaused(Sample(17 * 320))]


def test_a_microphone_muted_in_mid_word_closes_the_segment_after_a_second() -> None:
    async def story(room: Room) -> None:
        await room.capture(LOUD, 25)
        await asyncio.sleep(10)
        assert room.facts == [SpeechStarted(Sample(0)), SpeechPaused(Sample(8000))]
        assert room.told[1] == pytest.approx(0.5 + 1.0, abs=WINDOW / 16_000)
        await room.capture(LOUD, 25)
        assert room.facts[2] == SpeechStarted(Sample(8000))
        await room.capture(QUIET, 5)

    assert len(visit(story).facts) == 4


def test_a_microphone_muted_in_silence_is_nothing() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 25)
        await asyncio.sleep(100)
        await room.capture(QUIET, 25)

    assert visit(story).facts == []


def test_lost_capture_closes_open_speech_and_clears_the_detector() -> None:
    async def story(room: Room) -> None:
        await room.capture(LOUD, 32)
        before = room.detector.resets
        room.ring.lose(16_000)
        await room.capture(LOUD, 32)
        assert room.detector.resets > before
        await room.capture(QUIET, 8)

    room = visit(story)
    gap_end = 32 * 320 + 16_000
    assert room.facts[:2] == [SpeechStarted(Sample(0)), SpeechPaused(Sample(32 * 320))]
    assert isinstance(room.facts[2], SpeechStarted)
    assert gap_end <= room.facts[2].at <= gap_end + WINDOW
    assert not any(32 * 320 <= window.at < gap_end for window in room.windows)


def test_sound_just_before_and_just_after_a_gap_is_heard() -> None:
    async def story(room: Room) -> None:
        room.ring.write(np.tile(LOUD, 32))
        room.ring.lose(16_000)
        room.ring.write(np.tile(LOUD, 32))
        await asyncio.sleep(0.1)

    room = visit(story)
    before = [window for window in room.windows if window.at < 32 * 320]
    after = [window for window in room.windows if window.at >= 32 * 320 + 16_000]
    assert (len(before), len(after)) == (20, 19), "20 windows, and 20 less the one that the gap touches"
    assert room.facts[:2] == [SpeechStarted(Sample(0)), SpeechPaused(Sample(32 * 320))]


def test_a_short_gap_passes_for_silence() -> None:
    async def story(room: Room) -> None:
        await room.capture(QUIET, 32)
        room.ring.lose(320)
        await room.capture(QUIET, 32)

    assert visit(story).detector.resets == 1, "once, when the sound ended"


def test_an_overrun_closes_open_speech_where_it_was_lost() -> None:
    async def story(room: Room) -> None:
        await room.capture(LOUD, 32)
        room.ring.write(np.tile(LOUD, 200))
        await room.capture(QUIET, 32)

    room = visit(story, seconds=1.0)
    assert room.facts[:2] == [SpeechStarted(Sample(0)), SpeechPaused(Sample(19 * WINDOW))], (
        "the last one read"
    )
    assert room.facts[2].at >= 232 * 320 - 16_000  # type: ignore[union-attr]
    assert len(room.facts) == 4


def test_the_detector_forgets_after_long_silence() -> None:
    async def story(room: Room) -> None:
        await room.capture(LOUD, 50)
        await room.capture(QUIET, 50 * 35)

    assert visit(story).detector.resets == 3 + 1


def test_it_listens_to_what_is_captured_from_now_on() -> None:
    async def main() -> list[Fact]:
        ring, facts = AudioRing(), list[Fact]()
        ring.write(np.tile(LOUD, 100))
        hearing = Hearing(ring, Loudness(), facts.append, lambda window: None)
        task = asyncio.get_running_loop().create_task(hearing.run())
        await asyncio.sleep(0)
        ring.write(np.tile(QUIET, 100))
        ring.close()
        await task
        return facts

    assert simulate(main) == []


def test_levels() -> None:
    assert decibels(np.zeros(512, np.float32)) == SILENCE
    assert decibels(np.full(512, 1e-30, np.float32)) == SILENCE
    assert decibels(np.ones(512, np.float32)) == 0.0
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    assert decibels(tone) == pytest.approx(-3.01, abs=0.01)


# --- people ----------------------------------------------------------------------------------------------


def digit(path: Path) -> Pcm:
    """An 8 kHz recording at 16 kHz, samples doubled, quiet on both sides."""
    with wave.open(str(path)) as file:
        assert file.getframerate() == 8000
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    return np.interp(np.arange(2 * len(sound)) / 2, np.arange(len(sound)), sound).astype(np.float32)


def test_people_saying_a_digit_are_heard_once_and_in_time(recordings: Path) -> None:
    """Spoken digits by four people; truth: the first and last 10 ms within 35 dB of the loudest."""
    silero = pytest.importorskip("audio_io.silero", reason="the Silero detector is not there yet")
    detector = silero.SileroDetector()
    noise = np.random.default_rng(0)
    starts, told, ends, split = [], [], [], 0
    for path in sorted((recordings / "fsdd").glob("*_10.wav")):
        word = digit(path)
        word *= 0.3 / np.abs(word).max()
        frames = word[: len(word) // 160 * 160].reshape(-1, 160)
        loud = np.flatnonzero((frames**2).mean(1) > (frames**2).mean(1).max() * 10**-3.5)
        sound = np.concatenate([np.zeros(12_000, np.float32), word, np.zeros(16_000, np.float32)])
        sound += noise.standard_normal(len(sound)).astype(np.float32) * 10 ** (-65 / 20)
        detector.reset()
        windows = [Sample(at) for at in range(0, len(sound) - WINDOW + 1, WINDOW)]
        hysteresis = Hysteresis(HysteresisConfig(), WINDOW)
        facts = [(at, hysteresis.hear(at, detector.score(sound[at : at + WINDOW]))) for at in windows]
        heard = [(at, fact) for at, fact in facts if fact is not None]
        assert heard, f"{path.name} was not heard"
        split += len(heard) > 2
        starts.append((heard[0][1].at - 12_000 - loud[0] * 160) / 16)
        told.append((heard[0][0] + WINDOW - 12_000 - loud[0] * 160) / 16)
        ends.append((heard[-1][1].at - 12_000 - (loud[-1] + 1) * 160) / 16)
    assert len(starts) == 40
    assert np.abs(np.median(starts)) <= 32, "the reported start is within a window of the truth"
    assert np.median(told) <= 100, "milliseconds from the truth to the fact"
    assert 0 <= np.median(ends) <= 80
    assert split <= 1
