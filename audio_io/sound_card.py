"""The one leaf that knows PortAudio (wheel ``sounddevice``): what devices there are, and streams on them.

Its errors become one sentence with what to do. Must never be called from the event loop once sound runs: a
device that was unplugged can block any of these calls for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DeviceError

from .formats import HIGHEST_RATE, LOWEST_RATE

OnCaptured: TypeAlias = Callable[[NDArray[np.float32], bool], None]
"""Called from PortAudio's thread with a block (frames, channels), valid only during the call, and whether
sound was lost before it."""
OnWanted: TypeAlias = Callable[[NDArray[np.float32], bool], None]
"""Called from PortAudio's thread to fill a block (frames, channels); True: the last one came too late."""

RATES = (48_000, 44_100, 16_000, 32_000, 24_000, 22_050, 8_000)
"""Tried in this order where a device refuses the rate that it calls its own."""
_PORTAUDIO = {
    "darwin": "brew install portaudio",
    "linux": "sudo apt-get install libportaudio2 (Fedora: sudo dnf install portaudio)",
}
_BUSY, _BAD_RATE, _BAD_CHANNELS = -9985, -9997, -9998


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One microphone, loudspeaker or both."""

    number: int
    name: str
    system: str
    "The sound system that offers it, such as ALSA or Core Audio."
    inputs: int
    outputs: int
    rate: int
    "Its own rate."
    chosen: str = ""
    "``microphone``, ``loudspeaker`` or both, where it is the system's choice."

    def __str__(self) -> str:
        can = [name for name, count in (("microphone", self.inputs), ("loudspeaker", self.outputs)) if count]
        star = f"   (the system's {self.chosen})" if self.chosen else ""
        return f"{self.number:3}  {self.name} [{self.system}]: {' and '.join(can)}, {self.rate} Hz{star}"


@dataclass(frozen=True, slots=True)
class Stream:
    """An open device. ``start`` and ``close`` may block for ever on a device that is gone."""

    device: DeviceInfo
    rate: int
    channels: int
    latency: float
    "Seconds, as the driver says."
    start: Callable[[], None]
    close: Callable[[], None]


class SoundCard:
    """All devices of the machine. Raises DeviceError where PortAudio is absent."""

    def __init__(self, module: Any = None) -> None:
        self._sd = module or _load()

    def devices(self) -> list[DeviceInfo]:
        """What there is now; PortAudio looks again only after ``refresh``."""
        systems = self._sd.query_hostapis()
        first = [int(number) for number in self._sd.default.device]
        rows = enumerate(self._sd.query_devices())
        return [_info(number, row, systems[row["hostapi"]]["name"], first) for number, row in rows]

    def pick(self, kind: str, wanted: str = "") -> DeviceInfo:
        """``kind`` is ``microphone`` or ``loudspeaker``; ``wanted`` a number or part of a name, "" for any.

        Raises DeviceError when there is none such.
        """
        able = [d for d in self.devices() if (d.inputs if kind == "microphone" else d.outputs)]
        if not able:
            raise DeviceError(f"there is no {kind} on this machine; connect one, or use a file with --wav")
        if not wanted:
            return next((device for device in able if kind in device.chosen), able[0])
        named = [d for d in able if wanted == str(d.number) or wanted.lower() in d.name.lower()]
        if not named:
            raise DeviceError(f"there is no {kind} {wanted!r}; `hocket devices` lists those that there are")
        return next((device for device in named if wanted == str(device.number)), named[0])

    def microphone(self, device: DeviceInfo, block: float, on_captured: OnCaptured) -> Stream:
        """Open a microphone at its own rate if it can, in blocks of ``block`` seconds."""

        def callback(data: Any, frames: int, time: Any, status: Any) -> None:
            on_captured(data, bool(status.input_overflow))

        return self._open("microphone", self._sd.InputStream, device, block, callback)

    def loudspeaker(self, device: DeviceInfo, block: float, on_wanted: OnWanted) -> Stream:
        """Open a loudspeaker, as above."""

        def callback(data: Any, frames: int, time: Any, status: Any) -> None:
            on_wanted(data, bool(status.output_underflow))

        return self._open("loudspeaker", self._sd.OutputStream, device, block, callback)

    def refresh(self) -> None:
        """Look for devices anew. PortAudio can do so only by starting over, which ends all open streams."""
        try:
            self._sd._terminate()
            self._sd._initialize()
        except self._sd.PortAudioError as error:
            raise DeviceError(f"the sound system could not be started again: {_text(error)}") from error

    def _open(self, kind: str, make: Any, device: DeviceInfo, block: float, callback: Any) -> Stream:
        last: Exception | None = None
        for rate, channels in _shapes(device, kind):
            try:
                stream = make(
                    device=device.number, samplerate=rate, channels=channels, dtype="float32",
                    blocksize=round(rate * block), latency="low", callback=callback,
                )  # fmt: skip
            except (self._sd.PortAudioError, ValueError) as error:
                last = error
                if _code(error) not in (_BAD_RATE, _BAD_CHANNELS):
                    break
                continue
            start = self._named(kind, device, stream.start)
            return Stream(
                device, int(stream.samplerate), channels, float(stream.latency), start, stream.close
            )
        assert last is not None
        raise DeviceError(explain(kind, device, last)) from last

    def _named(self, kind: str, device: DeviceInfo, start: Callable[[], None]) -> Callable[[], None]:
        def named_start() -> None:
            try:
                start()
            except self._sd.PortAudioError as error:
                raise DeviceError(explain(kind, device, error)) from error

        return named_start


def explain(kind: str, device: DeviceInfo, error: Exception) -> str:
    """PortAudio's error as one sentence: which device, what is wrong, what to do."""
    code, text = _code(error), _text(error)
    who = f"the {kind} {device.name!r}"
    if code == _BUSY or "busy" in text.lower():
        return f"{who} is in use by another program; close that program, or choose another device"
    if "permission" in text.lower() or "denied" in text.lower() or "access" in text.lower():
        ways = {
            "darwin": "allow your terminal under System Settings > Privacy & Security > Microphone",
            "linux": "add yourself to the group `audio` (sudo usermod -aG audio $USER) and log in again",
        }
        return f"{who} may not be used by this program; {ways.get(sys.platform, 'allow it in the settings')}"
    if code in (_BAD_RATE, _BAD_CHANNELS):
        return (
            f"{who} takes none of the formats tried ({device.rate}, {', '.join(map(str, RATES))} Hz, "
            "mono or stereo); choose another device"
        )
    return f"{who} cannot be opened ({text}); choose another device: `hocket devices` lists them"


