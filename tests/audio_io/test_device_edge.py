"""Microphone and loudspeaker: right time and rate, and no fault of a device stops the conversation."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pytest

from audio_io.device_edge import DeviceConfig, DeviceEdge
from audio_io.sound_card import SoundCard
from pipeline.clock import now, run, simulate
from pipeline.errors import BugError, DeviceError
from pipeline.events import AudioLost, Fact, Sample, Span
from pipeline.ports import EdgeReport, Pcm
from pipeline.ring import AudioRing

T = TypeVar("T")
HEADPHONES = DeviceConfig(echo="headphones")


class Tone:
    """An agent that hums 500 Hz for ever."""

    def __init__(self) -> None:
        self.at = 0

    def pull(self, count: int) -> Pcm:
        pcm = 0.5 * np.sin(2 * np.pi * 500 * (self.at + np.arange(count)) / 24000)
        self.at += count
        return pcm.astype(np.float32)


class Talk:
    """What came of a conversation over fake devices in virtual time."""

    def __init__(
        self, fake: Any, seconds: float, *, config: DeviceConfig = HEADPHONES,
        events: dict[float, Callable[[], None]] | None = None,
    ) -> None:  # fmt: skip
        self.fake, self.facts, self.tone = fake, [], Tone()
        self.latencies: list[float] = []
        self.error: Exception | None = None
        self.seconds, self.events = seconds, events or {}
        self.config = config
        self.report: EdgeReport
        simulate(self._main)

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        self.ring = AudioRing(120.0)
        edge = self.edge = DeviceEdge(self.config, SoundCard(self.fake), threads=False, clock=loop.time)
        for at, event in self.events.items():
            loop.call_at(at, event)
        try:
            async with asyncio.timeout(self.seconds):
                await edge.run(self.ring, self.tone, self._emit)
        except TimeoutError:
            pass
        except (DeviceError, BugError) as error:
            self.error = error
        self.ended = now()
        self.report = edge.report()

    def _emit(self, fact: Fact) -> None:
        assert isinstance(fact, AudioLost)
        self.latencies.append(self.edge.report().output_latency)
        self.facts.append((now(), fact.span))

    @property
    def captured(self) -> Pcm:
        return self.ring.read(Span(self.ring.start, self.ring.end))

    @property
    def lost(self) -> float:
        return sum(len(span) for _, span in self.facts) / 16000


@pytest.mark.parametrize("rate", [8000.0, 16000.0, 44100.0, 48000.0, 96000.0])
def test_both_directions_keep_time_and_pitch_at_the_devices_own_rate(
    portaudio: ModuleType, rate: float
) -> None:
    talk = Talk(portaudio.FakePortAudio(rate=rate), 5.0)
    assert talk.error is None
    assert talk.facts == []
    assert talk.ring.end == pytest.approx(5 * 16000, abs=1000)
    captured = talk.captured[800:]
    want = 0.1 * np.sin(2 * np.pi * 200 * (800 + np.arange(captured.size)) / 16000)
    assert np.abs(captured - want).max() < 0.005
    speaker = talk.fake.streams[1]
    heard = np.concatenate(speaker.heard)
    assert np.isfinite(heard).all()
    assert np.array_equal(heard[:, 0], heard[:, 1])
    want = 0.5 * np.sin(2 * np.pi * 500 * np.arange(len(heard)) / speaker.samplerate)
    assert np.abs(heard[:, 0] - want)[int(rate) // 100 :].max() < 0.01
    assert talk.tone.at / 24000 == pytest.approx(len(heard) / speaker.samplerate, abs=0.002)


def test_the_report_names_devices_rates_and_latency(portaudio: ModuleType) -> None:
    report = Talk(portaudio.FakePortAudio(rate=44100.0), 0.1).report
    assert report.name == "Fake Mic (44100 Hz), Fake Speaker (44100 Hz)"
    assert report.output_latency == pytest.approx(0.021)
    assert (report.echo, report.note) == ("none", "")
    assert Talk(portaudio.FakePortAudio(), 0.1, config=DeviceConfig(echo="off")).report.echo == "open"


def test_echo_is_cancelled_where_the_wheel_is_and_open_with_a_note_where_not(
    portaudio: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pywebrtc_audio", reason="the echo canceller's wheel is not installed")
    assert Talk(portaudio.FakePortAudio(), 0.1, config=DeviceConfig()).report.echo == "cancelled"
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    report = Talk(portaudio.FakePortAudio(), 0.1, config=DeviceConfig()).report
    assert report.echo == "open"
    assert "pip install pywebrtc-audio" in report.note


def test_an_unplugged_device_is_told_within_a_second_and_replaced(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.rows.append(dict(portaudio.MIC, name="Other Mic", default_samplerate=16000.0))

    def unplug() -> None:
        fake.dead |= {"Fake Mic"}
        fake.on_restart = lambda: fake.rows.__setitem__(slice(0, 1), [])

    talk = Talk(fake, 12.0, events={3.0: unplug})
    assert talk.error is None
    assert talk.report.name.startswith("Other Mic (16000 Hz)")
    assert talk.facts[0][0] <= 4.0
    assert talk.ring.end == pytest.approx(12 * 16000, abs=4800)
    assert talk.lost == pytest.approx(0.8, abs=0.3)
    assert np.abs(talk.captured[-8000:]).max() > 0.09


class Slow(DeviceEdge):
    """A reopening that takes a second of the loop's time."""

    def _aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        if "_reopened" not in work.__code__.co_names:
            return super()._aside(work)
        loop = asyncio.get_running_loop()
        outer: asyncio.Future[T] = loop.create_future()

        def passed_on(done: asyncio.Future[T]) -> None:
            if not outer.cancelled():
                outer.set_result(done.result())

        def later() -> None:
            inner = super(Slow, self)._aside(work)
            inner.add_done_callback(passed_on)

        loop.call_later(1.5, later)
        return outer


