"""Chooses the edge of sound of this machine: lists devices, says quickly what is missing, opens both ends.

Must never leave the user with a traceback: what is wrong is one sentence with what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.errors import ConfigError, DeviceError

from .device_edge import DeviceConfig, DeviceEdge
from .sound_card import DeviceInfo, SoundCard


class SoundWishes(Protocol):
    """What the settings say about sound."""

    @property
    def microphone(self) -> str: ...

    @property
    def loudspeaker(self) -> str: ...

    @property
    def echo(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """Why there is no talking on this machine now."""

    missing: str
    "``portaudio``, ``microphone`` or ``loudspeaker``."
    sentence: str
    "What is wrong and what to do."


def list_devices(module: Any = None) -> list[DeviceInfo]:
    """All microphones and loudspeakers; each prints as one line. Raises DeviceError without PortAudio."""
    return SoundCard(module).devices()


def probe(module: Any = None) -> DeviceProblem | None:
    """What keeps this machine from talking, without opening a device; None when nothing is seen."""
    try:
        card = SoundCard(module)
    except DeviceError as error:
        return DeviceProblem("portaudio", str(error))
    for kind in ("microphone", "loudspeaker"):
        try:
            card.pick(kind)
        except DeviceError as error:
            return DeviceProblem(kind, str(error))
    return None


def open_edge(wishes: SoundWishes, module: Any = None) -> DeviceEdge:
    """Both devices, open but silent until ``run``. Raises DeviceError in one sentence."""
    if wishes.echo not in ("cancel", "headphones", "off"):
        raise ConfigError(f"echo must be cancel, headphones or off, not {wishes.echo!r}")
    config = DeviceConfig(wishes.microphone, wishes.loudspeaker, str(wishes.echo))
    return DeviceEdge(config, SoundCard(module))
