"""Makes a voice detector by name. Must never put the lighter one in the better one's place unasked."""

from __future__ import annotations

from pipeline.errors import ConfigError
from pipeline.ports import VoiceDetector

from .silero import SileroDetector
from .webrtc import WebrtcDetector

DETECTORS = ("silero", "webrtc")


def make_detector(name: str = "silero") -> VoiceDetector:
    """A new detector with state of its own. Raises ConfigError for an unknown name, ModelError if absent."""
    if name == "silero":
        return SileroDetector()
    if name == "webrtc":
        return WebrtcDetector()
    raise ConfigError(f"there is no voice detector {name!r}; choose one of {', '.join(DETECTORS)}")