@pytest.mark.parametrize("patience", [1.0, 10.0])
def test_no_microphone_stays_open_when_the_session_ends_while_one_is_opened(
    portaudio: ModuleType, patience: float
) -> None:
    fake = portaudio.FakePortAudio()
    fake.on_restart = fake.dead.clear
    config = DeviceConfig(echo="headphones", patience=patience, retry=0.5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        edge = Slow(config, SoundCard(fake), threads=False, clock=loop.time)
        loop.call_at(2.0, fake.dead.add, "Fake Mic")
        with pytest.raises((TimeoutError, DeviceError)):
            async with asyncio.timeout_at(3.5):
                await edge.run(AudioRing(10.0), Tone(), lambda fact: None)
        assert fake.restarts == 0, "the session must end before the devices are open again"
        await asyncio.sleep(5.0)

    simulate(main)
    assert fake.restarts == 1
    assert [stream.running for stream in fake.streams] == [False] * 4
    assert [stream.closed for stream in fake.streams] == [1] * 4


def test_a_stream_is_closed_once_however_often_a_reopening_is_tried(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.on_restart = fake.rows.clear
    assert Talk(fake, 30.0, events={2.0: lambda: fake.dead.add("Fake Mic")}).error is not None
    assert fake.restarts > 1
    assert [stream.closed for stream in fake.streams] == [1, 1]


def unplug_headphones(fake: Any, portaudio: ModuleType) -> Callable[[], None]:
    fake.rows.append(dict(portaudio.SPEAKER, name="Loud Monitor", default_samplerate=44100.0))

    def unplug() -> None:
        fake.dead |= {"Fake Speaker"}
        fake.latency = 0.08
        fake.on_restart = lambda: fake.rows.__setitem__(slice(1, 2), [])

    return unplug


@pytest.mark.parametrize("wish", ["", "Fake Speaker"])
def test_without_the_headphones_the_agents_voice_is_cancelled(portaudio: ModuleType, wish: str) -> None:
    pytest.importorskip("pywebrtc_audio", reason="the echo canceller's wheel is not installed")
    fake = portaudio.FakePortAudio()
    config = DeviceConfig(loudspeaker=wish, echo="headphones")
    talk = Talk(fake, 8.0, config=config, events={2.0: unplug_headphones(fake, portaudio)})
    assert talk.report.echo == "cancelled"
    assert talk.report.note.startswith("Loud Monitor plays instead of Fake Speaker: ")


def test_without_headphones_and_canceller_the_open_echo_is_told(
    portaudio: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    fake = portaudio.FakePortAudio()
    talk = Talk(fake, 8.0, events={2.0: unplug_headphones(fake, portaudio)})
    assert talk.report.echo == "open"
    assert "Loud Monitor plays instead of Fake Speaker" in talk.report.note
    assert "pip install pywebrtc-audio" in talk.report.note


def test_the_same_headphones_stay_headphones_and_need_no_canceller(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.on_restart = fake.dead.clear
    talk = Talk(fake, 8.0, events={2.0: lambda: fake.dead.add("Fake Mic")})
    assert fake.restarts == 1
    assert (talk.report.echo, talk.report.note) == ("none", "")


def test_the_last_loss_of_a_reopening_is_told_when_the_report_speaks_of_the_new_devices(
    portaudio: ModuleType,
) -> None:
    fake = portaudio.FakePortAudio()
    talk = Talk(fake, 8.0, events={2.0: unplug_headphones(fake, portaudio)})
    assert talk.latencies[-1] == talk.report.output_latency == pytest.approx(0.081)


def test_a_silent_loudspeaker_is_noticed_too(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()

    def stall() -> None:
        fake.dead |= {"Fake Speaker"}
        fake.on_restart = fake.dead.clear

    talk = Talk(fake, 8.0, events={2.0: stall})
    assert talk.error is None
    assert fake.restarts == 1
    assert len(fake.streams) == 4
    assert talk.ring.end == pytest.approx(8 * 16000, abs=4800)


def test_a_device_that_stays_away_ends_in_one_sentence_after_ten_seconds(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()

    def unplug() -> None:
        fake.dead |= {"Fake Mic", "Fake Speaker"}
        fake.on_restart = fake.rows.clear

    talk = Talk(fake, 60.0, events={2.0: unplug})
    assert isinstance(talk.error, DeviceError)
    assert "nothing else was found within 10 s" in str(talk.error)
    assert talk.ended == pytest.approx(12.9, abs=0.5)
    assert 8 <= fake.restarts <= 11
    assert talk.lost == pytest.approx(11.0, abs=1.3)


def test_a_stall_of_half_a_second_is_one_loss_and_no_reopening(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    talk = Talk(
        fake, 6.0, events={2.0: lambda: fake.dead.add("Fake Mic"), 2.5: lambda: fake.dead.discard("Fake Mic")}
    )
    assert fake.restarts == 0
    assert len(talk.facts) == 1
    assert talk.lost == pytest.approx(0.5, abs=0.03)
    assert talk.ring.end == pytest.approx(6 * 16000, abs=1000)


def test_overflows_without_a_hole_are_counted_only(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.xrun = True
    talk = Talk(fake, 2.0)
    assert talk.facts == []
    assert talk.error is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e20])
def test_impossible_samples_never_reach_the_ring(portaudio: ModuleType, bad: float) -> None:
    fake = portaudio.FakePortAudio()
    fake.sound = lambda at, count, rate: np.where(np.arange(count) % 7 == 0, bad, 0.1)
    talk = Talk(fake, 1.0)
    assert np.isfinite(talk.captured).all()
    assert np.abs(talk.captured).max() <= 1.0
    assert talk.ring.unsound == 0


@pytest.mark.parametrize("size", [0, 1, 48000])
def test_blocks_of_odd_sizes_are_taken(portaudio: ModuleType, size: int) -> None:
    fake = portaudio.FakePortAudio()
    fake.sound = lambda at, count, rate: np.full(size if at == 4800 else count, 0.1)
    talk = Talk(fake, 2.0)
    assert talk.error is None
    assert talk.captured.size > 16000


def test_digital_silence_is_told_as_a_muted_microphone(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.sound = lambda at, count, rate: np.zeros(count)
    assert Talk(fake, 2.0).report.note == ""
    assert "muted" in Talk(fake, 4.0).report.note


def test_a_fault_of_ours_ends_the_run_and_says_so(
    portaudio: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = portaudio.FakePortAudio()
    impossible = type("Status", (), {"input_overflow": False})()

    def tick(self: Any) -> None:
        if not self.output:
            self.callback(np.zeros((3000, 2, 2), np.float32), 3000, None, impossible)

    monkeypatch.setattr(portaudio.FakeStream, "tick", tick)
    assert isinstance(Talk(fake, 2.0).error, BugError)


def test_a_device_that_never_calls_back_gets_three_seconds_to_begin(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.dead.add("Fake Mic")
    slow = Talk(fake, 6.0, events={2.5: lambda: fake.dead.discard("Fake Mic")})
    assert (slow.error, fake.restarts) == (None, 0)
    fake.dead.add("Fake Mic")
    fake.on_restart = fake.dead.clear
    assert Talk(fake, 6.0).error is None
    assert fake.restarts == 1


def test_a_device_that_cannot_start_is_told(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.unstartable["Fake Speaker"] = portaudio.PortAudioError("Device unavailable", -9985)
    assert "'Fake Speaker' is in use" in str(Talk(fake, 2.0).error)


def test_a_loudspeaker_that_cannot_open_gives_the_microphone_back(
    portaudio: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = portaudio.FakePortAudio(ticking=False)
    fake.broken["Fake Speaker"] = portaudio.PortAudioError("Device unavailable", -9985)
    closed: list[str] = []
    monkeypatch.setattr(portaudio.FakeStream, "close", lambda self: closed.append(self.name))
    with pytest.raises(DeviceError):
        DeviceEdge(HEADPHONES, SoundCard(fake))
    assert closed == ["Fake Mic"]


def test_with_real_threads_blocks_become_frames_and_a_hanging_device_does_not_hold_the_end(
    portaudio: ModuleType,
) -> None:
    fake = portaudio.FakePortAudio(ticking=False)
    fake.hang = threading.Event()  # closing blocks for ever, as a device that was unplugged may

    async def main() -> Pcm:
        ring, tone = AudioRing(10.0), Tone()
        edge = DeviceEdge(DeviceConfig(echo="headphones"), SoundCard(fake))
        running = asyncio.get_running_loop().create_task(edge.run(ring, tone, lambda fact: None))
        while not fake.streams[0].running:  # noqa: ASYNC110  # a fake sets no event
            await asyncio.sleep(0)
        for _ in range(10):
            for stream in fake.streams:
                await asyncio.get_running_loop().run_in_executor(None, stream.tick)
        await ring.wait_for(Sample(1280))
        running.cancel()
        async with asyncio.timeout(30.0):
            with pytest.raises(asyncio.CancelledError):
                await running
        return ring.read(Span(Sample(0), ring.end))

    try:
        captured = run(main)
    finally:
        fake.hang.set()
    assert captured.size >= 1280
    assert np.abs(captured).max() == pytest.approx(0.1, abs=0.01)
