"""PortAudio's devices and errors, in words."""

from __future__ import annotations

import builtins
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from audio_io.sound_card import SoundCard
from pipeline.errors import DeviceError


def nothing(data: Any, _: bool) -> None:
    """A callback that does nothing."""


def test_devices_are_listed_one_per_line(portaudio: ModuleType) -> None:
    lines = [str(device) for device in SoundCard(portaudio.FakePortAudio()).devices()]
    assert lines == [
        "  0  Fake Mic [ALSA]: microphone, 48000 Hz   (the system's microphone)",
        "  1  Fake Speaker [ALSA]: loudspeaker, 48000 Hz   (the system's loudspeaker)",
    ]


def test_a_device_is_picked_by_number_name_or_the_systems_choice(portaudio: ModuleType) -> None:
    usb = dict(portaudio.MIC, name="USB Headset 1")
    card = SoundCard(portaudio.FakePortAudio(portaudio.MIC, portaudio.SPEAKER, usb))
    assert card.pick("microphone").number == 0
    assert card.pick("microphone", "2").number == 2
    assert card.pick("microphone", "usb head").number == 2
    with pytest.raises(DeviceError, match=r"no microphone 'radio'.*hocket devices"):
        card.pick("microphone", "radio")
    with pytest.raises(DeviceError, match="no loudspeaker '2'"):
        card.pick("loudspeaker", "2")


@pytest.mark.parametrize(("kind", "left"), [("microphone", "SPEAKER"), ("loudspeaker", "MIC")])
def test_a_machine_without_one_says_so(portaudio: ModuleType, kind: str, left: str) -> None:
    card = SoundCard(portaudio.FakePortAudio(getattr(portaudio, left)))
    with pytest.raises(DeviceError, match=f"there is no {kind} on this machine"):
        card.pick(kind)


def test_a_device_is_opened_at_its_own_rate(portaudio: ModuleType) -> None:
    card = SoundCard(portaudio.FakePortAudio(rate=44100.0))
    stream = card.microphone(card.pick("microphone"), 0.01, nothing)
    assert (stream.rate, stream.channels, stream.latency) == (44100, 1, 0.02)


def test_a_rate_that_is_refused_is_followed_by_others(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio(rate=192000.0)
    fake.rates = {16000}
    card = SoundCard(fake)
    assert card.loudspeaker(card.pick("loudspeaker"), 0.01, nothing).rate == 16000
    fake.rates = set()
    with pytest.raises(DeviceError, match=r"none of the formats tried.*choose another device"):
        card.loudspeaker(card.pick("loudspeaker"), 0.01, nothing)


def test_a_microphone_with_many_channels_only_is_opened_with_them(portaudio: ModuleType) -> None:
    class Many(portaudio.FakePortAudio):  # type: ignore[name-defined, misc]
        def InputStream(self, **wanted: Any) -> Any:
            if wanted["channels"] != 6:
                raise portaudio.PortAudioError("Invalid number of channels", -9998)
            return super().InputStream(**wanted)

    card = SoundCard(Many(dict(portaudio.MIC, max_input_channels=6), portaudio.SPEAKER))
    assert card.microphone(card.pick("microphone"), 0.01, nothing).channels == 6


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        (-9985, "Device unavailable", "in use by another program"),
        (-9999, "Unanticipated host error: Device or resource busy", "in use by another program"),
        (-9999, "Unanticipated host error: Permission denied", "may not be used by this program"),
        (-9986, "Internal PortAudio error", "cannot be opened .Internal PortAudio error.; choose another"),
    ],
)
def test_what_portaudio_says_becomes_one_sentence(
    portaudio: ModuleType, code: int, text: str, said: str
) -> None:
    fake = portaudio.FakePortAudio()
    fake.broken["Fake Mic"] = portaudio.PortAudioError(text, code)
    card = SoundCard(fake)
    with pytest.raises(DeviceError, match=said) as caught:
        card.microphone(card.pick("microphone"), 0.01, nothing)
    assert "'Fake Mic'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_text_of_the_system_below_counts_too(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    error = portaudio.PortAudioError("Unanticipated host error", -9999, (8, -16, "Device or resource\nbusy"))
    fake.broken["Fake Mic"] = error
    card = SoundCard(fake)
    with pytest.raises(DeviceError, match="in use by another program"):
        card.microphone(card.pick("microphone"), 0.01, nothing)


def test_a_device_that_fails_only_at_its_start_is_named(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio()
    fake.unstartable["Fake Mic"] = portaudio.PortAudioError("Device unavailable", -9985)
    card = SoundCard(fake)
    with pytest.raises(DeviceError, match="'Fake Mic' is in use"):
        card.microphone(card.pick("microphone"), 0.01, nothing).start()


def test_callbacks_get_blocks_and_flags(portaudio: ModuleType) -> None:
    fake, seen = portaudio.FakePortAudio(ticking=False), []
    fake.xrun = True
    card = SoundCard(fake)
    card.microphone(card.pick("microphone"), 0.01, lambda data, lost: seen.append((data.shape, lost)))
    card.loudspeaker(card.pick("loudspeaker"), 0.02, lambda data, late: seen.append((data.shape, late)))
    for stream in fake.streams:
        stream.tick()
    assert seen == [((480, 1), True), ((960, 2), True)]
    assert np.isnan(fake.streams[1].heard[0]).all()


def breaks(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Importing sounddevice fails with this."""
    real = builtins.__import__

    def broken(name: str, *rest: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise error
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", broken)


def test_a_missing_portaudio_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch, OSError("PortAudio library not found"))
    for platform, fix in (("linux", "apt-get install libportaudio2"), ("darwin", "brew install portaudio")):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(DeviceError, match=fix):
            SoundCard()


def test_a_portaudio_that_cannot_start_says_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    class PortAudioError(Exception):
        """As sounddevice's own, which nobody can name before sounddevice is there."""

    breaks(monkeypatch, PortAudioError("Error initializing PortAudio: Unanticipated host error"))
    with pytest.raises(DeviceError, match=r"could not start .*asoundrc"):
        SoundCard()


def test_a_missing_package_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match="pip install sounddevice"):
        SoundCard()