def _load() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise DeviceError("sound devices need the package sounddevice; pip install sounddevice") from error
    except OSError as error:
        fix = _PORTAUDIO.get(sys.platform, "pip install --force-reinstall sounddevice")
        raise DeviceError(
            f"the PortAudio library, which opens sound devices, is not installed; install it: {fix}"
        ) from error
    except Exception as error:  # PortAudio starts when it is imported, and raises a class of its own
        raise DeviceError(
            f"PortAudio could not start ({error}); look at the settings of the sound system (~/.asoundrc, "
            "PulseAudio), or use a file with --wav"
        ) from error
    return sounddevice


def _info(number: int, row: Any, system: str, first: list[int]) -> DeviceInfo:
    chosen = [kind for kind, at in zip(("microphone", "loudspeaker"), first, strict=True) if at == number]
    return DeviceInfo(
        number, str(row["name"]), system, int(row["max_input_channels"]), int(row["max_output_channels"]),
        round(row["default_samplerate"]), " and ".join(chosen),
    )  # fmt: skip


def _shapes(device: DeviceInfo, kind: str) -> Iterator[tuple[int, int]]:
    """Rates and channels in the order of trying. One channel of a loudspeaker may be its left one only."""
    most, wishes = (device.inputs, (1, 2)) if kind == "microphone" else (device.outputs, (2, 1))
    channels = [count for count in wishes if count <= most]
    if most not in channels:
        channels.append(most)
    for rate in dict.fromkeys((device.rate, *RATES)):
        if LOWEST_RATE <= rate <= HIGHEST_RATE:
            yield from ((rate, count) for count in channels)


def _code(error: Exception) -> int:
    return int(error.args[1]) if len(error.args) > 1 and isinstance(error.args[1], int) else 0


def _text(error: Exception) -> str:
    """All that PortAudio and the system below it say, without line breaks."""
    parts = [str(part) for part in error.args if isinstance(part, str)]
    parts += [str(part[2]) for part in error.args if isinstance(part, tuple) and len(part) > 2]
    return " ".join("; ".join(parts).split()).rstrip(".") or type(error).__name__
