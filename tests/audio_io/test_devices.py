"""The edge of this machine: quick to say what is missing, open when it is there."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from audio_io.devices import list_devices, open_edge, probe
from pipeline.errors import ConfigError, DeviceError


@dataclass
class Sound:
    """As the settings' section."""

    microphone: str = ""
    loudspeaker: str = ""
    echo: str = "headphones"


def test_a_machine_with_both_has_no_problem(portaudio: ModuleType) -> None:
    assert probe(portaudio.FakePortAudio()) is None


def test_what_is_missing_is_named(portaudio: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = probe(portaudio.FakePortAudio(portaudio.SPEAKER))
    mute = probe(portaudio.FakePortAudio(portaudio.MIC))
    assert deaf is not None
    assert mute is not None
    assert (deaf.missing, mute.missing) == ("microphone", "loudspeaker")
    assert "there is no microphone" in deaf.sentence
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    nothing = probe()
    assert nothing is not None
    assert nothing.missing == "portaudio"


def test_devices_can_be_listed(portaudio: ModuleType) -> None:
    assert [device.name for device in list_devices(portaudio.FakePortAudio())] == ["Fake Mic", "Fake Speaker"]


def test_both_ends_are_opened_or_the_error_comes_at_once(portaudio: ModuleType) -> None:
    fake = portaudio.FakePortAudio(ticking=False)
    edge = open_edge(Sound(), fake)
    assert "Fake Mic" in edge.report().name
    assert len(fake.streams) == 2
    with pytest.raises(DeviceError, match="no microphone 'none'"):
        open_edge(Sound(microphone="none"), portaudio.FakePortAudio())


def test_an_unknown_way_with_echo_lists_the_known(portaudio: ModuleType) -> None:
    with pytest.raises(ConfigError, match="cancel, headphones or off"):
        open_edge(Sound(echo="maybe"), portaudio.FakePortAudio())
